"""The data manager of a connection that has no session, or has one later."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from transaction.interfaces import ISavepointDataManager
from zope.interface import implementer
from zope.sqlalchemy.datamanager import SessionSavepoint

from talatat.db.retry import is_retryable

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from talatat.db.work import Work


@implementer(ISavepointDataManager)
class Joined:
    """Ends the connection of a `Work` with the transaction of its manager, in one phase."""

    def __init__(self, work: Work, connection: Connection) -> None:
        self.work = work
        self.transaction_manager = work.tm
        self._connection: Connection | None = connection

    def abort(self, transaction: Any) -> None:
        self._close()

    def tpc_begin(self, transaction: Any) -> None:
        self.work.flush()

    def commit(self, transaction: Any) -> None:
        pass

    def tpc_vote(self, transaction: Any) -> None:
        """Commit: in one phase, after all others have voted."""
        if self._connection is None:
            return
        if self.work.session is not None:
            self.work.session.commit()
        else:
            self.work.commit()
            self._give()
        self._close()

    def tpc_finish(self, transaction: Any) -> None:
        pass

    def tpc_abort(self, transaction: Any) -> None:
        self._close()

    def sortKey(self) -> str:  # noqa: N802  # the interface's name
        return f"~talatat:{id(self)}"  # the last: it commits when it votes

    def savepoint(self) -> SessionSavepoint:
        return SessionSavepoint(self.work.session_now())

    def should_retry(self, error: Exception) -> bool:
        return is_retryable(error)

    def _give(self) -> None:
        """Keep the connection at hand for the next request, where SQLAlchemy never knew of the transaction."""
        connection = self._connection
        if connection is not None and not connection.in_transaction():
            self._connection = None
            self.work.ended()
            self.work.database.spare.give(connection.connection)

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                if self.work.session is not None:
                    self.work.session.close()
            finally:
                self.work.ended()
                connection.close()
