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
from transaction.interfaces import NoTransaction
from transaction.weakset import WeakSet

if TYPE_CHECKING:
    from pyramid.request import Request

_logger = getLogger("txn")


class _Nobody(WeakSet):
    """An empty set for all managers: the first who wants to hear of one's transactions gets it a set of its own."""

    def map(self, function: Any) -> None:
        """Nothing: there is nobody."""


_NOBODY = _Nobody()


class RequestTransaction(Transaction):
    """One that ends at once if there is nothing to end."""

    _description: str

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
            or self._synchronizers is not _NOBODY
            or self.status is not Status.ACTIVE
        ):
            super().commit()
            return
        self.status = Status.COMMITTED
        self._free_manager()

    def note(self, text: str | None) -> None:
        """Describe it; what comes first, the path of the request, is the description."""
        if type(text) is str and not self._description:
            self._description = text.strip()
        else:
            super().note(text)


class RequestManager(TransactionManager):
    """Begins such transactions, explicitly: one that nobody has begun is an error."""

    _txn: Transaction | None

    def __init__(self) -> None:
        # What `TransactionManager` has, but for a set of those who want to hear of transactions.
        self.explicit = True
        self._txn = None
        self._synchs: Any = _NOBODY

    def registerSynch(self, synch: Any) -> None:  # noqa: N802  # the interface's name
        """Let somebody hear of this transaction and of those to come."""
        if self._synchs is _NOBODY:
            self._synchs = WeakSet()
            if self._txn is not None:
                self._txn._synchronizers = self._synchs
        super().registerSynch(synch)

    def begin(self) -> Transaction:
        """Begin one; AlreadyInTransaction where it has begun."""
        if self._txn is not None or self._synchs is not _NOBODY:
            return super().begin()
        found = self._txn = RequestTransaction(_NOBODY, self)
        return found

    def isDoomed(self) -> bool:  # noqa: N802  # the interface's name
        """Whether it can only be aborted; NoTransaction where none has begun."""
        if self._txn is None:
            raise NoTransaction
        return self._txn.status is Status.DOOMED


def manager_of(request: Request) -> TransactionManager:
    """The manager of a new request: the setting `tm.manager_hook`, and `request.tm` where nobody sets another."""
    given: TransactionManager | None = request.environ.get("tm.manager")
    return RequestManager() if given is None else given
