"""One keep that comes back: what it is called today, and what its columns have become."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from talatat.db.retry import is_unreachable
from talatat.evolution.hazards.types import narrows
from talatat.evolution.kept.losing import affinity
from talatat.evolution.kept.record import ROW, WAS, WHY, Keep
from talatat.evolution.kept.sql import matched, quoted, ran
from talatat.evolution.quoting import literal
from talatat.evolution.running.locking import begun

if TYPE_CHECKING:
    from talatat.evolution.live import ForeignKey, TableInfo

# Why rows stay in a keep. The first may pass: parents come back.
ORPHAN = "the row it belongs to is gone"
OTHER = "another value stands there"
REFUSED = "a constraint refuses it"
# Not in the table: rows that nobody has decided about.
WAITING = "waits for the step that computes it"

CHUNK = 5000


class Unfit(Exception):
    """Nothing of a keep can be put back as things stand; the text says why."""


@dataclass
class Work:
    """`table` and `names` ({column of the keep: column of today}) are what stands there today.

    `types` are the types in the keep, `own_types` the columns of today whose types are no built-in ones.
    `alone` says that no transaction is open: then each turn is one of its own.
    """

    connection: Connection
    keep: Keep
    table: str
    names: Mapping[str, str]
    info: TableInfo
    types: Mapping[str, str]
    own_types: frozenset[str] = frozenset()
    alone: bool = True
    written: int = 0
    same: int = 0
    gone: int = 0
    parts: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.parts = {
            "keep": quoted(self.connection, self.keep.location),
            "table": quoted(self.connection, self.table),
            "match": matched(self.connection, self.key),
            "row": ROW,
            "why": WHY,
            "was": WAS,
            "orphan": f"'{ORPHAN}'",
            "other": f"'{OTHER}'",
            "refused": f"'{REFUSED}'",
        }

    @property
    def postgresql(self) -> bool:
        """Whether the database is PostgreSQL; else it is SQLite."""
        return self.connection.dialect.name == "postgresql"

    @cached_property
    def key(self) -> dict[str, str]:
        """The key's columns: {of the keep: of today}."""
        return {name: self.names[name] for name in self.keep.key if name in self.names}

    def value(self, column: str, alias: str = "k") -> str:
        """The kept value of a column, as today's column takes it. Raises Unfit where it does not."""
        kept, now = self.types[column], self.info.columns[self.names[column]].type
        name = f"{alias}.{quoted(self.connection, column)}"
        if kept == now:
            return name
        if self.postgresql and kept == "text" and self.names[column] in self.own_types:
            return f"CAST({name} AS {now})"
        fits = not narrows(kept, now) if self.postgresql else affinity(kept) == affinity(now)
        if fits:
            return f"CAST({name} AS {now})" if self.postgresql else name
        raise Unfit(f"{self.table}.{self.names[column]} is of type {now} now and was {kept}")

    def run(self, template: str, **parts: Any) -> int:
        """Execute a statement over {keep}, {table}, {match} and `parts`; return how many rows it met."""
        return ran(self.connection, template, **self.parts, **parts).rowcount

    def ask(self, template: str, **parts: Any) -> Any:
        """Execute a query and return its first value."""
        return ran(self.connection, template, **self.parts, **parts).scalar()

    def turn(self) -> AbstractContextManager[Any]:
        """A transaction of its own, or the one that the caller began."""
        if not self.alone:
            return nullcontext()
        self.connection.rollback()  # what reading began by itself
        return begun(self.connection)

    def chunks(self, size: int | None) -> Iterator[str]:
        """The undecided rows, `size` at a time: each time a condition on `k`, in a transaction of its own."""
        if self.postgresql and self.keep.rows > CHUNK:
            with self.turn():  # what nobody has counted yet is read from end to end for each chunk
                self.run("ANALYZE {keep}")
                self.run("ANALYZE {table}")
        last = 0
        limit = "" if size is None else f"LIMIT {size}"
        query = (
            "SELECT max({row}) FROM (SELECT {row} FROM {keep} WHERE {why} IS NULL AND {row} > {last}"
            " ORDER BY {row} {limit}) AS waiting"
        )
        while True:
            with self.turn():
                upto = self.ask(query, last=last, limit=limit)
                if upto is None:
                    return
                yield f"k.{ROW} > {last} AND k.{ROW} <= {upto} AND k.{WHY} IS NULL"
            last = int(upto)

    def trying(self, where: str, write: Callable[[str], None]) -> None:
        """Run `write` for the rows of `where`; where a constraint refuses them, for each of them alone.

        Those that are refused again and again stay, marked.
        """
        if self._attempt(where, write):
            return
        query = "SELECT k.{row} FROM {keep} AS k WHERE {where} ORDER BY k.{row}"
        rows = list(ran(self.connection, query, **self.parts, where=where).scalars())
        moved = True
        while rows and moved:
            refused = [one for one in rows if not self._attempt(f"k.{ROW} = {one}", write)]
            rows, moved = refused, len(refused) < len(rows)
        for one in rows:
            self.run("UPDATE {keep} SET {why} = {refused} WHERE {row} = {one}", one=one)

    def _attempt(self, where: str, write: Callable[[str], None]) -> bool:
        before = (self.written, self.same, self.gone)
        try:
            with self.connection.begin_nested():
                write(where)
                if self.postgresql:
                    self.run("SET CONSTRAINTS ALL IMMEDIATE")
        except DBAPIError as error:
            if is_unreachable(error):
                raise
            self.written, self.same, self.gone = before
            return False
        return True

    def orphans(self, where: str, keys: tuple[ForeignKey, ...], of: Callable[[str], str]) -> None:
        """Mark the rows of which a parent is not there; `of` is the SQL of a column's value to be."""
        for one in keys:
            parent = quoted(self.connection, one.target_table)
            known = " AND ".join(f"{of(name)} IS NOT NULL" for name in one.columns)
            same = " AND ".join(
                f"p.{quoted(self.connection, target)} = {of(name)}"
                for name, target in zip(one.columns, one.target_columns, strict=True)
            )
            self.run(
                "UPDATE {keep} AS k SET {why} = {orphan} WHERE {where} AND {known}"
                " AND NOT EXISTS (SELECT 1 FROM {parent} AS p WHERE {same})",
                where=where, known=known, parent=parent, same=same,
            )  # fmt: skip


@contextmanager
def quiet(work: Work) -> Iterator[None]:
    """Keep the table's triggers from acting while the block runs: rows come back as they were stored."""
    if work.postgresql:
        query = (
            "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled = 'O'"
            " AND tgrelid = to_regclass({name})"
        )
        name = literal(work.parts["table"])
        found = list(ran(work.connection, query, name=name).scalars())
        change = "ALTER TABLE {table} {how} TRIGGER {trigger}"
        names = [quoted(work.connection, one) for one in found]
        for one in names:
            work.run(change, how="DISABLE", trigger=one)
        yield
        for one in names:
            work.run(change, how="ENABLE", trigger=one)
        return
    query = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND lower(tbl_name) = lower({name})"
    triggers = ran(work.connection, query, name=literal(work.table)).fetchall()
    for row in triggers:
        work.run("DROP TRIGGER {trigger}", trigger=quoted(work.connection, row.name))
    yield
    for row in triggers:
        work.run("{sql}", sql=row.sql)
