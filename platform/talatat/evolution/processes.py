"""The processes that serve: each says, every few seconds, that it lives and which release it serves.

What takes something away (a contract step) waits until no process of an older release says so any more.
A row that was not renewed for half a minute is a dead process's, and whoever comes by removes it. Moments
are the database's own on PostgreSQL, so that clocks of hosts that differ do no harm.
"""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, inspect, select, update

from talatat.db.types import utcnow
from talatat.evolution.tables import processes

EVERY = 5.0
DEAD_AFTER = 30.0
# On SQLite a long writer keeps others from renewing their rows. There the process itself can be looked
# for, but not for ever: its number may be another's by then.
LOOKED_FOR = 3600.0


@dataclass(frozen=True)
class Process:
    """This process, as one composed system in it is known to others."""

    host: str = field(default_factory=socket.gethostname)
    pid: int = field(default_factory=os.getpid)
    started_at: datetime = field(default_factory=utcnow)

    @property
    def id(self) -> str:
        """`host:pid:start`; the start in microseconds tells two systems in one process apart."""
        return f"{self.host}:{self.pid}:{round(self.started_at.timestamp() * 1e6)}"


def live_processes(connection: Connection, now: datetime | None = None) -> list[dict[str, Any]]:
    """Return the processes that serve: `{id, host, pid, release, started_at, seen_at, age}`, oldest first.

    `age` is the number of seconds since each was seen, `release` 0 for one that serves something older
    than all releases. Reads only; without the table there are none.
    """
    return _seen(connection, now or moment(connection), living=True)


def remove_dead(connection: Connection, now: datetime | None = None) -> int:
    """Remove the rows of processes that ended without a word; return how many."""
    dead = [one["id"] for one in _seen(connection, now or moment(connection), living=False)]
    if not dead:
        return 0
    return connection.execute(delete(processes).where(processes.c.id.in_(dead))).rowcount


def say(connection: Connection, process: Process, release: int) -> None:
    """Renew the row of a process, or make it."""
    values = {"release": release, "seen_at": moment(connection)}
    done = connection.execute(
        update(processes).where(processes.c.id == process.id).values(values)
    ).rowcount
    if not done:
        row = {"id": process.id, "host": process.host, "pid": process.pid, **values}
        connection.execute(insert(processes).values({**row, "started_at": process.started_at}))


def unsay(connection: Connection, process: Process) -> None:
    """Remove the row of a process that ends, or that serves no more."""
    connection.execute(delete(processes).where(processes.c.id == process.id))


def moment(connection: Connection) -> datetime:
    """Return the time by the clock that all processes of a database share."""
    if connection.dialect.name != "postgresql":
        return utcnow()
    now: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
    return now


def _seen(connection: Connection, now: datetime, *, living: bool) -> list[dict[str, Any]]:
    if not inspect(connection).has_table(processes.name):
        return []
    rows = connection.execute(select(processes).order_by(processes.c.started_at, processes.c.id))
    found = []
    for row in rows.mappings():
        age = (now - row["seen_at"]).total_seconds()
        if (age <= DEAD_AFTER or _is_there(connection, row["host"], row["pid"], age)) is living:
            found.append({**row, "age": max(age, 0.0)})
    return found


def _is_there(connection: Connection, host: str, pid: int, age: float) -> bool:
    """Whether a silent process on an SQLite file is only kept from writing."""
    if connection.dialect.name != "sqlite" or host != socket.gethostname() or age > LOOKED_FOR:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # another user's, but there
        return True
    return True
