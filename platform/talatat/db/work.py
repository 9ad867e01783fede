"""`Work`: statements in the transaction of a request, and no session as long as nobody wants one.

    work = work_of(request)
    rows = work.rows(LOCKED, {"ids": ids})          # a `Prepared`: compiled once, run on the driver
    work.change(MOVE, {id: {"change": -2}, ...})    # a `Change`: one UPDATE for many rows
    work.insert(new(Order, lines=[...]))            # one INSERT for each table

An ORM session costs a few hundred calls before its first statement and as many at the commit. `Work` takes a
connection from the pool and joins it to `request.tm`. A `request.db` that is asked for later works on the same
connection, in the same transaction, and has the entities that were inserted; from then on it writes them.
Where there is a session already, what it has changed is written first and its connection is used.

What runs on the driver is seen by no listener of SQLAlchemy's. The platform's own, such as the change feed,
are told as `Follower`s. As soon as anybody else listens (an audit, a test that counts statements), and on
SQLite, everything goes the ordinary way: through the session, with the same result.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import Connection
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import instance_state

from talatat.db import inserting
from talatat.db.joined import Joined
from talatat.db.prepared import concerned, runs_directly, tell
from talatat.db.reading import taken

if TYPE_CHECKING:
    from pyramid.request import Request
    from sqlalchemy import Column, Engine, Table
    from transaction import TransactionManager

    from talatat.db.change import Change
    from talatat.db.prepared import Prepared, Row, Values
    from talatat.db.session import Database

WORK = "talatat.work"  # under which a request's `__dict__` keeps it
ADOPTED = "talatat.adopted"  # in a session's `info`: a `Work` has joined its connection
DATABASE = "talatat.database"  # under which a session's `info` keeps its `Database`

ValuesOf = Callable[["Column[Any]"], Sequence[Any]]
"""Column -> its values in the rows that were written."""


class Follower(Protocol):
    """Who is told of what is written past SQLAlchemy's listeners."""

    def begun(self, connection: Connection) -> None:
        """A transaction has begun, without a session."""

    def inserted(self, connection: Connection, table: Table, values_of: ValuesOf) -> None:
        """Rows were inserted."""

    def updated(self, connection: Connection, table: Table, ids: Sequence[Any]) -> None:
        """The rows with these ids were updated."""

    def knows_by(self, key: Column[Any]) -> bool:
        """Whether the ids of updated rows say all that is to be known of them."""

    def commits(self, work: Work) -> None:
        """A transaction without a session is about to be committed."""


