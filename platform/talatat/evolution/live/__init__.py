"""The schema of a database as it stands, read from its catalogue.

with engine.connect() as connection:
    schema = read_schema(connection)
schema.fingerprint, schema.statements(), schema.canonical(), schema.tables["catalog_product"].columns

Read in a handful of queries, however many tables there are. Rows play no part, nor do who owns a thing,
who may use it, comments, and how it is stored. What lies in archives and what was kept for the way back
is left out.
"""

from __future__ import annotations

from sqlalchemy import Connection

from talatat.evolution.live.measuring import count_rows, measure
from talatat.evolution.live.postgresql import read_postgresql
from talatat.evolution.live.schema import (
    Column,
    ForeignKey,
    Index,
    Object,
    Schema,
    TableInfo,
    Wanted,
)
from talatat.evolution.live.sqlite import read_sqlite

__all__ = [
    "Column",
    "ForeignKey",
    "Index",
    "Object",
    "Schema",
    "TableInfo",
    "count_rows",
    "measure",
    "read_schema",
]


def read_schema(connection: Connection, only: Wanted | None = None) -> Schema:
    """Read the live schema; `only` says by its name whether a table, with all on it, is wanted.

    Views, functions, types and sequences that belong to no table are asked for by their own names;
    extensions are there only where all is wanted. Nothing is written, and no transaction is ended.
    """
    if connection.dialect.name == "postgresql":
        return read_postgresql(connection, only)
    return read_sqlite(connection, only)
