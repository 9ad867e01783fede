"""How many statements a thread has sent, counted where all of them pass: by the driver's cursors.

A listener of the engine would not do. It sees nothing of what goes past the engine (`prepared`), and nothing
goes past an engine to which somebody listens. A cursor sees what a session sends, what SQLAlchemy's core
sends, and what is run on the driver itself, alike on both databases.

    before = SENT.count
    ...
    SENT.count - before         # what this thread has sent meanwhile

`execute` is one statement, and so is `executemany`, however many rows it takes. BEGIN, COMMIT and ROLLBACK are
none, nor is a PRAGMA; savepoints are. COPY is not seen.
"""

from __future__ import annotations

import sqlite3
import threading
from typing import Any

from sqlalchemy import Engine, event


class Sent(threading.local):
    """`count` is the number of statements that this thread has sent, to whatever database."""

    count = 0


SENT = Sent()
# Sent as statements to SQLite alone, by `db.engine` and `db.turns`.
_NONE = ("BEGIN", "PRAGMA")


class _Counting:
    """What is done by a cursor of either driver."""

    __slots__ = ()

    def execute(self, *arguments: Any, **options: Any) -> Any:
        SENT.count += 1
        return super().execute(*arguments, **options)  # type: ignore[misc]  # the driver's, beside it

    def executemany(self, *arguments: Any, **options: Any) -> Any:
        SENT.count += 1
        return super().executemany(*arguments, **options)  # type: ignore[misc]  # the driver's


class _SQLiteCursor(_Counting, sqlite3.Cursor):
    def execute(self, statement: str, *arguments: Any) -> Any:
        if statement.startswith(_NONE):
            return sqlite3.Cursor.execute(self, statement, *arguments)
        return super().execute(statement, *arguments)


class SQLiteConnection(sqlite3.Connection):
    """A connection whose statements are counted; what `sqlite3.connect` takes as `factory`."""

    def cursor(self, factory: Any = _SQLiteCursor) -> Any:
        """A cursor that counts, unless another kind is asked for."""
        return super().cursor(factory)

    def execute(self, *arguments: Any) -> Any:
        """On a new cursor; the driver's own would take one of its own kind."""
        return self.cursor().execute(*arguments)

    def executemany(self, *arguments: Any) -> Any:
        """On a new cursor."""
        return self.cursor().executemany(*arguments)


def count_statements(engine: Engine) -> None:
    """Let an engine's connections to PostgreSQL count what is sent over them."""
    from psycopg import Cursor, ServerCursor  # an engine of SQLite needs none of it

    cursor = type("CountingCursor", (_Counting, Cursor), {"__slots__": ()})
    named = type("CountingServerCursor", (_Counting, ServerCursor), {"__slots__": ()})

    def connect(connection: Any, record: Any) -> None:
        connection.cursor_factory = cursor
        connection.server_cursor_factory = named

    event.listen(engine, "connect", connect)
