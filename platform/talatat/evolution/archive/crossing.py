"""An archive file from the other database system: tables by the addon's own revisions, rows translated.

How a table is written down differs between the two, so its text is of no use here. The installed package
has the revisions: those up to the archive's make the tables as this system has them. Then the rows are
loaded, where every table and column has its counterpart and every value its equal; else nothing is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection

from talatat.db.origin import who
from talatat.evolution import ledger
from talatat.evolution.archive import postgresql, sqlite
from talatat.evolution.archive.describing import belongings
from talatat.evolution.archive.manifest import Column, Manifest, TableEntry
from talatat.evolution.archive.past import known_addons
from talatat.evolution.archive.values import FLOATING, WHOLE, Coder, line_of, row_of
from talatat.evolution.graph import EvolutionError, Graph, Revision
from talatat.evolution.kept.sql import quoted, ran
from talatat.evolution.live import read_schema
from talatat.evolution.planner import order
from talatat.evolution.running import runner

_TEXTS = ("text", "character", "character varying", "uuid", "json", "jsonb", "date")
_MOMENTS = ("timestamp with time zone", "timestamp without time zone")


@dataclass(frozen=True)
class Pair:
    """A table here, and the same one in the archive; the columns in the order of the archive's rows."""

    here: TableEntry
    there: TableEntry

    @property
    def columns(self) -> list[Column]:
        """The columns here, in the archive's order."""
        own = {one.name: one for one in self.here.columns}
        return [own[one.name] for one in self.there.columns if one.type != sqlite.ROWID]


def make_here(connection: Connection, manifest: Manifest, graph: Graph) -> Manifest:
    """Run the addon's revisions up to those of the archive; return what they made, empty.

    Nothing acts on the tables until `complete` is called for what is returned. Raises EvolutionError where
    this is not what the archive holds.
    """
    revisions = _up_to(graph, manifest)
    for one in revisions:
        runner.run(connection, graph, one, "up")
    ledger.adopt(connection, revisions, graph, who())
    known = known_addons(connection)
    own = belongings(connection, read_schema(connection), manifest.addon, known)
    # The version table is the revisions' own and stays.
    here = replace(manifest, dialect=connection.dialect.name, tables=own.tables, parts=own.parts,
                   version_sql=(), counters={})  # fmt: skip
    _require_same(manifest, here)
    if here.dialect == "postgresql":
        postgresql.let_go(connection, here)
        for table in here.tables:
            ran(
                connection, "ALTER TABLE {t} DISABLE TRIGGER USER", t=quoted(connection, table.name)
            )
    else:
        sqlite.let_go(connection, here)
        for part in here.parts:
            if part.kind == "trigger" and part not in here.apart():
                ran(connection, "DROP TRIGGER {name}", name=quoted(connection, part.name))
    for table in here.tables:
        ran(connection, "DELETE FROM {t}", t=quoted(connection, table.name))
    return here


def let_act(connection: Connection, here: Manifest) -> None:
    """Let triggers act again, and go on counting where the rows end."""
    if here.dialect == "sqlite":
        for part in here.parts:
            if part.kind == "trigger" and part not in here.apart():
                ran(connection, "{sql}", sql=part.sql)
        return
    for table in here.tables:
        ran(connection, "ALTER TABLE {t} ENABLE TRIGGER USER", t=quoted(connection, table.name))
    postgresql.count_on(connection, here)


def pairs(manifest: Manifest, here: Manifest) -> Iterator[Pair]:
    """Yield the tables of the archive, each with its counterpart."""
    own = {one.name: one for one in here.tables}
    return (Pair(own[one.name], one) for one in manifest.tables)


def translated(pair: Pair, lines: Iterable[bytes], dialect: str) -> Iterator[bytes]:
    """Yield the lines of a table as this system writes them. Raises EvolutionError."""
    kept = [place for place, one in enumerate(pair.there.columns) if one.type != sqlite.ROWID]
    coders = [_coder(pair, pair.there.columns[place], dialect) for place in kept]
    names = [pair.there.columns[place].name for place in kept]
    for number, line in enumerate(lines, 1):
        row = row_of(line)
        values = [row[place] for place in kept]
        yield line_of([
            None if value is None else _coded(pair, number, name, code, value)
            for name, code, value in zip(names, coders, values, strict=True)
        ])  # fmt: skip


