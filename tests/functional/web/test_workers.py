"""Granian's workers as pserve runs them: real processes on a real port, TERM, HUP and KILL."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from talatat.testing.servers import free_port
from tests.conftest import folder_of_addons

# Each answer names its process; /save reads a body.
BENCH = {
    "__init__.py": """
        import os
        from pyramid.response import Response
        from talatat.schema.body import read_json

        def here(request):
            return Response(str(os.getpid()))

        def save(request):
            return Response(json_body=read_json(request))

        def includeme(config):
            for view, method in ((here, "GET"), (save, "POST")):
                config.add_route(view.__name__, f"/api/bench/v1/{view.__name__}", request_method=method)
                config.add_view(view, route_name=view.__name__, permission="public")
        """
}
COMPOSED = """
[app:main]
use = egg:talatat
talatat.addons = bench
talatat.development = true
talatat.secret = file:%(here)s/secret
sqlalchemy.url = sqlite:///%(here)s/var/bench.sqlite

[server:main]
use = egg:talatat#granian
listen = 127.0.0.1:1
workers = 2
threads = 1

[loggers]
keys = root, talatat

[handlers]
keys = stderr

[formatters]
keys = lines

[logger_root]
level = WARNING
handlers = stderr

[logger_talatat]
level = INFO
handlers =
qualname = talatat

[handler_stderr]
class = StreamHandler
args = (sys.stderr,)
formatter = lines

[formatter_lines]
class = talatat.web.logging.Formatter
format = json
"""
TINY = """
import os
from types import SimpleNamespace
from talatat.limiting import Load

class Application:
    system = SimpleNamespace(
        draining=False, outbox=SimpleNamespace(stop=lambda: None), database=SimpleNamespace(dispose=lambda: None),
        composition=SimpleNamespace(ini=SimpleNamespace(section="main")),
        settings=SimpleNamespace(platform=SimpleNamespace(secret=["shared"])),
    )
    registry = SimpleNamespace(system=system)

    def __call__(self, environ, start_response):
        said = {"pid": os.getpid(), "draining": self.system.draining, "edition": 1,
                "scheme": environ["wsgi.url_scheme"], "address": environ.get("REMOTE_ADDR")}
        start_response("200 OK", [("Content-Type", "application/json")])
        return [__import__("json").dumps(said).encode()]

def main(global_config, **settings):
    return Application()
"""
TINY_INI = """
[app:main]
use = call:tiny:main

[server:main]
use = egg:talatat#granian
listen = localhost:1
workers = {workers}
trusted_proxy = 127.0.0.1
trusted_proxy_headers = x-forwarded-proto x-forwarded-for
{options}
"""


class Served:
    """pserve on an .ini of granian, and its workers."""

    def __init__(self, ini: Path, path: Path) -> None:
        self.port = free_port()
        self.log = ini.with_suffix(".log")
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-W", "ignore", "-m", "pyramid.scripts.pserve", ini, f"http_port={self.port}"],
                cwd=ini.parent,
                env={**os.environ, "PYTHONPATH": str(path)},
                stdout=log,
                stderr=subprocess.STDOUT,
            )  # fmt: skip
        self.until(lambda: "ready http://" in self.said)

    @property
    def said(self) -> str:
        return self.log.read_text()

    def until(self, true) -> None:
        give_up = time.monotonic() + 90
        while time.monotonic() < give_up:
            with contextlib.suppress(OSError):
                if true():
                    return
            assert self.process.poll() is None, self.said
            time.sleep(0.05)
        raise AssertionError(self.said)

    def ask(self, path="/", body=None, **headers):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", body, headers)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.read()

    def tell(self, **headers):
        return json.loads(self.ask(**headers))

    def pids(self, path="/", times=40):
        return {self.ask(path) for _ in range(times)}

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.process.wait(60)


@pytest.fixture
def served(tmp_path):
    """Start pserve on an .ini; ended whatever happens."""
    started = []

    def start(ini, path=tmp_path):
        started.append(Served(ini, path))
        return started[-1]

    yield start
    for one in started:
        one.process.kill()
        one.process.wait()


@pytest.fixture
def tiny(tmp_path, served):
    """The smallest application, served with these options."""

    def start(options="", workers=2):
        (tmp_path / "tiny.py").write_text(TINY)
        (tmp_path / "tiny.ini").write_text(TINY_INI.format(options=options, workers=workers))
        return served(tmp_path / "tiny.ini")

    return start


def test_two_workers_serve_a_composed_system_and_stop_when_they_are_told(tmp_path, served):
    with folder_of_addons(tmp_path) as addons:
        addons.write("bench", BENCH)
        (tmp_path / "secret").write_text("a long secret that both workers share")
        (tmp_path / "bench.ini").write_text(COMPOSED)
        one = served(tmp_path / "bench.ini")
        assert f"ready http://localhost:{one.port}\n" in one.said
        # Which of them takes a connection is the system's choice: both do before long.
        pids = one.pids("/api/bench/v1/here")
        assert len(pids) == 2
        # Fresh interpreters, which hold nothing of what the parent composed.
        for pid in map(int, pids):
            assert b"multiprocessing.spawn" in Path(f"/proc/{pid}/cmdline").read_bytes()
        kept = one.ask("/api/bench/v1/save", b'{"a": [1]}', **{"Content-Type": "application/json"})
        assert json.loads(kept) == {"a": [1]}
        assert one.ask("/readyz")
        assert one.stop() == 0
        assert "Traceback" not in one.said
        # The lines of requests go where all others go.
        lines = [json.loads(line) for line in one.said.splitlines() if line.startswith("{")]
        assert "/api/bench/v1/save" in [line.get("path") for line in lines]


def test_a_proxy_is_believed_a_killed_worker_is_replaced_and_a_drain_is_told_before_the_stop(tiny):
    one = tiny("drain_seconds = 1.5")
    seen = one.tell(**{"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.7"})
    assert (seen["scheme"], seen["address"], seen["draining"]) == ("https", "192.0.2.7", False)
    pids = {json.loads(said)["pid"] for said in one.pids()}
    killed = pids.pop()
    os.kill(killed, signal.SIGKILL)
    one.until(lambda: len({json.loads(said)["pid"] for said in one.pids()} - {killed}) == 2)
    one.process.terminate()
    one.until(lambda: one.tell()["draining"])
    assert one.process.wait(60) == 0


def test_new_code_is_taken_on_hup_and_broken_code_is_not_and_no_worker_outlives_its_parent(
    tiny, tmp_path
):
    one = tiny(workers=1)
    before = one.pids()
    code = tmp_path / "tiny.py"
    broken = "from talatat.errors import TalatatError\nraise TalatatError('it is half written')"
    code.write_text(broken)
    one.process.send_signal(signal.SIGHUP)
    one.until(lambda: "go on as they are" in one.said)
    assert "it is half written" in one.said
    assert one.pids() == before
    code.write_text(TINY.replace('"edition": 1', '"edition": 2'))
    one.process.send_signal(signal.SIGHUP)
    one.until(lambda: all(json.loads(said)["edition"] == 2 for said in one.pids()))
    one.process.kill()
    one.process.wait()
    give_up = time.monotonic() + 30
    while True:
        try:
            one.ask()
        except OSError:
            break
        assert time.monotonic() < give_up
        time.sleep(0.1)
