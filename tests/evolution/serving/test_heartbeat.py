"""A process that serves says so, as long as it does; what it cannot follow it does not serve."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, text

from talatat.evolution import guard, heartbeat, processes
from talatat.evolution.processes import live_processes, remove_dead
from talatat.evolution.tables import processes as table
from talatat.testing.databases import make_database
from talatat.testing.servers import free_port


@pytest.fixture
def often(monkeypatch):
    """Beats that a test can wait for."""
    monkeypatch.setattr(heartbeat, "EVERY", 0.05)


@pytest.fixture
def live(database):
    def ask(now=None):
        with database.reading_engine.connect() as connection:
            return live_processes(connection, now)

    return ask


def until(true, patience=20.0):
    end = time.monotonic() + patience
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def beating():
    return [one for one in threading.enumerate() if one.name == "talatat-heartbeat"]


def test_composing_and_looking_start_nothing_and_the_first_request_does(
    releases, database_url, serve, live
):
    with releases.composed(database_url) as system:
        assert not beating()
        system.app.get("/page")  # a test: it answers, and is no process that serves
        assert not beating()
        assert live() == []
    with releases.composed(database_url) as system:
        serve(system)
        [row] = live()
        assert (row["host"], row["pid"], row["release"]) == (socket.gethostname(), os.getpid(), 1)
        assert row["id"].startswith(f"{socket.gethostname()}:{os.getpid()}:")
        assert 0 <= row["age"] < 5
        assert len(beating()) == 1
        system.system.guard.stop()
        assert live() == []
        assert not beating()


def test_the_row_is_renewed_and_put_back_when_somebody_took_it_away(
    releases, database_url, serve, live, database, often
):
    with releases.composed(database_url) as system:
        serve(system)
        [first] = live()
        until(lambda: live()[0]["seen_at"] > first["seen_at"])
        with database.engine.begin() as connection:
            connection.execute(table.delete())
        until(live)
        assert live()[0]["id"] == first["id"]


def test_who_said_nothing_for_half_a_minute_is_dead_and_removed_by_the_next(
    releases, database_url, serve, live, database, often
):
    with releases.composed(database_url) as system:
        with database.engine.begin() as connection:
            now = processes.moment(connection)
            for pid, seconds in ((1, 29), (2, 31)):
                row = {
                    "id": f"elsewhere:{pid}:0", "host": "elsewhere", "pid": pid, "release": 1,
                    "started_at": now, "seen_at": now - timedelta(seconds=seconds),
                }  # fmt: skip
                connection.execute(insert(table).values(row))
        assert [one["pid"] for one in live()] == [1]
        serve(system)
        assert sorted(one["pid"] for one in live(now)) == [1, os.getpid()]
        with database.engine.begin() as connection:
            assert remove_dead(connection, now + timedelta(seconds=10)) == 1
            assert remove_dead(connection, now + timedelta(seconds=10)) == 0


def test_without_the_table_nobody_lives_and_nothing_fails(database):
    with database.engine.begin() as connection:
        assert live_processes(connection) == []
        assert remove_dead(connection) == 0
    beat = heartbeat.Heartbeat(database.url, lambda _: 1)
    assert beat.beat(1) is False
    beat.stop()


def test_an_old_process_keeps_saying_its_release_when_a_newer_one_is_applied(
    releases, database_url, serve, live, often
):
    with releases.composed(database_url) as old:
        serve(old)
        releases.release("1.1", second="expand")
        releases.bring(database_url)
        seen = live()[0]["seen_at"] + timedelta(seconds=0.3)
        until(lambda: live()[0]["seen_at"] > seen)
        assert [one["release"] for one in live()] == [1]
        with releases.composed(database_url, migrate=False) as new:
            serve(new)
            assert sorted(one["release"] for one in live()) == [1, 2]
        assert old.app.get("/page", status=200).text == "served"
        assert old.app.get("/readyz", status=200).json["release"] == 1


def test_a_process_that_was_overtaken_stops_serving_and_holds_nothing_back(
    releases, database_url, serve, live, often
):
    with releases.composed(database_url) as old:
        serve(old)
        releases.release("1.1", second="contract")
        releases.bring(database_url)
        until(lambda: not old.system.guard.open)
        until(lambda: live() == [])
        old.app.get("/page", status=503)
        assert old.app.get("/readyz", status=503).json["status"] == "superseded"


def test_a_database_that_was_taken_back_closes_the_newer_process_until_it_is_there_again(
    releases, database_url, serve, live, often, database
):
    releases.bring(database_url)
    releases.release("1.1", second="expand")
    with releases.composed(database_url) as new:
        serve(new)
        with database.engine.begin() as connection:
            taken_back(connection)
        until(lambda: not new.system.guard.open)
        assert new.app.get("/page", status=503)
        assert new.app.get("/readyz", status=503).json["missing"] == [
            {"addon": "pages", "revision": "second"}
        ]
        releases.bring(database_url)
        assert new.app.get("/readyz", status=200).json["status"] == "ok"
        assert new.system.guard.open
        until(live)


def taken_back(connection):
    connection.execute(text("UPDATE pages_alembic_version SET version_num = 'first'"))
    connection.execute(
        text(
            "INSERT INTO talatat_ledger SELECT (SELECT max(position) + 1 FROM talatat_ledger), addon,"
            " revision, 'down', phase, down, requires, version, plan, checksum, text, reversible,"
            " started_at, finished_at, who, lock_wait_ms FROM talatat_ledger WHERE revision = 'second'"
        )
    )


def test_who_could_not_be_heard_for_long_looks_again_before_it_serves(
    releases, database_url, serve, monkeypatch
):
    with releases.composed(database_url) as old:
        serve(old)
        releases.release("1.1", second="contract")
        releases.bring(database_url)
        old.app.get("/page", status=200)  # nobody has told it yet
        old.system.guard.until = time.monotonic() - 1
        old.app.get("/page", status=503)


def test_what_was_taken_away_just_before_a_process_is_seen_is_seen_by_it(
    releases, database_url, serve, live, monkeypatch
):
    releases.bring(database_url)
    real = guard.Heartbeat.beat

    def late(self, release):
        releases.release("1.1", second="contract")
        releases.bring(database_url)
        return real(self, release)

    with releases.composed(database_url, migrate=False) as old:
        assert old.app.get("/livez", status=200)
        old.system.guard.served.graph  # as its process start has read it  # noqa: B018
        old.system.serving = True
        monkeypatch.setattr(guard.Heartbeat, "beat", late)
        old.app.get("/page", status=503)
        assert live() == []
        assert not beating()
        old.system.guard.stop()


def test_a_beat_stands_in_nobodys_way_on_sqlite(releases, sqlite_url, serve):
    with releases.composed(sqlite_url) as system:
        serve(system)
        database = make_database(sqlite_url)
        with database.engine.begin() as connection:
            connection.execute(text("CREATE TABLE pages_more (id INTEGER)"))
            began = time.monotonic()
            assert system.system.guard._heartbeat.beat(1) is False
            assert time.monotonic() - began < 2
            later = processes.moment(connection) + timedelta(minutes=5)
            # It could not renew its row, but its process is there to be seen.
            assert [one["pid"] for one in live_processes(connection, later)] == [os.getpid()]
            assert live_processes(connection, later + timedelta(hours=2)) == []
            connection.execute(table.update().values(pid=2**22 + 1))
            assert live_processes(connection, later) == []
        database.dispose()


def test_a_forked_process_looks_for_itself_and_has_a_row_of_its_own(
    releases, database_url, serve, live
):
    with releases.composed(database_url) as system:
        serve(system)
        system.system.database.dispose()
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:  # no assertion may leave this block
            try:
                status = system.app.get("/page").status_int
                os.write(writing, f"{status} {len(live())} {len(beating())}".encode())
                system.system.guard.stop()
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        assert os.read(reading, 100) == b"200 2 1"
        os.close(reading)
        os.close(writing)
        assert [one["pid"] for one in live()] == [os.getpid()]


@pytest.fixture
def pserve(releases, database_url, live):
    """Start real processes on the database, which nobody asks anything; all of them end with the test."""
    releases.bring(database_url)
    ini = Path(releases.addons.ini("pages", url=database_url))
    started = []

    def start():
        port = free_port()
        ini.write_text(
            ini.read_text().split("[server:main]")[0]
            + f"[server:main]\nuse = egg:talatat#waitress\nlisten = 127.0.0.1:{port}\n"
        )
        process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "pyramid.scripts.pserve", str(ini)],
            env={**os.environ, "PYTHONPATH": str(releases.addons.folder)},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        started.append(process)
        until(lambda: process.pid in {row["pid"] for row in live()})
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


def test_processes_say_that_they_serve_until_they_end_or_are_found_dead(pserve, live, database):
    one, other = pserve(), pserve()
    assert sorted(row["pid"] for row in live()) == sorted([one.pid, other.pid])
    assert {row["release"] for row in live()} == {1}
    one.send_signal(signal.SIGTERM)
    assert one.wait(20) == 0
    assert [row["pid"] for row in live()] == [other.pid]
    other.kill()
    other.wait()
    assert [row["pid"] for row in live()] == [other.pid]
    with database.engine.begin() as connection:
        later = processes.moment(connection) + timedelta(seconds=31)
        assert live_processes(connection, later) == []
        assert remove_dead(connection, later) == 1
