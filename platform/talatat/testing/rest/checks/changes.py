"""The change feed: who follows it has what the list has, deletions too; and rows that come back."""

from __future__ import annotations

from talatat.testing.rest.case import Case, want
from talatat.testing.rest.checks.shapes import documented
from talatat.testing.rest.model import Family
from talatat.testing.rest.sending import Answer

of = Family("changes", "changes", needs=("changes",), capability="changes")
restoring = Family(
    "restoring", "delete", needs=("restore", "create", "delete"), capability="restore"
)


def _end(case: Case, url: str | None = None) -> tuple[list[dict[str, object]], str]:
    """What the feed tells from a place on, and where it goes on."""
    answer = case.follow(url) if url else case.get(":changes", query={"limit": 100})
    found: list[dict[str, object]] = []
    for _ in range(300):
        page = answer.must(200).json
        found += page["items"]
        want(isinstance(page["next"], str), "next is no URL", answer)
        if not page["more"]:
            return found, str(page["next"])
        answer = case.follow(page["next"])
    want(False, "the feed does not end", answer)
    raise AssertionError


@of.check(
    "feed-shape", "A page of the feed is as the document says, and always tells where it goes on"
)
def shape(case: Case) -> None:
    answer = case.get(":changes").must(200)
    documented(case, "changes", answer)
    want(isinstance(answer.json["next"], str), "it has no next", answer)
    want(isinstance(answer.json["more"], bool), "more is no truth value", answer)


@of.check("feed-create", "A row that was created is told, as it is", needs=("changes", "create"))
def created(case: Case) -> None:
    _, place = _end(case)
    row = case.new()
    found, _ = _end(case, place)
    told = [one for one in found if one["id"] == row["id"]]
    want(told, "it is not told")
    want(told[-1]["deleted"] is False and told[-1]["item"] == row, f"it is told as {told[-1]}")


@of.check(
    "feed-change", "A row that was changed is told anew", needs=("changes", "create", "patch")
)
def changed(case: Case) -> None:
    row = case.row()
    _, place = _end(case)
    now = case.change(row).json
    found, _ = _end(case, place)
    told = [one for one in found if one["id"] == row["id"]]
    want(told and told[-1].get("item") == now, f"it is told as {told[-1:]}")


@of.check(
    "feed-delete",
    "A row that was deleted leaves a tombstone",
    needs=("changes", "create", "delete"),
)
def deleted(case: Case) -> None:
    row = case.new()
    _, place = _end(case)
    case.write(row, "DELETE", None).must(204)
    found, _ = _end(case, place)
    told = [one for one in found if one["id"] == row["id"]]
    want(told and told[-1]["deleted"] is True, f"it is told as {told[-1:]}")
    want("item" not in told[-1], "a tombstone shows the row")


@of.check(
    "feed-mirrors",
    "Who follows the feed has what the list has",
    needs=("changes", "create", "list"),
)
def mirrors(case: Case) -> None:
    mine = [case.new() for _ in range(3)]
    if "delete" in case.kind.operations:
        case.write(mine[0], "DELETE", None).must(204)
    known: dict[object, object] = {}
    found, _ = _end(case)
    for one in found:
        if one["deleted"]:
            known.pop(one["id"], None)
        else:
            known[one["id"]] = one["item"]
    listed = {row["id"]: row for row in case.all(limit=500)}
    want(
        all(listed.get(str(one)) == row for one, row in known.items()),
        "it has a row that the list has not so",
    )
    want(
        all(known.get(row["id"]) == listed[row["id"]] for row in mine if row["id"] in listed),
        "a row is missing",
    )


@of.check(
    "feed-rests",
    "Without a change the feed tells nothing, and goes on from where it was",
    needs=("changes",),
)
def rests(case: Case) -> None:
    _, place = _end(case)
    found, _ = _end(case, place)
    want(found == [], f"it tells of {len(found)} changes")


@of.check(
    "feed-refused",
    "A write that was refused, or only tried, is not told",
    needs=("changes", "create"),
)
def refused(case: Case) -> None:
    case.row()
    _, place = _end(case)
    case.ask("POST", body={**case.body(), "no_such_field": 1}).must(422)
    if "validate_only" in case.kind.parameters("create"):
        case.ask("POST", query={"validate_only": "true"}, body=case.body())
    found, _ = _end(case, place)
    want(found == [], f"it tells of {len(found)} changes")


@of.check("feed-cursor", "A cursor that the server did not make, or of another list, is refused")
def cursor(case: Case) -> None:
    for text in ("x", "", "AAAA", "1"):
        case.get(":changes", query={"cursor": text}).refuses(400, "invalid_cursor", "cursor")


@of.check("feed-fields", "fields and limit are those of the list", needs=("changes", "create"))
def fields(case: Case) -> None:
    case.new()
    answer = case.get(":changes", query={"fields": "id", "limit": 1}).must(200)
    want(len(answer.json["items"]) <= 1, "it tells of more", answer)
    shown = [one["item"] for one in answer.json["items"] if not one["deleted"]]
    want(all(set(one) == {"id"} for one in shown), "it shows other fields", answer)
    for limit in ("0", "-1", "ten"):
        case.get(":changes", query={"limit": limit}).refuses(400, "invalid_parameter", "limit")


@of.check("feed-parameters", "A parameter that it does not know is refused")
def parameters(case: Case) -> None:
    case.get(":changes", query={"no_such_thing": "1"}).refuses(
        400, "unknown_parameter", "no_such_thing"
    )
    case.get(":changes", query=[("limit", "1"), ("limit", "1")]).refuses(400, "repeated_parameter")


def _deleted(case: Case) -> dict[str, object]:
    row = case.new()
    case.write(row, "DELETE", None).must(204)
    return row


def _restore(case: Case, identifier: object) -> Answer:
    return case.ask("POST", f"/{identifier}:restore")


@restoring.check("restore", "A row that was deleted comes back as it was")
def restore(case: Case) -> None:
    row = _deleted(case)
    answer = _restore(case, row["id"]).must(200, 201)
    clocks = {
        name for name, said in case.kind.properties.items() if said.get("format") == "date-time"
    }
    for name, value in row.items():
        want(name in clocks or answer.json[name] == value, f"{name} was {value!r}", answer)
    if "get" in case.kind.operations:
        case.item(str(row["id"])).must(200)


@restoring.check("restore-once", "What is there, or never was, is not restored")
def restore_once(case: Case) -> None:
    row = _deleted(case)
    _restore(case, row["id"]).must(200, 201)
    _restore(case, row["id"]).must(404, 409)
    _restore(case, case.strange_id()).must(404)


@restoring.check("restore-permission", "Restoring asks for a permission")
def restore_permission(case: Case) -> None:
    row = _deleted(case)
    case.ask("POST", f"/{row['id']}:restore", who=None).must(401)
