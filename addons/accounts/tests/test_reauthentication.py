"""What is sensitive takes a login of a moment ago, and how one logs in again."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from talatat.db import new_id, utcnow
from talatat_accounts.models import Session

from .conftest import API, PASSWORD
from .test_second_factor import code, enrol

AGAIN = f"{API}/sessions/current:reauthenticate"
NEW = "a quite different password"


def grow_old(accounts, **age):
    """Let all sessions have shown their password so long ago."""
    accounts.rows(update(Session).values(authenticated_at=utcnow() - timedelta(**age)))


def sensitive(client, user_id):
    """Calls that take a recent login, by name."""
    headers = client.proven()
    user = f"{API}/users/{user_id}"

    def call(method, path, *body):
        return lambda **kw: getattr(client, method)(path, *body, headers=headers, **kw)

    return {
        "password": call("put_json", f"{API}/me/password", {"current": PASSWORD, "new": NEW}),
        "token": call("post_json", f"{API}/tokens", {}),
        "ending sessions": call("post", f"{API}/sessions:end-others"),
        "ending one": call("delete", f"{API}/sessions/{new_id()}"),
        "second factor": call("post", f"{API}/me/second-factor"),
        "somebody's roles": call("patch_json", user, {"roles": ["accounts.manager"]}),
        "somebody's password": call("patch_json", user, {"password": NEW}),
        "somebody's address": call("patch_json", user, {"email": "eve@example.org"}),
        "somebody new": call("post_json", f"{API}/users", {"name": "mallory"}),
        "a group's roles": call("post_json", f"{API}/groups", {"name": "all", "roles": ["admin"]}),
        "somebody's end": call("delete", user),
        "somebody's second factor": call("post", f"{user}:reset-second-factor"),
    }


def test_everything_sensitive_is_refused_to_an_old_login_and_told_how(accounts):
    accounts.add("root", roles=("admin",))
    eve = accounts.add("eve")
    client = accounts.client()
    client.log_in("root")
    grow_old(accounts, minutes=16)
    before = accounts.rows(select(Session.id))
    for what, call in sensitive(client, eve).items():
        told = call(status=403).json
        assert (what, told["code"], told["max_age"], told["reauthenticate"]) == (
            what, "reauthentication_needed", 900, AGAIN,
        )  # fmt: skip
    client.get(f"{API}/users/{eve}", status=200)
    assert accounts.rows(select(Session.id)) == before
    answer = client.post_json(AGAIN, {"password": PASSWORD}, headers=client.proven(), status=200)
    client.csrf = answer.json["csrf_token"]
    answers = [call(expect_errors=True) for call in sensitive(client, eve).values()]
    codes = {answer.json.get("code") for answer in answers if answer.body}
    assert "reauthentication_needed" not in codes


def test_a_batch_is_no_way_around(accounts):
    accounts.add("root", roles=("admin",))
    client = accounts.client()
    client.log_in("root")
    grow_old(accounts, minutes=16)
    item = {"operation": "create", "body": {"name": "mallory", "roles": ["admin"]}}
    answer = client.post_json(
        f"{API}/users:batch", {"items": [item]}, headers=client.proven(), expect_errors=True
    )
    assert "reauthentication_needed" in answer.text
    assert client.get(f"{API}/users?name=mallory").json["items"] == []


def test_a_session_goes_on_under_another_id_once_it_is_proven(accounts, ada):
    client = accounts.client()
    client.log_in()
    old = client.cookies["talatat_session"]
    answer = client.post_json(AGAIN, {"password": PASSWORD}, headers=client.proven(), status=200)
    assert answer.json["user"] == {"id": ada, "name": "ada"}
    assert client.cookies["talatat_session"] != old
    assert client.get(f"{API}/me").json["csrf_token"] == answer.json["csrf_token"] != client.csrf
    thief = accounts.client()
    thief.set_cookie("talatat_session", old)
    thief.get(f"{API}/me", status=401)
    assert len(accounts.rows(select(Session.id))) == 1


def test_proving_takes_the_second_factor_too(accounts, ada):
    client = accounts.client()
    seed, _ = enrol(client)
    body = {"password": PASSWORD}
    answer = client.post_json(AGAIN, body, headers=client.proven(), status=401)
    assert answer.json["code"] == "second_factor_needed"
    body["otp"] = code(seed)
    client.post_json(AGAIN, body, headers=client.proven(), status=200)


def test_proving_is_guessing_and_limited_like_a_login(accounts, ada):
    client = accounts.client()
    client.log_in()
    body = {"password": "a guess"}
    found = [
        client.post_json(AGAIN, body, headers=client.proven(), expect_errors=True).status_int
        for _ in range(6)
    ]
    assert found == [401] * 5 + [429]
    client.get(f"{API}/me", status=200)


def test_a_token_cannot_be_proven_and_nobody_cannot_either(accounts, ada):
    token = accounts.token_of("ada")
    assert token.post_json(AGAIN, {"password": PASSWORD}, status=409).json["code"] == (
        "session_needed"
    )
    accounts.client().post_json(AGAIN, {"password": PASSWORD}, status=401)


def test_another_site_cannot_prove_a_session(accounts, ada):
    client = accounts.client()
    client.log_in()
    client.post_json(AGAIN, {"password": PASSWORD}, status=403)


@pytest.mark.parametrize("days", [-1, 1])
def test_a_login_that_a_wrong_clock_noted_is_no_recent_one(accounts, ada, days):
    client = accounts.client()
    client.log_in()
    grow_old(accounts, days=days)
    client.post_json(f"{API}/tokens", {}, headers=client.proven(), status=403)


def test_a_session_from_before_there_was_a_second_factor_has_no_proof(accounts, ada):
    client = accounts.client()
    client.log_in()
    accounts.rows(update(Session).values(authenticated_at=None))
    client.post_json(f"{API}/tokens", {}, headers=client.proven(), status=403)
    [session] = client.get(f"{API}/sessions").json["items"]
    assert session["authenticated_at"] is None


def test_one_ends_all_other_sessions_at_once(accounts, ada):
    accounts.add("eve")
    here, there, elsewhere, eve = (accounts.client() for _ in range(4))
    for client in (here, there, elsewhere):
        client.log_in()
    eve.log_in("eve")
    answer = here.post(f"{API}/sessions:end-others", headers=here.proven(), status=200)
    assert answer.json == {"ended": 2}
    there.get(f"{API}/me", status=401)
    elsewhere.get(f"{API}/me", status=401)
    here.get(f"{API}/me", status=200)
    eve.get(f"{API}/me", status=200)


def test_the_document_tells_of_the_actions_by_their_names(lite):
    paths = lite.client().get("/api/accounts/v1/openapi.json").json["paths"]
    assert {AGAIN, f"{API}/sessions:end-others", f"{API}/me/second-factor:confirm"} <= set(paths)
    told = paths[f"{API}/sessions"]["post"]["x-problems"]
    assert {"invalid_credentials", "second_factor_needed"} <= set(told)
