"""Attacks on the doors of the accounts: whoever has no password, or no second factor, stays outside."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import product

import pyotp
import pytest
from attacking.holding import assert_problem
from sqlalchemy import text
from webtest import TestApp

from talatat.db import new_id, utcnow
from talatat.testing import composed
from talatat_accounts.models import Base, Grant, User
from talatat_accounts.passwords import passwords_of

API = "/api/accounts/v1"
PASSWORD = "correct horse battery staple"
SETTINGS = {
    "accounts.secret": "file:%(here)s/secret",
    "accounts.argon2_time_cost": "1",
    "accounts.argon2_memory_cost": "64",
    "accounts.argon2_parallelism": "1",
}
DOORS = ("sessions", "tokens", "page")
MOMENTS = {
    "accounts_session": ("created_at", "seen_at", "expires_at", "authenticated_at"),
    "accounts_token": ("created_at", "expires_at"),
    "accounts_attempt": ("ends_at",),
    "accounts_second_factor": ("created_at", "confirmed_at"),
}


class Browser(TestApp):
    """Somebody at an address, with cookies of their own."""

    csrf = ""

    def knock(self, door, user="ada", password=PASSWORD, otp=None):
        """Try to come in by one of the doors; the answer."""
        body = {"user": user, "password": password, **({} if otp is None else {"otp": otp})}
        if door != "page":
            answer = self.post_json(f"{API}/{door}", body, expect_errors=True)
            if answer.status_int == 201 and door == "sessions":
                self.csrf = answer.json["csrf_token"]
            return answer
        form = self.get("/accounts/login?again=1").forms[0]
        form["user"], form["password"] = user, password
        answer = form.submit(expect_errors=True)
        if otp is not None and answer.status_int == 200:
            form = answer.forms[0]
            form["otp"] = otp
            answer = form.submit(expect_errors=True)
        return answer

    def is_in(self):
        return self.get(f"{API}/me", expect_errors=True).status_int == 200


class House:
    """The system under attack. `seed` is that of ada's authenticator app, `codes` her recovery codes."""

    def __init__(self, test):
        self.test = test
        self.seed, self.codes = "", []

    def browser(self, address="192.0.2.1"):
        return Browser(self.test.app.app, extra_environ={"REMOTE_ADDR": address})

    def code(self, steps=0, at=None):
        return pyotp.TOTP(self.seed).at(at or utcnow(), counter_offset=steps)

    def run(self, statement, **parameters):
        with self.test.session() as session:
            session.execute(text(statement), parameters)

    def rebuilt(self):
        """Empty, but for ada, who has a second factor, eve, who has none, and gone, who is closed."""
        with self.test.session() as session:
            for table in reversed(Base.metadata.sorted_tables):
                session.execute(table.delete())
            for name in ("ada", "eve", "gone"):
                grants = [Grant(role="admin", addon="talatat")] if name == "ada" else []
                made = passwords_of(self.test.system).hash(PASSWORD)
                session.add(
                    User(
                        id=new_id(),
                        name=name,
                        password_hash=made,
                        active=name != "gone",
                        grants=grants,
                    )
                )
        ada, path = self.browser(), f"{API}/me/second-factor"
        ada.knock("sessions")
        proof = {"X-CSRF-Token": ada.csrf}
        self.seed = ada.post(path, headers=proof, status=201).json["seed"]
        body = {"otp": self.code(-1)}
        answer = ada.post_json(f"{path}:confirm", body, headers=proof, status=200)
        self.codes = answer.json["recovery_codes"]
        self.run("DELETE FROM accounts_session")
        return self


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    url = f"sqlite:///{tmp_path_factory.mktemp('house')}/test.sqlite"
    with composed(["accounts"], SETTINGS, url) as test:
        yield House(test)


@pytest.fixture
def house(built):
    return built.rebuilt()


@pytest.mark.parametrize("door", ["sessions", "page"])
def test_a_session_fixed_before_the_login_is_worth_nothing_after_it(house, door):
    """The attacker's cookies, whatever they are, are put into the victim's browser before the login."""
    eve, ada = house.browser("198.51.100.7"), house.browser()
    eve.knock("sessions", "eve")
    planted = dict(eve.cookies)
    assert "talatat_session" in planted
    for name, value in planted.items():
        ada.set_cookie(name, value)
    answer = ada.knock(door, otp=house.code())
    assert answer.status_int in (201, 303)
    assert ada.cookies["talatat_session"] != planted["talatat_session"]
    assert ada.get(f"{API}/me").json["name"] == "ada"
    assert eve.get(f"{API}/me", expect_errors=True).json.get("name") != "ada"


def test_guessing_codes_from_two_hundred_addresses_at_once_tries_five(house):
    """The attacker has the password, and as many machines as they like; the right code comes last."""

    def attack(number):
        code = house.code(40 + number % 9) if number < 199 else house.code()
        return house.browser(f"198.51.{number}.7").knock(DOORS[number % 3], otp=code).status_int

    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(attack, range(200)))
    assert found.count(401) == 5
    assert found.count(429) == 195
    assert found[-1] == 429


