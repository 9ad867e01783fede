"""Create: 201, Location, the row; everything that does not fit the schema is told, and nothing stays of it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from talatat.testing.rest.case import Case, want
from talatat.testing.rest.checks.shapes import documented
from talatat.testing.rest.model import Failed, Family
from talatat.testing.rest.sending import Answer

of = Family("create", "create", needs=("create",))


def _send(case: Case, body: Any, **said: Any) -> Answer:
    return case.ask("POST", body=body, **said)


@of.check("made-from-the-document", "Bodies made from the document's schema are accepted")
def made_from_the_document(case: Case) -> None:
    for full in (False, True):
        answer = case.server.create(case.kind, full=full)
        if answer.status != 201:
            raise Failed(
                "no body that fits the schema was accepted; an example would tell one", answer
            )
        documented(case, "create", answer)


@of.check("example-is-accepted", "The example that the document gives of a body is read")
def example(case: Case) -> None:
    body = case.kind.example("create")
    if body is None:
        raise case.lacks("the document has no example")
    answer = _send(case, body)
    errors = answer.json.get("errors", [{}])
    # What it refers to may be elsewhere, and what is unique may be taken.
    elsewhere = all(str(one.get("code", "")).startswith("unknown_") for one in errors)
    want(
        answer.status in (201, 409) or (answer.status == 422 and elsewhere), "it is refused", answer
    )


@of.check("create-201", "A create answers 201 with Location, ETag and the row")
def create_201(case: Case) -> None:
    answer = case.create()
    for name in ("Location", "ETag"):
        want(answer.header(name), f"it has no {name}", answer)
    want(answer.json.get("id"), "the row has no id", answer)


@of.check(
    "location-resolves", "Location leads to the row as it was answered", needs=("create", "get")
)
def location_resolves(case: Case) -> None:
    made = case.create()
    parts = urlsplit(made.header("Location") or "")
    want(
        parts.path == f"{case.path}/{made.json['id']}",
        f"Location is {made.header('Location')}",
        made,
    )
    answer = case.server.ask("GET", parts.path).must(200)
    want(answer.json == made.json, f"a GET of it shows {answer.json}", made)
    want(answer.header("ETag") == made.header("ETag"), "a GET of it has another ETag", made)


@of.check("created-is-listed", "What was created is in the list", needs=("create", "list"))
def created_is_listed(case: Case) -> None:
    made = case.new()
    found = case.get(query={"id": made["id"]}).must(200) if "id" in case.kind.filters else None
    rows = case.all(limit=500) if found is None else found.json["items"]
    want(made in rows, "the list does not show it as it was answered", found)


@of.check("said-is-shown", "What a create says is what the row shows")
def said_is_shown(case: Case) -> None:
    case.row()
    sent: list[Any] = []

    def send(body: Any) -> Answer:
        sent.append(body)
        return _send(case, body)

    answer = case.server.bodies(case.kind).accepted("create", send, full=True).must(201)
    row = answer.json
    for name, value in sent[-1].items():
        schema = case.kind.properties.get(name, {})
        if (
            name in row
            and schema.get("type") not in ("object", "array")
            and schema.get("format") is None
        ):
            want(row[name] == value, f"{name} was sent as {value!r}, and is {row[name]!r}", answer)


@of.check("no-own-id", "An id in the body is refused: the server makes it")
def no_own_id(case: Case) -> None:
    body = {**case.body(), "id": case.strange_id()}
    _send(case, body).refuses(422, "invalid", "/id")


@of.check("read-only-field", "A read-only field in the body is refused by its name")
def read_only(case: Case) -> None:
    form = case.kind.form("create").get("properties", {})
    names = [one for one, said in case.kind.properties.items() if one not in form and one != "id"]
    names = [one for one in names if case.kind.properties[one].get("readOnly")]
    if not names:
        raise case.lacks("only its id is read-only")
    row = case.row()
    for name in names:
        _send(case, {**case.body(), name: row.get(name)}).refuses(422, "invalid", f"/{name}")


@of.check("unknown-member", "An unknown field is refused by its name, also deep inside")
def unknown_member(case: Case) -> None:
    _send(case, {**case.body(), "no_such_field": 1}).refuses(422, "invalid", "/no_such_field")
    _send(case, {**case.body(), "a/b~c": 1}).refuses(422, "invalid", "/a~1b~0c")
    for name, schema in case.kind.form("create").get("properties", {}).items():
        said = case.kind.resolved(schema)
        if said.get("additionalProperties") is False and said.get("properties"):
            body = case.body(full=True)
            body[name] = {**dict(body.get(name) or {}), "no_such": 1}
            answer = _send(case, body).refuses(422, "invalid")
            where = {f"/{name}/no_such", f"/{name}"}  # what is one value is named as one
            want(where & set(answer.pointers), "it does not name the member", answer)


@of.check("missing-field", "A required field that is missing is named")
def missing_field(case: Case) -> None:
    required = case.kind.form("create").get("required", ())
    if not required:
        raise case.lacks("no field is required")
    for name in required:
        body = {key: value for key, value in case.body().items() if key != name}
        _send(case, body).refuses(422, "invalid", f"/{name}")


@of.check("all-faults-at-once", "All that is wrong with a body is told at once")
def all_faults(case: Case) -> None:
    body = {**case.body(), "no_such_field": 1, "nor_this": 2}
    answer = _send(case, body).refuses(422, "invalid")
    want({"/no_such_field", "/nor_this"} <= set(answer.pointers), "it names only some", answer)


def wrong_values(case: Case, form: str) -> list[tuple[str, Any]]:
    """(field, a value that is none of its type), for fields whose type the document tells."""
    found: list[tuple[str, Any]] = []
    for name, said in case.kind.form(form).get("properties", {}).items():
        schema = case.kind.resolved(said)
        kinds = schema.get("type")
        kinds = {kinds} if isinstance(kinds, str) else set(kinds or ())
        if not kinds:
            continue
        wrong = {
            "string": 17,
            "integer": "x",
            "number": "x",
            "boolean": "x",
            "array": 17,
            "object": 17,
        }
        found.append((name, wrong[next(one for one in sorted(kinds) if one != "null")]))
    return found


@of.check("wrong-type", "A value of another type is refused, for every field")
def wrong_type(case: Case) -> None:
    some = wrong_values(case, "create")
    if not some:
        raise case.lacks("no field has a type")
    for name, value in some:
        answer = _send(case, {**case.body(), name: value}).refuses(422, "invalid")
        want(
            any(one.startswith(f"/{name}") for one in answer.pointers),
            f"it does not name {name}",
            answer,
        )


@of.check("no-conversions", "A number is no text, a text no number, 1 no truth value")
def no_conversions(case: Case) -> None:
    wrong: dict[str, list[Any]] = {
        "integer": ["1", 1.5, True],
        "boolean": [1, "true"],
        "string": [1, True],
    }
    seen = 0
    for name, said in case.kind.form("create").get("properties", {}).items():
        kinds = case.kind.resolved(said).get("type")
        for kind in [kinds] if isinstance(kinds, str) else kinds or ():
            for value in wrong.get(kind, ()):
                seen += 1
                _send(case, {**case.body(), name: value}).refuses(422, "invalid", f"/{name}")
    if not seen:
        raise case.lacks("no field is plain")


@of.check("null-where-none-may-be", "null is refused where the document has no null")
def null_where_none(case: Case) -> None:
    seen = 0
    for name, said in case.kind.form("create").get("properties", {}).items():
        schema = case.kind.resolved(said)
        if isinstance(schema.get("type"), str) and "anyOf" not in schema:
            seen += 1
            _send(case, {**case.body(), name: None}).refuses(422, "invalid", f"/{name}")
    if not seen:
        raise case.lacks("every field may be null")


@of.check("limits-of-fields", "Texts, numbers and lists beyond the documented limits are refused")
def limits_of_fields(case: Case) -> None:
    seen = 0
    for name, said in case.kind.form("create").get("properties", {}).items():
        schema = case.kind.resolved(said)
        beyond: list[Any] = []
        if "maxLength" in schema:
            beyond.append("a" * (schema["maxLength"] + 1))
        if schema.get("minLength"):
            beyond.append("")
        if "maximum" in schema:
            beyond.append(int(schema["maximum"]) + 1)
        if "minimum" in schema:
            beyond.append(int(schema["minimum"]) - 1)
        for value in beyond:
            seen += 1
            _send(case, {**case.body(), name: value}).refuses(422, "invalid", f"/{name}")
    if not seen:
        raise case.lacks("no field has a limit")


@of.check("beyond-the-column", "A number of 64 bits and more is refused or kept, and never a 5xx")
def beyond_the_column(case: Case) -> None:
    names = [
        name for name, said in case.kind.form("create").get("properties", {}).items()
        if "integer" in str(case.kind.resolved(said).get("type"))
    ]  # fmt: skip
    if not names:
        raise case.lacks("no field is a whole number")
    for name in names:
        for value in (2**63, -(2**63) - 1):
            content = case.body()
            raw = _raw({**content, name: "@@"}).replace(b'"@@"', str(value).encode())
            _send(case, raw).refuses(422, "invalid", f"/{name}")


def _raw(body: Any) -> bytes:
    import json

    return json.dumps(body).encode()


@of.check("body-is-an-object", "A body that is no object is refused")
def body_is_an_object(case: Case) -> None:
    for raw in (b"[]", b"null", b'"x"', b"1", b"true", b"[{}]"):
        _send(case, raw).refuses(422, "invalid")


@of.check(
    "refused-leaves-nothing",
    "A create that is refused leaves nothing behind",
    needs=("create", "list"),
)
def refused_leaves_nothing(case: Case) -> None:
    case.rows()
    before = [row["id"] for row in case.all(limit=500)]
    _send(case, {**case.body(), "no_such_field": 1}).must(422)
    _send(case, b'{"broken"').must(400)
    _send(case, case.body(), query={"fields": "no_such_field"}).must(400, 201)
    after = case.all(limit=500)
    want([row["id"] for row in after][: len(before)] == before, "rows are gone")
    want(len(after) == len(before), f"there are {len(after) - len(before)} rows more")


@of.check("two-creates-two-rows", "Two creates make two rows with ids of their own")
def two_rows(case: Case) -> None:
    want(case.new()["id"] != case.new()["id"], "both have one id")


@of.check(
    "sent-twice", "What is unique is told as 409 with the field, never as a 5xx", row="status"
)
def sent_twice(case: Case) -> None:
    case.row()
    body = case.body()
    first = _send(case, body)
    second = _send(case, body).must(201, 409, 422)
    if first.status == 201 and second.status == 409:
        want(second.code == "duplicate" and second.pointers, "the 409 names no field", second)


@of.check("dangling-reference", "A reference to nothing is a 409 or 422, never a 5xx", row="status")
def dangling_reference(case: Case) -> None:
    name, _ = case.field(lambda _, said: said.get("format") == "uuid", "create")
    answer = _send(case, {**case.body(), name: case.strange_id()}).must(409, 422)
    # Not every database tells which reference it was.
    named = [one for one in answer.pointers if one.startswith(f"/{name}")]
    want(named or not answer.pointers, f"it names another field than {name}", answer)


@of.check(
    "moments-are-kept", "A moment that is sent with an offset comes back in UTC", row="ids, types"
)
def moments_are_kept(case: Case) -> None:
    name, _ = case.field(lambda _, said: said.get("format") == "date-time", "create")
    sent: dict[str, Any] = {name: "2026-03-01T12:30:00+02:00"}
    answer = case.create(full=False, **sent)
    want(answer.json[name] == "2026-03-01T10:30:00Z", f"it is {answer.json[name]}", answer)
    _send(case, {**case.body(), name: "2026-03-01T12:30:00"}).refuses(422, "invalid", f"/{name}")


@of.check(
    "letters-are-kept", "Letters of every script come back as they were sent", row="ids, types"
)
def letters_are_kept(case: Case) -> None:
    def free(_: str, said: Any) -> bool:
        plain = "string" in str(said.get("type")) and not {"pattern", "format", "enum"} & set(said)
        return plain and said.get("maxLength", 99) >= 40

    name, _ = case.field(free, "create")
    text = "Ünïcödé 日本語 🙂 \"'<&>\\ ي"
    answer = _send(case, {**case.body(), name: text})
    if answer.status == 422 and f"/{name}" in answer.pointers:
        raise case.lacks(f"{name} has a rule of its own")
    answer.must(201)
    want(answer.json[name].casefold() == text.casefold(), f"it is {answer.json[name]!r}", answer)
