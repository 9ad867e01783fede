"""`Database`: the engine of one composed process, and sessions joined to explicit transactions.

Nobody commits a session: the transaction manager that it was made for does. For a request that is
`request.tm` (pyramid_tm), for a script `with transaction(system) as (tm, session)`. No transaction is
thread-local, so that a host or a mounted application with a manager of its own cannot lose commits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from itertools import chain
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from sqlalchemy import Engine, event
from sqlalchemy.orm import Session, sessionmaker
from transaction import TransactionManager
from transaction._transaction import Status
from zope.sqlalchemy.datamanager import STATUS_CHANGED, join_transaction

from talatat.db.engine import DEFERRED, make_engine, make_migration_engine, parse_url
from talatat.db.origin import serve
from talatat.db.prepared import DIRECT, concerned, concerns_writes, runs_directly
from talatat.db.reading import end_reading, read
from talatat.db.spare import Spare
from talatat.db.work import ADOPTED, DATABASE, WORK, Follower, Work, work_of

if TYPE_CHECKING:
    from pyramid.request import Request

    from talatat.db.prepared import Prepared, Row, Values
    from talatat.system import System

READING = frozenset({"GET", "HEAD", "OPTIONS"})
# Events of engines and of sessions whose listeners may look at, or change, what is done.
STATEMENTS = (
    "before_execute",
    "after_execute",
    "before_cursor_execute",
    "after_cursor_execute",
    "begin",
    "commit",
    "rollback",
)
SESSIONS = (
    "after_transaction_create",
    "after_transaction_end",
    "after_begin",
    "before_attach",
    "after_attach",
    "before_flush",
    "after_flush",
    "after_flush_postexec",
    "do_orm_execute",
    "before_commit",
    "after_commit",
    "after_rollback",
    "after_soft_rollback",
    "transient_to_pending",
    "pending_to_persistent",
    "loaded_as_persistent",
)
_STATEMENTS, _SESSIONS = attrgetter(*STATEMENTS), attrgetter(*SESSIONS)
_BEGINNINGS = attrgetter("after_begin", "after_transaction_create")
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


class _Reads(NamedTuple):
    """What follows for reads from who listens: `heard` are the events, `holders` hold their `listeners`."""

    heard: tuple[Any, ...]
    holders: list[Any]
    listeners: list[Any]
    prepared: bool  # somebody prepares the transactions of sessions
    direct: bool  # statements may go past SQLAlchemy


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
        self.spare = Spare(self.engine)
        # The same pool; on SQLite its transactions take no write lock until they write.
        self.reading_engine: Engine = self.engine.execution_options(**DEFERRED)
        # Names of routes whose POST only reads, such as that of a search.
        self.reading_routes: set[str] = set()
        # A subclass of its own: listeners on it do not reach other composed applications.
        own = type("Session", (Session,), {})
        self.sessionmaker: sessionmaker[Session] = sessionmaker(self.engine, class_=own)
        # What `zope.sqlalchemy.register` listens for, once rather than for each session anew, and less
        # of it: sessions begin as changed, so nobody has to notice that they were.
        self._ours = 0
        self.listen("after_begin", _join)
        self.listen("after_attach", _join)
        self.listen("before_commit", _only_by_the_manager)
        self._heard: Any = self.sessionmaker(info={MANAGER: None}).dispatch
        self._holders: tuple[Any, list[Any]] = (), []
        self._reads = _Reads((), [], [], prepared=False, direct=False)
        # Who is told of what is written past these listeners, and of which models each row has an
        # extension from its beginning.
        self.followers: list[Follower] = []
        self.always_of: Callable[[type[Any]], Sequence[Any]] = lambda _: ()

    def listen(self, name: str, listener: Callable[..., Any], **options: Any) -> None:
        """Let the platform listen to an event of sessions, or of statements.

        Unlike other listeners it does not keep statements from going straight to the driver: who calls
        this is a `Follower`, or need not be told.
        """
        target: Any = self.engine if name in STATEMENTS else self.sessionmaker.class_
        event.listen(target, name, listener, **options)
        if name in STATEMENTS or name in SESSIONS:
            self._ours += 1

    def is_unheard(self, session: Session | None = None) -> bool:
        """Whether nobody but the platform listens to sessions and statements, and it is psycopg.

        With a session it is about that one and its connection, else about those to come.
        """
        if self.engine.dialect.driver != DIRECT:
            return False
        where = self.engine if session is None else session.connection()
        if where.get_execution_options().get("schema_translate_map"):
            return False
        statements: Any = where.dispatch
        sessions: Any = self._heard if session is None else session.dispatch
        heard = (*_STATEMENTS(statements), *_SESSIONS(sessions))
        if session is not None:
            return _count(_holders(heard)) == self._ours
        # Who begins to listen is put into one of these, or makes another one.
        if heard != self._holders[0]:
            self._holders = heard, _holders(heard)
        return _count(self._holders[1]) == self._ours

    @property
    def dialect(self) -> str:
        """The name of the database system: "sqlite" or "postgresql"."""
        return self.engine.dialect.name

    @cached_property
    def migration_engine(self) -> Engine:
        """The engine for migrations: see `make_migration_engine`."""
        return make_migration_engine(self.url, lock_timeout=self.lock_timeout)

    def end_reading(self, request: Request) -> None:
        """Give back the connection that a request reads with, before it waits for something else for long."""
        end_reading(request)

    def session(self, tm: TransactionManager, *, reading: bool = False) -> Session:
        """Return a session that lives and ends with the transaction that `tm` has begun.

        `reading` says that writing is not expected; it may write all the same. Every transaction is
        committed, one that only read too: text and Core statements cannot be told from reads, and a
        write that is not committed is worse than a COMMIT of nothing.
        """
        engine = self.reading_engine if reading else self.engine
        self.spare.make_room()
        return self.sessionmaker(bind=engine, info={MANAGER: tm, DATABASE: self})

    def session_for(self, request: Request) -> Session:
        """Return a new session on `request.tm`. `request.db` is this, once per request.

        What the request has done without a session becomes a part of it.
        """
        end_reading(request)
        work: Work | None = request.__dict__.get(WORK)
        if work is not None and work.connection is not None:
            session = self.sessionmaker(
                bind=work.connection,
                info={MANAGER: request.tm, DATABASE: self, ADOPTED: True},
                join_transaction_mode="control_fully",
            )
            serve(session, request)
            work.adopt(session)
            return session
        engine = self.engine_for(request)
        session = self.session(request.tm, reading=engine is self.reading_engine)
        serve(session, request)
        if work is not None:
            work.session = session
        return session

    @property
    def filters_statements(self) -> bool:
        """Whether somebody listens to the statements of sessions, and so may change them."""
        return bool(self._heard.do_orm_execute)

    @property
    def watches_entities(self) -> bool:
        """Whether somebody listens to the entities that sessions load, such as an audit of what was read."""
        return bool(self._heard.loaded_as_persistent)

    def engine_for(self, request: Request) -> Engine:
        """The engine that a request begins its transaction with.

        GET, HEAD and OPTIONS read, and what `reading_routes` names, except when the request is tried
        again: the first try may have failed because another writer came between its read and its write.
        """
        if request.environ.get("retry.attempt", 0) > 0:
            return self.engine
        reads = request.method in READING or self._only_reads(request)
        return self.reading_engine if reads else self.engine

    def read(self, request: Request, prepared: Prepared, values: Values) -> Sequence[Row]:
        """The rows of a prepared SELECT: in the request's transaction if it has one, else without any.

        What the request has changed and not yet written is written first. Where somebody prepares the
        transactions of sessions (says who asks, for policies of the database's own) it has one.
        """
        session = request.__dict__.get("db")
        work: Work | None = request.__dict__.get(WORK)
        if session is not None:
            begun = session.in_transaction()
        else:
            begun = work is not None and work.connection is not None
        if not begun:
            heard = (*_STATEMENTS(self.engine.dispatch), *_BEGINNINGS(self._heard))
            # Who begins to listen is put into one of these, or makes another one.
            reads = self._reads
            if heard != reads.heard or reads.listeners != [*chain.from_iterable(reads.holders)]:
                self._reads = self._reading(heard)
            if not self._reads.prepared:
                return self._read(request, prepared, values)
            request.db  # noqa: B018  # its transaction is prepared by somebody
        return work_of(request).rows(prepared, values)

    def _reading(self, heard: tuple[Any, ...]) -> _Reads:
        holders = _holders(heard)
        return _Reads(
            heard,
            holders,
            [*chain.from_iterable(holders)],
            concerned(self._heard.after_begin, self._heard.after_transaction_create),
            runs_directly(self.engine) and not concerned(self.engine.dispatch.begin),
        )

    def _read(self, request: Request, prepared: Prepared, values: Values) -> Sequence[Row]:
        """The rows of a prepared SELECT, without a transaction of the request."""
        if self._reads.direct:
            rows = read(request, self.engine, self.spare, prepared, values)
            if rows is not None:
                return rows
        with self.reading_engine.begin() as connection:
            return connection.execute(prepared.statement, dict(values)).all()

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


def _holders(heard: Sequence[Any]) -> list[Any]:
    """What holds the listeners of some events."""
    return [held for one in heard for held in (one.listeners, one.parent_listeners)]


def _count(holders: Sequence[Any]) -> int:
    return sum(map(len, holders))


@concerns_writes
def _join(session: Session, *details: Any) -> None:
    """Join a session that begins, or is given an object, to the transaction of its manager."""
    if ADOPTED in session.info:  # its connection was joined before it
        return
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
