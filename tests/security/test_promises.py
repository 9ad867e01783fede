"""Small promises of docs/security that no other test shows: what the code may import, what answers say."""

import ast
import io
import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from webob import Request

from talatat.testing import composed
from talatat.web.log_lines import Formatter
from talatat_accounts.bootstrap import ensure_admin

ROOT = Path(__file__).resolve().parents[2]
SOURCES = (ROOT / "platform" / "talatat", *sorted(ROOT.glob("addons/*/talatat_*")))
INVENTORY = ROOT / "docs" / "security" / "README.md"
SOME_ID = "01890000-0000-7000-8000-000000000001"

# `random` spreads waits, so that those who wait do not all come again in the same moment.
NOTHING_TO_GUESS = {
    "web/wire.py": "which requests that are sent away are told",
    "evolution/running/transactions.py": "how long a change waits for a lock",
    "evolution/archive/turns.py": "how long an archive waits for its turn",
    "events/outbox.py": "when an event is tried again",
    "db/retry.py": "when a request is tried again",
}
# Called by whoever types a command, with a list of words and never through a shell.
STARTS_PROGRAMS = {
    "evolution/desired/apart.py": "composes a copy of the system in a process of its own",
    "cli/new.py": "installs the new addon",
    "cli/bisect.py": "runs the command that fails",
    "deployment/checks/secrets.py": "asks git whether a secret is under version control",
}
RUNS_DATA = {"eval", "exec", "compile", "__import__"}
READS_OBJECTS = {"pickle", "marshal", "shelve", "dill", "jsonpickle", "yaml"}
# Interpreters and protocols that the standard asks about, and that nothing here speaks to.
SPOKEN_NOWHERE = {
    "xml", "lxml", "defusedxml", "ldap", "ldap3", "smtplib", "imaplib", "poplib", "ftplib", "telnetlib",
    "pylibmc", "memcache", "pymemcache", "graphene", "strawberry", "websockets", "wsproto", "saml2", "aiortc",
    "markdown", "bleach", "ctypes", "cffi",
}  # fmt: skip
HASHES = {"sha256", "blake2b"}
PRIMITIVES = {
    "cryptography.exceptions", "cryptography.fernet", "cryptography.hazmat.primitives.hashes",
    "cryptography.hazmat.primitives.ciphers.aead", "cryptography.hazmat.primitives.kdf.hkdf",
}  # fmt: skip


def modules() -> Iterator[tuple[str, ast.Module]]:
    """What serves and what commands run, by its path within its package; not what only tests import."""
    for folder in SOURCES:
        for path in sorted(folder.rglob("*.py")):
            name = path.relative_to(folder).as_posix()
            if not name.startswith(("testing/", "cli/addon_template/", "migrations/")):
                yield name, ast.parse(path.read_text(encoding="utf-8"))


def imported(tree: ast.Module) -> set[str]:
    """Dotted names of the modules that a module imports, wherever in it."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
    return found


def top(names: set[str]) -> set[str]:
    """The first words of dotted names."""
    return {name.partition(".")[0] for name in names}


def calls(tree: ast.Module) -> Iterator[tuple[str, ast.Call]]:
    """Every call, as its source spells what is called."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


@pytest.fixture(scope="module")
def sources():
    found = list(modules())
    assert len(found) > 250, "the scans read the code"
    return found


def test_what_is_not_to_be_guessed_comes_from_the_operating_system(sources):
    """`secrets` everywhere; the five places that import `random` decide about waits."""
    assert {n for n, tree in sources if "random" in top(imported(tree))} == set(NOTHING_TO_GUESS)
    assert sum("secrets" in imported(tree) for _, tree in sources) >= 6


def test_no_data_is_run_as_code_and_no_objects_are_unpacked(sources):
    assert [(n, name) for n, tree in sources for name, _ in calls(tree) if name in RUNS_DATA] == []
    assert [n for n, tree in sources if top(imported(tree)) & READS_OBJECTS] == []


def test_programs_are_started_by_commands_only_and_never_through_a_shell(sources):
    assert {n for n, t in sources if "subprocess" in imported(t)} == set(STARTS_PROGRAMS)
    started = [
        (name, called, ast.unparse(call))
        for name, tree in sources
        for called, call in calls(tree)
        if called in ("os.system", "os.popen", "subprocess.getoutput")
        or called.startswith("os.spawn")
        or any(one.arg == "shell" for one in call.keywords)
    ]
    assert started == []


def test_nothing_speaks_to_an_interpreter_that_the_pages_do_not_name(sources):
    found = {(n, one) for n, tree in sources for one in top(imported(tree)) & SPOKEN_NOWHERE}
    assert found == set()


def test_only_the_algorithms_of_the_inventory_are_used(sources):
    """MD5 and SHA-1 least of all; what is used stands in the table of docs/security/README.md."""
    used, primitives, weak = set(), set(), []
    for name, tree in sources:
        primitives |= {one for one in imported(tree) if one.startswith("cryptography")}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module == "hashlib":
                used |= {one.name for one in node.names}
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "hashlib":
                used.add(node.attr)
        weak += [(name, one) for one, _ in calls(tree) if re.search(r"\b(md5|sha1)$", one)]
    assert used == HASHES
    assert primitives == PRIMITIVES
    assert weak == []
    page = INVENTORY.read_text(encoding="utf-8")
    for algorithm in (
        "SHA-256",
        "BLAKE2b",
        "HMAC-SHA-256",
        "HKDF",
        "AES-SIV",
        "Fernet",
        "Argon2id",
    ):
        assert algorithm in page


