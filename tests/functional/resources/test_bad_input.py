"""What a client may send wrongly: each is answered by a problem that says what, where and why."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

OWNER = {"X-Role": "owner"}
THINGS = "/api/store/v1/things"


def post(
    store: Any, body: bytes, status: int, content_type: str | None = "application/json"
) -> Any:
    headers = {**OWNER, "Content-Type": content_type} if content_type else OWNER
    environ = {} if content_type else {"CONTENT_TYPE": ""}
    response = store.app.post(THINGS, body, headers=headers, extra_environ=environ, status=status)
    assert response.content_type == "application/problem+json"
    assert response.json["status"] == status
    assert response.json["type"].endswith(f"/docs/problems/{response.json['code']}")
    assert response.json["request_id"]
    assert response.json["addon"] == "store"
    return response


NOT_JSON = (
    b"", b"{", b"[1,]", b"{'a': 1}", b'{"name": NaN}', b'{"rank": 1e999}', b'{"name": "\xff"}',
    b'{"name": "\\ud800"}', b"\x00", b'{"rank": ' + b"9" * 5000 + b"}", b"nil", b"{} {}",
)  # fmt: skip


def test_a_body_that_is_not_json_is_400(store: Any) -> None:
    for body in NOT_JSON:
        assert post(store, body, 400).json["code"] == "malformed_json", body


def test_a_name_that_occurs_twice_is_400(store: Any) -> None:
    assert post(store, b'{"name": "a", "name": "b"}', 400).json["code"] == "duplicate_member"
    assert post(store, b'{"name": "a", "details": {"x": [{"y": 1, "y": 2}]}}', 400).json[
        "code"
    ] == ("duplicate_member")


def test_deep_nesting_is_400(store: Any) -> None:
    for depth in (40, 5000, 200_000):
        body = b'{"name": "a", "details": {"x": ' + b"[" * depth + b"]" * depth + b"}}"
        assert post(store, body, 400).json["code"] == "too_deep", depth


def test_a_string_that_is_never_closed_is_refused_at_once(store: Any) -> None:
    body = b"[" * 40 + b'"' + b'\\"' * 400_000
    started = time.monotonic()
    assert post(store, body, 400).json["code"] == "too_deep"
    assert time.monotonic() - started < 5


def test_of_many_faults_the_first_hundred_are_told_and_the_rest_counted(store: Any) -> None:
    body = json.dumps({"name": "a", **{f"wrong{at}": 1 for at in range(5000)}}).encode()
    problem = post(store, body, 422).json
    assert len(problem["errors"]) == 100
    assert "4999 more" in problem["detail"]


def test_brackets_in_strings_do_not_count_as_nesting(store: Any) -> None:
    store.app.post_json(THINGS, {"name": "[" * 50, "code": '\\"{[['}, headers=OWNER, status=201)


def test_the_null_character_is_400_and_its_spelling_is_not(store: Any) -> None:
    assert post(store, b'{"name": "a\\u0000"}', 400).json["code"] == "nul_character"
    store.app.post(
        THINGS, b'{"name": "a\\\\u0000"}', headers={**OWNER, "Content-Type": "application/json"}
    )


def test_a_huge_body_is_413(store: Any) -> None:
    body = b'{"name": "' + b"a" * 1024 * 1024 + b'"}'
    problem = post(store, body, 413).json
    assert (problem["code"], problem["limit"]) == ("body_too_large", 1024 * 1024)


def test_a_huge_body_without_a_length_is_413(store: Any) -> None:
    from io import BytesIO

    stream = BytesIO(b" " * (1024 * 1024 + 10))
    request = store.app.RequestClass.blank(THINGS, method="POST", headers=OWNER)
    request.environ |= {
        "CONTENT_TYPE": "application/json", "wsgi.input": stream, "wsgi.input_terminated": True,
    }  # fmt: skip
    request.environ.pop("CONTENT_LENGTH", None)
    assert store.app.do_request(request, expect_errors=True).status_int == 413


def test_the_body_limit_is_a_setting(store_addons: Any, sqlite_url: str) -> None:
    settings = {"talatat.max_body": "2048"}
    with store_addons.composed("store", url=sqlite_url, settings=settings) as store:
        post(store, b'{"name": "' + b"a" * 3000 + b'"}', 413)


def test_a_wrong_or_missing_content_type_is_415(store: Any) -> None:
    for content_type in (
        "text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1", None,
        "application/merge-patch+json",
    ):  # fmt: skip
        response = post(store, b'{"name": "a"}', 415, content_type)
        assert response.headers["Accept"] == "application/json", content_type


def test_a_patch_says_what_it_accepts(store: Any) -> None:
    row = store.app.post_json(THINGS, {"name": "a"}, headers=OWNER).json
    headers = {**OWNER, "Content-Type": "application/xml"}
    response = store.app.patch(f"{THINGS}/{row['id']}", b"[]", headers=headers, status=415)
    assert response.headers["Accept-Patch"] == (
        "application/merge-patch+json, application/json-patch+json, application/json"
    )


def test_a_charset_of_utf_8_may_be_said(store: Any) -> None:
    headers = {**OWNER, "Content-Type": 'application/json; charset="UTF-8"'}
    store.app.post(THINGS, '{"name": "ü"}'.encode(), headers=headers, status=201)


MISFITS = (
        ([], {("", "type")}),
        ("text", {("", "type")}),
        ({}, {("/name", "required")}),
        ({"name": "a", "colour": 1, "a/b~c": 2}, {("/colour", "unknown"), ("/a~1b~0c", "unknown")}),
        ({"name": "a", "id": "x", "created_at": "y"}, {("/id", "read_only"), ("/created_at", "read_only")}),
        ({"name": 5, "rank": "5", "active": "yes"}, {("/name", "type"), ("/rank", "type"), ("/active", "type")}),
        ({"name": None}, {("/name", "null")}),
        ({"name": ""}, {("/name", "required")}),
        ({"name": "x" * 61, "rank": 1001, "kind": "odd"}, {("/name", "length"), ("/rank", "range"), ("/kind", "choice")}),
        ({"name": "a", "rank": True}, {("/rank", "type")}),
        ({"name": "a", "rank": 1.5}, {("/rank", "type")}),
        ({"name": "a", "rank": 2**70}, {("/rank", "type")}),
        ({"name": "a", "box_id": "12"}, {("/box_id", "invalid")}),
        ({"name": "a", "sold_at": "2026-01-31"}, {("/sold_at", "invalid")}),
        ({"name": "a", "sold_at": "2026-01-31T12:00:00"}, {("/sold_at", "invalid")}),
        ({"name": "a", "sold_at": "0001-01-01T00:00:00+10:00"}, {("/sold_at", "invalid")}),
        ({"name": "a", "size": 1.5}, {("/size", "invalid")}),
        ({"name": "a", "price": {"amount": 1, "currency": "EUR"}}, {("/price", "invalid")}),
        ({"name": "a", "price": {"amount": "1", "currency": "euro"}}, {("/price", "invalid")}),
        ({"name": "a", "price": "1 EUR"}, {("/price", "invalid")}),
        ({"name": "a", "details": []}, {("/details", "invalid")}),
        ({"name": "a", "details": None}, {("/details", "invalid")}),
        ({"name": "a", "details": {"x": [{"y": 2**63}]}}, {("/details", "invalid")}),
    ({"name": "a", "code": "c" * 21}, {("/code", "length")}),
        ({"name": "a", "size": "1.555"}, {("/size", "invalid")}),
        ({"name": "a", "price": {"amount": "1.005", "currency": "EUR"}}, {("/price", "invalid")}),
)  # fmt: skip


def test_what_does_not_fit_the_schema_is_422_with_pointers(store: Any) -> None:
    for body, expected in MISFITS:
        problem = post(store, json.dumps(body).encode(), 422).json
        assert problem["code"] == "invalid"
        found = {(error["pointer"], error["code"]) for error in problem["errors"]}
        assert found == expected, body
        assert all(error["detail"] for error in problem["errors"])


BAD_QUERIES = (
    ("colour=red", "colour", "unknown_parameter"),
    ("shout=x", "shout", "unknown_parameter"),
    ("name=a&name=b", "name", "repeated_parameter"),
    ("name[like]=a", "name[like]", "invalid_parameter"),
    ("rank=a", "rank", "invalid_parameter"),
    ("rank=99999999999999999999", "rank", "invalid_parameter"),
    ("rank[in]=1,x", "rank[in]", "invalid_parameter"),
    ("rank[contains]=1", "rank[contains]", "invalid_parameter"),
    ("rank[isnull]=1", "rank[isnull]", "invalid_parameter"),
    ("rank[in]=" + ",".join("1" * 201), "rank[in]", "invalid_parameter"),
    ("active=1", "active", "invalid_parameter"),
    ("weight=heavy", "weight", "invalid_parameter"),
    ("weight=1e999", "weight", "invalid_parameter"),
    ("size=1.234", "size", "invalid_parameter"),
    ("size=99999999999999999999", "size", "invalid_parameter"),
    ("sold_at=yesterday", "sold_at", "invalid_parameter"),
    ("box_id=1", "box_id", "invalid_parameter"),
    ("name=a%00", "name", "invalid_parameter"),
    ("details.=a", "details.", "unknown_parameter"),
    ("box.owner=a", "box.owner", "unknown_parameter"),
    ("sort=shout", "sort", "invalid_parameter"),
    ("sort=name,-name", "sort", "invalid_parameter"),
    ("sort=", "sort", "invalid_parameter"),
    ("limit=0", "limit", "invalid_parameter"),
    ("limit=-1", "limit", "invalid_parameter"),
    ("limit=many", "limit", "invalid_parameter"),
    ("cursor=abc", "cursor", "invalid_cursor"),
    ("count=all", "count", "invalid_parameter"),
    ("expand=colour", "expand", "unknown_relation"),
)


def test_a_query_parameter_that_cannot_be_used_is_400(store: Any) -> None:
    for query, name, code in BAD_QUERIES:
        problem = store.app.get(f"{THINGS}?{query}", status=400).json
        assert (problem["code"], problem["errors"][0]["parameter"]) == (code, name), query


def test_a_query_string_or_path_that_is_not_utf_8_is_400(store: Any) -> None:
    store.app.get(f"{THINGS}?name=%ff", status=400)
    assert store.app.get("/api/store/v1/%ff", status=400).json["code"] == "bad_request"


def test_too_many_parameters_are_400(store: Any) -> None:
    store.app.get(THINGS + "?" + "&".join(f"a{n}=1" for n in range(101)), status=400)


def test_operations_on_one_row_take_no_parameters_of_lists(store: Any) -> None:
    row = store.app.post_json(THINGS, {"name": "a"}, headers=OWNER).json
    store.app.get(f"{THINGS}/{row['id']}?limit=1", status=400)
    store.app.post_json(f"{THINGS}?limit=1", {"name": "a"}, headers=OWNER, status=400)
    store.app.delete(f"{THINGS}/{row['id']}?fields=id", headers=OWNER, status=400)


def test_pages_for_people_get_a_small_page(store: Any) -> None:
    response = store.app.get("/nowhere<script>", status=404)
    assert response.content_type == "text/html"
    assert "&lt;script&gt;" in response.text
    assert "<script>" not in response.text
    asked = store.app.get("/nowhere", headers={"Accept": "application/json"}, status=404)
    assert asked.content_type == "application/problem+json"


def test_a_failure_is_500_without_its_insides_and_logged_under_its_id(
    store: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*arguments: Any) -> Any:
        raise RuntimeError("the secret is pharaoh")

    monkeypatch.setattr(store.system.resources["store.things"].resource, "scope", broken)
    response = store.app.get(THINGS, expect_errors=True)
    assert response.status_int == 500
    assert response.json["code"] == "internal_error"
    assert "pharaoh" not in response.text
    record = next(one for one in caplog.records if one.name == "talatat.problems")
    assert record.request_id == response.json["request_id"]
    assert record.exc_info is not None


def test_a_database_that_is_away_is_503_with_retry_after(store_addons: Any, tmp_path: Any) -> None:
    url = f"sqlite:///{tmp_path}/no/such/folder/x.sqlite"
    with store_addons.composed("store", url=url, migrate=False) as store:
        response = store.app.get(THINGS, expect_errors=True)
    assert response.status_int == 503
    assert response.headers["Retry-After"]
    assert response.content_type == "application/problem+json"
