"""A really served process: pserve and waitress on a copy of the filled shop's database."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from talatat.testing.servers import free_port

REQUEST_TIMEOUT = 2  # seconds; sixty by default
SERVER = """
[server:main]
use = egg:talatat#waitress
listen = 127.0.0.1:{port}
threads = {threads}
request_timeout = {timeout}
"""


@dataclass
class Answer:
    """What came back on one connection: the first answer's parts, and all that followed it."""

    status: int
    headers: dict[str, str]
    body: bytes
    rest: bytes = b""


@dataclass
class Served:
    """A process, its port and the tokens of its roles."""

    process: subprocess.Popen[bytes]
    port: int
    tokens: dict[str, str]
    log: Path
    headers: dict[str, str] = field(default_factory=dict)

    def connect(self, timeout: float = 10.0) -> socket.socket:
        """A new connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout)

    def send(self, raw: bytes, timeout: float = 10.0) -> Answer:
        """Send these bytes on a connection of their own and read until the server ends it."""
        with self.connect(timeout) as connection:
            with suppress(OSError):  # it has answered and gone before it had everything
                connection.sendall(raw)
            return parsed(_until_the_end(connection))

    def get(self, path: str) -> Answer:
        """A plain GET, which must be possible at any time."""
        return self.send(f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())

    def memory(self) -> int:
        """Resident bytes; 0 where the system does not tell."""
        status = Path(f"/proc/{self.process.pid}/status")
        if not status.exists():
            return 0
        lines = (line.split() for line in status.read_text().splitlines())
        return next(int(line[1]) * 1024 for line in lines if line[0] == "VmRSS:")


def parsed(raw: bytes) -> Answer:
    """The first answer in `raw`; status 0 where the server ended the connection without one."""
    head, _, body = raw.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1."):
        return Answer(0, {}, raw)
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(": ") for line in lines)
    headers = {name.lower(): value for name, _, value in pairs}
    length = int(headers.get("content-length", len(body)))
    return Answer(int(first.split()[1]), headers, body[:length], body[length:])


def _until_the_end(connection: socket.socket) -> bytes:
    received = b""
    with suppress(OSError):  # reset, or nothing more comes
        while piece := connection.recv(65536):
            received += piece
    return received


def serving_copy(shop: Any, folder: Path) -> AbstractContextManager[Served]:
    """Serve a copy of the shop's SQLite database."""
    (folder / "shop.sqlite").write_bytes(shop.kept.read_bytes())
    line = f"sqlalchemy.url = sqlite:///{folder}/shop.sqlite"
    text, replaced = re.subn(r"(?m)^sqlalchemy\.url = .*$", line, Path(shop.system.ini).read_text())
    assert replaced == 1  # else it would serve the very file that tests put back
    return serving(text, folder, shop.tokens)


@contextmanager
def serving(text: str, folder: Path, tokens: dict[str, str], threads: int = 2) -> Iterator[Served]:
    """Serve the system of an .ini with pserve; the process ends with the block."""
    port = free_port()
    (folder / "secret").write_text("a secret of tests, long enough to sign with\n")
    ini = folder / "served.ini"
    ini.write_text(text + SERVER.format(port=port, timeout=REQUEST_TIMEOUT, threads=threads))
    log = folder / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [str(Path(sys.executable).parent / "pserve"), str(ini)],
            cwd=folder,
            stdout=out,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
    served = Served(process, port, tokens, log)
    try:
        _wait(served)
        yield served
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(served: Served) -> None:
    give_up = time.monotonic() + 60
    while time.monotonic() < give_up and served.process.poll() is None:
        try:
            if served.get("/readyz").status == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(served.log.read_text(errors="replace"))
