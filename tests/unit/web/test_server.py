"""The embedded server as pserve runs it: a child process, a real socket, INT and TERM."""

import contextlib
import gc
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from types import SimpleNamespace

import pytest

from talatat.testing.servers import free_port
from talatat.web.server import introduce, moved, url

APPLICATION = """
from types import SimpleNamespace
from talatat.limiting import Load

class Application:
    platform = SimpleNamespace(max_body=1024, max_waiting=100, max_wait=10)
    system = SimpleNamespace(draining=False, load=Load(), settings=SimpleNamespace(platform=platform))
    registry = SimpleNamespace(system=system)

    def __call__(self, environ, start_response):
        draining = str(self.system.draining)
        start_response("200 OK", [("Content-Type", "text/plain"), ("Draining", draining)])
        return [b"served"]

def main(global_config, **settings):
    return Application()
"""
INI = """
[app:main]
use = call:tiny:main

[server:main]
use = egg:talatat#waitress
{options}
"""


@pytest.fixture
def pserve(tmp_path):
    """Start pserve on an .ini with these options of the server; ended whatever happens."""
    (tmp_path / "tiny.py").write_text(APPLICATION)
    started = []

    def start(options, *variables):
        ini = tmp_path / "tiny.ini"
        ini.write_text(INI.format(options=options))
        command = [sys.executable, "-W", "ignore", "-m", "pyramid.scripts.pserve", ini, *variables]
        process = subprocess.Popen(
            command,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(tmp_path)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_it_says_when_it_is_ready_serves_and_stops_cleanly(pserve, stop):
    port = free_port()
    process = pserve(f"listen = localhost:{port}")
    assert process.stdout.readline() == f"ready http://localhost:{port}\n"
    with urllib.request.urlopen(f"http://localhost:{port}/") as response:
        assert response.read() == b"served"
    process.send_signal(stop)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "Traceback" not in errors


def test_another_port_can_be_given_after_the_name_of_the_ini(pserve):
    port = free_port()
    process = pserve("listen = 127.0.0.1:1", f"http_port={port}")
    assert process.stdout.readline() == f"ready http://localhost:{port}\n"
    process.terminate()
    assert process.wait(20) == 0


def test_a_taken_port_is_told_with_the_way_out(pserve):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        process = pserve(f"listen = 127.0.0.1:{port}")
        _, errors = process.communicate(timeout=20)
    assert f"Cannot listen on 127.0.0.1:{port}" in errors
    assert "http_port=7000" in errors
    assert "Traceback" not in errors
    assert process.returncode == 1


def test_before_it_stops_it_says_for_a_while_that_it_drains(pserve):
    port = free_port()
    process = pserve(f"listen = localhost:{port}\ndrain_seconds = 1.5")
    assert process.stdout.readline() == f"ready http://localhost:{port}\n"
    process.terminate()
    started, seen = time.monotonic(), []
    while process.poll() is None and time.monotonic() - started < 20:
        with (
            contextlib.suppress(OSError),
            urllib.request.urlopen(f"http://localhost:{port}/") as answer,
        ):
            seen.append(answer.headers["Draining"])
        time.sleep(0.1)
    assert process.returncode == 0
    assert 1 < time.monotonic() - started < 15
    assert seen[-1] == "True"


def test_what_is_no_request_is_answered_with_an_id_and_the_page_of_its_code(pserve):
    port = free_port()
    process = pserve(f"listen = localhost:{port}")
    assert process.stdout.readline() == f"ready http://localhost:{port}\n"
    with socket.create_connection(("localhost", port)) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nno header\r\n\r\n")
        with client.makefile("rb") as answered:
            head, _, body = answered.read().partition(b"\r\n\r\n")
    problem = json.loads(body)
    assert problem["type"] == "/docs/problems/bad_request"
    assert f"Request-Id: {problem['request_id']}" in head.decode()


def test_a_second_signal_stops_it_at_once(pserve):
    port = free_port()
    process = pserve(f"listen = localhost:{port}\ndrain_seconds = 60")
    assert process.stdout.readline() == f"ready http://localhost:{port}\n"
    process.terminate()
    time.sleep(0.3)
    assert process.poll() is None
    process.terminate()
    assert process.wait(20) == 0


@pytest.mark.parametrize("port", ["abc", "99999", "-1", "6543 "])
def test_what_is_no_port_is_told_and_not_wrapped_around_to_another(pserve, port):
    process = pserve("listen = 127.0.0.1:1", f"http_port={port}")
    _, errors = process.communicate(timeout=20)
    assert "is not a port. Give a number from 1 to 65535." in errors
    assert "Traceback" not in errors
    assert process.returncode == 1


def test_the_port_moves_in_every_way_an_address_is_written():
    assert moved({"listen": "localhost:1 [::1]:2"}, "7") == {"listen": "localhost:7 [::1]:7"}
    assert moved({"host": "0.0.0.0", "threads": "4"}, "7") == {
        "host": "0.0.0.0",
        "threads": "4",
        "port": "7",
    }


@pytest.mark.parametrize(
    ("host", "shown"),
    [("0.0.0.0", "localhost"), ("shop.example", "shop.example"), ("fd00::1", "[fd00::1]")],
)
def test_the_address_that_is_shown_can_be_opened(host, shown):
    one = SimpleNamespace(effective_host=host, effective_port=7000)
    several = SimpleNamespace(effective_listen=[(host, 7000), ("127.0.0.2", 7001)])
    assert url(one) == url(several) == f"http://{shown}:7000"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("lisen = localhost:1", "unknown key 'lisen'. Did you mean listen?"),
        ("listen = localhost:1\nthreads = many", "'many'. Correct the section."),
        ("listen = localhost:1\ndrain_seconds = soon", "'soon'. Correct the section."),
    ],
)
def test_an_option_that_no_server_takes_is_told_without_a_traceback(pserve, options, said):
    process = pserve(options)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "Traceback" not in err
    assert "tiny.ini: [server:main]: " in err
    assert said in err


def test_what_is_composed_is_out_of_the_collectors_sight_once_a_server_serves():
    def application(environ, start_response):
        start_response("200 OK", [])
        return [b""]

    before = gc.get_freeze_count()
    try:
        introduce(application)
        assert gc.get_freeze_count() > before
    finally:
        gc.unfreeze()
