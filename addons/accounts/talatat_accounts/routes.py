"""The addresses of the pages."""

from typing import Any


def includeme(config: Any) -> None:
    """Log in and log out with a form; the services under /api are declared by the views."""
    config.add_route("accounts.login", "/accounts/login")
    config.add_route("accounts.logout", "/accounts/logout")
    config.add_static_view(
        "accounts/assets", "talatat_accounts:static", cache_max_age=3600, permission="public"
    )
