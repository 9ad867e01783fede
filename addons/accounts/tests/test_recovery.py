"""A password that was lost is replaced from the command line."""

import logging

import pytest
from click.testing import CliRunner
from sqlalchemy import select, update

from talatat.db import utcnow
from talatat.testing import composed, write_ini
from talatat_accounts.models import RecoveryCode, SecondFactor, Session, Token, User
from talatat_accounts.recovery import main
from talatat_accounts.second_factor import new_codes, new_seed

from .conftest import PASSWORD, SETTINGS, Accounts

NEW = "a quite different password"


@pytest.fixture
def site(sqlite_url):
    with composed(["accounts"], SETTINGS, sqlite_url) as test:
        accounts = Accounts(test)
        accounts.add("admin", roles=("admin",))
        yield accounts


def run(site, *more, user="admin", **kw):
    return CliRunner().invoke(main, [site.test.ini, "--user", user, *more], **kw)


def test_a_new_password_is_printed_once_and_alone(site):
    client, token = site.client(), site.token_of("admin")
    client.log_in("admin")
    done = run(site)
    password = done.stdout.strip()
    assert (done.exit_code, len(password.split())) == (0, 1)
    assert password not in done.stderr
    assert "all their sessions and tokens have ended" in done.stderr
    assert site.rows(select(Session.id)) == site.rows(select(Token.id)) == []
    token.get("/api/accounts/v1/me", status=401)
    site.client().log_in("admin", password, status=201)
    site.client().log_in("admin", PASSWORD, status=401)


def test_a_password_from_standard_input_is_not_printed(site):
    done = run(site, "--stdin", input=f"{NEW}\n")
    assert (done.exit_code, done.stdout) == (0, "")
    assert NEW not in done.stderr
    site.client().log_in("admin", NEW, status=201)


@pytest.mark.parametrize(
    ("more", "given", "told"),
    [
        (("--stdin",), "password123\n", "stands on a list"),
        (("--stdin",), "", "begins with no password"),
        (("--stdin",), "x" * 2000, "begins with no password"),
    ],
    ids=["listed", "none", "long"],
)
def test_a_password_that_cannot_be_is_refused_and_nothing_is_done(site, more, given, told):
    done = run(site, *more, input=given)
    assert (done.exit_code, told in done.stderr) == (1, True), done.stderr
    site.client().log_in("admin", status=201)


def test_a_name_that_nobody_has_tells_those_that_there_are(site):
    done = run(site, user="administrator")
    assert done.exit_code == 1
    assert "there is no user 'administrator'. There are: admin" in done.stderr


def test_a_closed_account_is_opened_by_word_only(site):
    site.rows(update(User).values(active=False))
    done = run(site)
    assert (done.exit_code, "--activate" in done.stderr) == (1, True)
    done = run(site, "--activate")
    site.client().log_in("admin", done.stdout.strip(), status=201)


def test_a_lost_second_factor_is_taken_away_by_word_only(site):
    [[user_id]] = site.rows(select(User.id))
    with site.test.session() as session:
        session.add(SecondFactor(user_id=user_id, seed=new_seed(), confirmed_at=utcnow()))
        new_codes(session, user_id)
    done = run(site)
    assert "--second-factor takes it away" in done.stderr
    answer = site.client().log_in("admin", done.stdout.strip(), status=401)
    assert answer.json["code"] == "second_factor_needed"
    done = run(site, "--second-factor")
    assert "second factor is taken away" in done.stderr
    site.client().log_in("admin", done.stdout.strip(), status=201)
    assert site.rows(select(RecoveryCode.digest)) == []


def test_what_the_command_does_is_told_as_a_security_event(site, caplog):
    with caplog.at_level(logging.INFO):
        run(site)
    [line] = [one for one in caplog.records if hasattr(one, "security_event")]
    assert (line.security_event, line.outcome, line.by) == (
        "accounts.password_changed", "succeeded", "command line",
    )  # fmt: skip


def test_a_database_that_is_not_there_yet_is_told_what_brings_it(tmp_path, sqlite_url):
    ini = write_ini(tmp_path, ["accounts"], sqlite_url, SETTINGS)
    done = CliRunner().invoke(main, [ini, "--user", "admin"])
    assert (done.exit_code, f"talatat apply {ini}" in done.stderr) == (1, True)
    ini = write_ini(tmp_path, [], sqlite_url)
    done = CliRunner().invoke(main, [ini, "--user", "admin"])
    assert "does not compose accounts" in done.stderr
