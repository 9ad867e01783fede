"""How a peer is served: its command, its processes, and when it is ready.

Every peer has two worker processes. The servers are those that each framework's documentation names, with
the options that docs/performance.md names.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from bench.data.shop import Failed, environment

from talatat.testing.servers import free_port

WORKERS = 2
PATIENCE = 90.0
BIN = Path(sys.executable).parent


@dataclass(frozen=True)
class Peer:
    """One system under one server."""

    name: str
    title: str
    package: str
    server: str
    asgi: bool = False
    # Threads of a worker (WSGI); connections of a worker's pool follow from it in the peer's own code.
    threads: int = 2
    # How its cursors are made: `bench.measure.depth`.
    cursor: str = "plain"
    flows: tuple[str, ...] = ("search", "checkout", "hello", "get", "page", "deep", "patch")

    @property
    def module(self) -> str:
        """Where its application is."""
        return f"bench.peers.{self.package}.app"


def granian(peer: Peer, port: int) -> list[str]:
    """Granian's own command: two workers, the threads that WSGI needs."""
    command = [
        str(BIN / "granian"), f"{peer.module}:application",
        "--interface", "asgi" if peer.asgi else "wsgi", "--host", "127.0.0.1", "--port", str(port),
        "--workers", str(WORKERS), "--no-ws", "--log-level", "warning",
    ]  # fmt: skip
    return command if peer.asgi else [*command, "--blocking-threads", str(peer.threads)]


def uvicorn(peer: Peer, port: int) -> list[str]:
    """Uvicorn with its standard extras (uvloop, httptools)."""
    return [
        str(BIN / "uvicorn"), f"{peer.module}:application", "--host", "127.0.0.1", "--port", str(port),
        "--workers", str(WORKERS), "--no-access-log", "--log-level", "warning",
    ]  # fmt: skip


def gunicorn(peer: Peer, port: int) -> list[str]:
    """Gunicorn with threads: its sync workers close every connection."""
    return [
        str(BIN / "gunicorn"), f"{peer.module}:application", "--bind", f"127.0.0.1:{port}",
        "--workers", str(WORKERS), "--worker-class", "gthread", "--threads", str(peer.threads),
        "--keep-alive", "75", "--log-level", "warning",
    ]  # fmt: skip


def waitress(peer: Peer, port: int) -> list[str]:
    """One process of waitress; two are started, on a port each, as a balancer would have them."""
    return [
        str(BIN / "waitress-serve"), "--host", "127.0.0.1", "--port", str(port),
        "--threads", str(peer.threads), f"{peer.module}:application",
    ]  # fmt: skip


def pserve(peer: Peer, port: int) -> list[str]:
    """Talatat's default: `pserve` and its own runner of waitress."""
    return [str(BIN / "pserve"), str(_ini(peer)), f"http_port={port}"]


def pserve_granian(peer: Peer, port: int) -> list[str]:
    """Talatat's runner of granian: workers and threads are said in the .ini."""
    return [str(BIN / "pserve"), "--server-name", "granian", str(_ini(peer)), f"http_port={port}"]


def _ini(peer: Peer) -> Path:
    return Path(__file__).parent / "peers" / peer.package / "talatat.ini"


SERVERS = {
    one.__name__: one for one in (granian, uvicorn, gunicorn, waitress, pserve, pserve_granian)
}
#: These have one process for each port.
SINGLE = ("waitress", "pserve")


@dataclass
class Serving:
    """A peer that serves: `with Serving(peer, url, folder) as serving:`."""

    peer: Peer
    url: str
    folder: Path
    ports: list[int] = field(default_factory=list)
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def log(self) -> Path:
        """What it printed."""
        return self.folder / f"{self.peer.name}.log"

    def __enter__(self) -> Serving:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *details: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start its processes; `wait` is for when they are ready."""
        count = WORKERS if self.peer.server in SINGLE else 1
        self.ports = [free_port() for _ in range(count)]
        with self.log.open("wb") as log:
            for port in self.ports:
                self.processes.append(
                    subprocess.Popen(
                        SERVERS[self.peer.server](self.peer, port),
                        env=environment(self.url), stdout=log, stderr=subprocess.STDOUT,
                        start_new_session=True,
                    )
                )  # fmt: skip

    def wait(self) -> None:
        """Wait until each port answers. Raises Failed with its log."""
        end = time.monotonic() + PATIENCE
        for port, process in zip(self.ports, self.processes, strict=True):
            while not answers(port):
                if process.poll() is not None or time.monotonic() > end:
                    said = self.log.read_text(errors="replace")[-3000:]
                    raise Failed(f"{self.peer.name} does not start:\n{said}")
                time.sleep(0.1)

    def stop(self) -> None:
        """End all its processes: in order, then at once."""
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self.processes.clear()


def answers(port: int) -> bool:
    """Whether /livez answers 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/livez")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
