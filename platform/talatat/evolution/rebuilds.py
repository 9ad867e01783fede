"""Tables that Alembic's batch mode makes anew (SQLite) say their constraints in one order.

Alembic goes through a set of constraints, so the same revision would send another CREATE TABLE each time
that it is run, and a plan could not be compared with what is executed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import CheckConstraint, Table, event
from sqlalchemy.schema import Constraint

_TEMPORARY = "_alembic_tmp_"


@contextmanager
def in_one_order() -> Iterator[None]:
    """While the block runs, tables that are rebuilt have their constraints sorted by kind and name."""
    event.listen(Table, "before_create", _sort)
    try:
        yield
    finally:
        event.remove(Table, "before_create", _sort)


def _sort(table: Table, connection: Any, **details: Any) -> None:
    if not table.name.startswith(_TEMPORARY):
        return
    # What SQLAlchemy sorts them by when it writes CREATE TABLE.
    places = sorted(one._creation_order for one in table.constraints)
    for place, one in zip(places, sorted(table.constraints, key=_key), strict=True):
        one._creation_order = place


def _key(one: Constraint) -> tuple[str, str, str]:
    text = str(one.sqltext) if isinstance(one, CheckConstraint) else ""
    columns = ",".join(column.name for column in getattr(one, "columns", ()))
    return (type(one).__name__, str(one.name or ""), text or columns)
