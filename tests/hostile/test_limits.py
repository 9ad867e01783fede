"""Ways around a limit: headers that lie, many tokens, keys that are chosen, floods of keys and of tokens."""

import re
import secrets
from types import SimpleNamespace
from typing import Any

import pytest
import webtest
from fuzzing.shop import SETTINGS
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event
from waitress.proxy_headers import proxy_headers_middleware

from talatat.limiting.keys import NOBODY, address_key, principal_key
from talatat.limiting.limiter import Counted
from talatat.limiting.windows import MOST_KEYS, InProcess
from talatat.security import Identity
from talatat.testing import composed
from talatat_accounts.bootstrap import ensure_admin

PRODUCTS, ME, TOKENS = (
    "/api/catalog/v1/products",
    "/api/accounts/v1/me",
    "/api/accounts/v1/tokens",
)
LIMITS = {
    "talatat.limits": "on",
    "talatat.limits.anonymous": "3/hour",
    "talatat.limits.authenticated": "5/hour",
    "talatat.limits.credentials": "4/hour",
    "talatat.limits.accounts.login": "10/hour",
}
LIES = ("X-Forwarded-For", "Forwarded", "X-Real-IP", "X-Client-IP", "CF-Connecting-IP", "Via")


@pytest.fixture(scope="module")
def limited():
    with composed(["accounts", "catalog"], {**SETTINGS, **LIMITS}) as system:
        yield system, ensure_admin(system.system)


@pytest.fixture
def system(limited):
    """The shop, nothing counted yet."""
    limited[0].system.limits.own = InProcess()
    return limited[0]


@pytest.fixture
def login(limited):
    """What its administrator logs in with."""
    return {"user": limited[1].user, "password": limited[1].password}


def ask(app: Any, path: str, address: str = "192.0.2.1", **headers: str) -> int:
    environ = {"REMOTE_ADDR": address}
    answer = app.get(path, headers=headers, extra_environ=environ, expect_errors=True)
    return int(answer.status_int)


def behind_proxy(system: Any) -> Any:
    """The application as waitress serves it with `trusted_proxy = 127.0.0.1`."""
    return webtest.TestApp(
        proxy_headers_middleware(
            system.app.app,
            trusted_proxy="127.0.0.1",
            trusted_proxy_count=1,
            trusted_proxy_headers={"x-forwarded-for"},
            clear_untrusted=True,
        )
    )


@pytest.mark.parametrize("name", LIES)
def test_no_header_makes_somebody_else_of_an_address(system, name):
    statuses = [
        ask(system.app, PRODUCTS, **{name: f"for=198.51.100.{number}"}) for number in range(5)
    ]
    assert statuses == [200, 200, 200, 429, 429]


def test_only_a_trusted_proxy_says_for_whom_it_asks(system):
    app = behind_proxy(system)
    for number in range(5):  # each another client, of one proxy
        assert ask(app, PRODUCTS, "127.0.0.1", **{"X-Forwarded-For": f"198.51.100.{number}"}) == 200
    lies = [
        ask(app, PRODUCTS, "203.0.113.5", **{"X-Forwarded-For": f"198.51.100.{number}"})
        for number in range(5)
    ]
    assert lies == [200, 200, 200, 429, 429]
    # What a client has written before the proxy did is not looked at.
    chains = [
        ask(app, PRODUCTS, "127.0.0.1", **{"X-Forwarded-For": f"10.0.0.{number}, 192.0.2.77"})
        for number in range(5)
    ]
    assert chains == [200, 200, 200, 429, 429]


@pytest.mark.parametrize(
    "address",
    [
        "", "unknown", "_hidden", "localhost", "999.1.1.1", "1.2.3.4:80", "1.2.3.4\r\nX-A: b", "::1/64",
        "0x7f.1", "a" * 100_000, "{}:*", "127.1", "\u0661.2.3.4", "1.2.3.4\0", "%", "::%", "fe80::1%eth0%",
    ],
)  # fmt: skip
def test_what_is_no_address_fails_nothing_and_is_one_key_for_all(system, address):
    assert ask(system.app, PRODUCTS, address) == 200
    key = address_key(SimpleNamespace(environ={"REMOTE_ADDR": address}))
    assert key == NOBODY or re.fullmatch(r"a:[0-9a-f]{16}", key)


