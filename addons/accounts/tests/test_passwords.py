"""Changing a password, and what ends with the old one. No secret is ever stored in clear."""

import pytest
from sqlalchemy import inspect, select, text

from talatat.testing import composed
from talatat_accounts.models import User

from .conftest import API, PASSWORD, SETTINGS, Accounts

NEW = "a quite different password"
CHANGE = {"current": PASSWORD, "new": NEW}
ME = f"{API}/me/password"


def test_a_new_password_ends_all_other_sessions_and_tokens(accounts, ada):
    here, there, token = accounts.client(), accounts.client(), accounts.token_of("ada")
    here.log_in()
    there.log_in()
    here.put_json(ME, CHANGE, headers=here.proven(), status=204)
    here.get(f"{API}/me", status=200)
    there.get(f"{API}/me", status=401)
    token.get(f"{API}/me", status=401)
    accounts.client().log_in(status=401)
    accounts.client().log_in(password=NEW, status=201)


def test_a_new_password_by_token_keeps_that_token(accounts, ada):
    browser, token, other = accounts.client(), accounts.token_of("ada"), accounts.token_of("ada")
    browser.log_in()
    token.put_json(ME, CHANGE, status=204)
    token.get(f"{API}/me", status=200)
    other.get(f"{API}/me", status=401)
    browser.get(f"{API}/me", status=401)


def test_tokens_may_be_kept(accounts, ada):
    browser, token = accounts.client(), accounts.token_of("ada")
    browser.log_in()
    browser.put_json(ME, {**CHANGE, "keep_tokens": True}, headers=browser.proven(), status=204)
    token.get(f"{API}/me", status=200)


def test_other_people_are_not_logged_out(accounts, ada):
    accounts.add("eve")
    client, eve = accounts.token_of("ada"), accounts.token_of("eve")
    client.put_json(ME, CHANGE, status=204)
    eve.get(f"{API}/me", status=200)


def test_a_stolen_session_cannot_set_a_password_without_the_old_one(accounts, ada):
    client = accounts.token_of("ada")
    for _ in range(5):
        answer = client.put_json(ME, {**CHANGE, "current": "guessed it?"}, status=401)
        assert answer.json["code"] == "invalid_credentials"
    assert client.put_json(ME, CHANGE, status=429).json["code"] == "too_many_attempts"
    assert accounts.rows(select(User.password_changed_at)) == [(None,)]


def test_a_narrow_token_cannot_change_the_password(accounts, ada):
    accounts.token_of("ada", scopes=["accounts.read"]).put_json(ME, CHANGE, status=403)


@pytest.mark.parametrize("weak", ["short", "123456789"])
def test_a_weak_password_is_refused(lite, weak):
    lite.add("ada")
    answer = lite.token_of("ada").put_json(ME, {**CHANGE, "new": weak}, status=422)
    assert [(e["pointer"], e["code"]) for e in answer.json["errors"]] == [("/new", "weak_password")]


def test_ones_own_name_is_no_password(lite):
    lite.add("ada.lovelace")
    answer = lite.token_of("ada.lovelace").put_json(
        ME, {**CHANGE, "new": "Ada.Lovelace"}, status=422
    )
    assert "name" in answer.json["errors"][0]["detail"]


def test_a_hash_of_an_older_cost_is_made_anew_at_login(sqlite_url):
    with composed(["accounts"], SETTINGS, sqlite_url) as test:
        Accounts(test).add("ada")
    dearer = {**SETTINGS, "accounts.argon2_time_cost": "2"}
    with composed(["accounts"], dearer, sqlite_url) as test:
        accounts = Accounts(test)
        [[before]] = accounts.rows(select(User.password_hash))
        accounts.client().log_in(status=201)
        [[after]] = accounts.rows(select(User.password_hash))
        assert ",t=1," in before
        assert ",t=2," in after
        accounts.client().log_in(status=201)
        assert accounts.rows(select(User.password_hash)) == [(after,)]


def test_no_secret_is_stored_in_clear(accounts, ada):
    client = accounts.client()
    client.log_in()
    token = accounts.client().take_token("ada")
    accounts.client().log_in(user="hunter2 typed as a name", status=401)
    cookie = client.cookies["talatat_session"]
    secrets = [
        PASSWORD,
        token,
        token[4:],
        token[4:47],
        cookie,
        cookie.partition(".")[2],
        client.csrf,
        "hunter2",
        accounts.test.system.settings["accounts"].secret.current,
    ]
    with accounts.test.session() as session:
        tables = inspect(session.connection()).get_table_names()
        stored = "\n".join(
            str(row)
            for table in tables
            for row in session.execute(text(f'SELECT * FROM "{table}"'))
        )
    assert "accounts_token" in tables
    assert ada in stored
    assert [secret for secret in secrets if secret in stored] == []
