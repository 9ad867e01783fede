"""The security room on plain Pyramid: its directives, its policy, and nothing else of the platform."""

from types import SimpleNamespace
from typing import Any

import pytest
from pyramid.config import Configurator
from pyramid.response import Response
from webtest import TestApp

from talatat.problems import response_of
from talatat.security import Identity, InvalidCredentials, Security
from talatat.security.directives import SecurityDirectives


class Bench(SecurityDirectives, Configurator):
    """Pyramid's configurator with this room's directives."""

    owner = "talatat"

    def action(self, discriminator: Any, *args: Any, **kw: Any) -> None:
        for intr in kw.get("introspectables", ()):
            intr["addon"] = self.owner
        super().action(discriminator, *args, **kw)


class Header:
    """An identity source for tests: `X-User: name role role`, a cookie of the same, or a refusal."""

    challenge = 'Test realm="here"'

    def __init__(self) -> None:
        self.asked = 0

    def identify(self, request: Any) -> Identity | None:
        self.asked += 1
        given = request.headers.get("X-User") or request.cookies.get("user", "").replace("+", " ")
        if given == "forged":
            raise InvalidCredentials("forged", 'Test realm="here", error="forged"')
        if not given:
            return None
        name, *roles = given.split()
        scopes = request.headers.get("X-Scopes")
        return Identity(
            id=f"id-{name}",
            name=name,
            source="test",
            roles=frozenset(roles),
            scopes=None if scopes is None else frozenset(scopes.split()),
            cookie="X-User" not in request.headers,
            csrf_token="right",
        )


class Site:
    """A small site: `config` to declare on, then `app()` to send requests to."""

    def __init__(self) -> None:
        self.config = Bench(settings={})
        self.security = Security()
        self.config.registry.system = SimpleNamespace(
            security=self.security,
            resources={},
            settings=SimpleNamespace(platform=SimpleNamespace(hsts="max-age=9; includeSubDomains")),
            composition=SimpleNamespace(
                addons=[
                    SimpleNamespace(name="shop", plain=False),
                    SimpleNamespace(name="toolbar", plain=True),
                ]
            ),
        )
        self._added = False
        self.source = Header()
        self.config.include("talatat.security")
        self.config.owner = "shop"
        self.config.add_exception_view(
            lambda exc, request: response_of(request, exc), context="talatat.problems.Problem"
        )

    def view(self, path: str, permission: str | None, view: Any = None, **kw: Any) -> None:
        name = path.strip("/").replace("/", ".")
        self.config.add_route(name, path)
        self.config.add_view(
            view or (lambda request: Response(f"seen by {request.authenticated_userid}")),
            route_name=name,
            permission=permission,
            **kw,
        )

    def add_source(self) -> None:
        """Add the test's source, once; earlier than `app()` where the order matters."""
        if not self._added:
            self._added = True
            self.config.add_identity_source("test", self.source)

    def finish(self) -> None:
        self.config.commit()
        self.security.finish(self.config.registry)

    def app(self, **environ: str) -> TestApp:
        self.add_source()
        self.config.include("talatat.security.headers")
        self.finish()
        return TestApp(self.config.make_wsgi_app(), extra_environ=environ or None)


@pytest.fixture
def site() -> Site:
    return Site()
