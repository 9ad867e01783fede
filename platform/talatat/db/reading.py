"""`Reading`: what a request reads before it has a transaction, on one connection of the pool.

Most requests that read ask twice or more: whose token this is, and then for rows. To take a connection from the
pool and to give it back costs as much as a small statement, so it is kept between them, and between requests (see
`spare`). It has no transaction, and goes back when one begins (which then goes on with it) and when the request has
ended.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

if TYPE_CHECKING:
    from pyramid.request import Request
    from sqlalchemy import Engine

    from talatat.db.prepared import Prepared, Row, Values
    from talatat.db.spare import Spare

READING = "talatat.reading"  # under which a request's `__dict__` keeps it
# Cancelled by the statement timeout or by somebody, and a lock not had in time: once more would take as long.
_WAITED = frozenset({"57014", "55P03"})
# "Cached plan must not change result type": a migration has altered a column that the connection reads so.
_OUTDATED = "0A000"


class Reading:
    """A connection of an engine's pool that has no transaction, taken when it is needed."""

    def __init__(self, engine: Engine, spare: Spare) -> None:
        self._engine = engine
        self._spare = spare
        self._fairy: Any = None

    def rows(self, prepared: Prepared, values: Values) -> Sequence[Row] | None:
        """All rows of a prepared SELECT; None where the ordinary way is to be taken, which tells the error."""
        dialect = self._engine.dialect
        if self._fairy is None:
            self._fairy = self._spare.take()
        try:
            return prepared.alone(self._fairy, dialect, values)
        except dialect.loaded_dbapi.Error as error:
            fairy, self._fairy = self._fairy, None
            try:
                self._look_at(error, fairy, prepared)
            finally:
                fairy.close()
        return None

    def _look_at(self, error: Exception, fairy: Any, prepared: Prepared) -> None:
        """Give up a connection that is of no use any more; raise what would be the same once more."""
        engine = self._engine
        state = getattr(error, "sqlstate", None)
        if state == _OUTDATED or engine.dialect.is_disconnect(error, fairy, None):  # type: ignore[arg-type]
            fairy.invalidate(error)
        elif state in _WAITED:
            text = prepared.compiled(engine.dialect).text
            Connection(engine, fairy)._handle_dbapi_exception(error, text, None, None, None)

    def taken(self) -> Any:
        """The connection, for somebody who goes on with it and gives it back; None where there is none."""
        fairy, self._fairy = self._fairy, None
        return fairy

    def end(self, request: Request | None = None) -> None:
        """Give the connection back; it is taken anew where more is read."""
        fairy = self.taken()
        if fairy is not None:
            self._spare.give(fairy)


def read(
    request: Request, engine: Engine, spare: Spare, prepared: Prepared, values: Values
) -> Sequence[Row] | None:
    """See `Reading.rows`; the connection is kept where the request's end is sure to be told."""
    members = request.__dict__
    found: Reading | None = members.get(READING)
    if found is None:
        found = members[READING] = Reading(engine, spare)
        request.add_finished_callback(found.end)
    try:
        return found.rows(prepared, values)
    finally:
        if not request.environ.get("tm.active"):
            found.end()


def taken(request: Request | None) -> Any:
    """The connection that a request has for reading, for somebody who gives it back; None where there is none."""
    found: Reading | None = None if request is None else request.__dict__.get(READING)
    return None if found is None else found.taken()


def end_reading(request: Request) -> None:
    """Give back what a request has for reading: it is about to take another connection, or to wait."""
    fairy = taken(request)
    if fairy is not None:
        fairy.close()
