"""A whole system in a temporary folder: an .ini, a database brought to it, an administrator, pserve.

All of it is done by the commands that an operator types, in processes of their own.
"""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from talatat.testing.servers import free_port

BIN = Path(sys.executable).parent
PATIENCE = 60

INI = """\
[app:main]
use = egg:talatat
talatat.addons =
    accounts
    catalog
    orders
    loyalty
talatat.development = true
talatat.limits = off
talatat.secret = file:%(here)s/secret
accounts.secret = file:%(here)s/accounts-secret
catalog.currency = {currency}
sqlalchemy.url = {url}

[server:main]
use = egg:talatat#waitress
listen = 127.0.0.1:{port}
threads = 8

[loggers]
keys = root

[handlers]
keys = stderr

[formatters]
keys = plain

[logger_root]
level = WARNING
handlers = stderr

[handler_stderr]
class = StreamHandler
args = (sys.stderr,)
formatter = plain

[formatter_plain]
format = %(levelname)s %(name)s %(message)s
"""


@dataclass(frozen=True)
class Site:
    """A system on disk: its .ini, where it will be served, and where its server's log goes."""

    folder: Path
    ini: Path
    url: str
    port: int
    database_url: str

    @property
    def log(self) -> Path:
        return self.folder / "pserve.log"

    def command(self, *arguments: str) -> str:
        """Run one of the project's commands; gives what it printed, raises with what it said."""
        done = subprocess.run(
            [str(BIN / arguments[0]), *arguments[1:]],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode not in (0, 2):
            raise RuntimeError(
                f"{' '.join(arguments)}: {done.returncode}\n{done.stdout}{done.stderr}"
            )
        return done.stdout

    def load(self, resource: str, path: Path, *options: str) -> dict[str, Any]:
        """``talatat load``; gives what ``--json`` prints."""
        printed = self.command(
            "talatat", "load", str(self.ini), resource, str(path), "--json", *options
        )
        counts: dict[str, Any] = json.loads(printed)
        return counts

    def administrator(self) -> dict[str, str]:
        """The account that the first start makes, with its token."""
        out = self.folder / "admin.json"
        self.command(
            "python", "-m", "talatat_accounts.bootstrap", str(self.ini),
            "--out", str(out), "--url", self.url,
        )  # fmt: skip
        made: dict[str, str] = json.loads(out.read_text(encoding="utf-8"))
        return made


def make_site(folder: Path, database_url: str, currency: str = "GBP") -> Site:
    """Write the .ini and bring the database to it."""
    port = free_port()
    ini = folder / "site.ini"
    text = INI.format(url=database_url.replace("%", "%%"), port=port, currency=currency)
    ini.write_text(text, encoding="utf-8")
    site = Site(folder, ini, f"http://127.0.0.1:{port}", port, database_url)
    site.command("talatat", "apply", str(ini), "--yes")
    return site


@contextmanager
def serving(site: Site) -> Iterator[Site]:
    """Run ``pserve`` on the site until the block ends; raises with its log where it does not start."""
    with site.log.open("wb") as log:
        server = subprocess.Popen(
            [str(BIN / "pserve"), str(site.ini)],
            cwd=site.folder,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
    try:
        _wait(site, server)
        yield site
    finally:
        server.terminate()
        try:
            server.wait(15)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _wait(site: Site, server: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and server.poll() is None:
        try:
            with urllib.request.urlopen(f"{site.url}/readyz", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise RuntimeError(f"pserve does not answer /readyz:\n{site.log.read_text(errors='replace')}")