def test_guessing_passwords_from_many_addresses_at_once_tries_a_hundred(house):
    def attack(number):
        password = f"guess number {number}" if number < 119 else PASSWORD
        return house.browser(f"198.51.{number}.7").knock("tokens", "eve", password).status_int

    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(attack, range(120)))
    assert (found.count(401), found.count(429), found[-1]) == (100, 20, 429)


@pytest.mark.parametrize("door", DOORS)
def test_no_door_tells_who_exists(house, door):
    """By no status, header or word, for any name, as often as one asks."""

    def told(name):
        browser, found = house.browser("198.51.100.7"), []
        for _ in range(7):
            answer = browser.knock(door, name, "a guess", "123456")
            headers = dict(answer.headers)
            for volatile in ("Request-Id", "traceparent", "Retry-After", "Set-Cookie"):
                headers.pop(volatile, None)
            body = answer.text
            if door != "page":
                body = {k: v for k, v in answer.json.items() if k not in ("request_id", "detail")}
            else:
                body = answer.html.find(role="alert").text.split(" in ")[0]
                headers.pop("Content-Length")
            headers.pop("Content-Length", None)
            found.append((answer.status_int, headers, body))
        house.run("DELETE FROM accounts_attempt")
        return found

    known = told("ada")
    assert [status for status, *_ in known] == [401] * 5 + [429] * 2
    assert told("eve") == told("gone") == told("nobody") == known


@pytest.mark.parametrize(("first", "second"), list(product(DOORS, repeat=2)))
def test_a_code_that_was_seen_once_opens_no_other_door(house, first, second):
    otp, recovery = house.code(), house.codes[0]
    for code in (otp, recovery):
        assert house.browser().knock(first, otp=code).status_int in (201, 303)
        thief = house.browser("198.51.100.7")
        answer = thief.knock(second, otp=code)
        assert answer.status_int == 401
        assert not thief.is_in()


@pytest.mark.parametrize("days", [-1, 1])
def test_a_clock_that_was_a_day_wrong_lets_nobody_in_and_breaks_nothing(house, days):
    """What the database holds was written by the wrong clock; who was logged in is asked again at most."""
    ada, ended = house.browser(), house.browser()
    for browser, otp in ((ada, house.code()), (ended, house.codes[0])):
        browser.knock("sessions", otp=otp)
    ended.delete(f"{API}/sessions", headers={"X-CSRF-Token": ended.csrf}, status=204)
    for number in range(6):
        house.browser("198.51.100.7").knock("tokens", "eve", f"guess {number}")
    for table, columns in MOMENTS.items():
        with house.test.session() as session:
            for column in columns:
                found = Base.metadata.tables[table].c[column]
                for [value] in set(session.execute(found.table.select().with_only_columns(found))):
                    if value is not None:
                        moved = found.table.update().where(found == value)
                        session.execute(moved.values({column: value + timedelta(days=days)}))
    house.run("UPDATE accounts_second_factor SET last_step = last_step + :steps", steps=2880 * days)
    assert ada.is_in() == (days > 0)  # a day behind, the session has been idle for a day
    assert not ended.is_in()
    paths = ("users", "sessions", "tokens", "me", "me/second-factor")
    found = {ada.get(f"{API}/{path}", expect_errors=True).status_int for path in paths}
    assert found <= {200, 401}
    if days > 0:
        answer = ada.post_json(
            f"{API}/users",
            {"name": "mallory"},
            headers={"X-CSRF-Token": ada.csrf},
            expect_errors=True,
        )
        problem = assert_problem(answer.status_int, answer.content_type, answer.body, 403)
        assert problem["code"] == "reauthentication_needed"
    yesterday = house.code(at=utcnow() + timedelta(days=days))
    assert house.browser("203.0.113.5").knock("sessions", otp=yesterday).status_int == 401
    assert house.browser("203.0.113.6").knock("sessions", otp=house.code()).status_int == 201
    assert house.browser("198.51.100.7").knock("tokens", "eve").status_int == 201


def test_twenty_thieves_of_one_recovery_code_let_in_one(house):
    """One address each, so that no limit of an address stands in the way; the account's lets five try."""

    def attack(number):
        return house.browser(f"198.51.{number}.7").knock("tokens", otp=house.codes[0]).status_int

    with ThreadPoolExecutor(20) as pool:
        found = list(pool.map(attack, range(20)))
    assert found.count(201) == 1
    assert set(found) <= {201, 401, 429}


@pytest.mark.parametrize(
    "body",
    [
        {"otp": {"$ne": ""}},
        {"otp": ["000000", "000001"]},
        {"otp": 0},
        {"otp": True},
        {"otp": None},
        {"otp": "' OR 1=1 --"},
        {"otp": "0" * 65},
        {"otp": "\u0000"},
        {"ticket": "x", "otp": "000000"},
        {"second_factor": False},
    ],
    ids=str,
)
@pytest.mark.parametrize("door", ["sessions", "tokens"])
def test_no_odd_code_comes_in(house, door, body):
    sent = {"user": "ada", "password": PASSWORD, **body}
    answer = house.browser().post_json(f"{API}/{door}", sent, expect_errors=True)
    assert 400 <= answer.status_int < 500
    assert "token" not in answer.json
    assert "Set-Cookie" not in answer.headers
