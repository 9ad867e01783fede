"""`Database`: the engine of one composed process, and sessions joined to explicit transactions.

Nobody commits a session: the transaction manager that it was made for does. For a request that is
`request.tm` (pyramid_tm), for a script `with transaction(system) as (tm, session)`. No transaction is
thread-local, so that a host or a mounted application with a manager of its own cannot lose commits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import Engine, event
from sqlalchemy.orm import Session, sessionmaker
from transaction import TransactionManager
from transaction._transaction import Status
from zope.sqlalchemy.datamanager import STATUS_CHANGED, join_transaction

from talatat.db.engine import DEFERRED, make_engine, make_migration_engine, parse_url
from talatat.db.origin import serve
from talatat.db.prepared import concerned, concerns_writes

if TYPE_CHECKING:
    from pyramid.request import Request

    from talatat.db.prepared import Prepared, Row, Values
    from talatat.system import System

READING = frozenset({"GET", "HEAD", "OPTIONS"})
MANAGER = "talatat.tm"  # under which a session's `info` keeps its transaction manager


class DatabaseSettings(Protocol):
    """What `Database` reads of the platform's settings."""

    url: str
    pool_size: int
    max_overflow: int
    pool_timeout: float
    statement_timeout: float
    lock_timeout: float
    costs: bool


class Database:
    """One database as one composed process uses it. Making it opens no connection.

    `engine` serves requests, `sessionmaker` makes their sessions (an event listened for on it concerns
    this composition only), `dialect` is "sqlite" or "postgresql".
    """

    def __init__(self, settings: DatabaseSettings) -> None:
        self.url = parse_url(settings.url)
        self.lock_timeout = settings.lock_timeout
        self.engine: Engine = make_engine(
            self.url,
            pool_size=settings.pool_size,
            max_overflow=settings.max_overflow,
            pool_timeout=settings.pool_timeout,
            statement_timeout=settings.statement_timeout,
            lock_timeout=settings.lock_timeout,
            count=settings.costs,
        )
        # The same pool; on SQLite its transactions take no write lock until they write.
        self.reading_engine: Engine = self.engine.execution_options(**DEFERRED)
        # Names of routes whose POST only reads, such as that of a search.
        self.reading_routes: set[str] = set()
        # A subclass of its own: listeners on it do not reach other composed applications.
        own = type("Session", (Session,), {})
        self.sessionmaker: sessionmaker[Session] = sessionmaker(self.engine, class_=own)
        # What `zope.sqlalchemy.register` listens for, once rather than for each session anew, and less
        # of it: sessions begin as changed, so nobody has to notice that they were.
        event.listen(self.sessionmaker, "after_begin", _join)
        event.listen(self.sessionmaker, "after_attach", _join)
        event.listen(self.sessionmaker, "before_commit", _only_by_the_manager)
        self._heard: Any = self.sessionmaker(info={MANAGER: None}).dispatch

    @property
    def dialect(self) -> str:
        """The name of the database system: "sqlite" or "postgresql"."""
        return self.engine.dialect.name

    @cached_property
    def migration_engine(self) -> Engine:
        """The engine for migrations: see `make_migration_engine`."""
        return make_migration_engine(self.url, lock_timeout=self.lock_timeout)

    def session(self, tm: TransactionManager, *, reading: bool = False) -> Session:
        """Return a session that lives and ends with the transaction that `tm` has begun.

        `reading` says that writing is not expected; it may write all the same. Every transaction is
        committed, one that only read too: text and Core statements cannot be told from reads, and a
        write that is not committed is worse than a COMMIT of nothing.
        """
        engine = self.reading_engine if reading else self.engine
        return self.sessionmaker(bind=engine, info={MANAGER: tm})

    def session_for(self, request: Request) -> Session:
        """Return a new session on `request.tm`. `request.db` is this, once per request.

        GET, HEAD and OPTIONS read, and what `reading_routes` names, except when the request is tried
        again: the first try may have failed because another writer came between its read and its write.
        """
        again = request.environ.get("retry.attempt", 0) > 0
        reads = request.method in READING or self._only_reads(request)
        session = self.session(request.tm, reading=reads and not again)
        serve(session, request)
        return session

    @property
    def filters_statements(self) -> bool:
        """Whether somebody listens to the statements of sessions, and so may change them."""
        return bool(self._heard.do_orm_execute)

    @property
    def watches_entities(self) -> bool:
        """Whether somebody listens to the entities that sessions load, such as an audit of what was read."""
        return bool(self._heard.loaded_as_persistent)

    def read(self, request: Request, prepared: Prepared, values: Values) -> Sequence[Row]:
        """The rows of a prepared SELECT: in the request's transaction if it has one, else without any.

        What the request has changed and not yet written is written first. Where somebody prepares the
        transactions of sessions (says who asks, for policies of the database's own) it has one.
        """
        session = request.__dict__.get("db")
        if session is None or not session.in_transaction():
            if not concerned(self._heard.after_begin, self._heard.after_transaction_create):
                return prepared.read(self.engine, values, self.reading_engine)
            session = request.db
        session.flush()
        return prepared.run(session.connection(), values)

    def _only_reads(self, request: Request) -> bool:
        route = getattr(request, "matched_route", None)
        return route is not None and route.name in self.reading_routes

    @contextmanager
    def transaction(self, *, reading: bool = False) -> Iterator[tuple[TransactionManager, Session]]:
        """Begin a transaction; commit it when the block ends, abort it when the block raises."""
        tm = TransactionManager(explicit=True)
        tm.begin()
        session = self.session(tm, reading=reading)
        try:
            yield tm, session
        except BaseException:
            tm.abort()
            raise
        try:
            tm.commit()
        except BaseException:
            tm.abort()
            raise

    def dispose(self) -> None:
        """Close the pool's connections. The database can be used afterwards: they are made anew."""
        self.engine.dispose()

    def __repr__(self) -> str:
        return f"<Database {self.url.render_as_string(hide_password=True)}>"


@concerns_writes
def _join(session: Session, *details: Any) -> None:
    """Join a session that begins, or is given an object, to the transaction of its manager."""
    join_transaction(session, STATUS_CHANGED, session.info[MANAGER])


def _only_by_the_manager(session: Session) -> None:
    committing = session.info[MANAGER].get().status == Status.COMMITTING
    assert committing or session.in_nested_transaction(), (
        "a session is not committed by itself: its transaction manager does that"
    )


@contextmanager
def transaction(
    system: System, *, reading: bool = False
) -> Iterator[tuple[TransactionManager, Session]]:
    """Begin a transaction outside of a request: in a script, a command, a test.

    Yields the transaction manager and a session joined to it.
    """
    with system.database.transaction(reading=reading) as begun:
        yield begun


def request_db(request: Request) -> Any:
    """Return the request's session (the reified `request.db`)."""
    return request.registry.system.database.session_for(request)
