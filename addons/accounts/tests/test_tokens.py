"""Bearer tokens: made once, narrow, mortal, and never more than their maker."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from talatat.db import utcnow
from talatat_accounts.models import Token, User
from talatat_accounts.tokens import new_token

from .conftest import API, PASSWORD

LOGIN = {"user": "ada", "password": PASSWORD}


def test_a_password_buys_a_token_that_says_who_one_is(accounts, ada):
    client = accounts.client()
    answer = client.post_json(
        f"{API}/tokens", {**LOGIN, "scopes": ["accounts.*"], "expires_in": 3600}, status=201
    )
    assert {"id", "token", "expires_at"} <= answer.json.keys()
    assert answer.json["expires_at"].endswith("Z")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.location.endswith(f"{API}/tokens/{answer.json['id']}")
    client.authorization = ("Bearer", answer.json["token"])
    me = client.get(f"{API}/me").json
    assert (me["id"], me["name"], me["source"]) == (ada, "ada", "accounts.token")
    assert me["scopes"] == ["accounts.*"]
    assert "csrf_token" not in me


def test_the_name_is_taken_in_any_spelling(accounts, ada):
    for name in ("ADA", " Ada ", "\uff41da"):
        accounts.client().post_json(f"{API}/tokens", {**LOGIN, "user": name}, status=201)


@pytest.mark.parametrize(
    "token",
    [new_token(), "tlt_", "tlt_short", "tlt_\u00e9", "tlt_" + "x" * 49],
    ids=["well formed", "empty", "short", "not ASCII", "long"],
)
def test_an_invented_token_is_401_and_says_so(accounts, token):
    headers = {"Authorization": f"Bearer {token}".encode().decode("latin-1")}
    answer = accounts.client().get(f"{API}/me", headers=headers, status=401)
    assert answer.json["code"] == "unauthorized"
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize(
    "value", ["", "Bearer", "Bearer other", "Basic YWRhOng=", "tlt_x", "Bearer  "]
)
def test_other_credentials_are_not_taken_for_a_token(accounts, value):
    answer = accounts.client().get(f"{API}/me", headers={"Authorization": value}, status=401)
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="talatat"'


def test_a_public_address_answers_even_with_an_invented_token(accounts):
    accounts.client().get("/livez", headers={"Authorization": f"Bearer {new_token()}"}, status=200)


def test_a_token_ends_when_it_expires(accounts, ada):
    client = accounts.token_of("ada", expires_in=60)
    client.get(f"{API}/me", status=200)
    accounts.rows(update(Token).values(expires_at=utcnow() - timedelta(seconds=1)))
    client.get(f"{API}/me", status=401)


def test_a_token_ends_with_its_account(accounts, ada):
    client = accounts.token_of("ada")
    accounts.rows(update(User).values(active=False))
    client.get(f"{API}/me", status=401)


def test_a_revoked_token_is_worth_nothing(accounts, ada):
    client, other = accounts.token_of("ada"), accounts.token_of("ada")
    wanted = client.get(f"{API}/tokens").json["items"][0]["id"]
    other.delete(f"{API}/tokens/{wanted}", status=204)
    client.get(f"{API}/me", status=401)
    other.get(f"{API}/me", status=200)
    other.delete(f"{API}/tokens/{wanted}", status=404)
    other.delete(f"{API}/tokens/nonsense", status=404)


def test_a_token_gives_itself_up_whatever_its_scopes(accounts, ada):
    client = accounts.token_of("ada", scopes=["accounts.read"])
    client.delete(f"{API}/tokens/current", status=204)
    client.get(f"{API}/me", status=401)


def test_nobody_sees_or_revokes_the_token_of_somebody_else(accounts, ada):
    accounts.add("eve")
    hers, mine = accounts.token_of("ada"), accounts.token_of("eve")
    wanted = hers.get(f"{API}/tokens").json["items"][0]["id"]
    assert len(mine.get(f"{API}/tokens").json["items"]) == 1
    mine.delete(f"{API}/tokens/{wanted}", status=404)
    hers.get(f"{API}/me", status=200)


def test_the_list_of_tokens_does_not_show_what_makes_them_work(accounts, ada):
    client = accounts.client()
    token = client.take_token("ada", label="laptop")
    answer = client.get(f"{API}/tokens")
    assert token not in answer.text
    assert token[4:] not in answer.text
    assert answer.json["items"][0]["label"] == "laptop"
    assert set(answer.json["items"][0]) == {"id", "label", "scopes", "created_at", "expires_at"}


def test_scopes_narrow_what_the_role_gives(accounts):
    accounts.add("root", roles=("admin",))
    body = {"name": "bob", "password": PASSWORD}
    narrow = accounts.token_of("root", scopes=["accounts.read"])
    assert narrow.get(f"{API}/me").json["permissions"] == [
        "accounts.read",
        "authenticated",
        "public",
    ]
    narrow.get(f"{API}/users", status=200)
    narrow.post_json(f"{API}/users", body, status=403)
    narrow.get(f"{API}/tokens", status=403)
    accounts.token_of("root").post_json(f"{API}/users", body, status=201)


def test_a_token_makes_others_within_its_own_scopes_only(accounts):
    accounts.add("root", roles=("admin",))
    client = accounts.token_of("root", scopes=["accounts.self", "accounts.read"])
    made = client.post_json(f"{API}/tokens", {"scopes": ["accounts.read"]}, status=201).json
    assert made["scopes"] == ["accounts.read"]
    inherited = client.post_json(f"{API}/tokens", {}, status=201).json
    assert inherited["scopes"] == ["accounts.read", "accounts.self"]
    for scopes in (
        ["accounts.*"],
        ["accounts.manage"],
        ["*"],
        ["accounts.read", "accounts.manage"],
    ):
        answer = client.post_json(f"{API}/tokens", {"scopes": scopes}, status=403)
        assert answer.json["code"] == "scope_exceeded"
    reader = accounts.token_of("root", scopes=["accounts.read"])
    reader.post_json(f"{API}/tokens", {"scopes": ["accounts.read"]}, status=403)


def test_a_token_cannot_prolong_itself(accounts, ada):
    client = accounts.client()
    first = client.post_json(f"{API}/tokens", {**LOGIN, "expires_in": 60}, status=201).json
    client.authorization = ("Bearer", first["token"])
    second = client.post_json(f"{API}/tokens", {"expires_in": 86400}, status=201).json
    assert second["expires_at"] == first["expires_at"]


def test_a_session_makes_a_token_with_its_csrf_token_only(accounts, ada):
    client = accounts.client()
    client.log_in()
    client.post_json(f"{API}/tokens", {}, status=403)
    client.post_json(f"{API}/tokens", {}, headers=client.proven(), status=201)


def test_a_password_in_the_body_counts_and_not_the_cookie_beside_it(accounts, ada):
    accounts.add("eve")
    client = accounts.client()
    client.log_in("eve")
    made = client.post_json(f"{API}/tokens", LOGIN, status=201).json
    client.reset()
    client.authorization = ("Bearer", made["token"])
    assert client.get(f"{API}/me").json["name"] == "ada"


def test_strangers_make_no_tokens(accounts, ada):
    answer = accounts.client().post_json(f"{API}/tokens", {"scopes": []}, status=401)
    assert "Bearer" in answer.headers["WWW-Authenticate"]
    accounts.client().post_json(f"{API}/tokens", {"password": PASSWORD}, status=401)
    accounts.client().post_json(f"{API}/tokens", {"user": "ada"}, status=401)


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({"scopes": ["accounts.raed"]}, "/scopes/0", "unknown_scope"),
        ({"scopes": ["accounts.read", "nothing.*"]}, "/scopes/1", "unknown_scope"),
        ({"scopes": "accounts.read"}, "/scopes", "type"),
        ({"expires_in": 0}, "/expires_in", "range"),
        ({"expires_in": 10**12}, "/expires_in", "range"),
        ({"expires_in": "60"}, "/expires_in", "type"),
        ({"label": "x" * 101}, "/label", "length"),
        ({"password": "x" * 1025}, "/password", "length"),
        ({"sudo": True}, "/sudo", "unknown"),
    ],
)
def test_a_wrong_field_is_422_and_named(lite, body, pointer, code):
    lite.add("ada")
    answer = lite.client().post_json(f"{API}/tokens", {**LOGIN, **body}, status=422)
    assert [(e["pointer"], e["code"]) for e in answer.json["errors"]] == [(pointer, code)]


def test_an_unknown_scope_is_told_with_the_nearest_known(lite):
    lite.add("ada")
    answer = lite.client().post_json(
        f"{API}/tokens", {**LOGIN, "scopes": ["accounts.raed"]}, status=422
    )
    assert "'accounts.read'" in answer.json["errors"][0]["detail"]


def test_a_token_request_is_never_asked_for_a_csrf_token(accounts, ada):
    client = accounts.client()
    client.log_in()
    client.take_token("ada")
    client.delete(f"{API}/tokens/current", status=204)


def test_expired_tokens_are_cleared_away_at_a_login(accounts, ada):
    accounts.token_of("ada")
    accounts.rows(update(Token).values(expires_at=utcnow() - timedelta(seconds=1)))
    accounts.client().log_in()
    assert accounts.rows(Token.__table__.select()) == []
