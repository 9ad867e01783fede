"""Sparse fields: `fields=` on whatever shows rows."""

from __future__ import annotations

from talatat.testing.rest.case import Case, want
from talatat.testing.rest.model import Family

of = Family("sparse", "sparse, embed", needs=("get",))


def _fields(case: Case) -> list[str]:
    return [name for name, said in case.kind.properties.items() if "x-expand" not in said]


@of.check("each-field", "Each documented field can be asked for alone")
def each_field(case: Case) -> None:
    row = case.row()
    for name in _fields(case):
        answer = case.item(row, query={"fields": name}).must(200)
        want(set(answer.json) <= {name}, f"fields={name} shows {', '.join(answer.json)}", answer)
        if name in row:
            want(answer.json == {name: row[name]}, "it shows another value", answer)


@of.check("every-shown-field", "Every field that is shown is documented")
def every_shown_field(case: Case) -> None:
    more = set(case.row()) - set(_fields(case))
    want(not more, f"a row shows {', '.join(sorted(more))}, which the document does not know")


@of.check("some-fields", "Several fields come together, in whatever order they are named")
def some_fields(case: Case) -> None:
    row = case.row()
    some = [one for one in _fields(case) if one in row][:3]
    for names in (some, some[::-1]):
        answer = case.item(row, query={"fields": ",".join(names)}).must(200)
        want(answer.json == {one: row[one] for one in some}, "it shows something else", answer)


@of.check("fields-in-list", "A list takes `fields` as a row does", needs=("list",))
def fields_in_list(case: Case) -> None:
    case.rows(2)
    answer = case.get(query={"fields": "id", "limit": 5}).must(200)
    want(
        all(set(row) == {"id"} for row in answer.json["items"]),
        "rows show more than the id",
        answer,
    )


@of.check("fields-below", "`fields=a.b` shows one member of an object")
def fields_below(case: Case) -> None:
    row = case.row()
    for name, schema in case.kind.properties.items():
        value = row.get(name)
        if isinstance(value, dict) and len(value) > 1 and "properties" in schema:
            member = next(iter(value))
            answer = case.item(row, query={"fields": f"{name}.{member}"}).must(200)
            want(answer.json == {name: {member: value[member]}}, "it shows something else", answer)
            return
    raise case.lacks("no field is an object of two members")


@of.check("unknown-field-asked", "A field that is not there is refused")
def unknown_field_asked(case: Case) -> None:
    row = case.row()
    for text in ("no_such_field", "id,no_such_field", "id.no_such_member"):
        answer = case.item(row, query={"fields": text}).must(400, 200 if "." in text else 400)
        if answer.status == 400:
            want(
                answer.code == "unknown_field" and answer.pointers == ["fields"],
                "it says something else",
                answer,
            )


@of.check("no-field-asked", "Empty names are refused")
def no_field_asked(case: Case) -> None:
    row = case.row()
    for text in ("", ",", "id,,id", "id.", ".id", "id,"):
        case.item(row, query={"fields": text}).refuses(400, names="fields")


@of.check("fields-on-create", "A create shows the fields that it is asked for", needs=("create",))
def fields_on_create(case: Case) -> None:
    case.row()

    def send(body: object) -> object:
        return case.ask("POST", query={"fields": "id"}, body=body)

    answer = case.server.bodies(case.kind).accepted("create", send, full=False)  # type: ignore[arg-type]
    answer.must(201)
    want(set(answer.json) == {"id"}, "it shows something else", answer)


@of.check("fields-on-patch", "A patch shows the fields that it is asked for", needs=("patch",))
def fields_on_patch(case: Case) -> None:
    answer = case.write(case.row(), "PATCH", {}, query={"fields": "id"}).must(200)
    want(set(answer.json) == {"id"}, "it shows something else", answer)