@pytest.fixture(scope="module")
def shop():
    settings = {
        "accounts.secret": "file:%(here)s/secret",
        "accounts.argon2_time_cost": "1",
        "accounts.argon2_memory_cost": "64",
        "accounts.argon2_parallelism": "1",
    }
    with composed(("accounts", "catalog", "orders", "loyalty", "audit"), settings) as system:
        system.token = ensure_admin(system.system).token
        yield system


def paths(shop):
    """A path of each route, its placeholders filled with an id of no row."""
    for entry in shop.registry.introspector.get_category("routes"):
        pattern = "/" + entry["introspectable"]["pattern"].lstrip("/")
        pattern = re.sub(r"\{(\w+):(:[\w-]+)\}", r"\2", pattern)
        yield re.sub(r"\*\w+$", "x", re.sub(r"\{\w+[^}]*\}", SOME_ID, pattern))


def get(shop, path, **headers):
    request = Request.blank(path, base_url="https://localhost", headers=headers)
    return request.get_response(shop.app.app)


def test_every_body_names_its_type_and_what_is_text_its_charset(shop):
    seen = set()
    for path in {*paths(shop), "/nowhere", "/api/nowhere", "/docs/assets/docs.css"}:
        for headers in ({}, {"Authorization": f"Bearer {shop.token}"}):
            answer = get(shop, path, **headers)
            if not answer.body:
                continue
            said = answer.headers["Content-Type"]
            seen.add(answer.content_type)
            if answer.content_type.startswith("text/") or answer.content_type.endswith("xml"):
                assert "charset=utf-8" in said.lower(), path
            if answer.content_type.endswith("json"):
                json.loads(answer.body.decode("utf-8"))
                assert said.partition(";")[2].strip().lower() in ("", "charset=utf-8"), path
            if answer.content_type == "text/html":
                assert answer.body.lstrip().lower().startswith(b"<!doctype html>"), path
    assert {"text/html", "text/css", "application/json", "application/problem+json"} <= seen


def test_what_is_shown_to_whom_logged_in_is_kept_by_no_shared_cache(shop):
    """Whatever depends on who asks says `private` or `no-store`; lists and problems are not kept at all."""
    bearer, looked_at = {"Authorization": f"Bearer {shop.token}"}, 0
    for path in set(paths(shop)):
        if not path.startswith("/api/") or path.endswith(("openapi.json", "/docs")):
            continue
        stranger, known = get(shop, path), get(shop, path, **bearer)
        if stranger.status_int != 401:
            continue
        looked_at += 1
        assert "no-store" in stranger.headers["Cache-Control"], path
        said = known.headers.get("Cache-Control", "") if known.body else "no-store"
        assert "no-store" in said or "private" in said, (path, said)
        assert "public" not in said, path
    assert looked_at > 20


def test_a_token_in_the_address_is_no_credential(shop):
    path = "/api/accounts/v1/me"
    assert get(shop, path, Authorization=f"Bearer {shop.token}").status_int == 200
    for name in ("access_token", "token", "api_key", "authorization"):
        assert get(shop, f"{path}?{name}={shop.token}").status_int in (400, 401)


@pytest.mark.parametrize(
    "path",
    ["/.git/config", "/.git/HEAD", "/.svn/entries", "/.env", "/.hg/", "/development.ini", "/site.ini",
     "/pyproject.toml", "/site.lock", "/var/admin.json", "/_debug_toolbar/", "/server-status", "/console"],
)  # fmt: skip
def test_nothing_that_lies_about_is_served(shop, path):
    assert get(shop, path, Authorization=f"Bearer {shop.token}").status_int == 404


def test_trace_echoes_nothing_whoever_asks(shop):
    for path in {*paths(shop), "/nowhere"}:
        request = Request.blank(path, method="TRACE", headers={"X-Echo": "echoed-by-trace"})
        answer = request.get_response(shop.app.app)
        assert answer.status_int in (404, 405), path
        assert b"echoed-by-trace" not in answer.body


def test_the_form_takes_pasted_passwords_from_managers_and_shows_none(shop):
    page = shop.app.get("/accounts/login")
    field = page.html.find("input", {"name": "password"})
    assert field["type"] == "password"
    assert field["autocomplete"] == "current-password"
    assert not [name for name in field.attrs if name.startswith("on") or name == "readonly"]
    assert "maxlength" not in field.attrs
    assert page.html.find("input", {"name": "user"})["autocomplete"] == "username"


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r", "\x0b", "\x0c", "\x85", "\u2028", "\0"])
def test_no_value_begins_a_line_of_the_log(line_end):
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Formatter("json"))
    forged = f'ada{line_end}{{"event": "accounts.login", "outcome": "succeeded"}}'
    record = logging.makeLogRecord(
        {
            "name": forged,
            "msg": "no such user: %s",
            "args": (forged,),
            "levelname": "INFO",
            "path": forged,
        }
    )
    handler.handle(record)
    [line, rest] = stream.getvalue().split("\n")
    assert rest == ""
    told = json.loads(line)
    assert told["event"] == f"no such user: {forged}"
    assert told["path"] == forged
    assert told["time"].endswith("Z")
    assert not {"\r", "\x0b", "\x0c", "\0"} & set(line)
