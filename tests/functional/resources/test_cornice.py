"""Hand-written Cornice services in an addon: they work, and are answered and guarded as everything is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from talatat.configuration.provenance import line_of
from talatat.errors import TalatatError

OWNER = {"X-Role": "owner"}

HAND = {
    "__init__.py": """
        def includeme(config):
            config.include("cornice")
            config.add_permission("hand.use", "Use what was written by hand")
            config.add_role("hand", ["hand.use"])
            config.scan(".views")
        """,
    "views.py": """
        import datetime as dt
        from decimal import Decimal
        import colander
        from cornice import Service
        from cornice.resource import resource, view
        from cornice.validators import (colander_body_validator, colander_querystring_validator,
                                        colander_validator)
        from talatat.problems import Problem

        class Greeting(colander.MappingSchema):
            name = colander.SchemaNode(colander.String(), description="Who is greeted")
            times = colander.SchemaNode(colander.Integer(), missing=1, validator=colander.Range(1, 3))

        class Asked(colander.MappingSchema):
            loud = colander.SchemaNode(colander.Boolean(), missing=False)
            count = colander.SchemaNode(colander.Integer(), missing=1)

        class Whole(colander.MappingSchema):
            @colander.instantiate()
            class body(colander.MappingSchema):
                name = colander.SchemaNode(colander.String())
            @colander.instantiate()
            class querystring(colander.MappingSchema):
                page = colander.SchemaNode(colander.Integer(), missing=1)

        hello = Service("hand.hello", "/api/hand/v1/hello", description="Greets", cors_origins=("https://a.example",))

        @hello.get(permission="public", schema=Asked(), validators=(colander_querystring_validator,))
        def get_hello(request):
            '''Say hello.'''
            return {"hello": "HEY" if request.validated["loud"] else "hey", "at": dt.datetime(2026, 1, 1),
                    "cost": Decimal("1.50"), "service": request.current_service.name}

        @hello.post(permission="hand.use", schema=Greeting(), validators=(colander_body_validator,))
        def post_hello(request):
            return request.validated

        whole = Service("hand.whole", r"/api/hand/v1/whole/{number:\\d+}")

        @whole.put(permission="public", schema=Whole(), validators=(colander_validator,),
                   content_type=("application/json",), problems={"taken": "Somebody has that name."})
        def put_whole(request):
            if request.validated["body"]["name"] == "taken":
                raise Problem(409, "duplicate", "That name is taken")
            if request.validated["body"]["name"] == "broken":
                raise RuntimeError("inside")
            request.response.status_int = 202
            return request.validated

        def header_given(request, **kw):
            if "X-Thing" not in request.headers:
                request.errors.add("header", "X-Thing", "is missing")

        def shout(response, request):
            response.headers["X-Shout"] = "yes"
            return response

        filtered = Service("hand.filtered", "/api/hand/v1/filtered", validators=header_given, filters=shout)

        @filtered.get(permission="public")
        def get_filtered(request):
            return {}

        @resource(name="shelf", collection_path="/api/hand/v1/shelves", path="/api/hand/v1/shelves/{id}")
        class Shelf:
            def __init__(self, request, context=None):
                self.request = request

            @view(permission="public")
            def collection_get(self):
                return {"shelves": []}

            @view(permission="hand.use")
            def get(self):
                return {"id": self.request.matchdict["id"]}
        """,
}


@pytest.fixture
def hand(store_addons: Any, sqlite_url: str) -> Iterator[Any]:
    """`hand`, whose services are written by hand, beside `store`."""
    store_addons.write("hand", HAND, requires=("store",))
    with store_addons.composed("hand", url=sqlite_url) as system:
        yield system


def test_a_service_answers_with_what_json_does_not_know_by_itself(hand: Any) -> None:
    response = hand.app.get("/api/hand/v1/hello?loud=true")
    assert response.json == {
        "hello": "HEY", "at": "2026-01-01T00:00:00Z", "cost": "1.50", "service": "hand.hello",
    }  # fmt: skip
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_what_validators_refuse_is_a_problem(hand: Any) -> None:
    url, headers = "/api/hand/v1/hello", {"X-Role": "hand"}
    problem = hand.app.post_json(url, {"times": 4}, headers=headers, status=422)
    assert problem.content_type == "application/problem+json"
    assert problem.json["code"] == "invalid"
    assert problem.json["addon"] == "hand"
    assert {error["pointer"] for error in problem.json["errors"]} == {"/name", "/times"}
    problem = hand.app.get(f"{url}?count=many", status=400).json
    assert problem["errors"][0]["parameter"] == "count"
    problem = hand.app.get("/api/hand/v1/filtered", status=400).json
    assert problem["errors"] == [
        {"header": "X-Thing", "code": "invalid_header", "detail": "is missing"}
    ]
    broken = {**headers, "Content-Type": "application/json"}
    assert (
        hand.app.post(url, b"{", headers=broken, status=400).content_type
        == "application/problem+json"
    )
    assert hand.app.post_json(url, {"name": "a"}, headers=headers).json == {"name": "a", "times": 1}


def test_permissions_hold_as_for_any_view(hand: Any) -> None:
    hand.app.post_json("/api/hand/v1/hello", {"name": "a"}, status=401)
    hand.app.post_json("/api/hand/v1/hello", {"name": "a"}, headers=OWNER, status=403)
    hand.app.get("/api/hand/v1/shelves/1", status=401)


def test_other_methods_types_and_sizes_are_refused_as_everywhere(hand: Any) -> None:
    response = hand.app.delete("/api/hand/v1/hello", status=405)
    assert set(response.headers["Allow"].split(", ")) >= {"GET", "POST"}
    assert response.json["code"] == "method_not_allowed"
    url = "/api/hand/v1/whole/1"
    assert hand.app.put(url, b"a=b", status=415).json["code"] == "unsupported_media_type"
    big = b'{"name": "' + b"a" * 2**20 + b'"}'
    headers = {"Content-Type": "application/json"}
    assert hand.app.put(url, big, headers=headers, status=413).json["code"] == "body_too_large"


def test_problems_and_failures_of_a_service_are_problems(hand: Any) -> None:
    url = "/api/hand/v1/whole/1"
    assert hand.app.put_json(url, {"name": "taken"}, status=409).json["code"] == "duplicate"
    response = hand.app.put_json(url, {"name": "broken"}, expect_errors=True)
    assert (response.status_int, response.json["code"]) == (500, "internal_error")
    answer = hand.app.put_json(f"{url}?page=2", {"name": "a"}, status=202).json
    assert answer == {"body": {"name": "a"}, "querystring": {"page": 2}}


def test_filters_and_cors_are_those_of_the_service_alone(hand: Any) -> None:
    origin = {"Origin": "https://a.example"}
    response = hand.app.get("/api/hand/v1/hello", headers=origin)
    assert response.headers["Access-Control-Allow-Origin"] == "https://a.example"
    assert "X-Shout" not in response.headers
    assert (
        hand.app.get("/api/hand/v1/filtered", headers={"X-Thing": "1"}).headers["X-Shout"] == "yes"
    )
    assert (
        "Access-Control-Allow-Origin"
        not in hand.app.get("/api/store/v1/things", headers=origin).headers
    )
    preflight = hand.app.options(
        "/api/hand/v1/hello",
        headers={**origin, "Access-Control-Request-Method": "POST"},
        status=200,
    )
    assert "POST" in preflight.headers["Access-Control-Allow-Methods"]
    refused = hand.app.post_json("/api/hand/v1/hello", {}, headers=origin, status=401)
    assert refused.headers["Access-Control-Allow-Origin"] == "https://a.example"


def test_resource_classes_work(hand: Any) -> None:
    assert hand.app.get("/api/hand/v1/shelves").json == {"shelves": []}
    assert hand.app.get("/api/hand/v1/shelves/7", headers={"X-Role": "hand"}).json == {"id": "7"}


def test_everything_that_a_service_registers_stands_in_the_addon(hand: Any) -> None:
    introspector = hand.registry.introspector
    for category in ("routes", "views"):
        for entry in introspector.get_category(category):
            one = entry["introspectable"]
            if one.get("addon") == "hand":
                assert "_hand/views.py:" in line_of(one.action_info), one.title
    service = introspector.get("talatat services", "/api/hand/v1/hello")
    assert service["addon"] == "hand"


def test_composing_again_leaves_the_services_of_the_module_as_they_are(
    hand: Any, store_addons: Any, sqlite_url: str
) -> None:
    service = store_addons.module("hand.views").hello
    before = [(m, len(a["validators"])) for m, _, a in service.definitions]
    with store_addons.composed("hand", url=sqlite_url) as again:
        headers = {"Origin": "https://a.example"}
        assert again.app.get("/api/hand/v1/hello", headers=headers).json["hello"] == "hey"
    assert [(m, len(a["validators"])) for m, _, a in service.definitions] == before


def test_resources_are_services_that_cornice_tools_read(hand: Any) -> None:
    from cornice.service import SERVICES
    from cornice_swagger import CorniceSwagger

    services = list(hand.registry.cornice_services.values())
    assert not [one for one in SERVICES if one.name.startswith("store.")]
    document = CorniceSwagger(services).generate("t", "1")
    assert {"get", "post"} <= set(document["paths"]["/api/store/v1/things"])
    assert {"get", "put", "patch", "delete"} <= set(document["paths"]["/api/store/v1/things/{id}"])


def test_a_service_without_a_permission_stops_the_start(store_addons: Any, sqlite_url: str) -> None:
    views = """
        from cornice import Service
        bare = Service("bare", "/api/bare/v1/bare")

        @bare.get()
        def get_bare(request):
            return {}
        """
    init = "def includeme(config): config.scan('.views')"
    store_addons.write("bare", {"__init__.py": init, "views.py": views})
    with (
        pytest.raises(TalatatError, match=r"_bare/views\.py:\d+.*has no permission"),
        store_addons.composed("bare", url=sqlite_url),
    ):
        pass


def test_two_services_on_one_path_stop_the_start(store_addons: Any, sqlite_url: str) -> None:
    def views(name: str) -> str:
        return f"""
            from cornice import Service
            one = Service("{name}", "/api/store/v1/things")

            @one.get(permission="public")
            def get_one(request):
                return {{}}
            """

    init = "def includeme(config): config.scan('.views')"
    store_addons.write("one", {"__init__.py": init, "views.py": views("one")}, requires=("store",))
    store_addons.write("two", {"__init__.py": init, "views.py": views("two")})
    for names, said in (
        (("one",), "both have the path /api/store/v1/things"),
        (("one", "two"), "things"),
    ):
        with pytest.raises(TalatatError, match=said), store_addons.composed(*names, url=sqlite_url):
            pass
