"""Create, get, replace, patch, delete, list: what each answers."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from talatat.db import new_id

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | TEXT
    | st.floats(-1e15, 1e15, allow_subnormal=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
OWNER = {"X-Role": "owner"}
CLERK = {"X-Role": "clerk"}
THINGS = "/api/store/v1/things"


def make(store: Any, **fields: Any) -> Any:
    return store.app.post_json(THINGS, {"name": "spoon", **fields}, headers=OWNER, status=201).json


def test_create_answers_201_with_location_etag_and_the_row(store: Any) -> None:
    response = store.app.post_json(
        THINGS,
        {"name": "spoon", "price": {"amount": "12.5", "currency": "EUR"}, "details": {"a b": [1]},
         "sold_at": "2026-01-31T13:00:00+01:00", "size": "1.50"},
        headers=OWNER, status=201,
    )  # fmt: skip
    row = response.json
    assert response.headers["Location"] == f"http://localhost{THINGS}/{row['id']}"
    assert response.headers["ETag"].startswith('"1-')
    assert row["price"] == {"amount": "12.50", "currency": "EUR"}
    assert row["sold_at"] == "2026-01-31T12:00:00Z"
    assert (row["size"], row["details"], row["code"], row["shout"]) == (
        "1.50",
        {"a b": [1]},
        None,
        "SPOON",
    )
    assert store.app.get(response.headers["Location"], headers=OWNER).json == row


def test_put_replaces_and_what_is_left_out_gets_its_default(store: Any) -> None:
    row = make(store, rank=3, code="x")
    put = store.app.put_json(
        f"{THINGS}/{row['id']}", {"name": "fork"}, headers=OWNER, status=200
    ).json
    assert (put["name"], put["rank"], put["code"], put["id"]) == ("fork", None, None, row["id"])


def test_put_creates_under_an_id_that_the_client_brings(store: Any) -> None:
    identifier = new_id()
    response = store.app.put_json(
        f"{THINGS}/{identifier}", {"name": "fork"}, headers=OWNER, status=201
    )
    assert response.headers["Location"].endswith(identifier)
    assert store.app.get(f"{THINGS}/{identifier}").json["name"] == "fork"


def test_put_on_what_cannot_be_an_id_is_404(store: Any) -> None:
    store.app.put_json(f"{THINGS}/fork", {"name": "fork"}, headers=OWNER, status=404)
    store.app.get(f"{THINGS}/fork", status=404)
    store.app.get(f"{THINGS}/%00", status=404)


def test_patch_changes_what_it_names_and_null_removes(store: Any) -> None:
    row = make(store, rank=3, details={"a": 1, "b": {"c": 2, "d": 3}})
    patched = store.app.patch_json(
        f"{THINGS}/{row['id']}",
        {"rank": None, "details": {"a": None, "b": {"c": 5}, "e": 6}},
        headers=OWNER, content_type="application/merge-patch+json", status=200,
    ).json  # fmt: skip
    assert patched["rank"] is None
    assert patched["details"] == {"b": {"c": 5, "d": 3}, "e": 6}
    assert patched["name"] == "spoon"


def test_any_document_comes_back_as_it_was(store: Any) -> None:
    @settings(max_examples=40, deadline=None, database=None)
    @given(st.dictionaries(TEXT, JSON, max_size=3))
    def holds(document: Any) -> None:
        row = make(store, details=document)
        assert row["details"] == document
        assert store.app.get(f"{THINGS}/{row['id']}").json["details"] == document

    holds()
    huge = make(store, details={"x": 1e300})
    assert float(huge["details"]["x"]) == 1e300
    listed = store.app.get(THINGS + "?fields=details&name=spoon").json["items"]
    assert {"details": huge["details"]} in listed


def test_patch_may_change_one_part_of_money(store: Any) -> None:
    row = make(store, price={"amount": "1.00", "currency": "USD"})
    patched = store.app.patch_json(
        f"{THINGS}/{row['id']}", {"price": {"amount": "2.00"}}, headers=OWNER
    )
    assert patched.json["price"] == {"amount": "2.00", "currency": "USD"}


def test_a_patch_cannot_remove_what_is_required(store: Any) -> None:
    row = make(store)
    problem = store.app.patch_json(
        f"{THINGS}/{row['id']}", {"name": None}, headers=OWNER, status=422
    ).json
    assert problem["errors"] == [
        {"pointer": "/name", "code": "required", "detail": "cannot be removed"}
    ]


def test_an_empty_patch_changes_nothing_not_even_the_etag(store: Any) -> None:
    row = make(store)
    url = f"{THINGS}/{row['id']}"
    before = store.app.get(url, headers=OWNER).headers["ETag"]
    assert store.app.patch_json(url, {}, headers=OWNER).headers["ETag"] == before


def test_delete_answers_204_and_the_row_is_gone(store: Any) -> None:
    row = make(store)
    response = store.app.delete(f"{THINGS}/{row['id']}", headers=OWNER, status=204)
    assert response.body == b""
    store.app.get(f"{THINGS}/{row['id']}", status=404)
    store.app.delete(f"{THINGS}/{row['id']}", headers=OWNER, status=404)


def test_rules_about_several_fields_hold_for_a_patch_too(store: Any) -> None:
    store.app.post_json(THINGS, {"name": "a", "kind": "fancy"}, headers=OWNER, status=422)
    row = make(store, kind="fancy", rank=1)
    problem = store.app.patch_json(
        f"{THINGS}/{row['id']}", {"rank": None}, headers=OWNER, status=422
    ).json
    assert problem["errors"][0]["pointer"] == "/rank"


def test_what_is_set_at_creation_only_stays(store: Any) -> None:
    row = make(store, kind="fancy", rank=1)
    url = f"{THINGS}/{row['id']}"
    problem = store.app.patch_json(url, {"kind": "plain"}, headers=OWNER, status=422).json
    assert problem["errors"][0]["code"] == "create_only"
    store.app.patch_json(url, {"kind": "fancy"}, headers=OWNER, status=200)
    assert store.app.put_json(url, {"name": "n", "rank": 2}, headers=OWNER).json["kind"] == "fancy"


def test_a_list_shows_items_and_no_pages_beside_it(store: Any) -> None:
    row = make(store)
    response = store.app.get(THINGS, headers=OWNER)
    assert response.json == {"items": [row], "next": None, "prev": None}
    assert "Link" not in response.headers


def test_fields_narrow_what_is_shown(store: Any) -> None:
    row = make(store, price={"amount": "1.00", "currency": "USD"})
    url = f"{THINGS}/{row['id']}"
    assert store.app.get(f"{url}?fields=id,name").json == {"id": row["id"], "name": "spoon"}
    assert store.app.get(f"{THINGS}?fields=name").json["items"] == [{"name": "spoon"}]
    assert store.app.patch_json(f"{url}?fields=rank", {"rank": 2}, headers=OWNER).json == {
        "rank": 2
    }
    priced = store.app.get(f"{url}?fields=price.amount,name").json
    assert priced == {"price": {"amount": "1.00"}, "name": "spoon"}
    for text in ("nothing", "name.first", "price.cents", "", "a,,b", "."):
        problem = store.app.get(f"{THINGS}?fields={text}", status=400).json
        assert problem["errors"][0]["parameter"] == "fields"


def test_a_field_that_needs_a_permission_is_hidden_from_others_and_refused(store: Any) -> None:
    row = make(store, cost=7)
    url = f"{THINGS}/{row['id']}"
    assert store.app.get(url, headers=OWNER).json["cost"] == 7
    assert "cost" not in store.app.get(url).json
    assert "cost" not in store.app.get(f"{url}?fields=name,cost", headers=CLERK).json
    problem = store.app.patch_json(url, {"cost": 1}, headers=CLERK, status=403).json
    assert problem["errors"] == [
        {
            "pointer": "/cost",
            "code": "forbidden",
            "detail": "may not be written with these credentials",
        }
    ]
    store.app.patch_json(url, {"name": "cup"}, headers=CLERK, status=200)
    assert store.app.get(url, headers=OWNER).json["cost"] == 7


def test_a_field_that_one_may_not_read_cannot_be_asked_for_by_filter_or_order(store: Any) -> None:
    make(store, cost=7)
    for query, code in (
        ("cost=7", "unknown_parameter"),
        ("cost[gt]=5", "unknown_parameter"),
        ("sort=cost", "invalid_parameter"),
        ("sort=-cost", "invalid_parameter"),
    ):
        assert len(store.app.get(f"{THINGS}?{query}", headers=OWNER).json["items"]) == 1, query
        problem = store.app.get(f"{THINGS}?{query}", headers=CLERK, status=400).json
        assert problem["code"] == code
        assert "cost," not in problem["detail"], "a name that is hidden is not offered either"


def test_rows_out_of_scope_are_not_there(store: Any) -> None:
    row = make(store, active=False)
    url, blind = f"{THINGS}/{row['id']}", {**OWNER, "X-Blind": "yes"}
    assert store.app.get(THINGS, headers=blind).json["items"] == []
    store.app.get(url, headers=blind, status=404)
    store.app.patch_json(url, {"name": "x"}, headers=blind, status=404)
    store.app.put_json(url, {"name": "x"}, headers=blind, status=404)
    store.app.delete(url, headers=blind, status=404)
    store.app.post(f"{url}:retire", headers=blind, status=404)
    store.app.get(url, status=200)


def test_writing_needs_the_permission(store: Any) -> None:
    response = store.app.post_json(THINGS, {"name": "x"}, status=401)
    assert response.headers["WWW-Authenticate"].startswith("Bearer")
    assert response.json["code"] == "unauthorized"
    problem = store.app.get("/api/store/v1/boxes", headers={"X-Role": "nobody"}, status=403).json
    assert (problem["code"], problem["addon"]) == ("forbidden", "store")


def test_a_taken_value_is_409_and_names_the_field(store: Any) -> None:
    make(store, code="a")
    problem = store.app.post_json(
        THINGS, {"name": "x", "code": "a"}, headers=OWNER, status=409
    ).json
    assert problem["code"] == "duplicate"
    assert problem["errors"] == [{"pointer": "/code", "code": "duplicate", "detail": "is taken"}]
    other = make(store)
    store.app.patch_json(f"{THINGS}/{other['id']}", {"code": "a"}, headers=OWNER, status=409)


def test_a_reference_to_nothing_is_409(store: Any) -> None:
    problem = store.app.post_json(
        THINGS, {"name": "x", "box_id": new_id()}, headers=OWNER, status=409
    )
    assert problem.json["code"] == "reference"


def test_actions_of_a_collection_take_a_body_and_show_the_row(store: Any) -> None:
    response = store.app.post_json(f"{THINGS}:sell", {"quantity": 2}, headers=OWNER, status=201)
    assert response.json["name"] == "sold 2"
    assert response.headers["Location"].endswith(response.json["id"])
    problem = store.app.post_json(f"{THINGS}:sell", {"quantity": 6}, headers=OWNER, status=409).json
    assert (problem["code"], problem["errors"][0]["pointer"]) == ("sold_out", "/quantity")
    problem = store.app.post_json(
        f"{THINGS}:sell", {"quantity": 0, "x": 1}, headers=OWNER, status=422
    ).json
    assert {(e["pointer"], e["code"]) for e in problem["errors"]} == {
        ("/quantity", "range"),
        ("/x", "unknown"),
    }
    store.app.post_json(f"{THINGS}:sell", {"quantity": 2}, status=401)


def test_actions_may_take_no_body_and_answer_a_dict_or_nothing(store: Any) -> None:
    row = make(store)
    assert store.app.post(f"{THINGS}:count", headers=OWNER).json == {"count": 1}
    retired = store.app.post(f"{THINGS}/{row['id']}:retire", headers=OWNER, status=200)
    assert retired.json["active"] is False
    store.app.post_json(f"{THINGS}/{row['id']}:retire", {"x": 1}, headers=OWNER, status=400)
    store.app.post(f"{THINGS}/{row['id']}:forget", headers=OWNER, status=204)
    store.app.post(f"{THINGS}/{row['id']}:forget", headers=OWNER, status=404)


@pytest.mark.parametrize(
    "path", ["things-sell", "things:sells", "thingssell", "thingsXsell", "things:"]
)
def test_a_verb_is_matched_as_it_is_written(store: Any, path: str) -> None:
    store.app.post_json(f"/api/store/v1/{path}", {"quantity": 2}, headers=OWNER, status=404)


def test_other_methods_are_405_with_allow(store: Any) -> None:
    response = store.app.put_json(THINGS, {}, headers=OWNER, status=405)
    assert response.headers["Allow"] == "GET, HEAD, POST"
    assert response.json["code"] == "method_not_allowed"
    response = store.app.get(f"{THINGS}:sell", status=405)
    assert response.headers["Allow"] == "POST"
    response = store.app.post_json(f"{THINGS}/{new_id()}", {}, headers=OWNER, status=405)
    assert response.headers["Allow"] == "DELETE, GET, HEAD, PATCH, PUT"
    assert store.app.options(THINGS, status=204).headers["Allow"] == "GET, HEAD, OPTIONS, POST"


def test_head_is_get_without_the_body(store: Any) -> None:
    row = make(store)
    response = store.app.head(f"{THINGS}/{row['id']}", status=200)
    assert response.body == b""
    assert response.headers["ETag"] == store.app.get(f"{THINGS}/{row['id']}").headers["ETag"]


def test_only_json_is_answered(store: Any) -> None:
    problem = store.app.get(THINGS, headers={"Accept": "text/csv"}, status=406).json
    assert problem["code"] == "not_acceptable"
    store.app.get(THINGS, headers={"Accept": "application/*"}, status=200)


def test_a_resource_without_a_schema_gets_one_from_its_model(store: Any) -> None:
    url = "/api/store/v1/boxes"
    problem = store.app.post_json(url, {"label": "x" * 21}, headers=OWNER, status=422).json
    assert problem["errors"][0] == {
        "pointer": "/label", "code": "length", "detail": "Longer than maximum length 20",
    }  # fmt: skip
    row = store.app.post_json(url, {"label": "a"}, headers=OWNER, status=201).json
    assert row.keys() == {"id", "label", "owner", "created_at", "updated_at"}


def test_search_ranks_and_may_be_sorted_otherwise(store: Any) -> None:
    for name in ("spoon", "big spoon", "fork", "teaspoon"):
        make(store, name=name)

    def names(query: str) -> list[str]:
        return [row["name"] for row in store.app.get(f"{THINGS}?{query}").json["items"]]

    assert names("q=spoon") == ["big spoon", "teaspoon", "spoon"]
    assert names("q=spoon&sort=name") == ["big spoon", "spoon", "teaspoon"]
    first = store.app.get(f"{THINGS}?q=spoon&limit=2").json
    assert [row["name"] for row in store.app.get(first["next"]).json["items"]] == ["spoon"]
    store.app.get(f"{THINGS}?q=", status=400)
    store.app.get(f"{THINGS}?q={'x' * 501}", status=400)
    store.app.get("/api/store/v1/boxes?q=x", headers=OWNER, status=400)


def test_in_code_a_resource_is_found_by_its_full_name(store: Any) -> None:
    resources = store.system.resources
    assert set(resources) == {"store.things", "store.boxes"}
    assert "store.things" in resources
    assert resources["store.things"].path == THINGS
    with pytest.raises(KeyError, match=r"store\.thing:.*Did you mean 'store\.things'"):
        resources["store.thing"]
