"""What a database says of itself: version tables, releases, ledger, archives, processes, live schema.

It is read without knowing any addon: a version table whose addon is not composed, or not even installed,
is seen as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Table, desc, inspect, select, text

from talatat.evolution.graph import Graph
from talatat.evolution.ledger import Ledger, read_ledger
from talatat.evolution.opening import Opened
from talatat.evolution.quoting import quoted
from talatat.evolution.tables import (
    VERSION_TABLE,
    archives,
    identity,
    journal,
    ledger,
    plans,
    processes,
    releases,
    version_table,
)

if TYPE_CHECKING:
    from talatat.evolution.live import Schema

_TABLES_A_QUERY = 200  # SQLite takes no more than 500 parts of a UNION


@dataclass(frozen=True)
class Release:
    """What was applied as a whole, and when."""

    number: int
    made_at: datetime
    who: str
    surface: dict[str, Any]
    kind: str | None = None
    plan: str | None = None
    note: str | None = None
    packages: dict[str, Any] | None = None


@dataclass(frozen=True)
class Observed:
    """One database at one moment. `running` is the digest of a plan that was begun and not ended,
    `started` are the keys of steps that were begun, and may have been interrupted.
    """

    dialect: str
    identity: str | None = None
    release: Release | None = None
    heads: Mapping[str, list[str]] = field(default_factory=dict)
    ledger: Ledger = field(default_factory=Ledger)
    archives: tuple[Mapping[str, Any], ...] = ()
    processes: tuple[Mapping[str, Any], ...] = ()
    running: str | None = None
    started: frozenset[str] = frozenset()
    schema: Schema | None = None

    @property
    def fingerprint(self) -> str:
        """The live schema's; empty where nothing is there."""
        return self.schema.fingerprint if self.schema is not None else ""

    @property
    def away(self) -> dict[str, Mapping[str, Any]]:
        """The newest archive of each addon that has no revision standing, by addon."""
        return {
            one["addon"]: one
            for one in sorted(self.archives, key=lambda one: str(one["made_at"]))
            if not self.heads.get(one["addon"])
        }


def look(opened: Opened) -> Observed:
    """Observe the database of an .ini; one that nobody has made yet is empty. Raises EvolutionError."""
    if not opened.exists:
        return Observed(opened.dialect)
    with opened.reading() as connection:
        return observe(connection)


def observe(connection: Connection) -> Observed:
    """Observe all in the transaction that is open, or in one that begins now."""
    from talatat.evolution.live import read_schema  # a process that only serves does not load it

    schema = read_schema(connection)
    tables = set(inspect(connection).get_table_names())
    return Observed(
        connection.dialect.name,
        _scalar(connection, tables, identity),
        release_of(connection, tables=tables),
        all_heads(connection, tables),
        read_ledger(connection) if ledger.name in tables else Ledger(),
        tuple(_rows(connection, tables, archives, archives.c.state == "kept", archives.c.id)),
        tuple(_rows(connection, tables, processes, text("1 = 1"), processes.c.id)),
        next((one["digest"] for one in _rows(connection, tables, plans, plans.c.state == "running",
                                             plans.c.started_at)), None),
        frozenset(one["step"] for one in _rows(connection, tables, journal,
                                               journal.c.state == "started", journal.c.step)),
        schema,
    )  # fmt: skip


def _scalar(connection: Connection, tables: set[str], table: Table) -> Any:
    return connection.scalar(select(table)) if table.name in tables else None


def _rows(
    connection: Connection, tables: set[str], table: Table, where: Any, order: Any
) -> list[Mapping[str, Any]]:
    if table.name not in tables:
        return []
    rows = connection.execute(select(table).where(where).order_by(order))
    return [dict(one._mapping) for one in rows]


def all_heads(connection: Connection, tables: Iterable[str]) -> dict[str, list[str]]:
    """Return the revisions in every version table: {addon: [revision]}; an empty one is an empty list."""
    names = sorted(one for one in tables if one.endswith(VERSION_TABLE))
    heads: dict[str, list[str]] = {name.removesuffix(VERSION_TABLE): [] for name in names}
    for start in range(0, len(names), _TABLES_A_QUERY):
        # The names come from the catalogue and are quoted; they cannot be parameters.
        parts = [
            f"SELECT {place} AS place, CAST(version_num AS text) AS revision"  # noqa: S608
            f" FROM {quoted(names[place])} WHERE version_num IS NOT NULL"
            for place in range(start, min(start + _TABLES_A_QUERY, len(names)))
        ]
        query = " UNION ALL ".join(parts)
        rows = connection.exec_driver_sql(query, execution_options={"no_parameters": True})
        for row in rows:
            heads[names[row.place].removesuffix(VERSION_TABLE)].append(row.revision)
    return {addon: sorted(found) for addon, found in heads.items()}


def read_heads(connection: Connection, graph: Graph) -> dict[str, list[str]]:
    """Return the revisions that stand in the version table of each addon with migrations."""
    tables = set(inspect(connection).get_table_names())
    wanted = {version_table(addon): addon for addon in graph.folders}
    found = all_heads(connection, tables & set(wanted))
    return {addon: found.get(addon, []) for addon in graph.folders}


def release_of(
    connection: Connection, number: int | None = None, *, tables: Iterable[str] | None = None
) -> Release | None:
    """Return a release, the last one where no number is given; None where there is none."""
    known = inspect(connection).get_table_names() if tables is None else tables
    if releases.name not in known:
        return None
    columns = _columns(connection)
    query = select(*columns).order_by(desc(releases.c.number)).limit(1)
    if number is not None:
        query = query.where(releases.c.number == number)
    row = connection.execute(query).first()
    return None if row is None else Release(**row._mapping)


def _columns(connection: Connection) -> list[Any]:
    """The columns of a release that are there: revision 0002 of the platform added some."""
    there = {one["name"] for one in inspect(connection).get_columns(releases.name)}
    return [one for one in releases.c if one.name in there]


def last_release(connection: Connection) -> tuple[int, dict[str, Any]] | None:
    """Return number and surface of the last release, or None before the first."""
    found = release_of(connection)
    return None if found is None else (found.number, found.surface)
