"""`count=`: how many rows a list would show on all of its pages.

`exact` reads every row that the filters leave, so it takes a permission. `estimated` costs next to
nothing: on PostgreSQL it is the planner's own estimate for the very statement, on SQLite, and where a
scope narrows what is seen, the exact number up to `ESTIMATED_TO`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from pyramid.httpexceptions import HTTPForbidden
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import ClauseElement, Executable
from sqlalchemy.sql.visitors import InternalTraversal

if TYPE_CHECKING:
    from pyramid.request import Request

EXACT, ESTIMATED = "exact", "estimated"
COUNTS = (EXACT, ESTIMATED)
PERMISSION = "talatat.count"
ESTIMATED_TO = 10_000


class explained(Executable, ClauseElement):  # noqa: N801  # named as SQL is
    """`EXPLAIN (FORMAT JSON)` of a statement, with its parameters."""

    inherit_cache = True
    _traverse_internals = [("statement", InternalTraversal.dp_clauseelement)]
    # Asked for when the statement comes from the cache: what EXPLAIN gives is no column of it.
    _all_selected_columns = ()

    def __init__(self, statement: Any) -> None:
        self.statement = statement


@compiles(explained, "postgresql")
def _explained(element: Any, compiler: Any, **kw: Any) -> str:
    return f"EXPLAIN (FORMAT JSON) {compiler.process(element.statement, **kw)}"


def check_count(request: Request, how: str | None) -> None:
    """403 (401 for nobody) where an exact count is asked for without the permission."""
    if how == EXACT:
        allowed = request.has_permission(PERMISSION)
        if not allowed:
            raise HTTPForbidden(result=allowed)


def count_of(session: Any, rows: Any, how: str, narrowed: bool = False) -> int:
    """How many rows the SELECT `rows` finds; `how` is one of `COUNTS`.

    `narrowed` by a scope they are counted: the planner's estimate follows what others have as well.
    """
    rows = rows.order_by(None)
    if how == ESTIMATED:
        if session.get_bind().dialect.name == "postgresql" and not narrowed:
            # The type of a column would be applied to what EXPLAIN gives in its place.
            untyped = rows.with_only_columns(sa.literal_column("1"), maintain_column_froms=True)
            (plan,) = session.scalar(explained(untyped))
            return int(plan["Plan"]["Plan Rows"])
        rows = rows.limit(ESTIMATED_TO)
    return int(session.scalar(sa.select(sa.func.count()).select_from(rows.subquery())))
