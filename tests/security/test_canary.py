"""Secrets that are planted and then looked for: in logs, answers, plans, the lock file, the database.

Each has a value that is nowhere else. The system is exercised rightly and wrongly, over HTTP and by commands;
afterwards the value stands nowhere, but in the one answer that hands it out and in the file that keeps it.
"""

import json
import logging
import secrets
from pathlib import Path

import pytest
from sqlalchemy import inspect, text
from webtest import TestApp

from talatat.cli.main import main
from talatat.composing import compose, load_composition
from talatat.evolution.migrate import bring_to
from talatat.web.logging import Formatter
from talatat_accounts.bootstrap import run as first_start

API = "/api/accounts/v1"
COMMANDS = (
    ("plan", "{ini}", "--json"), ("plan", "{ini}"), ("plan", "{ini}", "--out", "{folder}/plan.json"),
    ("apply", "{ini}", "--yes", "--json"), ("doctor", "{ini}", "--json"), ("doctor", "{ini}"),
    ("history", "{ini}", "--json"), ("addons", "{ini}", "--json"), ("secret", "{ini}", "--json"),
    ("secret", "{ini}"), ("why", "{ini}", "talatat.secret"), ("why", "{ini}", "accounts.secret"),
    ("why", "{ini}", "accounts.users", "--json"), ("why", "{ini}", "accounts.oidc.corp.client_secret"), ("check", "nobody"),
)  # fmt: skip
FILES_OF_SECRETS = ("secret", "accounts-secret", "provider-secret", "admin.json")


def random_value(kind):
    return f"{kind}Canary9{secrets.token_urlsafe(30)}"


class Watched:
    """A served shop whose log and answers are all kept. `planted` are the values that must not be found."""

    def __init__(self, folder):
        self.folder, self.ini = folder, folder / "site.ini"
        self.planted, self.answers, self.lines = {}, [], []
        for name in ("secret", "accounts-secret", "provider-secret"):
            self.plant(name, random_value(name.replace("-", "")))
            (folder / name).write_text(self.planted[name] + "\n")
        self.ini.write_text(
            "[app:main]\nuse = egg:talatat\ntalatat.addons = accounts catalog\n"
            "talatat.secret = file:%(here)s/secret\naccounts.secret = file:%(here)s/accounts-secret\n"
            f"sqlalchemy.url = sqlite:///{folder}/shop.sqlite\n"
            "accounts.oidc = corp\naccounts.oidc.corp.issuer = https://127.0.0.1:9\n"
            "accounts.oidc.corp.client_id = shop\n"
            "accounts.oidc.corp.client_secret = file:%(here)s/provider-secret\n"
            "accounts.argon2_time_cost = 1\naccounts.argon2_memory_cost = 64\n"
            "accounts.argon2_parallelism = 1\n"
        )

    def plant(self, kind, value):
        self.planted[kind] = value
        return value

    def serve(self):
        config = compose(load_composition(str(self.ini)))
        system = config.registry.system
        bring_to(system.composition, system.database)
        config.add_route("broken", "/broken/{what}")
        config.add_view(broken, route_name="broken", permission="public", require_csrf=False)
        self.app = TestApp(config.make_wsgi_app(), extra_environ={"REMOTE_ADDR": "192.0.2.1"})
        self.system = system

    def send(self, method, path, headers=None, body=None, kind="application/json"):
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        answer = self.app.request(
            path, method=method, headers=headers or {}, body=b"" if body is None else raw,
            content_type=kind, expect_errors=True,
        )  # fmt: skip
        self.answers.append((method, path, answer.status, str(answer.headers), answer.text))
        return answer

    def handed_out(self):
        """The last answer was the one that hands a secret out: it is not looked at."""
        self.answers.pop()

    def stored(self):
        with self.system.database.engine.connect() as connection:
            names = inspect(connection).get_table_names()
            rows = [connection.execute(text(f'SELECT * FROM "{name}"')).all() for name in names]
        assert "accounts_token" in names
        assert "talatat_release" in names
        return str(rows)


def broken(request):
    """What an addon does when it fails in the middle of a request that carries secrets."""
    raise RuntimeError(f"cannot work with {request.matchdict['what']}")


class Kept(logging.Handler):
    """Every record as the platform writes it out, with whatever it carries."""

    def __init__(self, lines):
        super().__init__(logging.DEBUG)
        self.lines = lines
        self.formatter = Formatter("json")

    def emit(self, record):
        self.lines.append(self.format(record))


@pytest.fixture
def watched(tmp_path):
    found, root = Watched(tmp_path), logging.getLogger()
    handler, level = Kept(found.lines), root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        found.serve()
        yield found
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
        found.system.database.dispose()


def become(watched):
    """The first administrator, and all that somebody who logs in is given."""
    first_start(str(watched.ini), watched.folder / "admin.json", "http://localhost", "admin")
    admin = json.loads((watched.folder / "admin.json").read_text())
    watched.plant("first password", admin["password"])
    watched.plant("first token", admin["token"])
    bearer = {"Authorization": f"Bearer {admin['token']}"}
    password = watched.plant("password", random_value("Password"))
    body = {"name": "ada", "password": password, "roles": ["admin"]}
    assert watched.send("POST", f"{API}/users", bearer, body).status_int == 201
    login = {"user": "ada", "password": password}
    token = watched.send("POST", f"{API}/tokens", body=login).json["token"]
    watched.handed_out()
    watched.plant("token", token)
    watched.plant("token without its prefix", token[4:])
    answer = watched.send("POST", f"{API}/sessions", body=login)
    watched.handed_out()
    cookie = watched.app.cookies["talatat_session"]
    watched.plant("session cookie", cookie)
    watched.plant("signature of the cookie", cookie.partition(".")[2])
    watched.plant("csrf token", answer.json["csrf_token"])
    watched.plant("second factor", enrolled(watched, cookie, answer.json["csrf_token"]))
    watched.app.reset()
    return login, token, cookie, answer.json["csrf_token"]


