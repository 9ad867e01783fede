"""Orders: by every key that is declared, total, turned by `-`, the same on small pages."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from talatat.testing.rest.case import Case, Row, want
from talatat.testing.rest.model import Family

of = Family("sorting", "order, filter", needs=("list",))
MANY = 500


def value_at(row: Row, name: str) -> Any:
    """What stands in a row under a dotted name; None where nothing does."""
    found: Any = row
    for part in name.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def _keys(case: Case) -> list[str]:
    if not case.kind.sorts:
        raise case.lacks("nothing sorts it")
    return case.kind.sorts


def _ids(case: Case, sort: str, limit: int = MANY) -> list[str]:
    return [row["id"] for row in case.all({"sort": sort}, limit)]


@of.check("default-order", "Without `sort` the order is the one that the document tells")
def default_order(case: Case) -> None:
    case.rows()
    schema = case.kind.parameters("list")["sort"]["schema"]
    said = schema.get("default", schema.get("x-default"))
    said = ",".join(said) if isinstance(said, list) else said
    want(said, "the document tells no default order")
    plain = [row["id"] for row in case.all(limit=MANY)]
    want(_ids(case, said) == plain, f"sort={said} gives another order")


@of.check("same-order-twice", "The same question gives the same order")
def same_order_twice(case: Case) -> None:
    case.rows()
    for key in _keys(case):
        want(_ids(case, key) == _ids(case, key), f"sort={key} gives two orders")


@of.check("order-is-total", "Every order is total: pages of two rows are one of all")
def order_is_total(case: Case) -> None:
    case.rows()
    for key in _keys(case):
        whole = _ids(case, key)
        want(len(set(whole)) == len(whole), f"sort={key} shows a row twice")
        pages = _ids(case, key, limit=max(2, len(whole) // 4))
        want(pages == whole, f"small pages of sort={key} give another order")


@of.check("order-is-by-the-key", "Values go up, null counts as the greatest")
def order_by_key(case: Case) -> None:
    case.rows()
    seen = 0
    for key in _keys(case):
        values = [value_at(row, key) for row in case.all({"sort": key}, MANY)]
        some = [one for one in values if one is not None]
        if not all(isinstance(one, int | float) and not isinstance(one, bool) for one in some):
            if not all(isinstance(one, str) and one.endswith("Z") for one in some):
                continue  # how texts compare is the database's business
            some = [one.removesuffix("Z") + ("" if "." in one else ".000000") for one in some]
        seen += bool(some)
        want(some == sorted(some), f"sort={key} gives {some[:6]}")
        want(
            all(one is None for one in values[len(some) :]), f"sort={key} shows null between values"
        )
    if not seen:
        raise case.lacks("no key can be compared")


@of.check("order-turns", "`-` before a key turns its order, the id's too")
def order_turns(case: Case) -> None:
    case.rows()
    for key in _keys(case):
        want(
            _ids(case, f"-{key}") == _ids(case, key)[::-1], f"sort=-{key} is not sort={key} turned"
        )


@of.check("two-keys", "A second key decides where the first one ties")
def two_keys(case: Case) -> None:
    keys = [one for one in _keys(case) if one != "id"]
    if not keys:
        raise case.lacks("only the id sorts it")
    case.rows()
    forth = _ids(case, f"{keys[0]},-id")
    rows = {row["id"]: row for row in case.all(limit=MANY)}
    for one, other in pairwise(forth):
        tie = value_at(rows[one], keys[0]) == value_at(rows[other], keys[0])
        want(
            not tie or one > other or keys[0] not in rows[one],
            f"{keys[0]},-id does not turn the id",
        )


@of.check("sort-by-id", "Every list sorts by id, up and down")
def sort_by_id(case: Case) -> None:
    case.rows()
    up = _ids(case, "id")
    want(up == sorted(up), "sort=id does not go up")
    want(_ids(case, "-id") == up[::-1], "sort=-id does not go down")


@of.check("unknown-sort", "An unknown key is refused")
def unknown_sort(case: Case) -> None:
    for text in (
        "no_such_key",
        "-no_such_key",
        "",
        ",",
        "id,",
        "--id",
        "+id",
        "id desc",
        "ID",
        "id;drop",
    ):
        case.get(query={"sort": text}).refuses(400, "invalid_parameter", "sort")


@of.check("repeated-sort", "A key that is named twice is refused")
def repeated_sort(case: Case) -> None:
    key = next((one for one in _keys(case) if one != "id"), None)
    if key is None:
        raise case.lacks("only the id sorts it")
    for text in (f"{key},{key}", f"{key},-{key}"):
        case.get(query={"sort": text}).refuses(400, "invalid_parameter", "sort")
