"""`Noting`: listeners that note which rows of resources a transaction writes.

They listen to the statements of the application's own sessions, so whatever SQLAlchemy has built is seen:
a flush, bulk statements, Core statements on the session or on its connection, imports. SQL that is given
as text is not: whoever sends it calls `note`. The notes are written by one statement, just before the
commit, so that the rows of `talatat_change` are locked for a moment only and in one order.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import Session, SessionTransaction
from sqlalchemy.sql.dml import Delete, Insert, Update, UpdateBase

from talatat.db.prepared import concerns_writes
from talatat.db.work import ValuesOf, Work, work_of
from talatat.resources.changes.following import Followed, Following, owner_of
from talatat.resources.changes.notes import Key, Note, Notes
from talatat.resources.changes.statements import id_text
from talatat.resources.changes.table import write
from talatat.resources.changes.touching import Touching

NOTES = "talatat.notes"  # under which a session's `info` keeps what its transaction has noted
NOTING = "talatat.noting"  # and whose listeners it has


class Noting:
    """The listeners of one composed system."""

    def __init__(self, following: Following) -> None:
        self.following = following
        self._touching = Touching(following)
        self._of: WeakKeyDictionary[sa.Connection, Notes] = WeakKeyDictionary()

    def listen(self, database: Any) -> None:
        """Listen to the sessions and the engine of `database`, and follow what goes past these."""
        database.listen("after_begin", self._begun)
        database.listen("before_commit", self._commit)
        database.listen("after_soft_rollback", self._rolled_back)
        database.listen("before_execute", self._before, retval=True)
        database.listen("after_execute", self._after)
        database.followers.append(self)
        engine = database.engine
        event.listen(engine, "savepoint", self._savepoint)
        event.listen(engine, "rollback_savepoint", self._savepoint_rolled_back)
        event.listen(engine, "release_savepoint", self._savepoint_released)

    def note(self, session: Session, model: type[Any], ids: Iterable[Any]) -> None:
        """Take note that these rows were written. LookupError for a model of no composed resource."""
        owner = owner_of(model)
        followed = self.following.tables.get(owner)
        own = [] if followed is None else [one for one in followed.links if one.own]
        if not own:
            raise LookupError(f"{model.__qualname__} is the model of no composed resource")
        notes = self._notes(session)
        for value in ids:
            notes.touch((owner, id_text(own[0].column, value)))

    def settle(self, session: Session) -> None:
        """Write what is noted so far, for somebody who is about to read it in this transaction."""
        session.flush()
        self._write(session)

    def noted(self, session: Session, key: Key) -> Note | None:
        """What this transaction has noted of a row and not written yet."""
        return self._notes(session).of(key)

    def _notes(self, session: Session) -> Notes:
        session.connection()  # the transaction has begun, and with it the notes
        notes: Notes = session.info[NOTES]
        return notes

    @concerns_writes
    def _begun(
        self, session: Session, transaction: SessionTransaction, connection: sa.Connection
    ) -> None:
        if not transaction.nested:
            if self._of.get(connection) is None:
                self.begun(connection)
            session.info[NOTES] = self._of[connection]
            session.info[NOTING] = self

    def begun(self, connection: sa.Connection) -> None:
        """A transaction has begun: there is nothing to note yet."""
        self._of[connection] = Notes()

    def inserted(self, connection: sa.Connection, table: sa.Table, values_of: ValuesOf) -> None:
        """Rows were inserted past the listeners."""
        followed = self.following.tables.get(table.name)
        if followed is not None:
            self._touching.inserted_past(self._of[connection], followed, values_of)

    def updated(self, connection: sa.Connection, table: sa.Table, ids: Sequence[Any]) -> None:
        """Rows were updated past the listeners."""
        followed = self.following.tables.get(table.name)
        if followed is not None:
            self._touching.updated_past(self._of[connection], followed, ids)

    def knows_by(self, key: sa.Column[Any]) -> bool:
        """Whether the ids of a table's rows tell which rows' changes an update of them is."""
        followed = self.following.tables.get(key.table.name)
        return followed is None or all(link.column is key for link in followed.links)

    def commits(self, work: Work) -> None:
        """Write the notes of a transaction without a session."""
        assert work.connection is not None
        notes = self._of[work.connection]
        if notes:
            write(work, _rows(notes))

    def _rolled_back(self, session: Session, transaction: SessionTransaction) -> None:
        if transaction.parent is None and (notes := session.info.pop(NOTES, None)) is not None:
            notes.clear()  # the connection may go on

    def _commit(self, session: Session) -> None:
        if not session.in_nested_transaction():
            session.flush()
            self._write(session)

    def _write(self, session: Session) -> None:
        notes: Notes | None = session.info.get(NOTES)
        if notes:
            write(work_of(session), _rows(notes))

    def _savepoint(self, connection: sa.Connection, *_: Any) -> None:
        if (notes := self._of.get(connection)) is not None:
            notes.begin_savepoint()

    def _savepoint_rolled_back(self, connection: sa.Connection, *_: Any) -> None:
        if (notes := self._of.get(connection)) is not None:
            notes.roll_back_savepoint()

    def _savepoint_released(self, connection: sa.Connection, *_: Any) -> None:
        if (notes := self._of.get(connection)) is not None:
            notes.release_savepoint()

    def _concerned(
        self, connection: sa.Connection, element: UpdateBase
    ) -> tuple[Notes, Followed] | None:
        notes = self._of.get(connection)
        followed = self.following.tables.get(getattr(element.table, "name", ""))
        return None if notes is None or followed is None else (notes, followed)

    @concerns_writes
    def _before(
        self, connection: sa.Connection, element: Any, many: Any, one: Any, options: Any
    ) -> Any:
        if isinstance(element, UpdateBase) and (found := self._concerned(connection, element)):
            notes, followed = found
            sets = many or [one]
            if isinstance(element, Update):
                element = self._touching.update(connection, notes, followed, element, sets)
            elif isinstance(element, Delete):
                element = self._touching.delete(connection, notes, followed, element, sets)
            elif isinstance(element, Insert) and element.select is not None:
                element = self._touching.insert_select(connection, notes, followed, element, one)
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
        if isinstance(element, UpdateBase) and (found := self._concerned(connection, element)):
            notes, followed = found
            if isinstance(element, Update):
                self._touching.updated(notes, followed, result)
            elif isinstance(element, Insert):
                self._touching.inserted(connection, notes, followed, element, result)


def _rows(notes: Notes) -> list[dict[str, Any]]:
    return [
        {"table_name": table, "row_id": row_id, "deleted": note.deleted,
         "version": note.version, "kept": note.kept}
        for (table, row_id), note in notes.taken()
    ]  # fmt: skip


def note(request_or_session: Any, model: type[Any], ids: Iterable[Any]) -> None:
    """Put rows of `model` into the change feed, for what was written by SQL text or behind the ORM.

    `request_or_session` is a request or a session of the application, in whose transaction the rows
    were written; `ids` are theirs, those of deleted ones too. LookupError for the model of no resource.
    """
    session = getattr(request_or_session, "db", request_or_session)
    session.connection()  # the transaction has begun
    noting: Noting | None = session.info.get(NOTING)
    if noting is None:
        raise LookupError("this session is not one of a composed application")
    noting.note(session, model, ids)
