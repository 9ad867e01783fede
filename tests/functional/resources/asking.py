"""What is asked of the `lab`: rows, queries of every form, and both ways to read what they find."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from sqlalchemy import delete, event, insert

from talatat.db import new_id

ITEMS = "/api/lab/v1/items"
ODD, FAR = "/api/lab/v1/odd", "/api/lab/v1/far"
OWNER = {"X-Role": "owner"}
MOMENT = dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)
SHELVES = {
    "ann": "00000000-0000-7000-8000-000000000001",
    "bob": "00000000-0000-7000-8000-000000000002",
}


@contextmanager
def by_entities(lab: Any) -> Iterator[list[Any]]:
    """Whoever watches entities is shown them: in the block they are read. Yields those that were."""
    seen: list[Any] = []
    sessions = lab.system.database.sessionmaker

    def watch(session: Any, entity: Any) -> None:
        seen.append(type(entity))

    event.listen(sessions, "loaded_as_persistent", watch)
    try:
        yield seen
    finally:
        event.remove(sessions, "loaded_as_persistent", watch)


ROW = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["a", "A", "ab", "Äb", "b_", "b%", 'q"\\', "ß"]),
        "owner": st.sampled_from(["ann", "bob", "cat"]),
        "code": st.sampled_from([None, "", "x", "y,z"]),
        "rank": st.sampled_from([None, -1, 0, 1, 2]),
        "row": st.sampled_from([0, -(2**63), 2**63 - 1]),
        "weight": st.sampled_from([None, 0.1, 0.30000000000000004, -1.5, 1e300]),
        "ratio": st.sampled_from([None, Decimal("0.000"), Decimal("1.500"), Decimal("-3.125")]),
        "size": st.sampled_from([None, Decimal("0.00"), Decimal("1.50"), Decimal("-3.25")]),
        "sold_at": st.sampled_from([None, MOMENT, MOMENT + dt.timedelta(microseconds=1), MOMENT.replace(year=1)]),
        "day": st.sampled_from([None, dt.date(2026, 1, 31), dt.date(1, 1, 1)]),
        "hour": st.sampled_from([None, dt.time(12, 30), dt.time(0, 0, 0, 1)]),
        "active": st.sampled_from([None, True, False]),
        "grade": st.sampled_from([None, "low", "high"]),
        "details": st.sampled_from([None, {}, [], {"a": "x", "b": [1, None, 1.5]}, "text", 7, False]),
        "sealed": st.sampled_from([None, "", "seed"]),
        "cost": st.sampled_from([0, 5]),
        "long": st.sampled_from([None, "long"]),
        "price_minor": st.sampled_from([0, -1, 1250]),
        "currency": st.sampled_from(["EUR", "JPY", "BHD"]),
        "shelf_id": st.sampled_from([None, *SHELVES.values()]),
        "parts": st.sampled_from([[], ["p"], ["p", "q"], ["ann", "ann", "bob"]]),
        "spare": st.sampled_from([None, {"points": 1}, {"points": 3, "note": "n", "hidden": "h"}]),
        "sure": st.sampled_from([None, {"points": 0}, {"points": 2, "note": "m"}]),
    }
)  # fmt: skip
ROWS = st.lists(ROW, min_size=1, max_size=9)
FIELDS = st.lists(
    st.sampled_from(
        ["id", "again", "name", "owner", "rank", "row", "sold_at", "made", "price", "price.amount", "loud", "doubled",
         "details", "details.a", "sealed", "nothing", "spare", "spare.note", "sure.points", "sure.twice"]
    ),
    unique=True, min_size=1, max_size=6,
)  # fmt: skip
FILTERS = st.dictionaries(
    st.sampled_from(
        ["name", "name[ne]", "name[contains]", "name[prefix]", "loud", "code", "code[ne]", "shelf.owner", "own",
         "details.a", "name[in]", "name[nin]"]
    ),
    st.sampled_from(["a", "A", "b", "b_", "b%", "x", "ann", "a,A,ab", ""]),
    max_size=2,
).flatmap(
    lambda texts: st.fixed_dictionaries(
        {},
        optional={
            "rank": st.sampled_from(["0", "1"]), "rank[gt]": st.sampled_from(["-1", "0"]),
            "rank[in]": st.sampled_from(["0", "0,1", "1,2,-1", ",".join(["1"] * 60)]),
            "rank[isnull]": st.sampled_from(["true", "false"]), "doubled[lte]": st.just("2"),
            "active": st.sampled_from(["true", "false"]), "active[ne]": st.sampled_from(["true", "false"]),
            "sold_at[lt]": st.just("2026-01-31T12:00:00.000001Z"), "size[gte]": st.sampled_from(["0", "1.5"]),
            "ratio": st.just("1.5"), "weight[lt]": st.just("0.3"), "day": st.just("2026-01-31"),
            "hour[gt]": st.just("11:00:00"), "late": st.sampled_from(["true", "false"]),
        },
    ).map(lambda others: {**texts, **dict(list(others.items())[:3])})
)  # fmt: skip
SORTS = st.lists(
    st.sampled_from(["name", "rank", "weight", "size", "sold_at", "code", "active", "doubled", "id", "score"]),
    unique=True, max_size=3,
).flatmap(lambda names: st.tuples(*(st.sampled_from([name, f"-{name}"]) for name in names)))  # fmt: skip
QUERY = st.fixed_dictionaries(
    {"limit": st.sampled_from(["1", "2", "3", "50"])},
    optional={
        "fields": FIELDS.map(",".join),
        "sort": SORTS.filter(len).map(",".join),
        "q": st.sampled_from(["a", "b"]),
        "count": st.just("estimated"),
    },
)

FEW = [
    {
        "name": name, "owner": owner, "code": name, "rank": rank, "row": rank, "weight": 0.5, "ratio": None,
        "size": Decimal("1.50"), "sold_at": MOMENT, "day": None, "hour": None, "active": True, "grade": "low",
        "details": {"a": name}, "sealed": "seed", "cost": 5, "long": "long", "price_minor": 1250,
        "currency": "EUR", "shelf_id": SHELVES[owner], "parts": ["p", "q"], "spare": {"points": rank},
        "sure": {"points": rank},
    }
    for rank, (name, owner) in enumerate(
        [("aa", "ann"), ("b", "bob"), ("c", "ann"), ("d", "bob"), ("aa", "bob"), ("b", "ann")], 1
    )
]  # fmt: skip
"""Items of two owners, with everything that may stand beside them."""


def fill(lab: Any, rows: list[dict[str, Any]]) -> list[str]:
    """Replace all items by `rows`, with their parts and extensions; returns their ids."""
    models = lab.models
    blank = dict.fromkeys(("note", "hidden"))
    items, parts, extras = [], [], [[], []]  # type: ignore[var-annotated]
    for row in rows:
        item = {"id": new_id(), "version": 3, **row}
        named = item.pop("parts")
        parts += [
            {"id": new_id(), "version": 1, "item_id": item["id"], "name": name} for name in named
        ]
        for table, values in zip(extras, (item.pop("spare"), item.pop("sure")), strict=True):
            if values is not None:
                table.append({"item_id": item["id"], "version": 2, **blank, **values})
        item["grade"] = item["grade"] and models.Grade(item["grade"])
        items.append(item)
    shelves = [
        {"id": key, "version": 1, "label": f"of {who}", "owner": who}
        for who, key in SHELVES.items()
    ]
    with lab.session() as session:
        for model in (models.Item, models.Shelf):
            session.execute(delete(model))
        session.execute(insert(models.Shelf), shelves)
        for model, values in (
            (models.Item, items),
            (models.Part, parts),
            *zip(lab.extras, extras, strict=True),
        ):
            if values:
                session.execute(insert(model), values)
    return [item["id"] for item in items]


HEADERS = ("Content-Type", "ETag", "Link", "Cache-Control", "Vary")


def told(response: Any) -> tuple[Any, ...]:
    """An answer, without what the tweens put on each."""
    body = re.sub(rb'"request_id":"\w+"', b"", response.body)
    return response.status_int, body, [response.headers.get(name) for name in HEADERS]


def alike(lab: Any, url: str, headers: dict[str, str], body: Any = None) -> Any:
    """The answer, which is the same in both ways."""

    def asked() -> Any:
        if body is None:
            return lab.app.get(url, headers=headers, expect_errors=True)
        return lab.app.post_json(url, body, headers=headers, expect_errors=True)

    lean = asked()
    with by_entities(lab):
        entities = asked()
    assert told(lean) == told(entities), (url, headers)
    assert lean.status_int < 500
    return lean
