"""Replace: PUT makes a row under an id, and says all of one that is there."""

from __future__ import annotations

from typing import Any

from talatat.testing.rest.case import Case, want
from talatat.testing.rest.checks.shapes import documented
from talatat.testing.rest.model import Family
from talatat.testing.rest.sending import Answer

of = Family("replace", "create", needs=("replace",))


def _new(case: Case) -> tuple[str, Answer]:
    """A row made by PUT: its id and the answer."""
    case.needs("create")
    case.row()
    identifier = case.strange_id()

    def send(body: Any) -> Answer:
        return case.item(identifier, "PUT", body=body)

    return identifier, case.server.bodies(case.kind).accepted("replace", send, full=False)


@of.check("put-creates", "PUT with an id that no row has makes it: 201 with Location")
def put_creates(case: Case) -> None:
    identifier, answer = _new(case)
    answer.must(201)
    want(answer.json["id"] == identifier, f"its id is {answer.json['id']}", answer)
    want(
        (answer.header("Location") or "").endswith(f"{case.path}/{identifier}"),
        "Location is another",
        answer,
    )
    documented(case, "replace", answer)


@of.check("put-replaces", "PUT of a row that is there answers 200 with the row")
def put_replaces(case: Case) -> None:
    row = case.row()
    answer = case.write(row, "PUT", case.same("replace", row)).must(200)
    want(answer.json["id"] == row["id"], "it is another row", answer)
    want(answer.header("ETag"), "it has no ETag", answer)
    documented(case, "replace", answer)


@of.check("put-of-the-same", "A row that is put back as it was shown stays as it was")
def put_of_the_same(case: Case) -> None:
    row = case.row()
    answer = case.write(row, "PUT", case.same("replace", row)).must(200)
    clocks = {
        name for name, said in case.kind.properties.items() if said.get("format") == "date-time"
    }
    for name, value in row.items():
        if name not in clocks:
            want(
                answer.json[name] == value,
                f"{name} was {value!r}, and is {answer.json[name]!r}",
                answer,
            )


@of.check("put-twice", "The same PUT twice leaves one row, the same")
def put_twice(case: Case) -> None:
    row = case.row()
    body = case.same("replace", row)
    case.write(row, "PUT", body).must(200)
    first = case.item(row).json if "get" in case.kind.operations else None
    second = case.write(row, "PUT", body).must(200)
    want(first is None or first["id"] == second.json["id"], "it is another row", second)


@of.check("put-says-all", "PUT takes away what it does not say")
def put_says_all(case: Case) -> None:
    row = case.row()
    form = case.kind.form("replace")
    body = case.same("replace", row)
    for name, said in form.get("properties", {}).items():
        schema = case.kind.resolved(said)
        kinds = schema.get("type")
        nullable = isinstance(kinds, list) and "null" in kinds
        if nullable and name not in form.get("required", ()) and row.get(name) is not None:
            body.pop(name)
            answer = case.write(row, "PUT", body).must(200, 409, 422)
            want(
                answer.status != 200 or answer.json[name] == schema.get("default"),
                f"{name} stays",
                answer,
            )
            return
    raise case.lacks("no field may be null")


@of.check("put-missing-field", "PUT without a required field is refused")
def put_missing_field(case: Case) -> None:
    row = case.row()
    required = case.kind.form("replace").get("required", ())
    if not required:
        raise case.lacks("no field is required")
    for name in required:
        body = case.same("replace", row)
        body.pop(name)
        case.write(row, "PUT", body).refuses(422, "invalid", f"/{name}")


@of.check("put-unknown-member", "PUT with an unknown field is refused")
def put_unknown(case: Case) -> None:
    row = case.row()
    body = {**case.same("replace", row), "no_such_field": 1}
    case.write(row, "PUT", body).refuses(422, "invalid", "/no_such_field")


@of.check("put-wrong-type", "PUT with a value of another type is refused")
def put_wrong_type(case: Case) -> None:
    from talatat.testing.rest.checks.create import wrong_values

    row = case.row()
    for name, value in wrong_values(case, "replace"):
        body = {**case.same("replace", row), name: value}
        answer = case.write(row, "PUT", body).refuses(422, "invalid")
        want(
            any(one.startswith(f"/{name}") for one in answer.pointers),
            f"it does not name {name}",
            answer,
        )


@of.check("put-strange-id", "PUT under what is no id is a 404")
def put_strange_id(case: Case) -> None:
    if case.kind.properties.get("id", {}).get("format") != "uuid":
        raise case.lacks("its ids are no UUIDs")
    body = case.same("replace", case.row())
    for text in ("1", "x", "new", "%00", "01a2064e", "{id}"):
        case.item(text, "PUT", body=body).must(404, 400)


@of.check("put-none-match", "PUT with If-None-Match: * makes a row, and never replaces one")
def put_none_match(case: Case) -> None:
    row = case.row()
    headers = {"If-None-Match": "*"}
    case.write(row, "PUT", case.same("replace", row), headers=headers).refuses(
        412, "precondition_failed"
    )
    case.needs("create")
    identifier = case.strange_id()

    def send(body: Any) -> Answer:
        return case.item(identifier, "PUT", body=body, headers=headers)

    case.server.bodies(case.kind).accepted("replace", send, full=False).must(201)


@of.check("put-match-missing", "PUT with If-Match makes no row")
def put_match_missing(case: Case) -> None:
    row = case.row()
    for tag in ('"1-x"', "*"):
        answer = case.item(
            case.strange_id(), "PUT", body=case.same("replace", row), headers={"If-Match": tag}
        )
        answer.must(412, 404)


@of.check("put-deep-ids", "The id of the path is the row's, whatever case it is written in")
def put_deep_ids(case: Case) -> None:
    row = case.row()
    if case.kind.properties.get("id", {}).get("format") != "uuid":
        raise case.lacks("its ids are no UUIDs")
    answer = case.write(row["id"].upper(), "PUT", case.same("replace", row)).must(200)
    want(answer.json["id"] == row["id"], "it is another row", answer)
