"""Statements over names that stand in the catalogue and can be no parameters."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, CursorResult

from talatat.evolution import quoting


def quoted(connection: Connection, name: str) -> str:
    """The name as an identifier, always in quotes; a percent sign is one, as in `ran`."""
    return quoting.quoted(name)


def ran(connection: Connection, template: str, **parts: Any) -> CursorResult[Any]:
    """Execute a statement whose `{parts}` are SQL already; neither % nor : stands for a parameter."""
    statement = template.format_map(parts)
    return connection.exec_driver_sql(statement, execution_options={"no_parameters": True})


def differ(connection: Connection, one: str, other: str) -> str:
    """The condition that two expressions differ, NULLs compared as values."""
    if connection.dialect.name == "postgresql":
        # As texts: json, xml and points have no equality of their own.
        return f"({one})::text IS DISTINCT FROM ({other})::text"
    return f"{one} IS NOT {other}"


def digest(connection: Connection, names: Iterable[str], prefix: str = "") -> str:
    """The digest of some columns of a row, as SQL; the columns in the order of their names."""
    columns = [f"{prefix}{quoted(connection, name)}" for name in sorted(names)]
    if connection.dialect.name == "postgresql":
        return f"md5(ROW({', '.join(columns)})::text)"
    raw: Any = connection.connection.driver_connection
    raw.create_function("talatat_digest", -1, _digest, deterministic=True)
    return f"talatat_digest({', '.join(f'quote({one})' for one in columns)})"


def _digest(*values: str) -> str:
    return hashlib.sha256(",".join(values).encode()).hexdigest()[:32]


def matched(connection: Connection, key: Mapping[str, str]) -> str:
    """The condition that a row `t` of the table is the row `k` of a keep; `key` maps k's columns to t's."""
    return " AND ".join(
        f"t.{quoted(connection, now)} = k.{quoted(connection, old)}" for old, now in key.items()
    )


def joined(connection: Connection, names: Iterable[str]) -> str:
    """Names with commas between."""
    return ", ".join(quoted(connection, name) for name in names)
