"""JSON of ids and moments, and Cornice's own errors.

Follows: https://docs.pylonsproject.org/projects/pyramid/en/2.1-branch/narr/renderers.html#serializing-custom-objects
and https://cornice.readthedocs.io/en/latest/internals.html
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from bench.peers.domain import stamp
from cornice.renderer import CorniceRenderer


def includeme(config: Any) -> None:
    """Replace the renderers that services use."""
    renderer = CorniceRenderer()
    renderer.add_adapter(UUID, lambda value, _: str(value))
    renderer.add_adapter(datetime, lambda value, _: stamp(value))
    config.add_renderer("cornicejson", renderer)
    config.add_renderer("json", renderer)
