"""Fields of other addons under their names, and hooks."""

from __future__ import annotations

from typing import Any

import pytest

from talatat.errors import CompositionError

OWNER = {"X-Role": "owner"}
THINGS = "/api/store/v1/things"


def make(system: Any, **fields: Any) -> Any:
    return system.app.post_json(THINGS, {"name": "spoon", **fields}, headers=OWNER, status=201).json


def test_fields_are_shown_under_the_name_of_the_addon(starred: Any) -> None:
    row = make(starred, stars={"points": 5})
    assert row["stars"] == {"points": 5, "note": None}
    assert row["moons"] == {"points": 0, "note": None}  # always there
    assert starred.app.get(f"{THINGS}/{row['id']}", headers=OWNER).json == row
    assert starred.app.get(f"{THINGS}?fields=stars.points").json["items"] == [
        {"stars": {"points": 5}}
    ]
    starred.app.get(f"{THINGS}?fields=stars.nothing", status=400)


def test_without_a_row_of_the_extension_its_fields_are_null(starred: Any) -> None:
    assert make(starred)["stars"] == {"points": None, "note": None}


def test_fields_of_extensions_are_patched_replaced_and_removed(starred: Any) -> None:
    row = make(starred, stars={"points": 5, "note": "good"})
    url = f"{THINGS}/{row['id']}"

    def patch(status: int = 200, **fields: Any) -> Any:
        return starred.app.patch_json(url, fields, headers=OWNER, status=status).json

    assert patch(stars={"points": 6})["stars"] == {"points": 6, "note": "good"}
    assert patch(stars={"note": None})["stars"] == {"points": 6, "note": None}
    assert patch(stars=None)["stars"] == {"points": None, "note": None}
    assert patch(422, stars={"note": "x"})["errors"][0]["pointer"] == "/stars/points"
    assert patch(stars={"points": 1, "note": "x"})["stars"] == {"points": 1, "note": "x"}
    problem = patch(422, stars={"points": -1, "colour": 1}, moons=None)
    assert {(error["pointer"], error["code"]) for error in problem["errors"]} == {
        ("/stars/points", "range"), ("/stars/colour", "unknown"), ("/moons", "null"),
    }  # fmt: skip
    assert patch(422, stars=7)["errors"][0]["code"] == "type"
    put = starred.app.put_json(url, {"name": "x", "stars": {"points": 9}}, headers=OWNER).json
    assert put["stars"] == {"points": 9, "note": None}


def test_a_write_to_an_extension_alone_changes_the_etag(starred: Any) -> None:
    row = make(starred, stars={"points": 5})
    url = f"{THINGS}/{row['id']}"
    tag = starred.app.get(url, headers=OWNER).headers["ETag"]
    starred.app.patch_json(
        url, {"stars": {"points": 6}}, headers={**OWNER, "If-Match": tag}, status=200
    )
    starred.app.patch_json(
        url, {"stars": {"points": 7}}, headers={**OWNER, "If-Match": tag}, status=412
    )
    assert starred.app.get(url).json["stars"]["points"] == 6


def test_extension_fields_can_be_filtered(starred: Any) -> None:
    make(starred)
    row = make(starred, stars={"points": 5})
    assert [
        one["id"] for one in starred.app.get(f"{THINGS}?stars.points[gte]=3").json["items"]
    ] == [row["id"]]


def test_deleting_a_row_deletes_its_extensions(starred: Any) -> None:
    row = make(starred, stars={"points": 5})
    starred.app.delete(f"{THINGS}/{row['id']}", headers=OWNER, status=204)
    extension = starred.system.resources["store.things"].extensions[0].attachment.extension
    with starred.session() as session:
        assert session.query(extension).count() == 0


