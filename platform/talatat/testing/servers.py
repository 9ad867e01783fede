"""Throw-away servers for tests, from the binaries on the machine.

`PostgreSQL` runs in a temporary folder, on a private port, never as root and never as a service, without
waiting for disks. It ends with the process that started it, however that ends. So does `Redis`, of `redis`.
"""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self
from uuid import uuid4

import psycopg
from psycopg import sql

_FOLDERS = ("/usr/lib/postgresql", "/usr/local/pgsql", "/opt/homebrew/opt/postgresql")
_PATIENCE = 60.0
_START_TRIES = 5


class Unavailable(Exception):
    """A server cannot be had on this machine; the text says why, in one line."""


def find_postgresql(*, install: bool = True) -> Path:
    """Return the folder of the newest PostgreSQL's programs.

    Installs Debian's package where there is none and this may be done (root; not when
    `TALATAT_INSTALL=no`, nor with `install=False`). Raises Unavailable.
    """
    found = _installed_postgresql()
    if found is None and install and _install("postgresql"):
        found = _installed_postgresql()
    if found is None:
        raise Unavailable("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    return found


def _installed_postgresql() -> Path | None:
    found = [path.parent for root in _FOLDERS for path in Path(root).glob("**/bin/initdb")]
    if not found and (initdb := shutil.which("initdb")):
        found = [Path(initdb).resolve().parent]
    return max(found, key=_version, default=None)


def _version(folder: Path) -> float:
    name = folder.parent.name
    return float(name) if name.replace(".", "", 1).isdigit() else 0.0


def _install(package: str) -> bool:
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0 or os.environ.get("TALATAT_INSTALL") == "no":
        return False
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (
        ["update", "-q"],
        ["install", "-q", "-y", "--no-install-recommends", package],
    ):
        done = subprocess.run(  # fixed arguments
            [apt, *arguments], env=environment, capture_output=True, check=False
        )
        if done.returncode != 0:
            return False
    return True


def free_port() -> int:
    """Return a port on which nobody listens at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class PostgreSQL:
    """One throw-away server: `with PostgreSQL() as server: url = server.create_database()`."""

    # A test does not need that its data survives the machine; a measurement says otherwise.
    options: ClassVar[Mapping[str, str]] = {
        "fsync": "off",
        # It holds back the horizon of the change feed for a moment, and nothing here grows old.
        "autovacuum": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
        "shared_buffers": "64MB",
        "max_connections": "200",
        "listen_addresses": "127.0.0.1",
        "log_min_messages": "fatal",
    }

    def __init__(self) -> None:
        self.programs = find_postgresql()
        self.folder = Path(tempfile.mkdtemp(prefix="talatat-pg-"))
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Make a cluster and start it. Raises Unavailable when it does not come up."""
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
        self._initialise()
        for _ in range(_START_TRIES):
            self.port = free_port()
            if self._start():
                return
        said = self._log()
        self.stop()
        raise Unavailable(f"PostgreSQL does not start: {said}")

    def stop(self) -> None:
        """End the server at once and remove its folder."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(_PATIENCE)
        self._process = None
        shutil.rmtree(self.folder, ignore_errors=True)

    def restart(self) -> None:
        """End the server at once, as a crash would, and start it on the same data and port."""
        assert self._process is not None
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(_PATIENCE)
        if not self._start():
            raise Unavailable(f"PostgreSQL does not start again: {self._log()}")

    def url(self, database: str) -> str:
        """Return the SQLAlchemy URL of one of its databases."""
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/{database}"

    def create_database(self, template: str = "template1") -> str:
        """Make a database with a new name, a copy of `template`; return its URL."""
        name = f"talatat_test_{uuid4().hex[:12]}"
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        self.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))
        return self.url(name)

    def drop_database(self, url: str) -> None:
        """Drop a database, whoever is connected to it."""
        name = url.rpartition("/")[2]
        statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
        self.execute(statement.format(sql.Identifier(name)))

    def execute(self, statement: sql.Composed) -> None:
        """Run one statement in the maintenance database, outside of a transaction."""
        with self._connect() as connection:
            connection.execute(statement)

    def _connect(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user="postgres", dbname="postgres", autocommit=True,
            connect_timeout=5,
        )  # fmt: skip

    def _initialise(self) -> None:
        command = [
            *self._as_nobody(),
            str(self.programs / "initdb"), "-D", str(self.folder / "data"), "-U", "postgres",
            "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync",
        ]  # fmt: skip
        done = subprocess.run(  # fixed arguments
            command, cwd=self.folder, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise Unavailable(f"initdb failed: {' '.join(done.stderr.split())}")

    def _start(self) -> bool:
        command = [
            *self._as_nobody(),
            str(self.programs / "postgres"), "-D", str(self.folder / "data"),
            "-p", str(self.port), "-k", str(self.folder),
        ]  # fmt: skip
        for name, value in self.options.items():
            command += ["-c", f"{name}={value}"]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(  # fixed arguments
                command, cwd=self.folder, stdout=log, stderr=log, start_new_session=True
            )
        give_up = time.monotonic() + _PATIENCE
        while self._process.poll() is None and time.monotonic() < give_up:
            try:
                self._connect().close()
                return True
            except psycopg.OperationalError:
                time.sleep(0.05)
        return False

    def _as_nobody(self) -> list[str]:
        """PostgreSQL refuses to run as root; it ends with this process, even when that is killed."""
        setpriv = shutil.which("setpriv")
        if setpriv is None:
            if os.geteuid() == 0:
                raise Unavailable(
                    "PostgreSQL cannot run as root, and there is no setpriv (util-linux)"
                )
            return []
        command = [setpriv, "--pdeathsig=QUIT"]
        if os.geteuid() == 0:
            command += ["--reuid=postgres", "--regid=postgres", "--clear-groups"]
        return command

    def _log(self) -> str:
        path = self.folder / "log"
        lines = path.read_text(errors="replace").splitlines() if path.exists() else []
        return " ".join(lines[-3:]) or "no word in its log"


@cache
def postgresql() -> PostgreSQL:
    """Return this process's own server, started at the first call and ended with the process.

    Raises Unavailable.
    """
    server = PostgreSQL()
    server.start()
    atexit.register(server.stop)
    return server
