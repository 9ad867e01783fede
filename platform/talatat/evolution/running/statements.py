"""What revisions execute: recorded in a shadow database, and compared while it is executed for good.

with Recorder(connection) as recorder:
    run(connection, graph, revision)
step = recorder.statements

with Verifier(connection, step, "catalog 0003_slug") as verifier:
    run(connection, graph, revision)
verifier.finish()

Text alone is compared; parameters are no part of it, and a statement for many rows is one. Reading, and
what Alembic does to the version table, is left out: it depends on what is there. A revision that goes
past SQLAlchemy, to the driver's own cursor, cannot be seen. One that would end the transaction, or open a
connection beside it, is stopped: its version row and what was put away before it stand or fall with all
its statements.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import count, groupby, pairwise
from threading import get_ident
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import SQLAlchemyError

from talatat.evolution.graph import EvolutionError
from talatat.evolution.hazards.tokens import Token, pieces, tokenize
from talatat.evolution.live.spelling import squeezed
from talatat.evolution.tables import VERSION_TABLE

_READING = ("SELECT", "VALUES", "TABLE", "EXPLAIN", "SHOW", "WITH")
_WRITES = ("INSERT", "UPDATE", "DELETE", "MERGE", "INTO")
_ENDS = ("BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT")
_TURNS = (*_ENDS, "SAVEPOINT", "RELEASE")
# What stands before a parenthesis and changes nothing.
_ASKING = frozenset(
    "select cast coalesce count exists in and or not case when then else version sqlite_version now"
    " current_schema current_schemas current_database current_setting to_regclass to_regtype"
    " pg_backend_pid changes total_changes last_insert_rowid".split()
)
# The words before the name of the table in Alembic's statements about its version table.
_VERSIONING = (("CREATE", "TABLE"), ("INSERT", "INTO"), ("UPDATE",), ("DELETE", "FROM"), ("DROP", "TABLE"))  # fmt: skip

_MAKES_TABLE = re.compile(r"CREATE (TEMP |TEMPORARY )?TABLE ", re.IGNORECASE)
_OF_TABLE = ("CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN")
_CLEANS = re.compile(r'DROP TABLE "?_alembic_tmp_', re.IGNORECASE)
_MAKES_INDEX = re.compile(r"CREATE (UNIQUE )?INDEX ", re.IGNORECASE)


class NotItsTurn(Exception):
    """A revision would leave the transaction that it runs in; the text follows upon "revision ... failed"."""


class Recorder:
    """Records what one connection executes while the block runs: `statements`, white space squeezed.

    Of version tables those of `addon` are left out, of all where it is None.
    """

    def __init__(self, connection: Connection, addon: str | None = None) -> None:
        self.connection = connection
        self.addon = addon
        self.statements: list[str] = []

    def __enter__(self) -> Self:
        event.listen(self.connection, "before_cursor_execute", self._executing)
        # Other threads of the process, a heartbeat's, connect as they like.
        self._thread = get_ident()
        event.listen(Engine, "engine_connect", self._connecting)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        event.remove(self.connection, "before_cursor_execute", self._executing)
        event.remove(Engine, "engine_connect", self._connecting)

    def _connecting(self, connection: Connection) -> None:
        if get_ident() == self._thread:
            connection.close()
            raise NotItsTurn(
                "it may not open a connection of its own: what it did there would not be planned, nor undone "
                "when it fails. Use op.execute or op.get_bind()"
            )

    def _executing(
        self, connection: Connection, cursor: Any, statement: str, *details: Any
    ) -> None:
        if turn := turns(statement):
            raise NotItsTurn(
                f"it may not say {turn}, for it runs in a transaction that also writes down that it ran. "
                f"Take that statement out; what cannot run in a transaction stands in a revision of its "
                f"own, with transactional = False"
            )
        if changes(statement, self.addon):
            self.see(settled(statement))

    def see(self, statement: str) -> None:
        """Note a statement that is about to be executed."""
        self.statements.append(statement)


class Verifier(Recorder):
    """Refuses, before it is executed, the first statement that differs from `expected`.

    `step` names in errors what is being run. Call `finish` before the commit.
    """

    def __init__(
        self,
        connection: Connection,
        expected: Iterable[str],
        step: str = "",
        addon: str | None = None,
    ) -> None:
        super().__init__(connection, addon)
        self.expected = [settled(one) for one in expected]
        self.step = step

    def see(self, statement: str) -> None:
        if _CLEANS.match(statement) and isinstance(sys.exception(), SQLAlchemyError):
            return  # Alembic's, after a refusal that is about to be told: to be rolled back all the same
        place = len(self.statements)
        self._bring_forward(place, statement)
        planned = self.expected[place] if place < len(self.expected) else None
        if statement != planned:
            raise EvolutionError(self._differs(place, planned, statement))
        super().see(statement)

    def _bring_forward(self, place: int, statement: str) -> None:
        """Indexes that are made one after the other are made in any order: SQLAlchemy keeps a set of them."""
        for other in range(place, len(self.expected)):
            if self.expected[other] == statement:
                self.expected.insert(place, self.expected.pop(other))
                return
            if not _MAKES_INDEX.match(self.expected[other]) or not _MAKES_INDEX.match(statement):
                return

    def finish(self) -> None:
        """Raise EvolutionError when the plan has statements that were not executed."""
        place = len(self.statements)
        if place < len(self.expected):
            raise EvolutionError(self._differs(place, self.expected[place], None))

    def _differs(self, place: int, planned: str | None, got: str | None) -> str:
        step = f"step {self.step}: " if self.step else ""
        return (
            f"{step}statement {place + 1} is not the one that was planned. Planned: "
            f"{planned or 'none (the step has ended)'}. "
            f"{'About to be executed' if got else 'Executed'}: {got or 'none (the step has ended)'}. "
            f"Nothing of the step was kept. Either the database or the revision changed since the plan "
            f"was made, then plan again: `talatat plan`. Or the revision's statements depend on rows: "
            f"let it declare `batches` (talatat.db.batches)."
        )


def _makes_index(statement: str) -> bool:
    return _MAKES_INDEX.match(statement) is not None


def in_order(statements: Iterable[str]) -> list[str]:
    """The statements with each run of indexes sorted: the same list whenever it is recorded."""
    found: list[str] = []
    for makes_index, run in groupby(statements, _makes_index):
        found.extend(sorted(run) if makes_index else run)  # noqa: B031  # one of the two
    return found


def settled(statement: str) -> str:
    """A statement on one line, the constraints of a CREATE TABLE in the order of their texts.

    When Alembic rebuilds a table on SQLite it takes them from a set: in another order in each process.
    """
    text = squeezed(statement)
    if _MAKES_TABLE.match(text) is None:
        return text
    parts = list(_elements(text))
    places = [at for at, (first, _, _) in enumerate(parts) if first.is_word(*_OF_TABLE)]
    said = [text[parts[at][1] : parts[at][2]] for at in places]
    for at, one in reversed(list(zip(places, sorted(said), strict=True))):
        _, start, end = parts[at]
        text = text[:start] + one + text[end:]
    return text


def _elements(text: str) -> Iterator[tuple[Token, int, int]]:
    """What stands between the commas of the outermost parentheses: its first token, where it starts, ends."""
    depth = 0
    inside: list[Token] = []
    for token in tokenize(text):
        depth += {"(": 1, ")": -1}.get(token.text, 0)
        ends = (depth == 1 and token.text == ",") or (depth == 0 and token.text == ")")
        if ends and inside:
            yield inside[0], inside[0].start, inside[-1].end
        if ends and depth == 0:
            return
        if ends or (depth == 1 and token.text == "(" and not inside):
            inside = []
        elif depth:
            inside.append(token)


def turns(statement: str) -> str | None:
    """The word by which a statement begins or ends a transaction; None where it does not."""
    for part in pieces(statement):
        words = [one for one in tokenize(part.text) if one.kind == "word"]
        if words and words[0].is_word(*_ENDS) and not any(one.is_word("TO") for one in words[1:3]):
            return words[0].text.upper()
    return None


def changes(statement: str, addon: str | None = None) -> bool:
    """Whether a statement changes the database, the rows of version tables and transactions aside.

    PRAGMAs that set something count, those that ask do not. SELECT counts where it is there to call a
    function (it reads from nothing, or the function is named after `addon`), for that may do anything.
    With `addon` the version tables of other addons count.
    """
    parts = pieces(statement)
    return any(_changes(list(tokenize(part.text)), addon) for part in parts)


def _changes(tokens: Sequence[Token], addon: str | None) -> bool:
    first = next((at for at, one in enumerate(tokens) if one.kind == "word"), None)
    if first is None:
        return False
    if tokens[first].is_word(*_READING):
        return any(one.is_word(*_WRITES) for one in tokens) or _acts(tokens[first:], addon)
    if tokens[first].is_word("PRAGMA"):
        return any(one.text == "=" for one in tokens)
    return not tokens[first].is_word(*_TURNS) and not _is_versioning(tokens[first:], addon)


def _acts(tokens: Sequence[Token], addon: str | None) -> bool:
    """Whether a SELECT is there to call a function."""
    called = {
        one.name.lower()
        for one, after in pairwise(tokens)
        if after.text == "(" and one.kind in ("word", "quoted")
    }
    if addon is not None and any(name.startswith(f"{addon}_") for name in called):
        return True
    reads = any(one.is_word("FROM") for one in tokens)
    return tokens[0].is_word("SELECT") and not reads and not called <= _ASKING


def _is_versioning(tokens: Sequence[Token], addon: str | None) -> bool:
    for words in _VERSIONING:
        if all(one.is_word(word) for one, word in zip(tokens, words, strict=False)):
            table = _table(tokens[len(words) :])
            if addon is not None:
                return table == f"{addon}{VERSION_TABLE}"
            return table.endswith(VERSION_TABLE) and not table.startswith("_alembic_tmp_")
    return False


def _table(tokens: Sequence[Token]) -> str:
    """The name that stands first, past IF NOT EXISTS and a schema."""
    rest = [one for one in tokens[:8] if not one.is_word("IF", "NOT", "EXISTS", "ONLY")]
    for place in count(0, 2):
        if place >= len(rest):
            return ""
        if place + 1 >= len(rest) or rest[place + 1].text != ".":
            return rest[place].name
    return ""
