"""How long requests of one resource take as its rows, and the extensions of its model, become more.

    python -m bench.growth rows --rows 10 1000 100000 10000000
    python -m bench.growth extensions --extensions 0 1 2 4 8

See `shops`. The resource is that of a generated addon. A figure is the median of the rounds' medians, in
microseconds. Rows are written by SQL before the first request; each has a row of every extension.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from itertools import cycle
from statistics import median
from typing import Any

import sqlalchemy as sa
from bench.flows import Request
from bench.growth.shops import Ask, in_turn, serve, shop, timed
from bench.growth.writing import name_of, write_addons
from bench.inprocess import WSGICaller

from talatat.testing import TestSystem, composed
from talatat.testing.servers import PostgreSQL

ROUNDS = 15
FEW = 1000  # rows where it is about extensions
FLOWS = ("first page", "last page", "get", "patch", "create")
ITEMS = f"/api/{name_of(0)}/v1/items0"
TABLE = f"{name_of(0)}_item0"
# Ids in the order in which they were made, as those of the platform.
FILL = f"""
INSERT INTO {TABLE} (id, version, title, note, amount, done, due, created_at, updated_at)
SELECT (lpad(to_hex(n), 12, '0') || '70008000000000000000')::uuid, 1, 'Item ' || n, NULL, n % 1000, n % 2 = 0,
       NULL, now(), now()
FROM generate_series(1, :rows) AS n
"""
REMARK = (
    "INSERT INTO {name}_remark (item_id, version, stars) SELECT id, 1, amount % 5 FROM " + TABLE
)
ONE = f"SELECT id FROM {TABLE} ORDER BY id OFFSET :place LIMIT 1"


def by_rows(counts: Sequence[int]) -> list[dict[str, Any]]:
    """A row for each number of rows."""
    return _measured("rows", [(count, count, 1) for count in counts])


def by_extensions(counts: Sequence[int]) -> list[dict[str, Any]]:
    """A row for each number of extensions of the one model."""
    return _measured("extensions", [(count, FEW, 1 + count) for count in counts])


def _measured(what: str, shops: Sequence[tuple[int, int, int]]) -> list[dict[str, Any]]:
    """`shops` are (the figure, rows, addons)."""
    with PostgreSQL() as server, ExitStack() as stack:
        running = [
            stack.enter_context(
                shop(
                    __name__,
                    partial(write_addons, count=addons, extended=1),
                    server.create_database(),
                    str(rows),
                )
            )
            for _, rows, addons in shops
        ]
        taken = in_turn(running, FLOWS, ROUNDS)
    return [
        {what: figure, **{f"{flow}_us": round(median(rounds), 1) for flow, rounds in one.items()}}
        for (figure, *_), one in zip(shops, taken, strict=True)
    ]


def _flows(system: TestSystem, rows: int, extensions: Sequence[str]) -> dict[str, Ask]:
    system.sign_in("clerk", "*")
    item = f"{ITEMS}/{_fill(system, rows, extensions)}"
    call, amounts = WSGICaller(system.app.app), cycle(range(1000))
    return {
        "first page": timed(call, lambda: Request("GET", f"{ITEMS}?limit=20"), 200),
        "last page": timed(call, lambda: Request("GET", f"{ITEMS}?limit=20&sort=-id"), 200),
        "get": timed(call, lambda: Request("GET", item), 200),
        "patch": timed(call, partial(_write, "PATCH", item, amounts), 200),
        "create": timed(call, partial(_write, "POST", ITEMS, amounts, title="Another"), 201),
    }


def _write(method: str, path: str, amounts: Iterator[int], **values: str) -> Request:
    return Request(method, path, (), json.dumps({**values, "amount": next(amounts)}).encode())


def _fill(system: TestSystem, rows: int, extensions: Sequence[str]) -> str:
    """Write the rows; the id of one in their middle."""
    with system.system.database.migration_engine.connect() as connection:
        connection.execute(sa.text(FILL), {"rows": rows})
        for name in extensions:
            connection.execute(sa.text(REMARK.format(name=name)))
        connection.commit()
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(
            sa.text("VACUUM ANALYZE")
        )
        return str(connection.scalar(sa.text(ONE), {"place": rows // 2}))


if __name__ == "__main__":
    url, count, first, *others = sys.argv[1:]
    with composed([first, *others], url=url) as composed_shop:
        serve(_flows(composed_shop, int(count), others))
