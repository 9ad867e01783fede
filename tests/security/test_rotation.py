"""A secret is replaced while two real processes serve: nobody is logged out, no page breaks off."""

import contextlib
import http.client
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from talatat.cli.main import main
from talatat.testing.servers import free_port

WARM = 60
ME, PRODUCTS = "/api/accounts/v1/me", "/api/catalog/v1/products"
INI = """\
[app:main]
use = egg:talatat
talatat.addons = accounts catalog
talatat.limits = off
sqlalchemy.url = {url}
talatat.secret = file:%(here)s/secret
accounts.secret = file:%(here)s/accounts-secret
accounts.argon2_time_cost = 1
accounts.argon2_memory_cost = 64
accounts.argon2_parallelism = 1

[server:main]
use = egg:talatat#waitress
listen = 127.0.0.1:%(http_port)s

[DEFAULT]
http_port = 6543
"""


# Imports once, and makes a `pserve` of its own for each line that it reads.
NURSERY = """\
import os, signal, sys
from pyramid.scripts.pserve import main
import talatat.process, talatat_accounts.views.pages, talatat_catalog
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
for port in sys.stdin:
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.dup2(2, 1)
        main(["pserve", sys.argv[1], "http_port=" + port.strip()])
        sys.exit()  # what is to be done at the exit is done
    print(child, flush=True)
"""


class Nursery:
    """Real `pserve` processes of one site that share the seconds of importing."""

    def __init__(self, ini):
        self.log = Path(ini).with_name("pserve.log")
        command = [sys.executable, "-W", "ignore", "-c", NURSERY, ini]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, stderr=log, **pipes)

    def serve(self, port):
        self.process.stdin.write(f"{port}\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def end(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(WARM)


class Served:
    """One process of the site. `taken` counts the requests that it answers right now."""

    def __init__(self, nursery):
        self.nursery, self.port = nursery, free_port()
        self.pid, self.taken, self.open = None, 0, False

    def start(self):
        self.pid = self.nursery.serve(self.port)
        end = time.monotonic() + WARM
        while time.monotonic() < end and self.lives():
            try:
                if self.send("GET", "/readyz", {}, None)[0] == 200:
                    self.open = True
                    return
            except OSError:
                time.sleep(0.1)
        raise RuntimeError(self.nursery.log.read_text())

    def lives(self):
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def stop(self):
        if self.pid is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM)
        end = time.monotonic() + WARM
        while self.lives() and time.monotonic() < end:
            time.sleep(0.05)
        self.pid = None

    def send(self, method, path, headers, body):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=WARM)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()


class Front:
    """What stands before the processes: it sends work in turn to those that take it."""

    def __init__(self, servers):
        self.servers, self.turns = servers, itertools.cycle(servers)
        self.change = threading.Condition()

    def send(self, method, path, headers=None, body=None):
        headers = dict(headers or {})
        if body is not None:
            body, headers["Content-Type"] = json.dumps(body), "application/json"
        with self.change:
            server = next(one for one in self.turns if one.open)
            server.taken += 1
        try:
            status, got, raw = server.send(method, path, headers, body)
        finally:
            with self.change:
                server.taken -= 1
                self.change.notify_all()
        assert status in (200, 201), f"{method} {path} on {server.port}: {status} {raw[:400]!r}"
        return got, json.loads(raw)

    def restart(self, server):
        with self.change:
            server.open = False
            self.change.wait_for(lambda: server.taken == 0)
        server.stop()
        server.start()


