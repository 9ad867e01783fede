"""`altering`: changes of a table that both databases can make, for revisions.

    with altering("shelf_book") as table:
        table.alter_column("title", nullable=False)
        table.create_check_constraint(op.f("shelf_book_pages_ck"), "pages > 0")

PostgreSQL is sent ALTER TABLE. SQLite cannot change a constraint, so Alembic's batch mode makes the table
anew, copies the rows and takes the old one's name; what batch mode forgets (triggers, indexes over
expressions, checks without a name) is put back here. Use it on the tables of one's own addon only.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from alembic import op
from sqlalchemy import CheckConstraint, Connection, inspect, text


@contextmanager
def altering(name: str) -> Iterator[Any]:
    """Yield the operations on table `name` (Alembic's BatchOperations); they are run at the end.

    A trigger or an index over a column that the block drops has to be dropped before it.
    """
    connection = op.get_bind()
    if connection.dialect.name != "sqlite":
        with op.batch_alter_table(name) as table:
            yield table
        return
    before = _made_for(connection, name)
    # Otherwise renaming the new table fails on a view or trigger of others that names the old one.
    connection.exec_driver_sql("PRAGMA legacy_alter_table = ON")
    with warnings.catch_warnings():
        # What is warned of, indexes over expressions and checks without a name, is put back.
        warnings.simplefilter("ignore")
        unnamed = _unnamed_checks(connection, name)
        with op.batch_alter_table(name, recreate="always", table_args=unnamed) as table:
            yield table
    connection.exec_driver_sql("PRAGMA legacy_alter_table = OFF")
    there = _made_for(connection, name)
    for made, sql in before.items():
        if made not in there:
            connection.exec_driver_sql(sql)


def _made_for(connection: Connection, name: str) -> dict[str, str]:
    """The statements that made the triggers and indexes of a table, by their names."""
    rows = connection.exec_driver_sql(
        "SELECT name, sql FROM sqlite_master"
        " WHERE tbl_name = ? AND type IN ('index', 'trigger') AND sql IS NOT NULL ORDER BY type, name",
        (name,),
    )
    return dict(tuple(row) for row in rows)


def _unnamed_checks(connection: Connection, name: str) -> tuple[CheckConstraint, ...]:
    found = inspect(connection).get_check_constraints(name)
    return tuple(CheckConstraint(text(one["sqltext"])) for one in found if not one["name"])
