"""What is done in forks of the warm process: the platform's commands, as an operator types them.

A fork watches the statements that it sends to the system's own database: to compare them with what was
planned, and to end itself without warning at one of them.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import make_url

ANSWERED = "_answer"


@dataclass
class Told:
    """How a command ended: its exit code, what it printed, and what it sent to the database."""

    code: int
    text: str
    statements: list[str] = field(default_factory=list)

    @property
    def json(self) -> Any:
        """What it printed with --json, on the first line that begins a document."""
        start = min(place for one in "[{" if (place := self.text.find(one)) >= 0)
        return json.JSONDecoder().raw_decode(self.text[start:])[0]


def warm_up() -> None:
    """Import what every command imports, so that forks need not."""
    import importlib
    import pkgutil

    import talatat.cli
    import talatat.composing
    import talatat.evolution

    for package in (talatat.cli, talatat.evolution):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not found.name.startswith("talatat.cli.addon_template"):
                importlib.import_module(found.name)
    for name in (
        "talatat.process",
        "talatat.migrations",
        "alembic.autogenerate",
        "alembic.command",
    ):
        importlib.import_module(name)
    from talatat.testing import composed

    with composed([]):  # everything that is imported when it is first needed
        pass
    _know_the_platform()


def _know_the_platform() -> None:
    """The content of the platform is that of the code in this process, whoever edits its files meanwhile."""
    from talatat.evolution.desired import packages

    known = packages.content_of("talatat", packages._PLATFORM_PACKAGES)
    asked = packages.content_of

    def content_of(name: str, of: Any = ()) -> packages.Content:
        return known if name == "talatat" else asked(name, of)

    packages.content_of = content_of


def do(function: str, site: str, arguments: tuple[Any, ...], named: Mapping[str, Any]) -> Any:
    """Run one function of this module with the site's packages on the path."""
    sys.path.insert(0, site)
    from talatat.evolution.desired import apart

    apart._run = composed_in_a_fork
    return globals()[function](*arguments, **named)


def composed_in_a_fork(job: dict[str, Any], seconds: float) -> tuple[bytes, str, int]:
    """What the subprocess that composes apart does, without starting Python anew."""
    from grove.warm import forked
    from talatat.evolution.desired import subprocess
    from talatat.evolution.desired.watching import Watch
    from talatat.settings.secrets import in_memory

    def work() -> Any:
        watch = Watch(lambda event: None)
        with in_memory(), watch:
            return subprocess._answer(job, watch)

    how, answer = forked(work)
    if how == "done":
        return json.dumps(answer).encode() + b"\n", "", 0
    return b"", str(answer), 1


def commands(
    *argvs: list[str], url: str = "", kill_at: int | None = None, until: str = "stop at failure"
) -> list[Told]:
    """Run `talatat` commands one after the other; ends at the first whose exit code is 1 or 3.

    With `kill_at` the process ends itself by SIGKILL when the database is sent its n-th statement or COMMIT.
    """
    told: list[Told] = []
    with watched(url, kill_at) as statements:
        for argv in argvs:
            del statements[:]
            one = command(argv)
            one.statements = list(statements)
            told.append(one)
            if one.code in (1, 3):
                break
    return told


def command(argv: list[str]) -> Told:
    """Run one command with what it prints caught, whoever prints it."""
    from talatat.cli.main import main

    with tempfile.TemporaryFile() as file:
        saved = [os.dup(1), os.dup(2)]
        sys.stdout.flush()
        sys.stderr.flush()
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        try:
            code = main(argv)
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for number, one in enumerate(saved, 1):
                os.dup2(one, number)
                os.close(one)
        file.seek(0)
        return Told(code, file.read().decode())


@contextmanager
def watched(url: str, kill_at: int | None) -> Iterator[list[str]]:
    """The statements that go to the database at `url`, as a list that grows."""
    statements: list[str] = []
    database = make_url(url).database if url else None
    left = [kill_at if kill_at is not None else -1]

    def is_ours(connection: Connection) -> bool:
        return connection.engine.url.database == database

    def count() -> None:
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def sent(connection: Connection, cursor: Any, statement: str, *details: Any) -> None:
        if is_ours(connection):
            statements.append(" ".join(statement.split()))
            if not statement.lstrip().upper().startswith(("SELECT", "PRAGMA")):
                count()

    def committed(connection: Connection) -> None:
        if is_ours(connection):
            count()

    event.listen(Engine, "before_cursor_execute", sent)
    event.listen(Engine, "commit", committed)
    try:
        yield statements
    finally:
        event.remove(Engine, "before_cursor_execute", sent)
        event.remove(Engine, "commit", committed)


@contextmanager
def composed_system(ini: str) -> Iterator[Any]:
    from talatat.composing import compose, load_composition

    system = compose(load_composition(ini)).registry.system
    try:
        yield system
    finally:
        system.outbox.stop()
        system.database.dispose()


def make_rows(ini: str, rows: list[tuple[str, str, dict[str, Any]]]) -> list[str]:
    """Make rows through the composed application: (addon, class, values); the ids."""
    import importlib

    from sqlalchemy import inspect

    from grove.writing import package

    made = []
    with composed_system(ini) as system, system.database.transaction() as (_, session):
        for addon, name, values in rows:
            model = getattr(importlib.import_module(f"{package(addon)}.models"), name)
            one = model(**values)
            session.add(one)
            session.flush()
            made.append(str(inspect(one).identity[0]))
    return made


def drift(ini: str) -> list[str]:
    """Where models and database part."""
    from talatat.testing.drift import differences

    with composed_system(ini) as system:
        return differences(system)


def canonical_schema(url: str) -> dict[str, Any]:
    """The live schema as it is compared with another database's."""
    from talatat.evolution.live import read_schema
    from talatat.testing.databases import make_database

    database = make_database(url)
    try:
        with database.migration_engine.connect() as connection:
            return read_schema(connection).canonical()
    finally:
        database.dispose()


Doing = Callable[..., Any]