def _coded(pair: Pair, number: int, name: str, code: Coder, value: Any) -> Any:
    try:
        return code(value)
    except (ValueError, TypeError, KeyError, ArithmeticError):
        raise EvolutionError(
            f"{pair.there.name}, row {number}: {name} = {str(value)[:60]!r} cannot be told exactly by this "
            f"database system. Restore the archive into a database like the one that it was made in."
        ) from None


def _up_to(graph: Graph, manifest: Manifest) -> list[Revision]:
    """The addon's revisions up to the archive's heads, in order."""
    wanted: set[str] = set()
    waiting = list(manifest.heads)
    while waiting:
        one = waiting.pop()
        if one not in wanted:
            wanted.add(one)
            waiting += graph.revisions[manifest.addon, one].down
    return [
        one for one in order(graph, ()) if one.addon == manifest.addon and one.revision in wanted
    ]


def _require_same(manifest: Manifest, here: Manifest) -> None:
    def shape(tables: Sequence[TableEntry]) -> dict[str, set[str]]:
        return {
            one.name: {column.name for column in one.columns if column.type != sqlite.ROWID}
            for one in tables
        }

    there, own = shape(manifest.tables), shape(here.tables)
    differing = sorted(
        name for name in there.keys() | own.keys() if there.get(name) != own.get(name)
    )
    if differing:
        raise EvolutionError(
            f"the archive was made on {manifest.dialect}, where addon {manifest.addon} has other tables than "
            f"on {here.dialect}: {', '.join(differing)}. Restore it into a database of {manifest.dialect}. "
            f"Nothing was changed."
        )


def _coder(pair: Pair, column: Column, dialect: str) -> Coder:
    here = next(one for one in pair.here.columns if one.name == column.name)
    found = _to_sqlite(column.type) if dialect == "sqlite" else _to_postgresql(here.type)
    if found is None:
        kind = column.type if dialect == "sqlite" else here.type
        raise EvolutionError(
            f"{pair.there.name}.{column.name} is {kind}, which has no counterpart in the other database "
            f"system. Restore the archive into a database like the one that it was made in."
        )
    return found


def _to_postgresql(type_: str) -> Coder | None:
    """What makes of a value of SQLite the one that a column of this type has in an archive."""
    if type_ in WHOLE:
        return _whole
    if type_ in FLOATING:
        return lambda value: value if isinstance(value, dict) else float(value)
    if type_ == "boolean":
        return lambda value: {0: False, 1: True}[value]
    if type_ == "bytea":
        return lambda value: {"bytes": value["bytes"]}
    if type_.partition("(")[0] == "numeric":
        return lambda value: str(Decimal(repr(value) if isinstance(value, float) else value))
    if type_ in ("json", "jsonb"):  # a document that is a bare number is a number on SQLite
        return lambda value: value if isinstance(value, str) else repr(value)
    if type_ in _MOMENTS:
        zone = "+00" if type_ == _MOMENTS[0] else ""
        return lambda value: f"{datetime.fromisoformat(value)}{zone}"
    return _text if type_.partition("(")[0] in _TEXTS else None


def _to_sqlite(type_: str) -> Coder | None:
    """What makes of a value that PostgreSQL wrote the one that SQLite would have stored."""
    if type_ in WHOLE or type_ in FLOATING or type_ == "bytea":
        return lambda value: value
    if type_ == "boolean":
        return int
    if type_.partition("(")[0] == "numeric":
        return _exact
    if type_ in _MOMENTS:
        return lambda value: f"{_moment(value):%Y-%m-%d %H:%M:%S.%f}"
    return _text if type_.partition("(")[0] in _TEXTS else None


def _whole(value: Any) -> int:
    if isinstance(value, bool) or value != int(value):
        raise ValueError(value)
    return int(value)


def _text(value: Any) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise ValueError(value)
    return value


def _exact(value: str) -> int | float:
    """A decimal as SQLite holds it, where that is the same number."""
    number = Decimal(value)
    if number == int(number) and abs(number) < 2**63:
        return int(number)
    if Decimal(repr(float(value))) != number:
        raise ValueError(value)
    return float(value)


def _moment(value: str) -> datetime:
    """What PostgreSQL wrote in UTC; years before Christ and infinity have no equal."""
    return datetime.fromisoformat(value.removesuffix("+00"))
