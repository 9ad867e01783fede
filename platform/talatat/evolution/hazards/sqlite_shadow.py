"""An empty SQLite database in memory, in which statements are run to see what they do.

SQLite itself tells which tables a statement touches (its authorizer) and what it changed (its catalogue). A
file that is judged alone speaks of tables that nobody has declared: they are made as the errors ask for
them. Nothing outside of the memory is touched: attaching a file is denied, and endless statements end.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from talatat.evolution.hazards.model import HazardsError
from talatat.evolution.hazards.tokens import tokenize
from talatat.evolution.quoting import literal, quoted

_PASSING_ON = {"CASCADE", "SET NULL", "SET DEFAULT"}
_ROUNDS = 60
_TICKS = 200_000
_WRITES = {sqlite3.SQLITE_INSERT: "insert", sqlite3.SQLITE_UPDATE: "update",
           sqlite3.SQLITE_DELETE: "delete"}  # fmt: skip


@dataclass(frozen=True)
class Thing:
    """A row of sqlite_master. `columns` of a table: name -> (type, not null, has a default)."""

    kind: str
    name: str
    table: str
    sql: str
    columns: dict[str, tuple[str, bool, bool]] = field(default_factory=dict, hash=False)


@dataclass
class Touched:
    """What the authorizer saw of one statement: writes in order, tables read, whether a table is altered."""

    writes: dict[tuple[str, str], None] = field(default_factory=dict)
    reads: dict[str, None] = field(default_factory=dict)
    alters: bool = False


class Unreadable(Exception):
    """SQLite does not run the statement for a reason that the shadow cannot mend; the text says it."""


class Shadow:
    """The database; `schema` are the statements that make it as it stands."""

    def __init__(self, schema: Iterable[str] = ()) -> None:
        self.connection = sqlite3.connect(":memory:", isolation_level=None)
        self.assumed: set[str] = set()
        self.before: dict[str, Thing] = {}
        self._touched = Touched()
        for sql in sorted(filter(None, schema), key=_rank):
            with suppress(Unreadable):  # what a virtual table has made already
                self.run(sql)
        self.connection.set_authorizer(self._authorize)
        self.connection.set_progress_handler(self._tick, 1000)
        self._ticks = 0

    def run(self, sql: str) -> Touched:
        """Run one statement, making what it lacks. Raises Unreadable, HazardsError for bad syntax.

        What stood before the statement itself, but with what it lacked, is in `before` then.
        """
        for _ in range(_ROUNDS):
            self.before = self.things()
            self._touched, self._ticks = Touched(), 0
            try:
                self.connection.execute(sql, _parameters(sql))
                return self._touched
            except sqlite3.Warning as error:
                raise HazardsError(str(error)) from error
            except sqlite3.Error as error:
                if not self._mend(str(error), sql):
                    raise _refused(error) from error
        raise Unreadable("it lacks more than can be assumed")

    def things(self) -> dict[str, Thing]:
        """The catalogue, without what SQLite keeps for itself."""
        rows = self._ask(
            "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL"
        )
        hidden = {row[1] for row in self._ask("PRAGMA table_list") if row[2] == "shadow"}
        return {
            name: Thing(kind, name, table, sql, self._columns(name) if kind == "table" else {})
            for kind, name, table, sql in rows
            if name not in hidden and not name.startswith("sqlite_")
        }

    def view_reads(self, name: str) -> tuple[str, ...]:
        """The tables that a view shows."""
        touched = self.run(" ".join(["EXPLAIN SELECT * FROM", quoted(name)]))
        return tuple(table for table in touched.reads if table != name)

    def referring(self, table: str) -> list[str]:
        """The tables whose rows go or change when rows of `table` are deleted."""
        rows = self._ask("SELECT name FROM sqlite_master WHERE type = 'table'")
        found = [
            name
            for (name,) in rows
            for key in self._ask(f"PRAGMA foreign_key_list({literal(name)})")
            if key[2].lower() == table.lower() and key[6] in _PASSING_ON
        ]
        return sorted(set(found) - {table})

    def keys_of_plan(self, sql: str) -> list[str]:
        """EXPLAIN QUERY PLAN: one line for each loop over rows, outermost first."""
        rows = self.connection.execute(f"EXPLAIN QUERY PLAN {sql}", _parameters(sql)).fetchall()
        return [row[3] for row in rows]

    def unique_index(self, name: str) -> int | None:
        """The number of columns of a unique index; None for others."""
        tables = self._ask("SELECT tbl_name FROM sqlite_master WHERE name = ?", name)
        for (table,) in tables:
            for row in self._ask(f"PRAGMA index_list({literal(table)})"):
                if row[1] == name and row[2]:
                    return len(self._ask(f"PRAGMA index_info({literal(name)})"))
        return None

    def index_columns(self, name: str) -> tuple[str | None, ...]:
        """The columns of an index, None for an expression."""
        return tuple(row[2] for row in self._ask(f"PRAGMA index_info({literal(name)})"))

    def is_unique(self, name: str, table: str) -> bool:
        """Whether an index is unique."""
        return any(
            row[1] == name and row[2] for row in self._ask(f"PRAGMA index_list({literal(table)})")
        )

    def _columns(self, table: str) -> dict[str, tuple[str, bool, bool]]:
        rows = self._ask(f"PRAGMA table_xinfo({literal(table)})")
        return {row[1]: (row[2], bool(row[3]) or bool(row[5]), row[4] is not None) for row in rows}

    def _ask(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        self._ticks = 0
        return self.connection.execute(sql, values).fetchall()

    def _tick(self) -> int:
        self._ticks += 1
        return int(self._ticks > _TICKS // 1000)

    def _authorize(
        self,
        action: int,
        first: str | None,
        second: str | None,
        base: str | None,
        trigger: str | None,
    ) -> int:
        if action == sqlite3.SQLITE_ATTACH:
            return sqlite3.SQLITE_DENY
        own = first is not None and not first.startswith("sqlite_")
        if action in _WRITES and own and trigger is None:
            self._touched.writes[_WRITES[action], first or ""] = None
        if action == sqlite3.SQLITE_READ and own:
            self._touched.reads[first or ""] = None
        if action == sqlite3.SQLITE_ALTER_TABLE:
            self._touched.alters = True
        return sqlite3.SQLITE_OK

    def _mend(self, message: str, sql: str) -> bool:
        """Make what an error says is missing; whether that could be done."""
        for start, mend in _MISSING.items():
            if message.startswith(start):
                return mend(self, message.removeprefix(start).strip(), sql)
        table, found, column = message.partition(" has no column named ")
        if found:
            return self._add_column(table.removeprefix("table "), column)
        return False

    def _silently(self, sql: str) -> bool:
        try:
            self.connection.execute(sql)
        except sqlite3.Error:
            return False
        return True

    def _add_table(self, name: str, sql: str) -> bool:
        bare = name.rpartition(".")[2]
        self.assumed.add(bare)
        return self._silently(f"CREATE TABLE {quoted(bare)} (id PRIMARY KEY)")

    def _add_column(self, table: str, column: str) -> bool:
        return self._silently(f"ALTER TABLE {quoted(table)} ADD COLUMN {quoted(column)}")

    def _add_anywhere(self, column: str, sql: str) -> bool:
        """A column of which the error does not say the table: put on the assumed ones that are named."""
        bare = column.rpartition(".")[2].strip('"')
        named = {token.name for token in tokenize(sql) if token.kind in {"word", "quoted"}}
        lower = {one.lower() for one in named}
        tables = [one for one in self.assumed if one.lower() in lower or one in named]
        done = [self._add_column(table, bare) for table in tables]
        return any(done)

    def _add_index(self, name: str, sql: str) -> bool:
        stub = f"{name} table"
        return self._silently(f"CREATE TABLE {quoted(stub)} (id)") and self._silently(
            f"CREATE INDEX {quoted(name)} ON {quoted(stub)} (id)"
        )

    def _add_trigger(self, name: str, sql: str) -> bool:
        stub = f"{name} table"
        return self._silently(f"CREATE TABLE {quoted(stub)} (id)") and self._silently(
            f"CREATE TRIGGER {quoted(name)} AFTER INSERT ON {quoted(stub)} BEGIN SELECT 1; END"
        )

    def _add_view(self, name: str, sql: str) -> bool:
        return self._silently(f"CREATE VIEW {quoted(name)} AS SELECT 1 AS id")

    def _add_function(self, name: str, sql: str) -> bool:
        self.connection.create_function(name, -1, lambda *_: None, deterministic=True)
        return True

    def _add_collation(self, name: str, sql: str) -> bool:
        self.connection.create_collation(name, lambda one, other: (one > other) - (one < other))
        return True


_MISSING: dict[str, Callable[[Shadow, str, str], bool]] = {
    "no such table: ": Shadow._add_table,
    "no such column: ": Shadow._add_anywhere,
    "no such index: ": Shadow._add_index,
    "no such trigger: ": Shadow._add_trigger,
    "no such view: ": Shadow._add_view,
    "no such function: ": Shadow._add_function,
    "no such collation sequence: ": Shadow._add_collation,
}
_SYNTAX = ("syntax error", "incomplete input", "unrecognized token")


def _refused(error: sqlite3.Error) -> Exception:
    text = str(error)
    return HazardsError(text) if any(one in text for one in _SYNTAX) else Unreadable(text)


def _rank(sql: str) -> int:
    """Tables before what stands on them, virtual ones before those that they make."""
    words = [token.text.upper() for token in tokenize(sql[:200]) if token.kind == "word"][:4]
    order = ("VIRTUAL", "TABLE", "INDEX", "VIEW", "TRIGGER")
    return next((rank for rank, word in enumerate(order) if word in words), len(order))


class _Nothing(dict[str, None]):
    """A value for every named parameter."""

    def __missing__(self, key: str) -> None:
        return None


def _parameters(sql: str) -> Any:
    """NULL for every parameter of a statement."""
    marks = [token.text for token in tokenize(sql) if token.kind == "sign" and token.text in "?:@"]
    return [None] * marks.count("?") if "?" in marks else _Nothing()
