"""Guessing passwords: limited for everybody alike, in the database, and without telling anything."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from statistics import median

import pytest
from sqlalchemy import select, update

from talatat.db import utcnow
from talatat.testing import composed
from talatat_accounts.models import Attempt, User

from .conftest import API, PASSWORD, SETTINGS, Accounts

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


def test_an_unknown_name_costs_as_much_work_as_a_known_one(sqlite_url):
    """Measured as processor time, which other processes do not disturb."""
    settings = {
        **SETTINGS,
        "accounts.argon2_memory_cost": "16384",
        "accounts.login_attempts": "1000",
        "accounts.login_attempts_address": "1000",
    }
    with composed(["accounts"], settings, sqlite_url) as test:
        accounts = Accounts(test)
        accounts.add("ada")
        accounts.add("gone", active=False)
        client = accounts.client()

        def cost(user):
            before = time.process_time()
            assert guess(client, user).status_int == 401
            return time.process_time() - before

        guess(client)
        costs = {user: [] for user in ("ada", "nobody", "gone")}
        for _ in range(9):
            for user, found in costs.items():
                found.append(cost(user))
    known, *others = (median(found) for found in costs.values())
    assert all(0.6 * known < other < 1.6 * known for other in others), costs
