"""More load than the threads can carry, on a served process: some are sent away, none is lost or broken."""

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import TimeoutError as PoolTimeout

from talatat.testing.servers import free_port
from tests.conftest import folder_of_addons

# `gate` is a file: views that wait do so as long as it is there.
MILL = {
    "__init__.py": """
        import os, time
        from pyramid.response import Response
        from .models import Sack

        GATE = os.environ.get("MILL_GATE", "")

        def wait():
            if not GATE:
                return
            with open(GATE + ".seen", "a") as seen:
                seen.write("x")
            while os.path.exists(GATE):
                time.sleep(0.01)

        def grind(request):
            request.db.add(Sack(name=request.params["name"]))
            request.db.flush()
            wait()
            return Response("ground", status=201)

        def look(request):
            wait()
            return Response("looked")

        def includeme(config):
            for view in (grind, look):
                config.add_route(view.__name__, f"/api/mill/v1/{view.__name__}")
                config.add_view(view, route_name=view.__name__, permission="public")
        """,
    "models.py": """
        from sqlalchemy.orm import Mapped, mapped_column
        from talatat.db import Record, declarative_base
        Base = declarative_base("mill")
        class Sack(Record, Base):
            __tablename__ = "mill_sack"
            name: Mapped[str]
        """,
}
TABLES = """
    op.create_table("mill_sack", sa.Column("id", t.UUIDv7()),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", t.UTCDateTime(), nullable=False),
        sa.Column("updated_at", t.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_mill_sack"))
"""
INI = """
[app:main]
use = egg:talatat
talatat.addons = mill
sqlalchemy.url = {url}
talatat.limits = off
talatat.max_waiting = 3
talatat.max_wait = {wait}

[server:main]
use = egg:talatat#waitress
listen = 127.0.0.1:{port}
threads = 2
"""


class Mill:
    """A served process, whose views wait while the gate is shut."""

    def __init__(self, folder: Path, addons, url: str, wait: float) -> None:
        self.port = free_port()
        self.url = url
        self.gate = folder / "gate"
        self.seen = folder / "gate.seen"
        self.log = folder / "log"
        ini = folder / "mill.ini"
        ini.write_text(INI.format(url=url, port=self.port, wait=wait))
        path = [str(addons.folder), os.environ.get("PYTHONPATH", "")]
        with self.log.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-W", "ignore", "-m", "pyramid.scripts.pserve", str(ini)],
                env={
                    **os.environ,
                    "PYTHONPATH": os.pathsep.join(path),
                    "MILL_GATE": str(self.gate),
                },
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        self.until(lambda: self.ask("/readyz")[0] == 200)

    def end(self) -> None:
        self.gate.unlink(missing_ok=True)
        self.process.terminate()
        self.process.wait(20)

    def until(self, true) -> None:
        """Wait for something that comes to pass."""
        give_up = time.monotonic() + 60
        while time.monotonic() < give_up and self.process.poll() is None:
            try:
                if true():
                    return
            except OSError:
                pass
            time.sleep(0.02)
        raise AssertionError(self.log.read_text())

    def ask(self, path: str, method: str = "GET") -> tuple[int, dict[str, str], bytes]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            return self.again(connection, path, method)
        finally:
            connection.close()

    @staticmethod
    def again(connection, path: str, method: str = "GET"):
        connection.request(method, path)
        answer = connection.getresponse()
        body = answer.read()
        return answer.status, {name.lower(): one for name, one in answer.getheaders()}, body

    def shut(self) -> None:
        self.gate.touch()

    def open(self) -> None:
        self.gate.unlink()

    def sacks(self) -> set[str]:
        engine = create_engine(self.url)
        with engine.connect() as connection:
            found = set(connection.execute(text("SELECT name FROM mill_sack")).scalars())
        engine.dispose()
        return found


@pytest.fixture(scope="module")
def mill_addons(tmp_path_factory):
    with folder_of_addons(tmp_path_factory.mktemp("mill")) as made:
        made.write("mill", MILL)
        made.revision("mill", "0001_mill", TABLES)
        yield made


@pytest.fixture(scope="module")
def served(mill_addons, tmp_path_factory):
    """`with served(wait) as mill`: a process on a database of its own."""
    ready = mill_addons.folder / "ready.sqlite"
    with mill_addons.composed("mill", url=f"sqlite:///{ready}"):
        pass

    @contextmanager
    def serving(wait):
        folder = tmp_path_factory.mktemp("served")
        shutil.copy(ready, folder / "mill.sqlite")
        made = Mill(folder, mill_addons, f"sqlite:///{folder}/mill.sqlite", wait)
        try:
            yield made
        finally:
            made.end()

    return serving


@pytest.fixture(scope="module")
def one_mill(served):
    with served(wait=0) as made:
        yield made


@pytest.fixture
def mill(one_mill):
    """One process for all tests, at rest."""
    one_mill.gate.unlink(missing_ok=True)
    one_mill.until(lambda: one_mill.ask("/readyz")[0] == 200)
    return one_mill