class Clients:
    """People and programs that go on with what they hold, each in a thread of its own."""

    def __init__(self, front, admin):
        self.front, self.admin = front, admin
        self.rounds, self.failures, self.over = {}, [], threading.Event()
        self.threads = []

    def log_in(self):
        body = {"user": self.admin["user"], "password": self.admin["password"]}
        headers, answer = self.front.send("POST", "/api/accounts/v1/sessions", body=body)
        cookie = headers["Set-Cookie"].partition(";")[0]
        return {"Cookie": cookie, "X-CSRF-Token": answer["csrf_token"]}

    def browse(self):
        session = self.log_in()
        for number in itertools.count():
            _, me = self.front.send("GET", ME, session)
            assert (me["source"], me["csrf_token"]) == ("accounts.session", session["X-CSRF-Token"])
            price = {"amount": "1.00", "currency": "EUR"}
            sku = f"{threading.get_ident()}-{number}"
            body = {"sku": sku, "title": "lamp", "price": price}
            self.front.send("POST", PRODUCTS, session, body)
            yield

    def call(self):
        bearer = {"Authorization": f"Bearer {self.admin['token']}"}
        while True:
            assert self.front.send("GET", ME, bearer)[1]["source"] == "accounts.token"
            yield

    def page(self):
        return self.walk(f"{PRODUCTS}?limit=1", {})

    def follow(self):
        bearer = {"Authorization": f"Bearer {self.admin['token']}"}
        return self.walk(f"{PRODUCTS}:changes?limit=1", bearer)

    def walk(self, start, headers):
        path = start
        while True:
            parts = urlsplit(self.front.send("GET", path, headers)[1]["next"] or start)
            path = f"{parts.path}?{parts.query}"
            yield

    def begin(self, *kinds):
        for kind in kinds:
            thread = threading.Thread(target=self.run, args=(kind, len(self.threads)))
            self.threads.append(thread)
            thread.start()

    def run(self, kind, name):
        try:
            self.rounds[name] = 0
            for _ in kind():
                self.rounds[name] += 1
                if self.over.wait(0.1):
                    return
        except BaseException as error:
            self.failures.append(error)

    def go_on(self, rounds=3):
        """Wait until each client has come so much further; raise what any of them met."""
        before = dict(self.rounds)
        end = time.monotonic() + WARM
        while time.monotonic() < end and not self.failures:
            done = [self.rounds[name] - before.get(name, 0) for name in list(self.rounds)]
            if len(done) == len(self.threads) and min(done) >= rounds:
                return
            time.sleep(0.02)
        raise self.failures[0] if self.failures else TimeoutError(str(self.rounds))

    def end(self):
        self.over.set()
        for thread in self.threads:
            thread.join(WARM)


@pytest.fixture
def site(tmp_path, postgresql_url):
    ini = tmp_path / "site.ini"
    ini.write_text(INI.format(url=postgresql_url.replace("%", "%%")))
    for name in ("secret", "accounts-secret"):
        (tmp_path / name).write_text(f"the first value of {name}\n")
    assert main(["apply", str(ini), "--yes"]) == 0
    return str(ini)


@pytest.fixture
def admin(site, tmp_path):
    out = tmp_path / "admin.json"
    command = [sys.executable, "-W", "ignore", "-m", "talatat_accounts.bootstrap", site]
    subprocess.run([*command, "--out", str(out), "--url", "http://x"], check=True)
    return json.loads(out.read_text())


def secret(site, step):
    """Both secrets together, as one does who replaces what may be known to others."""
    return [main(["secret", site, key, step]) for key in ("talatat.secret", "accounts.secret")]


def test_both_secrets_are_replaced_under_load_and_nobody_notices(site, admin, tmp_path, capsys):
    nursery = Nursery(site)
    servers = [Served(nursery), Served(nursery)]
    front, old = Front(servers), Path(tmp_path, "accounts-secret").read_text().strip()
    clients = Clients(front, admin)
    try:
        for server in servers:
            server.start()
        clients.begin(clients.browse, clients.call, clients.page, clients.follow)
        clients.go_on()
        assert secret(site, "--add") == [0, 0]
        front.restart(servers[0])
        clients.go_on()
        assert main(["secret", site, "talatat.secret", "--use"]) == 1, (
            "the other process refused it"
        )
        assert f":{servers[1].pid}. Restart" in capsys.readouterr().err
        front.restart(servers[1])
        assert secret(site, "--use") == [0, 0]
        assert Path(tmp_path, "accounts-secret").read_text().splitlines()[1:] == [old]
        front.restart(servers[0])  # now one signs with the new value, and one with the former
        clients.begin(clients.browse)
        clients.go_on(6)
        front.restart(servers[1])
        clients.begin(clients.browse)
        clients.go_on()
        assert main(["secret", site, "accounts.secret", "--drop"]) == 1, "cookies of it are alive"
        assert "in use until" in capsys.readouterr().err
    finally:
        clients.end()
        for server in servers:
            server.stop()
        nursery.end()
    assert clients.failures == []
    log = Path(tmp_path, "pserve.log").read_text()
    assert "Traceback" not in log
    assert old not in log
