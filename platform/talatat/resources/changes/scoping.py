"""Whether a request would see a row that is deleted: its scope, asked of the table with the row still in it.

    WITH orders_order AS (SELECT * FROM orders_order UNION ALL SELECT <the kept values>)
    SELECT ... FROM orders_order WHERE <the scope> AND orders_order.id = ...

A common table expression hides the table of its name from the whole statement, so every scope is asked
as it stands, subqueries over the same table included.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

if TYPE_CHECKING:
    from pyramid.request import Request

    from talatat.resources.bound import BoundResource


def visible(bound: BoundResource, request: Request, rows: dict[str, list[dict[str, Any]]]) -> bool:
    """Whether the deleted row, whose kept rows by table are given, is in the scope of this request."""
    everything = sa.select(bound.model)
    scoped = bound.resource.scope(request, everything)
    if scoped is everything:
        return True
    tables = [table for table in sa.inspect(bound.model).tables if rows.get(str(table.name))]
    (row,) = rows[str(tables[0].name)][:1]
    for table in tables:
        scoped = scoped.add_cte(_with(table, rows[str(table.name)][0], request))
    query = scoped.where(bound.identifier == row[bound.identifier.property.columns[0].name])
    query = query.with_only_columns(bound.identifier).order_by(None)
    return request.db.execute(query).first() is not None


def _with(table: Any, row: dict[str, Any], request: Request) -> Any:
    """The table and one row more, under the table's name."""
    # On SQLite an expression that names itself is recursive, unless it says of which database; and a
    # cast to a type that it does not know makes a number of a text.
    sqlite = request.db.get_bind().dialect.name == "sqlite"
    main = "main" if sqlite else None
    real = sa.table(table.name, *(sa.column(one.name, one.type) for one in table.c), schema=main)
    values: list[Any] = [sa.literal(row.get(one.name), one.type) for one in table.c]
    if not sqlite:
        values = [sa.cast(value, value.type) for value in values]
    named = [value.label(one.name) for value, one in zip(values, table.c, strict=True)]
    return sa.union_all(sa.select(*real.c), sa.select(*named)).cte(table.name)
