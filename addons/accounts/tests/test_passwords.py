"""Changing a password, and what ends with the old one. No secret is ever stored in clear."""

from datetime import timedelta

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import inspect, select, text, update

from talatat.db import utcnow
from talatat.errors import CompositionError
from talatat.testing import composed
from talatat_accounts.breached import Listed, digest, in_package, main, packed
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


def refusal(accounts, new, user="ada"):
    """Why a new password is refused; None for one that is taken."""
    answer = accounts.token_of(user).put_json(ME, {**CHANGE, "new": new}, expect_errors=True)
    if answer.status_int == 204:
        return None
    assert answer.status_int == 422
    [error] = answer.json["errors"]
    assert (error["pointer"], error["code"]) == ("/new", "weak_password")
    return error["detail"]


@pytest.mark.parametrize(
    ("weak", "why"),
    [
        ("short", "fewer than 10"),
        ("123456789", "fewer than 10"),
        ("1234567890", "list"),
        ("password123", "list"),
        ("PassWord123", "list"),
        ("q1w2e3r4t5y6", "list"),
        ("\uff50assword123", "list"),  # a full-width letter
        ("Ada.Lovelace", "'ada.lovelace'"),
        ("lovelace-2026!", "'lovelace'"),
        ("countess@example", "'countess'"),
        ("Talatat1!Talatat", "'talatat'"),
        ("e" + "\u0301" * 9, "fewer than 10"),  # composed it is one letter and eight marks
    ],
)
def test_a_weak_password_is_refused(lite, weak, why):
    lite.add("ada.lovelace", email="countess@example.org")
    assert why in (refusal(lite, weak, "ada.lovelace") or "")


@pytest.mark.parametrize(
    "good",
    [
        "correct horse battery",  # spaces, no capitals, no digits
        "\u043e\u0447\u0435\u043d\u044c \u0434\u043b\u0438\u043d\u043d\u044b\u0439",
        "\U0001f98a\U0001f427 hedgehogs at dawn",
        "ada wrote the first programme",
        "x9" * 400,
    ],
)
def test_length_is_all_that_is_asked_of_a_password_that_nobody_guesses(lite, good):
    lite.add("ada")
    assert refusal(lite, good) is None
    lite.client().log_in(password=good, status=201)


def test_a_password_is_the_same_however_a_keyboard_composes_it(lite):
    lite.add("ada")
    assert refusal(lite, "caf\u00e9 cr\u00e8me to go") is None
    lite.client().log_in(password="cafe\u0301 cre\u0300me to go", status=201)
    lite.client().log_in(password="Caf\u00e9 cr\u00e8me to go", status=401)


def test_a_manager_cannot_set_a_weak_password_either(lite):
    lite.add("root", roles=("admin",))
    body = {"name": "bob", "password": "password123"}
    answer = lite.token_of("root").post_json(f"{API}/users", body, status=422)
    assert answer.json["errors"][0]["pointer"] == "/password"


def test_the_list_in_the_package_is_sorted_and_knows_what_it_was_made_of():
    listed = in_package()
    assert len(listed) > 100_000
    assert all(listed[at] < listed[at + 1] for at in range(len(listed) - 1))
    guessed = ["1234567890", "qwertyuiop", "password1234", "iloveyou123", "baseball"]
    assert [one for one in guessed if one not in listed] == []


@given(st.lists(st.text(min_size=1, max_size=20), max_size=30), st.text(max_size=20))
def test_a_list_holds_what_was_put_in_and_nothing_else(passwords, other):
    listed = Listed(packed(passwords))
    assert all(one in listed for one in passwords)
    assert (other in listed) == (digest(other) in {digest(one) for one in passwords})


def test_an_operator_adds_a_list_and_makes_one_anew(tmp_path, sqlite_url):
    file = tmp_path / "more.txt"
    file.write_text("the name of our dog\r\nTHE HOUSE ON THE HILL\n\n", encoding="utf-8")
    settings = {**SETTINGS, "accounts.password_list": str(file)}
    with composed(["accounts"], settings, sqlite_url) as test:
        accounts = Accounts(test)
        accounts.add("ada")
        assert "list" in refusal(accounts, "the house on the hill")
        assert "list" in refusal(accounts, "The Name Of Our Dog")
        assert refusal(accounts, "the name of our cat") is None
    out = tmp_path / "made.bin"
    made = CliRunner().invoke(main, [str(file), "--out", str(out)])
    assert made.output.endswith(": 2 passwords, 10 bytes\n")
    assert "the name of our dog" in Listed(out.read_bytes())


def test_a_list_that_is_not_there_stops_the_start(sqlite_url):
    settings = {**SETTINGS, "accounts.password_list": "/no/such/list.txt"}
    with pytest.raises(CompositionError) as caught, composed(["accounts"], settings, sqlite_url):
        pass
    told = str(caught.value)
    assert "accounts.password_list" in told
    assert "name a text file with a password a line" in told


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


def test_a_password_does_not_age(lite):
    lite.add("ada")
    long_ago = utcnow() - timedelta(days=3650)
    lite.rows(update(User).values(created_at=long_ago, password_changed_at=long_ago))
    answer = lite.client().log_in(status=201)
    assert set(answer.json) == {"user", "csrf_token"}
