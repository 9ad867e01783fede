"""One transaction of a step: short lock timeouts, jittered retries, named blockers.

A change that waits for a lock makes everybody who comes after it wait as well. So it waits for a moment
only, lets the others pass, and tries again.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import Connection, text

from talatat.evolution.graph import EvolutionError
from talatat.evolution.model import Step
from talatat.evolution.running.blockers import blockers, is_lock_timeout
from talatat.evolution.running.locking import begun

log = logging.getLogger(__name__)

Result = TypeVar("Result")


@dataclass(frozen=True)
class Timeouts:
    """Seconds. `lock` for one try, `tries` how many, `statement` for one statement (0 is none)."""

    lock: float = 1.5
    statement: float = 3600.0
    tries: int = 20
    patience: float = 60.0


def in_transaction(
    connection: Connection, step: Step, timeouts: Timeouts, work: Callable[[int], Result]
) -> Result:
    """Run `work` in a transaction and return what it returns.

    `work` gets the milliseconds for which locks were waited so far; it is run again from its start when a
    lock was not had in time. Raises EvolutionError naming who holds the locks when all tries are used up.
    """
    began = time.monotonic()
    for attempt in range(timeouts.tries):
        waited = round((time.monotonic() - began) * 1000) if attempt else 0
        try:
            with begun(connection, timeouts.patience):
                set_timeouts(connection, timeouts, local=True)
                return work(waited)
        except Exception as error:
            if not is_lock_timeout(error):
                raise
            cause = error
        connection.rollback()
        if attempt + 1 == timeouts.tries:
            break
        log.info("%s waits for a lock, try %d of %d", step, attempt + 1, timeouts.tries)
        # Longer each time, and by chance, so that two do not meet again.
        time.sleep(min(0.2 * 1.4**attempt, 5.0) * random.uniform(0.5, 1.5))  # noqa: S311
    holders = blockers(connection, step.locks) or ["nobody now: it was let go just now"]
    raise EvolutionError(
        f"{step} did not get its lock in {timeouts.tries} tries of {timeouts.lock:g} s. Held by: "
        f"{'; '.join(holders)}. End that session (pg_terminate_backend), or wait for it, "
        f"and run `talatat apply` again: what was done is kept, and it goes on from here."
    ) from cause


def set_timeouts(connection: Connection, timeouts: Timeouts, *, local: bool) -> None:
    """Set PostgreSQL's timeouts, for this transaction or for the session."""
    if connection.dialect.name != "postgresql":
        return
    query = text(
        "SELECT set_config('lock_timeout', :lock, :local),"
        " set_config('statement_timeout', :statement, :local)"
    )
    values = {
        "lock": f"{round(timeouts.lock * 1000)}ms",
        "statement": f"{round(timeouts.statement * 1000)}ms",
        "local": local,
    }
    connection.execute(query, values)
