"""What every system shows: the page for people, the documentation, discovery, health, logs."""

from typing import Any


def includeme(config: Any) -> None:
    """The platform's own pages."""
    config.include(".idempotency")
    config.include(".health")
    config.include(".health_report")
    config.include(".costs")
    config.include(".deprecation")
    config.include(".api")
    config.include(".docs")
    config.include(".problem_pages")
    config.include(".home")
