"""`Capturing`: the listeners of one composed system, and its entries just before the commit.

They listen to the sessions and the engine of the application, as the change feed does. All entries of a
transaction are one INSERT in that transaction: what is committed has its entry, what is rolled back none.
"""

from __future__ import annotations

import time
from functools import cached_property
from types import SimpleNamespace
from typing import Any
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import Session, SessionTransaction
from sqlalchemy.sql.dml import UpdateBase

from talatat.db.prepared import concerns_writes
from talatat.db.session import MANAGER
from talatat_audit.capturing.changes import Changes, entry_of
from talatat_audit.capturing.statements import Reading
from talatat_audit.capturing.tables import Tables
from talatat_audit.context import context_of
from talatat_audit.sealing import SealDue
from talatat_audit.writing import Row, write

CHANGES = "talatat_audit.changes"  # under which a session's `info` keeps what it has changed


class Capturing:
    """What sessions of one system write."""

    def __init__(self, system: Any) -> None:
        self.system = system
        self._of: WeakKeyDictionary[sa.Connection, Changes] = WeakKeyDictionary()
        self._seal_due = 0.0

    @cached_property
    def reading(self) -> Reading:
        """Made at the first statement: everything is composed by then."""
        return Reading(Tables(self.system))

    def listen(self) -> None:
        """Listen to the system's sessions and its engine."""
        sessions, engine = self.system.database.sessionmaker, self.system.database.engine
        event.listen(sessions, "after_begin", self._begun)
        event.listen(sessions, "before_flush", self._flush_begins)
        event.listen(sessions, "after_flush", self._flush_ends)
        event.listen(sessions, "before_commit", self._commit)
        event.listen(sessions, "after_soft_rollback", self._rolled_back)
        event.listen(engine, "before_execute", self._before, retval=True)
        event.listen(engine, "after_execute", self._after)
        event.listen(engine, "savepoint", self._savepoint)
        event.listen(engine, "rollback_savepoint", self._savepoint_rolled_back)
        event.listen(engine, "release_savepoint", self._savepoint_released)

    @concerns_writes
    def _begun(
        self, session: Session, transaction: SessionTransaction, connection: sa.Connection
    ) -> None:
        if not transaction.nested:
            self._of[connection] = session.info[CHANGES] = Changes(session)

    def _flush_begins(self, session: Session, *_: Any) -> None:
        if (changes := session.info.get(CHANGES)) is not None:
            changes.flushing = True
        else:
            session.connection()  # the transaction begins, and with it what it changes
            session.info[CHANGES].flushing = True

    def _flush_ends(self, session: Session, *_: Any) -> None:
        session.info[CHANGES].flushing = False

    def _rolled_back(self, session: Session, transaction: SessionTransaction) -> None:
        if (changes := session.info.get(CHANGES)) is not None:
            changes.flushing = False
        if transaction.parent is None:
            session.info.pop(CHANGES, None)

    def _commit(self, session: Session) -> None:
        if session.in_nested_transaction():
            return
        session.flush()
        changes: Changes | None = session.info.get(CHANGES)
        if not changes:
            return
        found = changes.taken()
        if found:
            context = context_of(session, self.system, changes.origin)
            write(session.connection(), [entry_of(one, context) for one in found])
            self._have_sealed(session)

    def _have_sealed(self, session: Session) -> None:
        """Have the outbox seal what this process writes from now on, some time later."""
        seconds = self.system.settings["audit"].seal_seconds
        now = time.monotonic()
        if seconds and now >= self._seal_due:
            self._seal_due = now + seconds
            asking = SimpleNamespace(db=session, tm=session.info[MANAGER])
            self.system.outbox.write(asking, SealDue(), after=seconds)

    @concerns_writes
    def _before(
        self, connection: sa.Connection, element: Any, many: Any, one: Any, options: Any
    ) -> Any:
        if isinstance(element, UpdateBase | sa.TextClause):
            changes = self._of.get(connection)
            if changes is None:
                return element, many, one
            if isinstance(element, UpdateBase):
                element = self.reading.before(connection, changes, element, many or [one])
            else:
                element = self.reading.before_text(changes, element)
        return element, many, one

    @concerns_writes
    def _after(
        self,
        connection: sa.Connection,
        element: Any,
        many: Any,
        one: Any,
        options: Any,
        result: Any,
    ) -> None:
        if isinstance(element, UpdateBase | sa.TextClause):
            changes = self._of.get(connection)
            if changes is not None:
                self.reading.after(connection, changes, result)

    def _savepoint(self, connection: sa.Connection, *_: Any) -> None:
        if (changes := self._of.get(connection)) is not None:
            changes.begin_savepoint()

    def _savepoint_rolled_back(self, connection: sa.Connection, *_: Any) -> None:
        if (changes := self._of.get(connection)) is not None:
            changes.roll_back_savepoint()

    def _savepoint_released(self, connection: sa.Connection, *_: Any) -> None:
        if (changes := self._of.get(connection)) is not None:
            changes.release_savepoint()


def noted(session: Session, made: Row) -> None:
    """Have an entry written with the session's transaction, if that is committed."""
    session.connection()  # the transaction has begun
    changes: Changes = session.info[CHANGES]
    changes.add(made)
