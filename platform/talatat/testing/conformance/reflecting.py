"""The tables of addons as a database has them: no model is asked, so a table of any revision is known."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Table
from sqlalchemy.exc import NoSuchTableError

from talatat.composition import PLATFORM
from talatat.evolution.graph import EvolutionError
from talatat.evolution.live.schema import is_put_away
from talatat.evolution.tables import VERSION_TABLE

Content = dict[tuple[Any, ...], dict[str, Any]]


def table_names(connection: Connection) -> set[str]:
    """The tables in which addons keep rows: none of the platform, none that only belongs to a virtual one."""
    if connection.dialect.name == "sqlite":
        listed = connection.exec_driver_sql("PRAGMA main.table_list").fetchall()
        names = {row[1] for row in listed if row[2] == "table" and not row[1].startswith("sqlite_")}
    else:
        names = set(sa.inspect(connection).get_table_names())
    return {
        name
        for name in names
        if not name.startswith(f"{PLATFORM}_")
        and not name.endswith(VERSION_TABLE)
        and not is_put_away(name)
    }


def reflect(connection: Connection, names: Iterable[str]) -> list[Table]:
    """The tables of these names with columns, keys and checks. Raises EvolutionError."""
    wanted = sorted(names)
    if not wanted:
        return []
    metadata = sa.MetaData()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of expressions in indexes, which nobody asks for here
        try:
            metadata.reflect(connection, only=wanted)
        except NoSuchTableError as error:
            raise EvolutionError(
                f"a foreign key leads to the table {error}, which no revision makes. Make it, or say in "
                f"requires which revision of another addon does."
            ) from error
    return [metadata.tables[name] for name in wanted]


def content(connection: Connection, tables: Iterable[Table]) -> dict[str, Content]:
    """{table: {primary key: {column: value}}}; a row of a table without one is its own key."""
    found: dict[str, Content] = {}
    for table in tables:
        keys = [column.name for column in table.primary_key] or [one.name for one in table.columns]
        rows = connection.execute(sa.select(table)).mappings()
        found[table.name] = {
            tuple(_plain(row[key]) for key in keys): {name: _plain(row[name]) for name in row}
            for row in rows
        }
    return found


def _plain(value: Any) -> Any:
    """A value that can be compared and, as part of a key, hashed."""
    return repr(value) if isinstance(value, dict | list | memoryview) else value
