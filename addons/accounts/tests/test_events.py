"""Security events: what happens at the doors is told, under whose account, and without a secret."""

import logging

import pytest

from talatat.security import SecurityEvent

from .conftest import API, PASSWORD
from .test_second_factor import FACTOR, LOGIN, code, enrol, log_in

NEW = "a quite different password"
TYPED = "hunter2 typed as a name"


@pytest.fixture
def heard(accounts):
    """(name, outcome, subject) of each event, as it is told."""
    found, registry = [], accounts.test.registry

    def listen(event):
        found.append((event.name, event.outcome, event.subject))

    registry.registerHandler(listen, [SecurityEvent])
    yield found
    registry.unregisterHandler(listen, [SecurityEvent])


def test_logins_and_their_refusals_are_told(accounts, ada, heard):
    client = accounts.client()
    client.log_in()
    client.delete(f"{API}/sessions", headers=client.proven())
    for _ in range(6):
        accounts.client().log_in(password="a guess", expect_errors=True)
    accounts.client().log_in(user=TYPED, expect_errors=True)
    assert heard == [
        ("accounts.login", "succeeded", ada),
        ("accounts.logout", "succeeded", ada),
        *[("accounts.login", "failed", ada)] * 5,
        ("accounts.login", "refused", ada),
        ("accounts.login", "failed", None),
    ]


def test_the_life_of_a_second_factor_is_told(accounts, ada, heard):
    client = accounts.client()
    seed, codes = enrol(client)
    del heard[:]
    log_in(accounts.client())
    log_in(accounts.client(), code(seed, 40))
    log_in(accounts.client(), code(seed), status=201)
    log_in(accounts.client(), code(seed))
    log_in(accounts.client(), codes[0], status=201)
    client.post(f"{FACTOR}:renew-codes", headers=client.proven(), status=200)
    client.delete(FACTOR, headers=client.proven(), status=204)
    assert heard == [
        ("accounts.login", "refused", ada),
        ("accounts.second_factor", "failed", ada),
        ("accounts.second_factor", "succeeded", ada),
        ("accounts.login", "succeeded", ada),
        ("accounts.second_factor", "failed", ada),
        ("accounts.recovery_code", "succeeded", ada),
        ("accounts.login", "succeeded", ada),
        ("accounts.recovery_codes_renewed", "succeeded", ada),
        ("accounts.second_factor_disabled", "succeeded", ada),
    ]


def test_changes_of_passwords_and_roles_are_told(accounts, ada, heard):
    accounts.add("root", roles=("admin",))
    accounts.add_group("clerks", members=())
    root = accounts.token_of("root")
    del heard[:]
    root.patch_json(f"{API}/users/{ada}", {"roles": ["accounts.manager"], "groups": ["clerks"]})
    root.patch_json(f"{API}/users/{ada}", {"roles": ["accounts.manager"]})
    root.patch_json(f"{API}/users/{ada}", {"password": NEW})
    accounts.client().log_in(password=NEW)
    names = [name for name, *_ in heard]
    assert names == [
        "accounts.roles_changed",
        "accounts.groups_changed",
        "accounts.password_changed",
        "accounts.login",
    ]
    assert {subject for *_, subject in heard} == {ada}


def test_no_secret_is_logged_whatever_is_done(accounts, ada, caplog):
    caplog.set_level(logging.DEBUG)
    client = accounts.client()
    seed, codes = enrol(client)
    otp, wrong = code(seed), code(seed, 40)
    token = log_in(accounts.client(), otp, path="tokens", status=201).json["token"]
    log_in(accounts.client(), wrong)
    log_in(accounts.client(), codes[0], status=201)
    page = accounts.client().get("/accounts/login").forms[0]
    page["user"], page["password"] = LOGIN.values()
    ticket = page.submit().forms[0]["ticket"].value
    accounts.client().log_in(user=TYPED, password="a secret guess", expect_errors=True)
    change = {"current": PASSWORD, "new": NEW}
    client.put_json(f"{API}/me/password", change, headers=client.proven(), status=204)
    told = "\n".join(f"{vars(one)} {one.getMessage()}" for one in caplog.records)
    assert "accounts.second_factor" in told
    secrets = [PASSWORD, NEW, seed, *codes, token, ticket, TYPED, "a secret guess", client.csrf]
    secrets += [f"'{otp}'", f"'{wrong}'", client.cookies["talatat_session"]]
    assert [one for one in secrets if one in told] == []