class Work:
    """The transaction of one request, or of one session."""

    def __init__(
        self,
        database: Database,
        session: Session | None = None,
        tm: TransactionManager | None = None,
        engine: Engine | None = None,
        request: Request | None = None,
    ) -> None:
        self.database = database
        self.session = session
        self.tm = tm
        self.engine = engine
        self.connection: Connection | None = None  # in a transaction that began without a session
        self._request = None if request is None else weakref.ref(request)
        self._inserted: list[Any] = []
        self._unheard: bool | None = None

    @property
    def request(self) -> Request | None:
        """The request that this works for, as long as there is one."""
        return None if self._request is None else self._request()

    def rows(self, prepared: Prepared, values: Values) -> Sequence[Row]:
        """All rows of a prepared SELECT."""
        connection = self.begin()
        if connection is None:  # whoever listens may hear of writes alone
            session = self.session_now()
            connection = session.connection()
            if concerned(session.dispatch.do_orm_execute) or not runs_directly(connection):
                return session.execute(prepared.statement, dict(values)).all()
        return prepared.fetch(connection, values)

    def row(self, prepared: Prepared, values: Values) -> Row | None:
        """The row of a prepared SELECT that finds one at most."""
        found = self.rows(prepared, values)
        return found[0] if found else None

    def execute(self, prepared: Prepared, values: Values) -> None:
        """Run a prepared statement that gives no rows.

        No follower is told: this is for tables that are no resource's, or with `note` after it.
        """
        connection = self.begin()
        if connection is None:
            self.session_now().execute(prepared.statement, dict(values))
        else:
            prepared.send(connection, values)

    def change(self, change: Change, rows: Mapping[Any, Mapping[str, Any]]) -> None:
        """Update rows by their ids ({id: values})."""
        change.run(self, rows)

    def insert(self, *entities: Any) -> None:
        """Write new entities, with what belongs to them, now; owners before what belongs to them."""
        connection = self.begin()
        if self.session is None and connection is not None:
            groups = inserting.plain(entities, self.database.always_of)
            if groups is not None:
                inserting.insert(self, connection, groups)
                self._inserted += [one for group in groups.values() for one in group]
                return
        session = self.session_now()
        session.add_all(entities)
        session.flush()

    def begin(self) -> Connection | None:
        """The connection for what goes straight to the driver, in its transaction.

        None where everything goes through the session. What was changed of entities is written first.
        """
        self._write_changes()
        session = self.session
        if session is not None:
            return session.connection() if self.database.is_unheard(session) else None
        if self.connection is None and self._is_unheard():
            self.connection = self._begin()
        return self.connection

    def flush(self) -> None:
        """Write what was changed of entities, so that the database has its say."""
        self._write_changes()
        if self.session is not None:
            self.session.flush()

    def no_autoflush(self) -> AbstractContextManager[object]:
        """Let queries in a block not write what was changed before them."""
        return nullcontext() if self.session is None else self.session.no_autoflush

    def session_now(self) -> Session:
        """The session of this transaction, made now if there is none."""
        if self.session is None:
            request = self.request
            assert request is not None
            self.session = request.db
        return self.session

    def adopt(self, session: Session) -> None:
        """Let `session`, which is bound to this connection, have all that was inserted."""
        session.connection()  # its transaction begins, which is ours
        session.add_all(self._inserted)
        self._inserted.clear()
        self.session = session

    def commit(self) -> None:
        """Commit what was written without a session."""
        connection = self.connection
        assert connection is not None
        for follower in self.database.followers:
            follower.commits(self)
        if connection.in_transaction():
            connection.commit()
            return
        try:
            connection.dialect.do_commit(connection.connection)
        except Exception as error:  # noqa: BLE001  # it is raised again, as SQLAlchemy's own commit would
            tell(connection, error)

    def ended(self) -> None:
        """The transaction is over; the request may begin another one, as a login does between two."""
        self.connection = None
        self._inserted.clear()
        if self.session is not None:  # it goes on like any other
            self.session.bind = self.engine
            self.session.info.pop(ADOPTED, None)

    def _is_unheard(self) -> bool:
        if self._unheard is None:
            self._unheard = self.database.is_unheard()
        return self._unheard

    def _write_changes(self) -> None:
        """Whatever was changed of an entity since it was inserted is for a session to write."""
        for one in self._inserted:
            if instance_state(one).modified:
                self.session_now()
                break
        if self.session is not None and self.session.autoflush:
            self.session.flush()

    def _begin(self) -> Connection:
        assert self.tm is not None
        assert self.engine is not None
        transaction = self.tm.get()  # where there is none this raises: no connection is taken
        fairy = taken(self.request)
        if fairy is None:
            self.database.spare.make_room()
        # libpq alone knows of the transaction, which begins with its first statement. SQLAlchemy learns of it when it
        # has a statement of its own to run, or an error to tell.
        connection = Connection(self.engine, fairy)
        try:
            for follower in self.database.followers:
                follower.begun(connection)
            transaction.join(Joined(self, connection))
        except BaseException:
            connection.close()
            raise
        return connection


def work_of(request_or_session: Any) -> Work:
    """The work of a request, or of a session of the application."""
    if isinstance(request_or_session, Session):
        return _of_session(request_or_session)
    members = request_or_session.__dict__
    found: Work | None = members.get(WORK)
    session = members.get("db")
    if found is None or found.session is not session:
        if session is not None:
            found = _of_session(session)
        else:
            database = request_or_session.registry.system.database
            found = Work(
                database,
                None,
                request_or_session.tm,
                database.engine_for(request_or_session),
                request_or_session,
            )
        members[WORK] = found
    return found


def _of_session(session: Session) -> Work:
    database = session.info.get(DATABASE)
    if database is None:
        raise LookupError("this session is not one of a composed application")
    return Work(database, session)