def enrolled(watched, cookie, csrf):
    """The seed of a second factor that waits to be confirmed: kept encrypted."""
    headers = {"Cookie": f"talatat_session={cookie}", "X-CSRF-Token": csrf}
    answer = watched.send("POST", f"{API}/me/second-factor", headers, {})
    watched.handed_out()
    assert answer.status_int < 300, answer.text
    return answer.json["seed"]


def exercise(watched, login, token, cookie, csrf):
    """Every place where somebody may put a secret, rightly and by mistake."""
    guess = watched.plant("wrong password", random_value("Guess"))
    bearer, password = {"Authorization": f"Bearer {token}"}, login["password"]
    browser = {"Cookie": f"talatat_session={cookie}", "X-CSRF-Token": csrf}
    for headers in (bearer, browser, {"Cookie": f"talatat_session={cookie}"},
                    {"Authorization": f"Basic {token}"}, {"Authorization": f"Bearer {token}x"},
                    {"Cookie": f"other={cookie}; talatat_session={cookie}x"}):  # fmt: skip
        watched.send("GET", f"{API}/tokens", headers)
        watched.send("POST", f"{API}/groups", headers, {"name": "clerks"})
        watched.send("GET", f"/broken/{token}", headers)
        watched.send("POST", "/broken/it", headers, login)
    for value in (token, password, csrf, guess):
        for path in (f"/api/catalog/v1/products?token={value}", f"{API}/users/{value}",
                     f"{API}/tokens/{value}", f"/nowhere/{value}", f"/broken/{value}",
                     f"{API}/users?cursor={value}", f"/accounts/login?next=/{value}"):  # fmt: skip
            if (
                value in (password, guess)
                and f"?token={value}" not in path
                and "cursor" not in path
            ):
                continue  # a person who makes a path of a password is told what they asked for
            watched.send("GET", path, bearer)
            watched.send("DELETE", path, {"Accept": "text/html"})
        for body in ({"user": "ada", "password": [value]}, {"user": "ada", "password": {"a": value}},
                     {"password": value}, {"user": "ada", "password": value, "scopes": 7},
                     f'{{"user": "ada", "password": "{value}"'.encode(), value.encode(),
                     {"user": "ada", "password": f"{value} wrong"}):  # fmt: skip
            watched.send("POST", f"{API}/tokens", body=body)
            watched.send("POST", f"{API}/sessions", body=body)
            watched.send(
                "PUT", f"{API}/me/password", bearer, {"current": body and "x", "new": value}
            )
        watched.send(
            "POST", f"{API}/users", bearer, {"name": "A b", "password": value, "active": 7}
        )
        watched.send("POST", f"{API}/users:batch", bearer, [{"password": value}])
    form = f"user=ada&password={guess}&csrf_token={csrf}".encode()
    watched.send("POST", "/accounts/login", browser, form, "application/x-www-form-urlencoded")
    for path in ("/api", "/api/openapi.json", f"{API}/me", f"{API}/users", f"{API}/users:changes",
                 "/readyz", "/health", "/accounts/oidc/corp/login", f"{API}/sessions"):  # fmt: skip
        watched.send("GET", path, bearer)


def found_in(planted, *texts):
    """Which planted value stands in which text; the first place of each."""
    return {
        kind: one[max(at - 80, 0) : at + 20]
        for one in texts
        for kind, value in planted.items()
        if (at := one.find(value)) >= 0
    }


def test_no_secret_is_found_where_it_was_not_handed_out(watched, capsys):
    login, token, cookie, csrf = become(watched)
    exercise(watched, login, token, cookie, csrf)
    statuses = {int(status.split()[0]) for _, _, status, _, _ in watched.answers}
    assert statuses >= {200, 201, 400, 401, 403, 404, 422, 500}, statuses
    for command in COMMANDS:
        main([one.format(ini=watched.ini, folder=watched.folder) for one in command])
    printed = capsys.readouterr()
    files = [
        path.read_text(errors="replace")
        for path in Path(watched.folder).iterdir()
        if path.is_file() and path.name not in FILES_OF_SECRETS
    ]
    log = "\n".join(watched.lines)
    assert "RuntimeError: cannot work with" in log, "tracebacks are looked at too"
    assert len(watched.planted) >= 12
    assert found_in(watched.planted, log) == {}
    # Not looked at: the page whose link goes on to where the very request said.
    told = [
        f"{headers}{body}" for _, path, _, headers, body in watched.answers if "?next=" not in path
    ]
    kinds = {k: v for k, v in watched.planted.items() if k != "csrf token"}
    assert found_in(kinds, *told) == {}
    assert found_in(watched.planted, printed.out, printed.err, *files, watched.stored()) == {}
