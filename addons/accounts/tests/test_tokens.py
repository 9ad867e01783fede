"""Bearer tokens: made once, narrow, mortal, and never more than their maker."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from talatat.db import utcnow
from talatat_accounts.models import Token, User
from talatat_accounts.tokens import new_token

from .conftest import API, PASSWORD

LOGIN = {"user": "ada", "password": PASSWORD}
JSON = {"body": b"{}", "content_type": "application/json"}


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
    assert set(answer.json["items"][0]) == {
        "id", "label", "scopes", "resources", "created_at", "expires_at", "last_used_at",
    }  # fmt: skip


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


@pytest.mark.parametrize(
    ("scope", "near"), [("accounts.raed", "'accounts.read'"), ("acounts.*", "'accounts.*'")]
)
def test_an_unknown_scope_is_told_with_the_nearest_known(lite, scope, near):
    lite.add("ada")
    answer = lite.client().post_json(f"{API}/tokens", {**LOGIN, "scopes": [scope]}, status=422)
    assert near in answer.json["errors"][0]["detail"]


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


@pytest.mark.parametrize(
    ("wanted", "hint"),
    [
        ("accounts.users", "read"), ("accounts.users:delete", "read"), ("nothing.*:read", "is no"),
        ("accounts.user:read", "'accounts.users:read'"), ("*:read", "is no"), ("*", "is no"),
    ],
)  # fmt: skip
def test_access_to_what_is_no_resource_is_422_and_named(lite, wanted, hint):
    lite.add("ada")
    body = {**LOGIN, "resources": ["accounts.*:read", wanted]}
    [error] = lite.client().post_json(f"{API}/tokens", body, status=422).json["errors"]
    assert (error["pointer"], error["code"]) == ("/resources/1", "unknown_resource")
    assert hint in error["detail"]


def test_a_token_reads_the_resources_that_it_is_for_and_nothing_else(accounts):
    accounts.add("root", roles=("admin",))
    client = accounts.token_of("root", resources=["accounts.groups:read"])
    for method, path in (
        ("GET", "groups"), ("POST", "groups:search"), ("GET", "groups:changes"),
    ):  # fmt: skip
        client.request(f"{API}/{path}", method=method, status=200, **JSON)
    made = {"name": "clerks"}
    client.post_json(f"{API}/groups", made, status=403)
    client.post_json(f"{API}/groups:batch", {"items": [{"create": made}]}, status=403)
    for path in ("users", "tokens", "sessions", "users:changes"):
        client.get(f"{API}/{path}", status=403)
    client.post_json(f"{API}/tokens", {}, status=403)
    client.get("/health", status=403)
    me = client.get(f"{API}/me").json
    assert me["resources"] == ["accounts.groups:read"]
    client.delete(f"{API}/tokens/current", status=204)


def test_to_write_includes_to_read_and_an_addon_stands_for_its_resources(accounts):
    accounts.add("root", roles=("admin",))
    client = accounts.token_of("root", resources=["accounts.*:write"])
    made = client.post_json(f"{API}/groups", {"name": "clerks"}, status=201).json
    client.get(f"{API}/groups/{made['id']}", status=200)
    client.get(f"{API}/users", status=200)
    client.delete(f"{API}/groups/{made['id']}", status=204)


def test_resources_and_scopes_narrow_together_and_give_nothing(accounts):
    accounts.add("root", roles=("admin",))
    accounts.add("ada")
    both = {"resources": ["accounts.groups:write"], "scopes": ["accounts.read"]}
    client = accounts.token_of("root", **both)
    client.get(f"{API}/groups", status=200)
    client.post_json(f"{API}/groups", {"name": "clerks"}, status=403)
    accounts.token_of("ada", resources=["accounts.groups:write"]).get(f"{API}/groups", status=403)
    accounts.token_of("root", resources=[]).get(f"{API}/groups", status=403)


def test_who_is_narrowed_to_users_makes_nobody_an_administrator(accounts):
    """Else the token would be as wide as its maker after all: it would make one, and log in as that."""
    root = accounts.add("root", roles=("admin",))
    client = accounts.token_of("root", resources=["accounts.users:write"])
    body = {"name": "bob", "password": PASSWORD}
    answer = client.post_json(f"{API}/users", {**body, "roles": ["admin"]}, status=403)
    assert answer.json["code"] == "rank"
    client.patch_json(f"{API}/users/{root}", {"password": PASSWORD + "!"}, status=403)
    client.post_json(f"{API}/users", body, status=201)


def test_a_token_says_when_it_was_used_to_the_minute(accounts, ada):
    client = accounts.token_of("ada")
    assert client.get(f"{API}/tokens").json["items"][0]["last_used_at"] is None
    [[first]] = accounts.rows(select(Token.last_used_at))
    client.get(f"{API}/me", status=200)
    assert accounts.rows(select(Token.last_used_at)) == [(first,)], "written once in a minute"
    accounts.rows(update(Token).values(last_used_at=first - timedelta(seconds=61)))
    client.get(f"{API}/me", status=200)
    [[second]] = accounts.rows(select(Token.last_used_at))
    assert second >= first
    shown = client.get(f"{API}/tokens").json["items"][0]["last_used_at"]
    assert shown.startswith(second.strftime("%Y-%m-%dT%H:%M"))


def test_tokens_end_for_good_when_their_account_is_closed(accounts, ada):
    accounts.add("root", roles=("admin",))
    root, hers = accounts.token_of("root"), accounts.token_of("ada")
    root.patch_json(f"{API}/users/{ada}", {"active": False}, status=200)
    hers.get(f"{API}/me", status=401)
    root.patch_json(f"{API}/users/{ada}", {"active": True}, status=200)
    hers.get(f"{API}/me", status=401)


def test_a_manager_sees_and_revokes_the_tokens_of_those_below(accounts, ada):
    root = accounts.add("root", roles=("admin",))
    accounts.add("boss", roles=("accounts.manager",))
    boss, hers = accounts.token_of("boss"), accounts.token_of("ada", label="laptop")
    highest = accounts.token_of("root")
    [shown] = boss.get(f"{API}/users/{ada}/tokens").json["items"]
    assert shown["label"] == "laptop"
    assert "token" not in shown
    hers.get(f"{API}/users/{ada}/tokens", status=403)
    [wanted] = highest.get(f"{API}/tokens").json["items"]
    hers.delete(f"{API}/tokens/{wanted['id']}", status=404)
    assert boss.delete(f"{API}/tokens/{wanted['id']}", status=403).json["code"] == "rank"
    highest.get(f"{API}/me", status=200)
    assert boss.get(f"{API}/users/{root}/tokens", status=403).json["code"] == "rank"
    boss.delete(f"{API}/tokens/{shown['id']}", status=204)
    hers.get(f"{API}/me", status=401)
    boss.delete(f"{API}/tokens/{shown['id']}", status=404)
    for wanted in (shown["id"], "x"):
        highest.get(f"{API}/users/{wanted}/tokens", status=404)


def test_what_happens_to_tokens_is_told_and_the_token_is_not(accounts, ada, caplog):
    caplog.set_level("DEBUG", "talatat")
    client = accounts.client()
    token = client.take_token("ada")
    client.delete(f"{API}/tokens/current", status=204)
    client.get(f"{API}/me", status=401)
    told = [one for one in caplog.records if hasattr(one, "security_event")]
    assert [(one.security_event, one.outcome) for one in told if "token" in one.security_event] == [
        ("accounts.token_made", "succeeded"),
        ("accounts.token_revoked", "succeeded"),
        ("accounts.token_used", "failed"),
    ]
    assert [one for one in caplog.records if token in str(vars(one))] == []