def test_hooks_run_before_and_after_each_write(starred: Any) -> None:
    seen = starred.addons.module("stars").seen
    seen.clear()
    row = make(starred, stars={"points": 5})
    url = f"{THINGS}/{row['id']}"
    starred.app.patch_json(url, {"name": "fork"}, headers=OWNER)
    starred.app.delete(url, headers=OWNER)
    assert [(event, name) for event, name, _ in seen] == [
        ("before_create", None), ("after_create", "spoon"), ("any after_create", "spoon"),
        ("before_update", "spoon"), ("after_update", "fork"),
        ("before_delete", "fork"), ("after_delete", "fork"),
    ]  # fmt: skip
    created = seen[0][2]
    assert (created["name"], created["stars"]) == ("spoon", {"points": 5, "note": None})
    assert seen[3][2] == {"name": "fork"}


def test_a_hook_for_all_resources_sees_the_others_too(starred: Any) -> None:
    seen = starred.addons.module("stars").seen
    seen.clear()
    starred.app.post_json("/api/store/v1/boxes", {"label": "a"}, headers=OWNER, status=201)
    assert [event for event, _, _ in seen] == ["any after_create"]


def test_a_system_without_the_addon_does_not_know_its_fields(store: Any) -> None:
    row = make(store)
    assert "stars" not in row
    store.app.patch_json(
        f"{THINGS}/{row['id']}", {"stars": {"points": 1}}, headers=OWNER, status=422
    )
    assert store.system.resources["store.things"].extensions == ()


def broken(store_addons: Any, url: str, body: str) -> str:
    """What composing says of an addon with this includeme."""
    store_addons.write(
        "broken",
        {"__init__.py": f"""
            import colander
            from talatat.resources import Resource
            from PKG_store.models import Box, Thing

            class Fields(colander.MappingSchema):
                points = colander.SchemaNode(colander.Integer())

            def includeme(config):
                {body}
            """},
        requires=("store",),
    )  # fmt: skip
    with pytest.raises(CompositionError) as raised, store_addons.composed("broken", url=url):
        pass
    return str(raised.value)


def resource(model: str, **attributes: str) -> str:
    """The source of a declaration."""
    listed = ", ".join(f'"{name}": {value}' for name, value in attributes.items())
    return f'add_resource(type("R", (Resource,), {{"name": "r", "model": {model}, {listed}}}))'


OPEN = '{"read": "public", "write": "public"}'
MISTAKES = {
    'extend_resource("store.thing", Fields)': "Did you mean 'store.things'?",
    'extend_resource("store.things", Fields)': "Add config.extend_model(Thing, ...)",
    'add_hook("store.thing", "after_create", print)': "Did you mean 'store.things'?",
    'add_hook("store.things", "after_save", print)': "before_create",
    "add_resource(Box)": "derive a class from talatat.resources.Resource",
    'add_resource(type("R", (Resource,), {"name": "r"}))': "has no 'model'",
    resource("Box"): "no permission for list, get, create, replace, patch, delete",
    resource("Box", operations='("read",)'): "operations names read",
    resource("Box", filters='("labl",)', permissions=OPEN): "Did you mean 'label'?",
    resource("Thing", filters='("details",)', permissions=OPEN): "cannot be written in a URL",
    resource("Thing", sorts='("x",)', permissions=OPEN): "sorts names 'x'",
    resource("Thing", filters='("crate.x",)', permissions=OPEN): "no relationship 'crate'",
    resource("Thing", filters='("a.b.c.d",)', permissions=OPEN): "2 deep at most",
    resource("Box", filters='{"count": Box.label}', permissions=OPEN): "every list has a parameter",
    resource("Box", max_page_size="501", permissions=OPEN): "a page has 1 to 500 rows",
}


@pytest.mark.parametrize("body", MISTAKES)
def test_a_mistake_in_a_declaration_stops_the_start_and_says_what_mends_it(
    store_addons: Any, sqlite_url: str, body: str
) -> None:
    message = broken(store_addons, sqlite_url, f"config.{body}")
    assert MISTAKES[body] in message
    assert "broken" in message


def test_a_field_and_an_extension_cannot_have_one_name(
    store_addons: Any, extender: Any, sqlite_url: str
) -> None:
    store_addons.write("shout", extender("shout"), requires=("store",))
    said = "has a field named 'shout' of its own"
    with (
        pytest.raises(CompositionError, match=said),
        store_addons.composed("shout", url=sqlite_url),
    ):
        pass
