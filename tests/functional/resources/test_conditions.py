"""ETags, and requests that depend on them."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from talatat.db import new_id

OWNER = {"X-Role": "owner"}
THINGS = "/api/store/v1/things"
BOXES = "/api/store/v1/boxes"


@pytest.fixture
def made(store: Any) -> tuple[str, str]:
    """(URL, ETag) of a thing."""
    response = store.app.post_json(THINGS, {"name": "spoon"}, headers=OWNER)
    return response.headers["Location"], response.headers["ETag"]


def test_if_none_match_is_304_until_the_row_changes(store: Any, made: Any) -> None:
    url, tag = made
    response = store.app.get(url, headers={**OWNER, "If-None-Match": f'"other", {tag}'}, status=304)
    assert response.body == b""
    assert response.headers["ETag"] == tag
    store.app.patch_json(url, {"name": "fork"}, headers=OWNER)
    changed = store.app.get(url, headers={**OWNER, "If-None-Match": tag}, status=200)
    assert changed.headers["ETag"] != tag


def test_another_projection_or_right_never_gets_a_stale_304(store: Any, made: Any) -> None:
    url, tag = made
    narrow = store.app.get(
        f"{url}?fields=name", headers={**OWNER, "If-None-Match": tag}, status=200
    )
    assert narrow.headers["ETag"] != tag
    assert narrow.headers["ETag"].partition("-")[0] == tag.partition("-")[0]
    store.app.get(url, headers={"If-None-Match": tag}, status=200)  # sees no cost


def test_if_match_compares_the_versions_and_not_the_projection(store: Any, made: Any) -> None:
    url, _ = made
    narrow = store.app.get(f"{url}?fields=name", headers=OWNER).headers["ETag"]
    store.app.patch_json(url, {"rank": 1}, headers={**OWNER, "If-Match": narrow}, status=200)


@pytest.mark.parametrize("method", ["put", "patch", "delete", "action"])
def test_a_stale_etag_is_412_with_the_current_state(store: Any, made: Any, method: str) -> None:
    url, tag = made
    store.app.patch_json(url, {"name": "fork"}, headers=OWNER)
    headers = {**OWNER, "If-Match": tag}
    call = {
        "put": lambda: store.app.put_json(url, {"name": "x"}, headers=headers, status=412),
        "patch": lambda: store.app.patch_json(url, {"name": "x"}, headers=headers, status=412),
        "delete": lambda: store.app.delete(url, headers=headers, status=412),
        "action": lambda: store.app.post(f"{url}:retire", headers=headers, status=412),
    }[method]
    response = call()
    assert response.json["code"] == "precondition_failed"
    assert response.json["current"]["name"] == "fork"
    current = store.app.get(url, headers=OWNER)
    assert response.headers["ETag"] == current.headers["ETag"] == response.json["current_etag"]
    assert current.json["name"] == "fork"
    again = {**OWNER, "If-Match": response.headers["ETag"]}
    store.app.patch_json(url, {"name": "cup"}, headers=again, status=200)


def test_a_weak_etag_never_matches_for_a_write(store: Any, made: Any) -> None:
    url, tag = made
    store.app.patch_json(url, {"name": "x"}, headers={**OWNER, "If-Match": f"W/{tag}"}, status=412)
    store.app.get(url, headers={**OWNER, "If-None-Match": f"W/{tag}"}, status=304)


def test_if_match_star_wants_a_row_and_if_none_match_star_wants_none(store: Any, made: Any) -> None:
    url, _ = made
    store.app.patch_json(url, {"rank": 1}, headers={**OWNER, "If-Match": "*"}, status=200)
    store.app.put_json(url, {"name": "x"}, headers={**OWNER, "If-None-Match": "*"}, status=412)
    new = f"{THINGS}/{new_id()}"
    store.app.put_json(new, {"name": "x"}, headers={**OWNER, "If-Match": "*"}, status=412)
    store.app.put_json(new, {"name": "x"}, headers={**OWNER, "If-None-Match": "*"}, status=201)


def test_a_resource_may_require_if_match(store: Any) -> None:
    response = store.app.post_json(BOXES, {"label": "a"}, headers=OWNER, status=201)
    url, tag = response.headers["Location"], response.headers["ETag"]
    problem = store.app.patch_json(url, {"label": "b"}, headers=OWNER, status=428).json
    assert problem["code"] == "precondition_required"
    store.app.put_json(url, {"label": "b"}, headers=OWNER, status=428)
    store.app.delete(url, headers=OWNER, status=428)
    store.app.patch_json(url, {"label": "b"}, headers={**OWNER, "If-Match": tag}, status=200)


def test_a_list_has_an_etag_too(store: Any, made: Any) -> None:
    tag = store.app.get(THINGS).headers["ETag"]
    assert store.app.get(THINGS, headers={"If-None-Match": tag}, status=304).body == b""
    store.app.post_json(THINGS, {"name": "x"}, headers=OWNER)
    store.app.get(THINGS, headers={"If-None-Match": tag}, status=200)


def test_answers_are_private_and_vary_on_what_was_looked_at(store: Any, made: Any) -> None:
    headers = store.app.get(THINGS).headers
    assert headers["Cache-Control"] == "private, no-cache"
    assert {"Accept", "Authorization"} <= {one.strip() for one in headers["Vary"].split(",")}


def test_two_writers_of_one_etag_cannot_both_win(store: Any, made: Any) -> None:
    url, tag = made
    app = store.config.make_wsgi_app()

    def write(number: int) -> int:
        request = store.app.RequestClass.blank(
            url, method="PATCH", headers={**OWNER, "If-Match": tag},
            content_type="application/json", POST=f'{{"name": "n{number}"}}',
        )  # fmt: skip
        return int(request.get_response(app).status_int)

    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(write, range(8)))
    assert statuses == [200] + [412] * 7


def test_of_requests_that_create_under_one_id_one_creates_and_the_others_replace(
    store: Any,
) -> None:
    url = f"{THINGS}/{new_id()}"
    start = threading.Barrier(6)

    app = store.config.make_wsgi_app()

    def put(number: int) -> int:
        start.wait()
        request = store.app.RequestClass.blank(
            url, method="PUT", headers=OWNER,
            content_type="application/json", POST=f'{{"name": "n{number}"}}',
        )  # fmt: skip
        return int(request.get_response(app).status_int)

    with ThreadPoolExecutor(6) as pool:
        statuses = sorted(pool.map(put, range(6)))
    assert statuses == [200, 200, 200, 200, 200, 201]
