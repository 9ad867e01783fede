"""Guessing passwords: limited for everybody alike, in the database, and without telling anything."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from argon2 import PasswordHasher
from sqlalchemy import event, select, update

from talatat.db import utcnow
from talatat.testing import composed
from talatat_accounts.models import Attempt, User

from .conftest import API, PASSWORD, SETTINGS, Accounts
from .test_second_factor import enrol

PATHS = pytest.mark.parametrize("path", ["sessions", "tokens"])


def guess(client, user="ada", password="a guess", path="sessions"):
    return client.post_json(
        f"{API}/{path}", {"user": user, "password": password}, expect_errors=True
    )


@PATHS
def test_after_five_wrong_guesses_even_the_right_password_waits(accounts, ada, path):
    client = accounts.client()
    assert [guess(client, path=path).status_int for _ in range(5)] == [401] * 5
    answer = guess(client, password=PASSWORD, path=path)
    assert answer.status_int == 429
    assert answer.json["code"] == "too_many_attempts"
    assert 0 < int(answer.headers["Retry-After"]) <= 900


@PATHS
def test_an_unknown_name_is_answered_word_for_word_like_a_known_one(accounts, ada, path):
    accounts.add("gone", active=False)
    accounts.add("nameless")
    accounts.rows(update(User).where(User.name == "nameless").values(password_hash=None))

    def told(user):
        client = accounts.client()
        answers = [guess(client, user, path=path) for _ in range(7)]
        volatile = {"request_id"}
        return [
            (a.status_int, {k: v for k, v in a.json.items() if k not in volatile | {"detail"}})
            for a in answers
        ] + [answers[0].json["detail"], answers[0].headers.get("WWW-Authenticate")]

    known = told("ada")
    assert told("nobody") == told("gone") == told("nameless") == known
    assert told("\u00fcnlikely name of nobody") == known


def test_a_success_forgets_the_failures_before_it(accounts, ada):
    client = accounts.client()
    for _ in range(3):
        assert [guess(client).status_int for _ in range(4)] == [401] * 4
        client.log_in(status=201)


def test_somebody_elses_failures_do_not_lock_one_out(accounts, ada):
    attacker, owner = accounts.client(REMOTE_ADDR="198.51.100.7"), accounts.client()
    assert [guess(attacker).status_int for _ in range(6)][-1] == 429
    owner.log_in(status=201)


def test_a_header_does_not_make_another_address(accounts, ada):
    client = accounts.client()
    found = [
        client.post_json(
            f"{API}/sessions",
            {"user": "ada", "password": "a guess"},
            headers={"X-Forwarded-For": f"203.0.113.{n}", "Forwarded": f"for=203.0.113.{n}"},
            expect_errors=True,
        ).status_int
        for n in range(6)
    ]
    assert found == [401] * 5 + [429]


def test_one_address_cannot_try_one_password_on_everybody(sqlite_url):
    settings = {**SETTINGS, "accounts.login_attempts_address": "8"}
    with composed(["accounts"], settings, sqlite_url) as test:
        accounts = Accounts(test)
        accounts.add("ada")
        client = accounts.client()
        found = [guess(client, f"user{n}").status_int for n in range(10)]
        assert found == [401] * 8 + [429] * 2
        accounts.client(REMOTE_ADDR="198.51.100.7").log_in(status=201)


def test_many_logins_from_one_address_are_no_attack(sqlite_url):
    settings = {**SETTINGS, "accounts.login_attempts_address": "8"}
    with composed(["accounts"], settings, sqlite_url) as test:
        accounts = Accounts(test)
        accounts.add("ada")
        for _ in range(12):
            accounts.client().log_in(status=201)


def test_the_window_ends(accounts, ada):
    client = accounts.client()
    for _ in range(6):
        guess(client)
    accounts.rows(update(Attempt).values(ends_at=utcnow() - timedelta(seconds=1)))
    client.log_in(status=201)


def test_waiting_is_not_prolonged_by_trying_meanwhile(accounts, ada):
    client = accounts.client()
    for _ in range(5):
        guess(client)
    ends = accounts.rows(select(Attempt.key, Attempt.ends_at).order_by(Attempt.key))
    guess(client)
    assert accounts.rows(select(Attempt.key, Attempt.ends_at).order_by(Attempt.key)) == ends


def test_parallel_guesses_do_not_slip_through_together(accounts, ada):
    clients = [accounts.client() for _ in range(20)]
    with ThreadPoolExecutor(20) as pool:
        found = sorted(answer.status_int for answer in pool.map(guess, clients))
    assert found == [401] * 5 + [429] * 15


def test_guessing_from_many_addresses_is_limited_for_one_name(few):
    few.add("ada")
    strangers = [few.client(REMOTE_ADDR=f"198.51.100.{n}") for n in range(10)]
    with ThreadPoolExecutor(10) as pool:
        found = sorted(answer.status_int for answer in pool.map(guess, strangers))
    assert found == [401] * 8 + [429] * 2
    assert guess(few.client(REMOTE_ADDR="203.0.113.9"), password=PASSWORD).status_int == 429
    found = [guess(strangers[0], "nobody").status_int for _ in range(3)]
    assert found == [401] * 3, "another name has a count of its own"


def test_guessing_from_many_addresses_does_not_lock_out_who_is_logged_in_somewhere(few):
    few.add("ada")
    few.client().log_in(status=201)
    for n in range(10):
        guess(few.client(REMOTE_ADDR=f"198.51.100.{n}"))
    assert guess(few.client(REMOTE_ADDR="198.51.100.99"), password=PASSWORD).status_int == 429
    few.client().log_in(status=201)


def test_an_ipv6_network_is_one_guesser(accounts, ada):
    found = [
        guess(accounts.client(REMOTE_ADDR=f"2001:db8:1:2:{n:x}::{n:x}")).status_int
        for n in range(6)
    ]
    assert found == [401] * 5 + [429]
    assert guess(accounts.client(REMOTE_ADDR="2001:db8:1:3::1")).status_int == 401


@pytest.mark.parametrize("days", [-1, 1])
def test_after_the_clock_was_a_day_wrong_nobody_is_locked_out_for_a_day(accounts, ada, days):
    client = accounts.client()
    for _ in range(6):
        guess(client)
    wrong = utcnow() + timedelta(days=days, minutes=15)
    accounts.rows(update(Attempt).values(ends_at=wrong))
    client.log_in(status=201)


@pytest.fixture
def few(sqlite_url):
    """Eight failures of a name, from wherever."""
    settings = {**SETTINGS, "accounts.login_attempts_user": "8"}
    with composed(["accounts"], settings, sqlite_url) as test:
        yield Accounts(test)


@dataclass
class Work:
    """What one request had the server do."""

    hashes: int = 0
    statements: list[str] = field(default_factory=list)


@pytest.fixture
def work_of(accounts, monkeypatch):
    """Counts what a call has the server do: hashes of passwords, and statements, as they are sent."""
    work = Work()

    def counting(method):
        def counted(*args, **kw):
            work.hashes += 1
            return method(*args, **kw)

        return counted

    for name in ("hash", "verify"):
        monkeypatch.setattr(PasswordHasher, name, counting(getattr(PasswordHasher, name)))

    def sent(connection, cursor, statement, *rest):
        work.statements.append(statement)

    engine = accounts.test.system.database.engine
    event.listen(engine, "before_cursor_execute", sent)

    def count(call):
        work.hashes, work.statements = 0, []
        call()
        return work.hashes, work.statements

    yield count
    event.remove(engine, "before_cursor_execute", sent)


@PATHS
def test_the_work_of_a_refusal_does_not_tell_who_exists(accounts, ada, work_of, path):
    """Counted, not timed: hashes, and statements word for word."""
    accounts.add("gone", active=False)
    accounts.add("nameless")
    accounts.rows(update(User).where(User.name == "nameless").values(password_hash=None))
    accounts.add("eve")
    client = accounts.client()
    client.log_in("eve")
    enrol(client)
    names = ("ada", "eve", "gone", "nameless", "nobody")
    for tries in range(6):  # the last one is refused unseen
        found = {
            name: work_of(lambda name=name: guess(accounts.client(), name, path=path))
            for name in names
        }
        assert all(work == found["ada"] for work in found.values()), found
        hashes, statements = found["ada"]
        assert (hashes, bool(statements)) == (1 if tries < 5 else 0, True)