def test_an_address_of_a_link_counts_without_its_zone():
    keys = {
        address_key(SimpleNamespace(environ={"REMOTE_ADDR": f"fe80::1%{zone}"}))
        for zone in ("eth0", "eth1", "a" * 1000)
    }
    assert len(keys) == 1


@given(st.text(max_size=50), st.integers(0, 2000))
def test_an_id_of_whatever_characters_and_length_is_a_key_of_one_form(text, length):
    key = principal_key(Identity(id=text + "x" * length, name="a", source="s"))
    assert re.fullmatch(r"p:[0-9a-f]{32}", key)


@given(st.text(), st.text())
def test_two_ids_are_two_keys(one, other):
    keys = {principal_key(Identity(id=text, name="a", source="s")) for text in (one, other)}
    assert len(keys) == len({one, other})


def test_another_token_is_no_other_account(system, login):
    tokens = [
        system.app.post_json(
            TOKENS, login, extra_environ={"REMOTE_ADDR": f"198.51.100.{number}"}
        ).json["token"]
        for number in range(4)
    ]
    statuses = [
        ask(system.app, ME, f"203.0.113.{number}", Authorization=f"Bearer {tokens[number % 4]}")
        for number in range(8)
    ]
    assert statuses == [200] * 5 + [429] * 3


def test_a_flood_of_invented_tokens_soon_costs_the_database_nothing(system, login):
    from talatat_accounts.tokens import PREFIX

    known = system.app.post_json(TOKENS, login, extra_environ={"REMOTE_ADDR": "198.51.100.1"}).json[
        "token"
    ]
    seen: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        seen.append(statement)

    event.listen(system.system.database.engine, "before_cursor_execute", note)
    try:
        flood = [f"{PREFIX}{secrets.token_urlsafe(32)}" for _ in range(30)]
        flood += [known[:-1] + ("A" if known[-1] != "A" else "B")]
        statuses = [ask(system.app, ME, Authorization=f"Bearer {token}") for token in flood]
    finally:
        event.remove(system.system.database.engine, "before_cursor_execute", note)
    assert statuses == [401] * 4 + [429] * 27
    assert len(seen) <= 4
    # Who has a valid one elsewhere is not concerned.
    assert ask(system.app, ME, "198.51.100.9", Authorization=f"Bearer {known}") == 200


def test_logins_of_one_address_are_refused_before_a_password_is_looked_at(system, monkeypatch):
    verified = []
    monkeypatch.setattr(
        "talatat_accounts.passwords.Passwords.verify",
        lambda self, *arguments: verified.append(arguments) or False,
    )
    statuses = [
        system.app.post_json(
            path,
            {"user": f"user{number}", "password": "a wrong password"},
            # A cookie of anything: it is not without credentials that one logs in.
            headers={"Cookie": "a=b", "Origin": "http://localhost"},
            extra_environ={"REMOTE_ADDR": "192.0.2.50"},
            expect_errors=True,
        ).status_int
        for number in range(8)
        for path in (TOKENS, "/api/accounts/v1/sessions")
    ]
    assert statuses[:3] == [401] * 3
    assert set(statuses[10:]) == {429}
    assert len(verified) <= 10


def test_a_flood_of_addresses_is_kept_in_a_bounded_number_of_keys(system):
    limiter = system.system.limits
    registry = system.registry
    for number in range(MOST_KEYS + 5000):
        address = f"2001:db8:{number >> 16:x}:{number & 0xFFFF:x}::1"
        request = SimpleNamespace(environ={"REMOTE_ADDR": address}, registry=registry)
        limiter.enter(request, Counted())
    assert limiter.own.keys() <= 2 * MOST_KEYS + 2
