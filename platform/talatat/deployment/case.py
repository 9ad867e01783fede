"""What deployment checks look at: the .ini, its server and logging, the settings, the database, this host."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from pyramid.settings import asbool
from sqlalchemy import URL, Connection

from talatat.ini import Ini, read_section
from talatat.settings import Settings

EMBEDDED = ("egg:talatat#waitress",)
WAITRESS = ("egg:waitress", "egg:waitress#main")
#: Its keys are waitress' where they have the same names.
WORKERS = ("egg:talatat#granian",)


def today() -> date:
    """The day for which dates of support are compared."""
    return datetime.now(UTC).date()


def is_local(host: str | None) -> bool:
    """Whether an address reaches this machine only: a socket's path, localhost, loopback."""
    if not host or host.startswith("/") or host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True)
class Server:
    """What `[server:main]` says."""

    options: Mapping[str, str]

    @property
    def use(self) -> str:
        """Which server."""
        return self.options.get("use", "").strip()

    @property
    def embedded(self) -> bool:
        """Whether it is the platform's own."""
        return self.use in EMBEDDED

    @property
    def waitress(self) -> bool:
        """Whether it takes waitress' options."""
        return self.embedded or self.use in (*WAITRESS, *WORKERS)

    def text(self, name: str) -> str:
        """One option, "" where it is not said."""
        return str(self.options.get(name, "")).strip()

    def truth(self, name: str, default: bool = False) -> bool:
        """One option that is yes or no."""
        return bool(asbool(self.text(name) or default))

    @property
    def trusted_headers(self) -> frozenset[str]:
        """What is believed of the trusted proxy; nothing where none is trusted."""
        if not self.text("trusted_proxy"):
            return frozenset()
        said = self.text("trusted_proxy_headers").lower().replace(",", " ").split()
        # waitress believes this one where nothing is said.
        return frozenset(said) or frozenset({"x-forwarded-proto"})

    @property
    def hosts(self) -> list[str]:
        """The addresses that it listens on; waitress listens everywhere where nothing is said."""
        if self.text("unix_socket"):
            return []
        if listen := self.text("listen"):
            return [one.rpartition(":")[0].strip("[]") or "*" for one in listen.split()]
        return [self.text("host") or "0.0.0.0"]  # noqa: S104  # compared with, not bound

    @property
    def beyond(self) -> list[str]:
        """Those of its addresses that other machines reach."""
        return [one for one in self.hosts if not is_local(one)]


@dataclass
class Deployment:
    """One system, as the doctor sees it from where it runs.

    `reading()` yields a connection that writes nothing and raises TalatatError where the database cannot
    be read; `processes()` gives `{pid, host}` of those that serve; `released` says that something was
    applied. `mounts` is the table of mounted filesystems.
    """

    ini: Ini
    settings: Settings
    registry: Any
    reading: Callable[[], AbstractContextManager[Connection]]
    processes: Callable[[], Collection[Mapping[str, Any]]] = tuple
    lock_file: Path | None = None
    released: bool = False
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    mounts: Path = Path("/proc/self/mountinfo")

    @cached_property
    def today(self) -> date:
        """The day with which days of support are compared."""
        return today()

    @property
    def development(self) -> bool:
        """Whether the .ini is one of development."""
        return bool(self.settings.platform.development)

    @property
    def url(self) -> URL:
        """The database's URL."""
        url: URL = self.registry.system.database.url
        return url

    @property
    def sqlite(self) -> Path | None:
        """The database's file, where it is one."""
        found = self.url.get_backend_name() == "sqlite"
        return Path(self.url.database or "") if found else None

    @cached_property
    def server(self) -> Server | None:
        """What `[server:main]` says; None where there is no such section."""
        said = self.section("server:main")
        return None if said is None else Server(said)

    def section(self, name: str) -> Mapping[str, str] | None:
        """Another section of the .ini, None where it has none."""
        return read_section(self.ini.path, name)

    @property
    def serves(self) -> bool:
        """Whether the .ini is one that a process serves: it says so, and is not of development."""
        return not self.development and self.server is not None

    @cached_property
    def serving(self) -> Mapping[int, int]:
        """{pid: user} of the processes that serve the database from this machine now."""
        found = {}
        for one in self.processes():
            if one["host"] == socket.gethostname():
                with suppress(OSError):  # it ended, or this system has no /proc
                    found[int(one["pid"])] = Path(f"/proc/{one['pid']}").stat().st_uid
        return found

    def secrets(self) -> dict[str, list[str]]:
        """Each secret setting that is set, with its values."""
        found = {}
        for key, setting in self.settings.known.items():
            value = self.settings.value(key) if setting.secret else None
            if value:
                found[key] = [str(one) for one in value]
        return found

    def in_server(self, line: str) -> str:
        """Where a line of the server's section goes."""
        return f"in [server:main] of {self.ini.shown}: {line}"

    def in_app(self, line: str) -> str:
        """Where a line of the application's section goes."""
        return f"in [app:{self.ini.section}] of {self.ini.shown}: {line}"
