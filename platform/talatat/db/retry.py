"""Which database errors go away when the request is tried again, and which mean "it is down".

An error is marked for pyramid_retry where SQLAlchemy makes it (`handle_error`), so that those raised by
COMMIT count as well: pyramid_tm asks the transaction's data managers, which are gone by then.
"""

from __future__ import annotations

import random
import sqlite3
import time
from typing import Any

from pyramid_retry import BeforeRetry, mark_error_retryable
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import ConcurrentModificationError

# Serialization failure, deadlock detected, and a lock not had in time.
_STATES = frozenset({"40001", "40P01", "55P03"})
# The server stops, has crashed or starts; too many clients; no such database; refused to log in.
_DOWN_STATES = frozenset({"57P01", "57P02", "57P03", "53300", "3D000", "28P01", "28000"})
_SQLITE_DAMAGED = frozenset({sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT})
_SQLITE_DOWN = _SQLITE_DAMAGED | frozenset(
    {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY}
)


def is_retryable(error: BaseException) -> bool:
    """Tell whether the same transaction, run again from its start, may well succeed.

    A connection that was lost counts only when a statement was under way: when COMMIT was, nobody can
    know whether it took place, and a second try could do the work twice.
    """
    if isinstance(error, ConcurrentModificationError):
        return True
    if not isinstance(error, DBAPIError):
        return False
    original = error.orig
    if isinstance(original, sqlite3.OperationalError):
        return _primary_code(original) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
    if getattr(original, "sqlstate", None) in _STATES:
        return True
    return bool(error.connection_invalidated and error.statement)


def is_unreachable(error: BaseException) -> bool:
    """Tell whether the database itself cannot be used now: down, not there, or out of connections."""
    if isinstance(error, PoolTimeout):
        return True
    if not isinstance(error, DBAPIError):
        return False
    original = error.orig
    if isinstance(original, sqlite3.Error):
        return _primary_code(original) in _SQLITE_DOWN
    if not isinstance(error, (OperationalError, InterfaceError)):
        return False
    state = getattr(original, "sqlstate", None)
    if state is None:  # libpq could not connect, or the connection broke
        return True
    return state.startswith("08") or state in _DOWN_STATES


def is_damaged(error: BaseException) -> bool:
    """Tell whether an SQLite file is there, but is no database or is broken."""
    original = getattr(error, "orig", None)
    return isinstance(original, sqlite3.Error) and _primary_code(original) in _SQLITE_DAMAGED


def is_busy(error: BaseException) -> bool:
    """Tell whether a lock was waited for in vain: 503 with Retry-After when tries are used up."""
    return is_retryable(error) and not isinstance(error, ConcurrentModificationError)


def mark_retryable(context: ExceptionContext) -> None:
    """Mark an error that SQLAlchemy is about to raise (an engine's `handle_error` listener)."""
    error: Any = context.sqlalchemy_exception
    if error is not None and is_retryable(error):
        mark_error_retryable(error)


def rest_before_retry(event: BeforeRetry) -> None:
    """Wait a moment, by chance, before a request is tried again (a subscriber of pyramid_retry's).

    Two that collided and start again at once would collide again.
    """
    longest = 0.04 * 2.0 ** event.environ.get("retry.attempt", 0)
    time.sleep(random.uniform(0.005, longest))  # noqa: S311  # spreads tries, keeps no secret


def _primary_code(error: sqlite3.Error) -> int:
    # Extended codes (SQLITE_BUSY_SNAPSHOT ...) hold the primary one in their low byte.
    return int(getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF
