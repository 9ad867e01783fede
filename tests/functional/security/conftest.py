"""An addon that the test writes: pages, a hand-written service, a mounted application, two sources."""

from collections.abc import Iterator
from typing import Any

import pytest

from talatat.testing import TestSystem

GATE = {
    "__init__.py": """
        from pyramid.response import Response
        from .sources import Badge, Browser

        def page(request):
            return Response("<p>hello", content_type="text/html")

        def broken(request):
            raise RuntimeError("the insides")

        def mounted(environ, start_response):
            start_response("200 OK", [("Content-Type", "text/plain")])
            return [b"inside"]

        def includeme(config):
            config.add_permission("gate.open", "Open the gate")
            config.add_permission("gate.lock", "Lock the gate")
            config.add_role("guard", ["gate.*"])
            config.add_role("porter", ["gate.open"])
            config.add_identity_source("gate.badge", Badge())
            config.add_identity_source("gate.browser", Browser())
            for name, permission, view in (
                ("open", "gate.open", page),
                ("lock", "gate.lock", page),
                ("board", "public", page),
                ("mine", "authenticated", page),
                ("broken", "public", broken),
            ):
                config.add_route(f"gate.{name}", f"/gate/{name}")
                config.add_view(view, route_name=f"gate.{name}", permission=permission)
            config.mount_wsgi("/gate/inside", mounted, permission="gate.open")
            config.scan(".services")
        """,
    "services.py": """
        from cornice import Service
        bell = Service("gate.bell", "/api/gate/v1/bell")

        @bell.get(permission="public")
        def hear(request):
            return {"rings": 0}

        @bell.post(permission="gate.open")
        def ring(request):
            return {"by": request.identity.name}
        """,
    "sources.py": """
        from talatat.security import Identity, InvalidCredentials

        class Badge:
            challenge = 'Badge realm="gate"'
            def identify(self, request):
                roles = request.headers.get("X-Badge")
                if roles == "stolen":
                    raise InvalidCredentials("stolen", 'Badge realm="gate", error="stolen"')
                if roles is not None:
                    return Identity(id="1", name="bo", source="gate.badge", roles=frozenset(roles.split()))

        class Browser:
            def identify(self, request):
                if "badge" in request.cookies:
                    return Identity(id="1", name="bo", source="gate.browser", cookie=True,
                                    roles=frozenset({request.cookies["badge"]}), csrf_token="proof")
        """,
}


@pytest.fixture
def gate_addons(addons: Any) -> Any:
    addons.write("gate", GATE)
    return addons


@pytest.fixture
def gate(gate_addons: Any, sqlite_url: str) -> Iterator[TestSystem]:
    with gate_addons.composed("gate", url=sqlite_url) as system:
        yield system
