"""A login that is on its way while the account changes: what it was let in by has to hold still when it ends."""

import pyotp
import pytest
from sqlalchemy import func, select, update

from talatat.testing import composed
from talatat_accounts.models import Session, Token, User
from talatat_accounts.passwords import Passwords
from talatat_accounts.views import tokens

from .conftest import API, PASSWORD, SETTINGS, Accounts

NEW = "a quite different password"
LOGIN = {"user": "ada", "password": PASSWORD}


@pytest.fixture
def meanwhile(monkeypatch):
    """Have something happen once, when the next password was found to be right and nothing is written yet."""
    waiting = []
    verify = Passwords.verify

    def verified(self, stored, password):
        found = verify(self, stored, password)
        if found and waiting:
            waiting.pop()()
        return found

    monkeypatch.setattr(Passwords, "verify", verified)
    return waiting.append


@pytest.fixture
def postgresql_accounts(postgresql_server):
    """Where two transactions write at once; on SQLite one waits for the other."""
    with composed(["accounts"], SETTINGS, postgresql_server.create_database()) as test:
        yield Accounts(test)


def logins(accounts):
    return [accounts.rows(select(func.count()).select_from(one))[0][0] for one in (Session, Token)]


@pytest.mark.parametrize("door", ["sessions", "tokens"])
def test_an_old_password_opens_nothing_once_the_new_one_is_set(accounts, ada, meanwhile, door):
    owner = accounts.client()
    owner.log_in()

    def change():
        body = {"current": PASSWORD, "new": NEW}
        owner.put_json(f"{API}/me/password", body, headers=owner.proven(), status=204)

    meanwhile(change)
    answer = accounts.client().post_json(f"{API}/{door}", LOGIN, status=401)
    assert answer.json["code"] == "invalid_credentials"
    assert logins(accounts) == [1, 0]  # the owner's


def test_the_page_does_not_log_in_by_an_old_password_either(accounts, ada, meanwhile):
    owner, thief = accounts.token_of("ada"), accounts.client()
    form = thief.get("/accounts/login").forms[0]
    form["user"], form["password"] = "ada", PASSWORD
    meanwhile(
        lambda: owner.put_json(
            f"{API}/me/password", {"current": PASSWORD, "new": NEW, "keep_tokens": True}, status=204
        )
    )
    assert form.submit(status=401)
    assert logins(accounts) == [0, 1]


def test_a_hash_of_another_cost_does_not_bring_the_old_password_back(accounts, ada, meanwhile):
    cheap = Passwords(2, 64, 1).hash(PASSWORD)
    accounts.rows(update(User).values(password_hash=cheap))
    accounts.add("max", roles=("admin",))
    chief = accounts.token_of("max")
    body = {"password": NEW}
    meanwhile(lambda: chief.patch_json(f"{API}/users/{ada}", body, status=200))
    accounts.client().log_in(status=401)
    accounts.client().log_in(password=NEW, status=201)


def test_a_second_factor_counts_for_a_login_that_began_without_it(accounts, ada, meanwhile):
    owner = accounts.client()
    owner.log_in()

    def enrol():
        path, proven = f"{API}/me/second-factor", owner.proven()
        seed = owner.post_json(path, headers=proven, status=201).json["seed"]
        otp = {"otp": pyotp.TOTP(seed).now()}
        owner.post_json(f"{path}:confirm", otp, headers=proven, status=200)

    meanwhile(enrol)
    answer = accounts.client().post_json(f"{API}/sessions", LOGIN, status=401)
    assert answer.json["code"] == "second_factor_needed"
    assert logins(accounts) == [1, 0]


def test_an_account_that_is_closed_meanwhile_has_no_login_when_it_is_opened_again(
    accounts, ada, meanwhile
):
    accounts.add("max", roles=("admin",))
    chief, thief = accounts.token_of("max"), accounts.client()
    user = f"{API}/users/{ada}"
    meanwhile(lambda: chief.patch_json(user, {"active": False}, status=200))
    thief.log_in(status=401)
    chief.patch_json(user, {"active": True}, status=200)
    thief.get(f"{API}/me", status=401)


def test_two_logins_at_once_both_come_in(accounts, ada, meanwhile):
    cheap = Passwords(2, 64, 1).hash(PASSWORD)
    accounts.rows(update(User).values(password_hash=cheap))  # both write it anew
    other = accounts.client()
    meanwhile(other.log_in)
    accounts.client().log_in(status=201)
    other.get(f"{API}/me", status=200)


@pytest.mark.parametrize("kind", ["session", "token"])
def test_what_was_ended_at_this_moment_makes_no_token(postgresql_accounts, monkeypatch, kind):
    accounts = postgresql_accounts
    accounts.add("ada")
    owner, thief = accounts.client(), accounts.client()
    owner.log_in()
    headers = {}
    if kind == "session":
        thief.log_in()
        headers = thief.proven()
    else:
        thief.take_token()
    asked = tokens.require_recent_login

    def crossed(request):
        asked(request)
        body = {"current": PASSWORD, "new": NEW}
        owner.put_json(f"{API}/me/password", body, headers=owner.proven(), status=204)

    monkeypatch.setattr(tokens, "require_recent_login", crossed)
    thief.post_json(f"{API}/tokens", {}, headers=headers, status=401)
    assert logins(accounts) == [1, 0]
