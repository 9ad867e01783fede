"""Servers in this process: the composed system of an addon, with rows, as the suite wants one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from talatat.testing.composed import TestSystem, composed
from talatat.testing.conformance.rows import Rows
from talatat.testing.conformance.running import (
    FEW,
    HEADER,
    OWNER,
    SOURCE,
    STRANGER,
    ByHeader,
    Running,
    tables_of,
)
from talatat.testing.rest.described import Kind
from talatat.testing.rest.sending import over_wsgi
from talatat.testing.rest.server import Credentials, Server

Given = Mapping[str, Mapping[str, Any]]
CREDENTIALS = Credentials(
    owner={HEADER: OWNER},
    stranger={HEADER: STRANGER},
    holding=lambda permission: {HEADER: permission},
)


def server_of(running: Running, given: Given | None = None, app: Any = None) -> Server:
    """The server that runs; `app` stands for it where something is put around it."""

    def grow(kind: Kind, count: int) -> None:
        running.seed(count)

    return Server(over_wsgi(app or running.app), CREDENTIALS, grow, given or {})


def running_of(system: TestSystem, addon: str, rows: Given | None = None) -> Running:
    """A composed system as the suite wants it: with somebody to ask. Rows are put in by `seed`."""
    system.system.security.sources[SOURCE] = ByHeader()
    made = Rows(tables_of(system.system), rows or {})
    return Running(system.registry, system.config.make_wsgi_app(), addon, made)


@contextmanager
def running_addon(
    addon: str,
    beside: Iterable[str] = (),
    settings: Mapping[str, str] | None = None,
    url: str | None = None,
    rows: Given | None = None,
) -> Iterator[Running]:
    """Compose an addon on an empty database at `url` (SQLite where None) and yield what runs, with rows."""
    with composed([addon, *beside], settings, url) as system:
        running = running_of(system, addon, rows)
        running.seed(FEW)
        yield running
