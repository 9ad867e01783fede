"""Who works in a session: a request, or whatever else runs: a command, a delivery of the outbox, a job.

A session of a request knows it (`request_of`). Other work says who it is with `acting_as`, around whatever
it does; without that it is the process that did it. Audit and logs ask; nothing is permitted by it.
"""

from __future__ import annotations

import getpass
import os
import socket
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyramid.request import Request
    from sqlalchemy.orm import Session

REQUEST = "talatat.request"  # under which a session's `info` keeps its request, weakly


@dataclass(frozen=True)
class Origin:
    """Who works where no request does.

    `source` is the kind of work ("command", "outbox", "process"), `actor` who does it (`user@host`, a
    subscriber's addon), `operation` what runs: "talatat load", the subscriber's dotted name.
    """

    source: str
    actor: str
    operation: str


_current: ContextVar[Origin | None] = ContextVar("origin", default=None)


@contextmanager
def acting_as(origin: Origin) -> Iterator[None]:
    """Let what runs in the block be the work of `origin`."""
    token = _current.set(origin)
    try:
        yield
    finally:
        _current.reset(token)


def acting() -> Origin | None:
    """Who works now by `acting_as`; None in the request of a client, and where nobody said so."""
    return _current.get()


def origin() -> Origin:
    """Who works now, where no request does."""
    return acting() or Origin("process", who(), "")


@cache
def who() -> str:
    """`user@host`, of the operating system; asked once."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container whose user has no name
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"


def serve(session: Session, request: Request) -> None:
    """Take note that `session` works for `request`."""
    session.info[REQUEST] = weakref.ref(request)


def request_of(session: Session) -> Any:
    """The request that `session` works for, or None."""
    found = session.info.get(REQUEST)
    return None if found is None else found()
