"""The lease: a row that says who is changing the database, for those who wait and for those who look.

The lock excludes others; the lease only tells. One that is found once the lock is had belongs to a process
that died, and is taken over.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, insert, inspect, select, update
from sqlalchemy.exc import SQLAlchemyError

from talatat.db.origin import who
from talatat.db.types import utcnow
from talatat.evolution.running.locking import Locked, begun, locked
from talatat.evolution.tables import lease as table

NAME = "apply"


@dataclass
class Lease:
    """The row of this process. `there` is False until the platform's tables have been made."""

    connection: Connection
    plan: str | None
    there: bool = False

    def take(self) -> None:
        """Write the row, in the open transaction, as soon as the table is there."""
        if not self.there and inspect(self.connection).has_table(table.name):
            self.connection.execute(delete(table))
            self.connection.execute(insert(table).values(self._row()))
            self.there = True

    def beat(self) -> None:
        """Say that this process is alive, in the open transaction."""
        self.take()
        if self.there:
            self.connection.execute(update(table).values(seen_at=utcnow()))

    def _row(self) -> dict[str, Any]:
        return {
            "name": NAME,
            "holder": who(),
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "command": " ".join(["talatat", *sys.argv[1:]])[:200],
            "plan": self.plan,
            "taken_at": utcnow(),
            "seen_at": utcnow(),
        }


@contextmanager
def held(connection: Connection, plan: str | None, patience: float = 60.0) -> Iterator[Lease]:
    """Hold the lock and the lease while the block runs. Raises Locked, naming who holds them."""
    try:
        with locked(connection, patience):
            lease = Lease(connection, plan)
            with begun(connection, patience):
                lease.take()
            try:
                yield lease
            finally:
                _give_back(lease)
    except Locked as error:
        raise Locked([f"{text}{_told(connection)}" for text in error.problems]) from error


def _give_back(lease: Lease) -> None:
    connection = lease.connection
    if connection.closed or connection.invalidated:
        return  # a server that went away: the next one takes over
    connection.rollback()
    try:
        with begun(connection):
            if inspect(connection).has_table(table.name):
                connection.execute(delete(table).where(table.c.pid == os.getpid()))
    except SQLAlchemyError:
        connection.rollback()  # what went wrong before is what is told


def _told(connection: Connection) -> str:
    if connection.closed or connection.invalidated:
        return ""
    connection.rollback()
    if not inspect(connection).has_table(table.name):
        return ""
    row = connection.execute(select(table)).first()
    connection.rollback()
    if row is None:
        return ""
    return (
        f" The lease is held by {row.holder}, process {row.pid} on {row.host}, since "
        f"{row.taken_at:%Y-%m-%d %H:%M:%S} UTC, last seen {row.seen_at:%H:%M:%S}: {row.command}"
    )