def busy(mill, pool, paths, method="GET"):
    """Ask for all at once; those that are sent away are answered before any other."""
    mill.shut()
    asked = [pool.submit(mill.ask, path, method) for path in paths]
    mill.until(lambda: sum(one.done() for one in asked) >= len(paths) - 5)
    return asked


def test_under_load_some_are_sent_away_and_whatever_is_accepted_is_done(mill):
    names = [f"sack-{number}" for number in range(40)]
    with ThreadPoolExecutor(40) as pool:
        asked = busy(mill, pool, [f"/api/mill/v1/grind?name={name}" for name in names], "POST")
        away = [one.result() for one in asked if one.done()]
        # Two are worked on and three wait: the others know at once, while nothing moves.
        assert len(away) == 35
        # A probe is answered, by whatever connection it comes; readiness says how it is.
        assert mill.ask("/livez")[0] == 200
        status, headers, body = mill.ask("/readyz")
        assert (status, json.loads(body)["status"]) == (503, "overloaded")
        assert headers["retry-after"]
        mill.open()
        done = dict(zip(names, (one.result() for one in asked), strict=True))
    assert sorted({status for status, _, _ in done.values()}) == [201, 503]
    for status, headers, body in done.values():
        if status == 503:
            problem = json.loads(body)
            assert headers["content-type"] == "application/problem+json"
            assert (problem["code"], problem["status"]) == ("overloaded", 503)
            assert 1 <= int(headers["retry-after"]) <= 4
    # No write is lost, and none was begun that was answered 503.
    assert mill.sacks() == {name for name, (status, _, _) in done.items() if status == 201}
    # When it is over, it is over.
    mill.until(lambda: mill.ask("/readyz")[0] == 200)
    assert mill.ask("/api/mill/v1/grind?name=after", "POST")[0] == 201
    log = mill.log.read_text()
    assert "overloaded (no thread is free): 1 requests were answered 503" in log
    assert log.count("overloaded (") < 10
    assert "Traceback" not in log


def test_who_was_sent_away_keeps_the_connection(mill):
    with ThreadPoolExecutor(10) as pool:
        asked = busy(mill, pool, ["/api/mill/v1/look"] * 10)
        connection = HTTPConnection("127.0.0.1", mill.port, timeout=60)
        for method in ("GET", "HEAD", "POST"):
            assert mill.again(connection, "/api/mill/v1/look", method)[0] == 503
            kept = connection.sock
        mill.open()
        mill.until(lambda: mill.again(connection, "/api/mill/v1/look")[0] == 200)
        assert connection.sock is kept
        connection.close()
        assert {one.result()[0] for one in asked} == {200, 503}


def ending(mill):
    """Told to stop, it gives those at work a while, and then ends."""
    with ThreadPoolExecutor(4) as pool:
        mill.shut()
        mill.seen.unlink()
        asked = [pool.submit(mill.ask, "/api/mill/v1/look") for _ in range(2)]
        mill.until(lambda: mill.seen.exists() and len(mill.seen.read_text()) == 2)
        threading.Timer(0.3, mill.open).start()
        mill.process.terminate()
        assert [one.result()[0] for one in asked] == [200, 200]
    assert mill.process.wait(20) == 0


def test_what_has_waited_too_long_is_sent_away_and_who_is_at_work_ends_with_the_server(served):
    with served(wait=0.5) as mill:
        with ThreadPoolExecutor(6) as pool:
            mill.shut()
            asked = [pool.submit(mill.ask, "/api/mill/v1/look") for _ in range(6)]
            # One too many: so two are at work, and three wait.
            mill.until(lambda: any(one.done() for one in asked))
            time.sleep(0.6)
            mill.open()
            statuses = [one.result()[0] for one in asked]
        assert sorted(statuses) == [200, 200, 503, 503, 503, 503]
        ending(mill)


def test_a_probe_gets_through_many_connections_that_only_stand_open(mill):
    idle = [socket.create_connection(("127.0.0.1", mill.port)) for _ in range(150)]
    try:
        assert mill.ask("/livez")[0] == 200
        assert mill.ask("/readyz")[0] == 200
    finally:
        for one in idle:
            one.close()


def test_without_a_free_connection_to_the_database_the_answer_is_503(
    mill_addons, postgresql_url, monkeypatch
):
    settings = {
        "talatat.db.pool_size": "1",
        "talatat.db.max_overflow": "0",
        "talatat.db.pool_timeout": "0.1",
    }
    with mill_addons.composed("mill", url=postgresql_url, settings=settings) as system:
        system.app.post("/api/mill/v1/grind?name=a", status=201)
        with system.session() as session:
            session.execute(text("SELECT 1"))
            answer = system.app.post("/api/mill/v1/grind?name=b", status=503)
            assert answer.json["code"] == "overloaded"
            assert answer.headers["Retry-After"]
            with pytest.raises(PoolTimeout):
                system.system.database.engine.connect()
            assert system.app.get("/readyz", status=503).json["status"] == "overloaded"
        system.app.post("/api/mill/v1/grind?name=c", status=201)
        with system.session() as session:
            names = session.execute(text("SELECT name FROM mill_sack")).scalars().all()
        assert sorted(names) == ["a", "c"]
