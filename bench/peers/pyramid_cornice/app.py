"""The application.

Follows: https://cornice.readthedocs.io/en/latest/quickstart.html and
https://docs.pylonsproject.org/projects/pyramid/en/2.1-branch/narr/configuration.html
"""

from typing import Any

from cornice import Service
from pyramid.config import Configurator

livez = Service(name="livez", path="/livez")


@livez.get()
def alive(request: Any) -> dict[str, str]:
    """That the process answers."""
    return {"status": "ok"}


def main() -> Any:
    """Make the WSGI application."""
    config = Configurator(package="bench.peers.pyramid_cornice")
    # What is forbidden has a view of our own (security.py).
    config.add_settings(handle_exceptions=False)
    config.include("cornice")
    # Its renderer is replaced below, which would be a conflict before its own is in place.
    config.commit()
    config.include(".rendering")
    config.include(".database")
    config.include(".security")
    config.scan()
    return config.make_wsgi_app()


application = main()
