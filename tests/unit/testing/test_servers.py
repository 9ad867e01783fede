"""Throw-away servers: private, from the machine's binaries, gone with the process that started them."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine, text

from talatat.testing import fixtures, servers


def test_a_server_serves_databases_of_its_own_and_leaves_nothing_behind():
    with servers.PostgreSQL() as server:
        url = server.create_database()
        engine = create_engine(url)
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE a (id INTEGER)"))
            assert connection.scalar(text("SHOW fsync")) == "off"
        engine.dispose()  # a template may have no other connection
        copy = create_engine(server.create_database(template=url.rpartition("/")[2]))
        with copy.connect() as connection:
            assert connection.execute(text("SELECT * FROM a")).all() == []
        copy.dispose()
        server.drop_database(url)
        with pytest.raises(psycopg.OperationalError, match="does not exist"):
            psycopg.connect(url.replace("+psycopg", ""))
        folder, port = server.folder, server.port
    assert not folder.exists()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(host="127.0.0.1", port=port, user="postgres", connect_timeout=2)


def test_a_server_does_not_run_as_root(postgresql_server):
    pid = int((postgresql_server.folder / "data/postmaster.pid").read_text().split()[0])
    assert Path(f"/proc/{pid}").stat().st_uid != 0


def test_a_server_ends_with_its_process_even_when_that_is_killed():
    code = (
        "import time; from talatat.testing.servers import postgresql\n"
        "server = postgresql()\n"
        "pid = (server.folder / 'data/postmaster.pid').read_text().split()[0]\n"
        "print(pid, server.folder, flush=True)\n"
        "time.sleep(60)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", code], stdout=subprocess.PIPE, text=True
    )
    said, folder = process.stdout.readline().split()
    pid = int(said)
    os.kill(pid, 0)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    give_up = time.monotonic() + 15
    while Path(f"/proc/{pid}/cmdline").exists() and Path(f"/proc/{pid}/cmdline").read_bytes():
        assert time.monotonic() < give_up, "the server outlives its process"
        time.sleep(0.05)
    shutil.rmtree(folder)  # what the killed process could not do


def test_a_machine_without_postgresql_is_told_in_one_line(monkeypatch):
    monkeypatch.setattr(servers, "_FOLDERS", ())
    monkeypatch.setattr(servers.shutil, "which", lambda name: None)
    with pytest.raises(servers.Unavailable, match=r"not installed \(Debian: apt-get install"):
        servers.find_postgresql()


def test_nothing_is_installed_where_it_was_forbidden(monkeypatch):
    monkeypatch.setenv("TALATAT_INSTALL", "no")
    monkeypatch.setattr(
        servers.subprocess, "run", lambda *_, **__: pytest.fail("something was run")
    )
    assert not servers._install("postgresql")


def script(folder: Path, name: str, body: str) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def bin_folder(tmp_path, monkeypatch):
    """A folder of programs that stand in for the machine's own."""
    folder = tmp_path / "16" / "bin"
    folder.mkdir(parents=True)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.delenv("TALATAT_INSTALL", raising=False)
    monkeypatch.setattr(servers.os, "geteuid", lambda: 0)
    return folder


def test_the_package_is_installed_where_it_is_missing_and_may_be(bin_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(servers, "_FOLDERS", (str(tmp_path),))
    apt = script(bin_folder, "apt-get", f'echo "$@" >> {tmp_path}/said; touch {bin_folder}/initdb')
    monkeypatch.setattr(servers.shutil, "which", {"apt-get": str(apt)}.get)
    assert servers.find_postgresql() == bin_folder
    said = (tmp_path / "said").read_text().splitlines()
    assert said[0].startswith("update")
    assert said[1].endswith("--no-install-recommends postgresql")


def test_an_installation_that_fails_is_not_taken_for_one(bin_folder):
    script(bin_folder, "apt-get", "exit 100")
    assert not servers._install("postgresql")


def test_the_newest_version_is_taken_and_the_path_is_looked_at_last(tmp_path, monkeypatch):
    for version in ("9.6", "15", "16"):
        folder = tmp_path / version / "bin"
        folder.mkdir(parents=True)
        (folder / "initdb").touch()
    monkeypatch.setattr(servers, "_FOLDERS", (str(tmp_path),))
    assert servers.find_postgresql() == tmp_path / "16" / "bin"
    monkeypatch.setattr(servers, "_FOLDERS", ())
    monkeypatch.setattr(servers.shutil, "which", lambda name: str(tmp_path / "15" / "bin" / name))
    assert servers.find_postgresql() == tmp_path / "15" / "bin"


def test_a_cluster_that_cannot_be_made_is_told_with_what_initdb_said(monkeypatch, tmp_path):
    script(tmp_path, "initdb", "echo no room >&2; exit 1")
    monkeypatch.setattr(servers, "find_postgresql", lambda: tmp_path)
    tmp_path.chmod(0o755)
    monkeypatch.setattr(servers.PostgreSQL, "_as_nobody", lambda self: [])
    server = servers.PostgreSQL()
    with pytest.raises(servers.Unavailable, match="initdb failed: no room"):
        server.start()
    assert not server.folder.exists()


def test_a_server_that_does_not_come_up_is_told_with_its_log(monkeypatch, tmp_path):
    script(tmp_path, "initdb", "exit 0")
    script(tmp_path, "postgres", "echo FATAL: no memory; exit 1")
    monkeypatch.setattr(servers, "find_postgresql", lambda: tmp_path)
    monkeypatch.setattr(servers.PostgreSQL, "_as_nobody", lambda self: [])
    server = servers.PostgreSQL()
    with pytest.raises(servers.Unavailable, match=r"does not start: .*FATAL: no memory"):
        server.start()
    assert not server.folder.exists()


def test_root_without_setpriv_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr(servers.shutil, "which", lambda name: None)
    server = object.__new__(servers.PostgreSQL)
    monkeypatch.setattr(servers.os, "geteuid", lambda: 0)
    with pytest.raises(servers.Unavailable, match="there is no setpriv"):
        server._as_nobody()
    monkeypatch.setattr(servers.os, "geteuid", lambda: 1000)
    assert server._as_nobody() == []


def test_an_ordinary_user_keeps_being_one(monkeypatch):
    monkeypatch.setattr(servers.os, "geteuid", lambda: 1000)
    command = object.__new__(servers.PostgreSQL)._as_nobody()
    assert command[-1] == "--pdeathsig=QUIT"


def test_without_a_server_a_test_is_skipped_and_where_ci_is_set_it_fails(monkeypatch):
    reason = servers.Unavailable("PostgreSQL is not installed")
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="not installed"):
        fixtures.unavailable(reason)
    monkeypatch.setenv("CI", "1")
    with pytest.raises(pytest.fail.Exception, match="CI leaves nothing out"):
        fixtures.unavailable(reason)
