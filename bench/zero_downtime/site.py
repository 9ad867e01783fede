"""The system under load: its .ini, its processes, and nginx in front of two places for them.

A place is a symbolic link to the socket of a process. Putting another process there is one rename: nginx
opens each new connection at the new process, the old one answers what it has begun and is then ended.
Nothing is reloaded, and no connection of a client is closed.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.zero_downtime.releases import write_release

BIN = Path(sys.executable).parent
PATIENCE = 60.0
# For how long a process that is not asked any more is left to answer what it has begun.
DRAIN = 2.0

INI = """\
[app:main]
use = egg:talatat
talatat.addons = parcels
talatat.limits = off
talatat.secret = file:%(here)s/secret
sqlalchemy.url = {url}

[server:main]
use = egg:talatat#waitress
unix_socket = %(socket)s
unix_socket_perms = 666
threads = 4
"""

NGINX = """\
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log warn;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    keepalive_requests 1000000;
    upstream talatat {{
        server unix:{folder}/place-1.sock max_fails=0;
        server unix:{folder}/place-2.sock max_fails=0;
    }}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://talatat;
            proxy_set_header Host $host;
            proxy_next_upstream off;
        }}
    }}
}}
"""


class Failed(Exception):
    """A command or a process did not do what it should; the text is what it said."""


@dataclass
class Serving:
    """One process that serves."""

    version: str
    socket: Path
    process: subprocess.Popen[bytes]
    log: Path


@dataclass
class Site:
    """A folder with all of it. `sites` are the folders of the releases that were written."""

    folder: Path
    url: str
    port: int
    sites: dict[str, Path] = field(default_factory=dict)
    places: dict[int, Serving] = field(default_factory=dict)
    started: int = 0

    def __post_init__(self) -> None:
        self.ini = self.folder / "site.ini"
        (self.folder / "secret").write_text("a secret of a benchmark, long enough to sign with\n")
        self.ini.write_text(INI.format(url=self.url.replace("%", "%%")))

    def environment(self, version: str) -> dict[str, str]:
        """The environment of a process that has this release installed."""
        if version not in self.sites:
            self.sites[version] = write_release(self.folder, version)
        path = os.pathsep.join([str(self.sites[version]), os.environ.get("PYTHONPATH", "")])
        return {
            **os.environ,
            "PYTHONPATH": path.rstrip(os.pathsep),
            "PYTHONUNBUFFERED": "1",
            "PYTHONWARNINGS": "ignore",
        }

    def talatat(self, version: str, *arguments: str, codes: tuple[int, ...] = (0,)) -> str:
        """Run a command with a release installed; return what it printed. Raises Failed."""
        command = [str(BIN / "talatat"), arguments[0], str(self.ini), *arguments[1:]]
        done = subprocess.run(
            command, env=self.environment(version), capture_output=True, text=True, check=False
        )
        if done.returncode not in codes:
            raise Failed(f"{' '.join(arguments)}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def start(self, version: str) -> Serving:
        """Start a process of a release and wait until it is ready. Raises Failed with its log."""
        self.started += 1
        name = self.folder / f"{self.started}-{version}"
        path, log = name.with_suffix(".sock"), name.with_suffix(".log")
        with log.open("wb") as out:
            process = subprocess.Popen(
                [str(BIN / "pserve"), str(self.ini), f"socket={path}"],
                env=self.environment(version), stdout=out, stderr=subprocess.STDOUT,
            )  # fmt: skip
        made = Serving(version, path, process, log)
        end = time.monotonic() + PATIENCE
        while ready(path) != 200:
            if time.monotonic() > end or process.poll() is not None:
                process.kill()
                process.wait()
                raise Failed(f"{version} is not ready:\n{log.read_text(errors='replace')}")
            time.sleep(0.05)
        return made

    def put(self, place: int, version: str) -> None:
        """Let a new process take a place; the one that had it is drained and ended."""
        made = self.start(version)
        link = self.folder / f"place-{place}.sock"
        fresh = link.with_suffix(".new")
        fresh.symlink_to(made.socket)
        fresh.replace(link)
        old = self.places.get(place)
        self.places[place] = made
        if old is not None:
            time.sleep(DRAIN)
            end(old)

    def versions(self) -> str:
        """What serves now, as text: `1.0 and 1.1`."""
        return " and ".join(self.places[one].version for one in sorted(self.places))

    def close(self) -> None:
        """End all processes."""
        for one in self.places.values():
            with contextlib.suppress(Failed):
                end(one)


def end(one: Serving) -> None:
    """End a process as a supervisor does."""
    one.process.terminate()
    try:
        code = one.process.wait(15)
    except subprocess.TimeoutExpired:
        one.process.kill()
        one.process.wait()
        code = -9
    if code != 0:
        raise Failed(f"{one.version} ended with {code}:\n{one.log.read_text(errors='replace')}")


def ready(path: Path) -> int:
    """Ask /readyz of a process at its socket; 0 while nobody listens."""
    connection = http.client.HTTPConnection("localhost", timeout=5)
    try:
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(5)
        connection.sock.connect(str(path))
        connection.request("GET", "/readyz")
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()


@contextlib.contextmanager
def nginx(folder: Path, port: int) -> Any:
    """Run nginx on a port of this machine, from a configuration in `folder`."""
    program = find_nginx()
    configuration = folder / "nginx.conf"
    configuration.write_text(NGINX.format(folder=folder, port=port))
    log = folder / "nginx.log"
    with log.open("ab") as out:
        process = subprocess.Popen(
            [program, "-p", str(folder), "-c", str(configuration)],
            stdout=out, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        _listening(process, port, log)
        yield log
    finally:
        process.terminate()
        process.wait(15)


def _listening(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Wait until the port takes connections. Raises Failed with what nginx said."""
    end = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < end:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    raise Failed(f"nginx does not listen: {log.read_text(errors='replace')}")


def find_nginx() -> str:
    """Return the program; installs Debian's package where that may be done. Raises Failed."""
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if found is None and shutil.which("apt-get") and os.geteuid() == 0:
        for arguments in (
            ["update", "-q"],
            ["install", "-q", "-y", "--no-install-recommends", "nginx-light"],
        ):
            subprocess.run(["apt-get", *arguments], capture_output=True, check=False)
        found = shutil.which("nginx", path="/usr/sbin:/usr/bin")
    if found is None:
        raise Failed("nginx is not installed (Debian: apt-get install nginx-light)")
    return found
