"""One change under the lock of `apply`: short waits for locks, tried again, blockers named."""

from __future__ import annotations

import logging
import random
import sqlite3
import time
from collections.abc import Callable
from typing import TypeVar

import psycopg
from sqlalchemy import Connection, inspect, select
from sqlalchemy.exc import SQLAlchemyError

from talatat.db.retry import is_unreachable
from talatat.errors import said_by
from talatat.evolution.archive.rows import settle
from talatat.evolution.graph import EvolutionError
from talatat.evolution.observed import release_of
from talatat.evolution.opening import Opened
from talatat.evolution.releasing import record
from talatat.evolution.running.blockers import blockers, is_lock_timeout
from talatat.evolution.running.lease import held
from talatat.evolution.running.locking import begun
from talatat.evolution.running.transactions import Timeouts, set_timeouts
from talatat.evolution.tables import archives, plans

log = logging.getLogger(__name__)

# A try ends before PostgreSQL looks for deadlocks (after 1 s): it is this command that gives way.
TIMEOUTS = Timeouts(lock=0.8, statement=0)

Result = TypeVar("Result")


def in_turn(opened: Opened, work: Callable[[Connection], Result]) -> Result:
    """Run `work` in one transaction under the lock, and return what it returns.

    It is run again from its start where a lock was not had at once. Raises EvolutionError.
    """
    _require(opened)
    with opened.changing() as connection, held(connection, None):
        cause: Exception | None = None
        for attempt in range(TIMEOUTS.tries):
            try:
                with begun(connection, TIMEOUTS.patience):
                    set_timeouts(connection, TIMEOUTS, local=True)
                    settle(connection)
                    return work(connection)
            except (SQLAlchemyError, psycopg.Error, sqlite3.Error) as error:
                if is_unreachable(error) and "disk is full" not in str(error):
                    raise
                if not is_lock_timeout(error):
                    raise _refused(opened, error) from error
                cause = error
            log.info("waits for a lock, try %d of %d", attempt + 1, TIMEOUTS.tries)
            connection.rollback()
            time.sleep(min(0.2 * 1.4**attempt, 5.0) * random.uniform(0.5, 1.5))  # noqa: S311
        holders = blockers(connection) or ["nobody now: it was let go just now"]
        raise EvolutionError(
            f"a lock was not had in {TIMEOUTS.tries} tries of {TIMEOUTS.lock:g} s. Held by: "
            f"{'; '.join(holders)}. End that session (SELECT pg_terminate_backend(PID)) or wait for it, "
            f"and run the command again. Nothing was changed."
        ) from cause


def _refused(opened: Opened, error: Exception) -> EvolutionError:
    """Word what the database said: no room, no right, somebody else's lock on the file."""
    said = said_by(error)
    if getattr(getattr(error, "orig", None), "sqlstate", None) == "42501":
        mend = "Archives lie in schemas of their own: GRANT CREATE ON DATABASE ... TO the role of the URL"
    else:
        mend = "Mend that"
    return EvolutionError(
        f"{opened.ini.at('sqlalchemy.url')}: the database {opened.target} refused: {said}. {mend}, and run "
        f"the command again. Nothing was changed."
    )


def _require(opened: Opened) -> None:
    """Raise EvolutionError unless the platform's tables are there and no plan is half done."""
    if not opened.exists:
        raise EvolutionError(_not_brought(opened))
    with opened.reading() as connection:
        if not inspect(connection).has_table(archives.name):
            raise EvolutionError(_not_brought(opened))
        query = select(plans.c.digest).where(plans.c.state == "running")
        if connection.scalar(query) is not None:
            raise EvolutionError(
                f"a plan was begun on this database and is not done. Run `talatat apply {opened.ini.uri}` "
                f"first: it goes on from where it stopped."
            )


def _not_brought(opened: Opened) -> str:
    return (
        f"{opened.ini.at('sqlalchemy.url')}: the database {opened.target} was never brought to a "
        f"composition of this talatat. Run `talatat apply {opened.ini.uri}` first."
    )


def record_release(connection: Connection, kind: str, note: str) -> int:
    """Record that something was done that leaves the composition as it is; return the number."""
    last = release_of(connection)
    surface = last.surface if last else {"addons": []}
    packages = last.packages if last else None
    number = record(connection, surface, always=True, kind=kind, note=note, packages=packages)
    assert number is not None  # recorded always
    return number
