"""Statements straight on libpq: what psycopg's cursor does to run one of them, and nothing for those that are
not prepared ahead.

A cursor parses the placeholders of each execution, steps through a generator for each message, and makes an
adapter of its own. A statement that was compiled once needs none of it: psycopg's own adapters write its values
and read its rows (`psycopg.adapt.Transformer`), and libpq runs it (`psycopg.pq`); both are psycopg's documented
lower layers. As with a cursor a transaction begins with the first statement where one is wanted.

A statement is prepared on the server once it has run a few times. Cursors may not do that on the same connection
(`prepare_threshold=None`, see `engine`): they take back everything that is prepared with each ROLLBACK.

Moments are read in UTC and UUIDs as texts where a statement wants nothing else: `LOADED` are the types to whose
values nothing is left to be done.

https://www.psycopg.org/psycopg3/docs/api/pq.html, .../api/adapt.html
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from psycopg import Connection, OperationalError, pq
from psycopg.adapt import AdaptersMap, PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.types.string import TextLoader

from talatat.db.counting import SENT
from talatat.db.types import UTCDateTime, UUIDv7

LOADED = (UTCDateTime, UUIDv7)
PREPARED_AFTER = 5
"""So many runs on a connection are worth it."""
MOST_PREPARED = 300
"""On each connection; what was not run for the longest time makes room."""

_KEPT = "talatat.straight"  # under which the `info` of a pooled connection keeps it
_DONE = frozenset({pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK})
# "Cached plan must not change result type", and a prepared statement that somebody has deallocated.
_OUTDATED = frozenset({"0A000", "26000"})
_IDLE = pq.TransactionStatus.IDLE
_TEXT = pq.Format.TEXT
# PostgreSQL weighs all orders of up to so many tables, which takes longer than what most statements do then.
_IN_ORDER, _IN_ANY_ORDER = b"SET join_collapse_limit = 1", b"RESET join_collapse_limit"


class Text(NamedTuple):
    """A statement as libpq takes it: with `$1` for the first value.

    `plain`: its UUIDs may be read as texts; `in_order`: its tables are to be joined as they are written.
    """

    statement: bytes
    formats: list[PyFormat]
    plain: bool
    in_order: bool = False


def text_of(statement: str, count: int, types: Sequence[Any], *, in_order: bool = False) -> Text:
    """The text of a statement with so many values, whose columns are of these types."""
    plain = all(isinstance(one, LOADED) or _holds_none(one) for one in types)
    return Text(statement.encode(), [PyFormat.AUTO] * count, plain, in_order)


def _holds_none(type_: Any) -> bool:
    """Whether values of a type are no UUIDs."""
    if isinstance(type_, sa.types.TypeDecorator):
        return _holds_none(type_.impl_instance)
    known = (sa.String, sa.Integer, sa.Numeric, sa.Boolean, sa.DateTime, sa.Date, sa.Time, sa.JSON)
    return isinstance(type_, (*known, sa.LargeBinary))


class Straight:
    """What runs statements on one connection of psycopg's."""

    def __init__(self, driver: Connection[Any]) -> None:
        self._driver = driver
        self._pq = driver.pgconn
        # Without a connection moments are in `datetime.UTC` itself, whatever the server calls it.
        adapters = AdaptersMap(driver.adapters)
        adapters.register_loader("uuid", TextLoader)
        self._plain: Any = Transformer.from_context(adapters)
        self._native: Any = Transformer.from_context(driver)
        self._runs: OrderedDict[Any, int] = OrderedDict()
        self._names: OrderedDict[Any, bytes] = OrderedDict()
        self._named = 0

    def run(self, text: Text, values: Sequence[Any], *, transaction: bool) -> Any:
        """libpq's result of one statement; psycopg's error where it failed.

        `transaction` begins one where there is none.
        """
        if transaction and self._pq.transaction_status == _IDLE:
            self._begin()
        if not text.in_order:
            return self._run(text, values)
        self._pq.exec_(_IN_ORDER)
        try:
            return self._run(text, values)
        finally:  # where that fails the transaction has, and takes it back
            if self._pq.status == pq.ConnStatus.OK:
                self._pq.exec_(_IN_ANY_ORDER)

    def _run(self, text: Text, values: Sequence[Any]) -> Any:
        SENT.count += 1
        adapted = self._plain
        given = adapted.dump_sequence(values, text.formats)
        types, formats = adapted.types, adapted.formats
        name = self._name(text, types)
        if name is None:
            result = self._pq.exec_params(text.statement, given, types, formats, _TEXT)
        else:
            result = self._pq.exec_prepared(name, given, formats, _TEXT)
        if result.status not in _DONE:
            raise self._failed(result)
        return result

    def rows(self, text: Text, result: Any) -> list[tuple[Any, ...]]:
        """The rows of a result."""
        adapted = self._plain if text.plain else self._native
        adapted.set_pgresult(result)
        rows: list[tuple[Any, ...]] = adapted.load_rows(0, result.ntuples, tuple)
        return rows

    def commit(self) -> None:
        """Commit, where something has begun; psycopg's error where the database refuses."""
        if self._pq.transaction_status == _IDLE:
            return
        result = self._pq.exec_(b"COMMIT")
        if result.status not in _DONE:
            raise self._failed(result)

    def _begin(self) -> None:
        driver = self._driver
        if (
            driver.isolation_level is None
            and driver.read_only is None
            and driver.deferrable is None
        ):
            result = self._pq.exec_(b"BEGIN")
            if result.status not in _DONE:
                raise self._failed(result)
        else:
            driver.execute("").close()  # psycopg words the BEGIN and sends it first

    def _name(self, text: Text, types: Any) -> bytes | None:
        """The name under which a statement is prepared; None while it is not."""
        key = (text.statement, types)
        name = self._names.get(key)
        if name is not None:
            self._names.move_to_end(key)
            return name
        ran = self._runs[key] = self._runs.pop(key, 0) + 1
        if ran <= PREPARED_AFTER:
            if len(self._runs) > MOST_PREPARED:
                self._runs.popitem(last=False)
            return None
        del self._runs[key]
        return self._prepared(key)

    def _prepared(self, key: tuple[bytes, Any]) -> bytes:
        self._named += 1
        name = b"talatat_%d" % self._named
        result = self._pq.prepare(name, *key)
        if result.status not in _DONE:
            raise self._failed(result)
        self._names[key] = name
        if len(self._names) > MOST_PREPARED:
            _, old = self._names.popitem(last=False)
            self._pq.exec_(b"DEALLOCATE " + old)
        return name

    def _failed(self, result: Any) -> Exception:
        if self._pq.status == pq.ConnStatus.BAD:
            return OperationalError(self._pq.get_error_message())
        error = error_from_result(result)
        if error.sqlstate in _OUTDATED:  # it would fail again
            self._names.clear()
        return error


def straight_of(fairy: Any) -> Straight:
    """What runs statements on a connection of SQLAlchemy's pool; it lives as long as the driver's."""
    info = fairy.info
    found: Straight | None = info.get(_KEPT)
    if found is None:
        found = info[_KEPT] = Straight(fairy.driver_connection)
    return found
