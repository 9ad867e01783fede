"""The transaction manager of a request, which does nothing for a transaction that nobody has joined.

Most requests that read never need one: what they read is a statement at a time. Yet whoever wants to join has to
find it begun, so it is, as cheaply as can be: `transaction` makes a logger for each, and prepares the end of one
in which there may be anything.
"""

from __future__ import annotations

from logging import getLogger
from typing import TYPE_CHECKING, Any

from transaction import Transaction, TransactionManager
from transaction._transaction import Status

if TYPE_CHECKING:
    from pyramid.request import Request

_logger = getLogger("txn")


class RequestTransaction(Transaction):
    """One that ends at once if there is nothing to end."""

    def __init__(self, synchronizers: Any, manager: Any) -> None:
        # What `Transaction` has, but for a logger with the number of the thread in its name.
        self.status = Status.ACTIVE
        self.log = _logger
        self.extension: dict[str, Any] = {}
        self._synchronizers = synchronizers
        self._manager = manager
        self._failure_traceback = None
        self._adapters: dict[Any, Any] = {}
        self._voted: dict[int, bool] = {}
        self._resources: list[Any] = []
        self._before_commit: list[Any] = []
        self._after_commit: list[Any] = []
        self._before_abort: list[Any] = []
        self._after_abort: list[Any] = []

    def commit(self) -> None:
        """Commit what has joined."""
        if (
            self._resources
            or self._before_commit
            or self._after_commit
            or self._savepoint2index
            or self._synchronizers
            or self.status is not Status.ACTIVE
        ):
            super().commit()
            return
        self.status = Status.COMMITTED
        self._free()


class RequestManager(TransactionManager):
    """Begins such transactions, explicitly: one that nobody has begun is an error."""

    _txn: Transaction | None

    def __init__(self) -> None:
        super().__init__(explicit=True)

    def begin(self) -> Transaction:
        """Begin one; AlreadyInTransaction where it has begun."""
        if self._txn is not None or self._synchs:
            return super().begin()
        found = self._txn = RequestTransaction(self._synchs, self)
        return found


def manager_of(request: Request) -> RequestManager:
    """The manager of a new request: the setting `tm.manager_hook`."""
    return RequestManager()
