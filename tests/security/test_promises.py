"""Small promises of docs/security that no other test shows: what answers, cookies, pages and log lines say."""

import io
import json
import logging
import re
from http.cookies import SimpleCookie

import pytest
from sqlalchemy import MetaData, delete, select
from webob import Request

from talatat.testing import composed
from talatat.web.log_lines import Formatter
from talatat_accounts.bootstrap import ensure_admin
from talatat_accounts.models import RecoveryCode, User
from talatat_accounts.second_factor import digest, new_codes

SOME_ID = "01890000-0000-7000-8000-000000000001"


@pytest.fixture(scope="module")
def shop():
    settings = {
        "accounts.secret": "file:%(here)s/secret",
        "accounts.argon2_time_cost": "1",
        "accounts.argon2_memory_cost": "64",
        "accounts.argon2_parallelism": "1",
        "audit.seal_seconds": "0",  # nothing is written later, behind the requests
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


def test_every_cookie_of_a_stranger_is_for_this_site_and_for_no_script(shop):
    seen = 0
    for path in {*paths(shop), "/nowhere"}:
        for line in get(shop, path).headers.getall("Set-Cookie"):
            seen += 1
            [(name, cookie)] = SimpleCookie(line).items()
            assert name.startswith("__Host-"), path
            assert (cookie["secure"], cookie["httponly"], cookie["path"]) == (True, True, "/")
            assert cookie["samesite"] in ("Lax", "Strict")
            assert not cookie["domain"]
    assert seen


def test_the_policy_of_pages_lets_nothing_in_that_is_not_from_here(shop):
    for path in ("/", "/docs", "/accounts/login", "/docs/problems", "/nowhere"):
        answer = get(shop, path, Accept="text/html")
        assert answer.content_type == "text/html"
        said = dict(
            one.split(" ", 1) for one in answer.headers["Content-Security-Policy"].split("; ")
        )
        assert said["default-src"] == "'self'"
        assert said["object-src"] == said["base-uri"] == said["frame-ancestors"] == "'none'"
        assert said["form-action"] == "'self'"
        others = {name: value for name, value in said.items() if value not in ("'self'", "'none'")}
        assert others == {"img-src": "'self' data:"}


def test_there_is_no_other_way_to_say_who_one_is(shop):
    """A password makes one of the two; a provider makes a session."""
    assert list(shop.system.security.sources) == ["accounts.token", "accounts.session"]


def test_recovery_codes_have_120_random_bits(shop):
    with shop.session() as session:
        user_id = session.scalar(select(User.id))
        first, second = new_codes(session, user_id), new_codes(session, user_id)
        kept = set(session.scalars(select(RecoveryCode.digest)))
        session.execute(delete(RecoveryCode))
    bare = [one.replace("-", "") for one in first + second]
    assert len(set(bare)) == 20
    assert {len(one) for one in bare} == {24}
    assert len(set("".join(bare))) > 28, "of 32 letters: five bits each"
    assert kept == {digest(one) for one in bare[10:]}


# What a request may note of itself.
NOTED = {"accounts_token": {"last_used_at"}, "accounts_session": {"seen_at"}}


def everything(shop):
    """Every row of every table, without what requests note of themselves."""
    with shop.session(reading=True) as session:
        tables = MetaData()
        tables.reflect(session.connection())
        return {
            name: sorted(
                repr(row)
                for row in session.execute(
                    select(*[one for one in table.c if one.name not in NOTED.get(name, ())])
                )
            )
            for name, table in tables.tables.items()
        }


def test_what_is_only_asked_for_changes_nothing(shop):
    before = everything(shop)
    assert len(before) > 25
    for path in set(paths(shop)):
        for method in ("GET", "HEAD", "OPTIONS"):
            headers = {"Authorization": f"Bearer {shop.token}"}
            request = Request.blank(path, method=method, headers=headers)
            _ = request.get_response(shop.app.app).body
    assert everything(shop) == before
