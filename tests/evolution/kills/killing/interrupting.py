"""One apply in a process of its own, interrupted at its N-th point by the process that watches.

A point is a statement that writes and is about to be sent, or a commit. The child says when it came to its point and
waits there: so the watcher knows where it kills, and nothing depends on luck.
"""

from __future__ import annotations

import os
import signal
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg
from sqlalchemy import Engine, event
from sqlalchemy.engine import make_url

DONE, FAILED, CRASHED = 0, 1, 2
HOWS = ("kill", "within", "fail", "terminate")


@dataclass(frozen=True)
class Outcome:
    """How an apply ended: done, failed in words, crashed (with a traceback), killed (None).

    `reached` says that it came to its point, `points` how many there were where it did not.
    """

    code: int | None
    reached: bool
    text: str = ""
    points: int = 0


def interrupted(
    work: Callable[[], object],
    how: str,
    point: int,
    url: str,
    restart: Callable[[], object] = lambda: None,
) -> Outcome:
    """Run `work` in a fork and interrupt it at `point`: kill, within, fail, terminate or restart."""
    child_reads, watcher_writes = os.pipe()
    watcher_reads, child_writes = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(watcher_writes)
        os.close(watcher_reads)
        _child(work, how, point, child_reads, child_writes)
    os.close(child_reads)
    os.close(child_writes)
    kind, number = struct.unpack("!cq", os.read(watcher_reads, 9))
    reached = kind == b"p"
    if reached:
        if how == "restart":
            restart()
        _strike(how, child, number, watcher_writes, url)
    text = b""
    while part := os.read(watcher_reads, 65536):
        text += part
    _, status = os.waitpid(child, 0)
    os.close(watcher_writes)
    os.close(watcher_reads)
    code = None if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
    told = text.decode(errors="replace")
    return Outcome(code, reached, told, 0 if reached else number)


def _strike(how: str, child: int, backend: int, go_on: int, url: str) -> None:
    if how == "terminate":
        _terminate(backend, url)
    if how == "within":
        os.write(go_on, b"g")  # the statement is sent now, and killed while it runs or just after
    if how in ("kill", "within"):
        os.kill(child, signal.SIGKILL)
    else:
        os.write(go_on, b"g")


def _terminate(backend: int, url: str) -> None:
    where = make_url(url)
    with psycopg.connect(
        host=where.host, port=where.port, user=where.username, dbname="postgres", autocommit=True
    ) as connection:
        connection.execute("SELECT pg_terminate_backend(%s, 5000)", (backend,))


def _child(work: Callable[[], object], how: str, point: int, reading: int, writing: int) -> None:
    """Never returns: the process ends with how it went."""
    from talatat.errors import TalatatError

    points = _Points(how, point, reading, writing)
    code, told = CRASHED, ""
    try:
        points.watch()
        work()
        code = DONE
    except TalatatError as error:
        code, told = FAILED, str(error)
    except BaseException:  # what no person caused: told with its traceback
        import traceback

        told = traceback.format_exc()
    finally:
        if not points.came:
            os.write(writing, struct.pack("!cq", b"e", points.seen))
        os.write(writing, told.encode())
        os._exit(code)


def _writes(statement: str) -> bool:
    return (
        not statement.lstrip()
        .upper()
        .startswith(("SELECT", "PRAGMA", "SHOW", "BEGIN", "SET", "RESET"))
    )


class _Points:
    def __init__(self, how: str, point: int, reading: int, writing: int) -> None:
        self.how, self.point, self.reading, self.writing = how, point, reading, writing
        self.seen, self.came = 0, False

    def watch(self) -> None:
        event.listen(Engine, "before_cursor_execute", self._statement, retval=True)
        event.listen(Engine, "commit", self._commit)

    def _statement(
        self, connection: Any, cursor: Any, statement: str, parameters: Any, *details: Any
    ) -> tuple[str, Any]:
        if _writes(statement) and self._here(connection) and self.how == "fail":
            return "SELECT 1 FROM talatat_no_such_table_at_all", ()
        return statement, parameters

    def _commit(self, connection: Any) -> None:
        if self.how != "fail":
            self._here(connection)

    def _here(self, connection: Any) -> bool:
        self.seen += 1
        if self.seen != self.point:
            return False
        self.came = True
        raw = connection.connection.driver_connection
        backend = raw.info.backend_pid if hasattr(raw, "info") else 0
        os.write(self.writing, struct.pack("!cq", b"p", backend))
        os.read(self.reading, 1)
        return True
