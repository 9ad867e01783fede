"""Whatever a plain view raises is answered as a problem, and nothing of its insides goes out."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text

from talatat.composing import compose, load_composition

ODD = {
    "__init__.py": """
        import sqlalchemy as sa
        from pyramid.httpexceptions import (HTTPBadRequest, HTTPForbidden, HTTPNotFound, HTTPSeeOther,
                                            HTTPServiceUnavailable, HTTPUnauthorized)
        from pyramid.response import Response
        from sqlalchemy.exc import TimeoutError as PoolTimeout
        from sqlalchemy.orm.exc import StaleDataError
        from talatat.problems import Problem
        from PKG_store.models import Box

        def raised(request):
            what = request.matchdict["what"]
            if what == "page":
                raise HTTPBadRequest(body=b"<p>mine</p>", content_type="text/html")
            if what == "problem":
                raise Problem(429, "too_many_requests", headers={"Retry-After": "7"}, title="Slowly",
                              extra={"policy": "p"})
            if what == "teapot":
                raise Problem(418, "teapot", "short and stout")
            if what == "odd":
                raise Problem(599, "odd")
            raise {
                "redirect": lambda: HTTPSeeOther("/elsewhere"),
                "bad": lambda: HTTPBadRequest("not so"),
                "bare": HTTPBadRequest,
                "missing": lambda: HTTPNotFound("no such box"),
                "forbidden": lambda: HTTPForbidden("not on Sundays"),
                "barred": HTTPForbidden,
                "unavailable": lambda: HTTPServiceUnavailable(headers={"Retry-After": "9"}),
                "stale": lambda: StaleDataError("lost"),
                "pool": lambda: PoolTimeout("none left"),
                "database": lambda: sa.exc.ProgrammingError("SELECT secret", {}, Exception("secret")),
            }[what]()

        def twice(request):
            request.db.add_all([Box(label="a"), Box(label="a")])
            return Response("ok")

        def wait(request):
            request.db.add(Box(label="b"))
            request.db.flush()
            return Response("ok")

        def box(request):
            asked = request.matchdict["id"]
            found = request.db.get(Box, request.GET.get("other", asked if asked != "none" else "my own"))
            return Response("found" if found else "nothing")

        def includeme(config):
            config.add_route("box", "/api/odd/v1/box/{id}")
            config.add_view(box, route_name="box", permission="public")
            config.add_problem("teapot", 418, "It is short and stout.", "Pour something else.")
            config.add_problem("odd", 599, "Nobody knows.")
            for prefix in ("/api/odd/v1", "/odd"):
                config.add_route(prefix, prefix + "/raise/{what}")
                config.add_view(raised, route_name=prefix, permission="public")
            config.add_route("twice", "/api/odd/v1/twice")
            config.add_view(twice, route_name="twice", permission="public", request_method="POST")
            config.add_view(twice, route_name="twice", permission="public", request_method="PUT")
            config.add_route("wait", "/api/odd/v1/wait", request_method="POST")
            config.add_view(wait, route_name="wait", permission="public")
            config.add_route("asked", "/api/odd/v1/asked")
            config.add_view(twice, route_name="asked", permission="public", request_param="really")
        """
}


@pytest.fixture
def odd(store_addons: Any, sqlite_url: str) -> Iterator[Any]:
    store_addons.write("odd", ODD, requires=("store",))
    with store_addons.composed(
        "odd", url=sqlite_url, settings={"talatat.db.lock_timeout": "0.2"}
    ) as system:
        yield system


def raised(odd: Any, what: str, prefix: str = "/api/odd/v1", **options: Any) -> Any:
    return odd.app.get(f"{prefix}/raise/{what}", expect_errors=True, **options)


@pytest.mark.parametrize(
    ("what", "status", "code", "detail"),
    [
        ("bad", 400, "bad_request", "not so"),
        ("bare", 400, "bad_request", None),
        ("missing", 404, "not_found", "no such box"),
        ("forbidden", 403, "forbidden", "not on Sundays"),
        ("barred", 401, "unauthorized", None),
        ("unavailable", 503, "unavailable", None),
        ("stale", 409, "conflict", "The row was changed by somebody else"),
        ("pool", 503, "overloaded", None),
        ("database", 500, "internal_error", None),
        ("teapot", 418, "teapot", "short and stout"),
        ("page", 400, "bad_request", None),
        ("odd", 599, "odd", ""),
    ],
)
def test_exceptions_have_their_codes(
    odd: Any, what: str, status: int, code: str, detail: str | None
) -> None:
    response = raised(odd, what)
    assert response.content_type == "application/problem+json"
    assert (response.status_int, response.json["status"], response.json["code"]) == (
        status,
        status,
        code,
    )
    assert "secret" not in response.text
    assert response.json["addon"] == "odd"
    if detail is not None:
        assert response.json["detail"] == detail


def test_headers_and_further_members_go_along(odd: Any) -> None:
    response = raised(odd, "problem")
    assert response.headers["Retry-After"] == "7"
    assert (response.json["title"], response.json["policy"]) == ("Slowly", "p")
    assert raised(odd, "unavailable").headers["Retry-After"] == "9"


def test_redirects_pass_as_they_are(odd: Any) -> None:
    assert raised(odd, "redirect").status_int == 303


def test_a_page_that_somebody_wrote_stays_a_page(odd: Any) -> None:
    assert raised(odd, "page", prefix="/odd").text == "<p>mine</p>"
    asked = raised(odd, "page", prefix="/odd", headers={"Accept": "application/json"})
    assert asked.json["code"] == "bad_request"


@pytest.mark.parametrize("accept", ["text/html", "*/*", "text/html, application/json;q=0.5", ""])
def test_people_get_a_page(odd: Any, accept: str) -> None:
    response = raised(odd, "bad", prefix="/odd", headers={"Accept": accept})
    assert response.content_type == "text/html"
    assert "not so" in response.text


def test_methods_of_plain_views_and_routes_are_405_with_allow(odd: Any) -> None:
    response = odd.app.get("/api/odd/v1/twice", status=405)
    assert response.headers["Allow"] == "POST, PUT"
    response = odd.app.get("/api/odd/v1/wait", status=405)
    assert response.headers["Allow"] == "POST"
    # No other method would help here.
    problem = odd.app.get("/api/odd/v1/asked", status=404).json
    assert problem["detail"] == "There is no /api/odd/v1/asked"


def test_a_constraint_that_refuses_at_commit_is_409(odd: Any) -> None:
    response = odd.app.post("/api/odd/v1/twice", status=409)
    assert response.json["code"] == "conflict"
    assert "label" not in response.text


def test_what_no_id_can_be_is_looked_up_by_a_view_without_a_failure(odd: Any) -> None:
    known = "01890a5d-ac96-774b-bcce-b302099a8057"
    assert odd.app.get(f"/api/odd/v1/box/{known}").text == "nothing"
    assert odd.app.get("/api/odd/v1/box/lamp", status=404).json["code"] == "not_found"
    wrong = odd.app.get(f"/api/odd/v1/box/{known}?other=lamp", status=400).json
    assert (wrong["code"], wrong["detail"]) == ("bad_request", "other is no UUID")


def test_what_the_view_itself_takes_for_an_id_is_a_failure(odd: Any) -> None:
    assert odd.app.get("/api/odd/v1/box/none", status=500).json["code"] == "internal_error"


def test_a_lock_that_is_waited_for_in_vain_is_503(odd: Any) -> None:
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with odd.session() as session:
            session.execute(text("SELECT 1"))  # takes the write lock
            held.set()
            done.wait(20)

    holder = threading.Thread(target=hold)
    holder.start()
    try:
        held.wait(20)
        response = odd.app.post("/api/odd/v1/wait", status=503)
    finally:
        done.set()
        holder.join()
    assert (response.json["code"], response.headers["Retry-After"]) == ("busy", "1")


def test_without_a_log_of_requests_a_problem_has_an_id_all_the_same(odd: Any) -> None:
    first = raised(odd, "bad").json["request_id"]
    assert first
    assert raised(odd, "bad").json["request_id"] != first


def test_two_apps_of_one_composition_answer_alike(odd: Any) -> None:
    import webtest

    config = compose(load_composition(odd.ini))
    try:
        again = webtest.TestApp(config.make_wsgi_app())
        assert again.get("/api/openapi.json").json == odd.app.get("/api/openapi.json").json
        assert again.get("/api/odd/v1/raise/bad", status=400).json["code"] == "bad_request"
    finally:
        config.registry.system.database.dispose()
