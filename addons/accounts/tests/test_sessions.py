"""Sessions in a browser: the cookie, its forgeries, its end, and requests forged by other sites."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from talatat.db import new_id, utcnow
from talatat.security import KeyRing
from talatat_accounts import cookies
from talatat_accounts.models import Session, User

from .conftest import API, PASSWORD

LOGIN = {"user": "ada", "password": PASSWORD}


def keys_of(accounts):
    return KeyRing(accounts.test.system.settings["accounts"].secret)


def test_a_login_sets_a_cookie_that_scripts_and_other_sites_cannot_use(accounts, ada):
    client = accounts.client()
    answer = client.log_in(status=201)
    header = answer.headers["Set-Cookie"]
    assert header.startswith("talatat_session=")
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(re.split(r"; ?", header))
    assert "secure" not in header.lower()
    assert answer.json["user"] == {"id": ada, "name": "ada"}
    assert answer.headers["Cache-Control"] == "no-store"
    me = client.get(f"{API}/me").json
    assert me["source"] == "accounts.session"
    assert me["csrf_token"] == answer.json["csrf_token"]


def test_over_https_the_cookie_is_bound_to_this_host(accounts, ada):
    client = accounts.client(**{"wsgi.url_scheme": "https"})
    header = client.log_in().headers["Set-Cookie"]
    assert header.startswith("__Host-talatat_session=")
    assert "secure" in header.lower()
    assert "domain" not in header.lower()


def test_the_cookie_holds_the_id_of_a_row(accounts, ada):
    client = accounts.client()
    client.log_in()
    [row] = accounts.rows(select(Session.id, Session.user_id, Session.address))
    assert client.cookies["talatat_session"].startswith(f"{row.id}.")
    assert (row.user_id, row.address) == (ada, "192.0.2.1")


@pytest.mark.parametrize("how", ["signature", "id", "other id", "none", "csrf", "other secret"])
def test_a_forged_cookie_is_no_cookie(accounts, ada, how):
    client = accounts.client()
    client.log_in()
    session_id, _, signature = client.cookies["talatat_session"].partition(".")
    flipped = ("B" if signature[0] == "A" else "A") + signature[1:]
    forged = {
        "signature": f"{session_id}.{flipped}",
        "id": f"{new_id()}.{signature}",
        "other id": f"{session_id.upper()}x.{signature}",
        "none": session_id,
        "csrf": f"{session_id}.{client.csrf}",
        "other secret": cookies.make(KeyRing(["guess"]), session_id),
    }[how]
    client.reset()
    client.set_cookie("talatat_session", forged)
    client.get(f"{API}/me", status=401)


def test_a_rightly_signed_cookie_of_no_session_is_no_cookie(accounts, ada):
    client = accounts.client()
    client.set_cookie("talatat_session", cookies.make(keys_of(accounts), new_id()))
    client.get(f"{API}/me", status=401)


def test_the_document_names_the_cookie_that_is_set_over_https(accounts, ada):
    client = accounts.client(**{"wsgi.url_scheme": "https", "HTTP_HOST": "localhost:443"})
    answer = client.log_in()
    schemes = client.get("/api/openapi.json").json["components"]["securitySchemes"]
    assert answer.headers["Set-Cookie"].startswith(schemes["cookie"]["name"] + "=")


def test_a_planted_session_is_worth_nothing_after_the_login(accounts, ada):
    """Session fixation: the attacker's own cookie, put into the victim's browser before the login."""
    accounts.add("eve")
    attacker, victim = accounts.client(), accounts.client()
    attacker.log_in("eve")
    planted = attacker.cookies["talatat_session"]
    victim.set_cookie("talatat_session", planted)
    victim.log_in("ada")
    assert victim.cookies["talatat_session"] != planted
    assert victim.get(f"{API}/me").json["name"] == "ada"
    attacker.get(f"{API}/me", status=401)


def test_a_second_login_in_a_browser_ends_the_first(accounts, ada):
    client = accounts.client()
    client.log_in()
    before = client.cookies["talatat_session"]
    client.log_in()
    assert client.cookies["talatat_session"] != before
    assert len(accounts.rows(select(Session.id))) == 1


def test_a_logout_ends_the_session_on_the_server(accounts, ada):
    client = accounts.client()
    client.log_in()
    kept = client.cookies["talatat_session"]
    client.delete(f"{API}/sessions", headers=client.proven(), status=204)
    assert "talatat_session" not in client.cookies
    thief = accounts.client()
    thief.set_cookie("talatat_session", kept)
    thief.get(f"{API}/me", status=401)
    assert accounts.rows(select(Session.id)) == []


def test_an_unsafe_request_by_cookie_needs_the_csrf_token(accounts):
    accounts.add("root", roles=("admin",))
    client = accounts.client()
    client.log_in("root")
    body = {"name": "bob"}
    assert client.post_json(f"{API}/users", body, status=403).json["code"] == "csrf_failed"
    wrong = {"X-CSRF-Token": client.csrf[:-1] + ("A" if client.csrf[-1] != "A" else "B")}
    client.post_json(f"{API}/users", body, headers=wrong, status=403)
    client.delete(f"{API}/sessions", status=403)
    client.post_json(f"{API}/users", body, headers=client.proven(), status=201)


def test_the_csrf_token_of_one_session_is_not_that_of_another(accounts, ada):
    one, other = accounts.client(), accounts.client()
    one.log_in()
    other.log_in()
    assert one.csrf != other.csrf
    one.delete(f"{API}/sessions", headers=other.proven(), status=403)


def test_another_sites_page_cannot_act_even_with_the_token(accounts, ada):
    client = accounts.client()
    client.log_in()
    headers = {**client.proven(), "Origin": "https://evil.example"}
    assert (
        client.delete(f"{API}/sessions", headers=headers, status=403).json["code"]
        == "origin_refused"
    )


def test_another_sites_page_cannot_log_somebody_in(accounts, ada):
    headers = {"Origin": "https://evil.example"}
    accounts.client().post_json(f"{API}/sessions", LOGIN, headers=headers, status=403)
    accounts.client().post(
        f"{API}/sessions", '{"user":"ada","password":"x"}', content_type="text/plain", status=415
    )


@pytest.mark.parametrize(
    "over",
    [{"expires_at": utcnow() - timedelta(seconds=1)}, {"seen_at": utcnow() - timedelta(hours=3)}],
    ids=["absolute", "idle"],
)
def test_a_session_ends_when_its_time_is_over(accounts, ada, over):
    client = accounts.client()
    client.log_in()
    accounts.rows(update(Session).values(**over))
    client.get(f"{API}/me", status=401)
    accounts.client().log_in()
    assert len(accounts.rows(select(Session.id))) == 1, "a login clears away what is over"


def test_a_session_in_use_does_not_go_idle(accounts, ada):
    client = accounts.client()
    client.log_in()
    before = utcnow() - timedelta(hours=1)
    accounts.rows(update(Session).values(seen_at=before))
    client.get(f"{API}/me")
    [[seen_at]] = accounts.rows(select(Session.seen_at))
    assert seen_at > before + timedelta(minutes=59)


def test_a_session_that_was_just_seen_is_not_written_again(accounts, ada):
    client = accounts.client()
    client.log_in()
    [[before]] = accounts.rows(select(Session.seen_at))
    client.get(f"{API}/me")
    assert accounts.rows(select(Session.seen_at)) == [(before,)]


def test_a_session_ends_with_its_account(accounts, ada):
    client = accounts.client()
    client.log_in()
    accounts.rows(update(User).values(active=False))
    client.get(f"{API}/me", status=401)


def test_one_sees_and_ends_ones_own_sessions_only(accounts, ada):
    accounts.add("eve")
    here, there, eve = accounts.client(), accounts.client(), accounts.client()
    here.log_in()
    there.log_in()
    eve.log_in("eve")
    items = here.get(f"{API}/sessions").json["items"]
    assert [item["current"] for item in items] == [True, False]
    other = items[1]["id"]
    eve.delete(f"{API}/sessions/{other}", headers=eve.proven(), status=404)
    here.delete(f"{API}/sessions/{other}", headers=here.proven(), status=204)
    there.get(f"{API}/me", status=401)
    here.get(f"{API}/me", status=200)


def test_a_token_beats_a_cookie(accounts, ada):
    accounts.add("eve")
    client = accounts.client()
    client.log_in("eve")
    client.take_token("ada")
    assert client.get(f"{API}/me").json["name"] == "ada"


def test_pyramids_remember_and_forget_begin_and_end_a_session(accounts, ada):
    from pyramid.security import forget, remember

    with accounts.test.request() as request:
        [[_, header]] = remember(request, ada)
    value = header.split(";")[0].partition("=")[2]
    client = accounts.client()
    client.set_cookie("talatat_session", value)
    assert client.get(f"{API}/me").json["name"] == "ada"
    with accounts.test.request() as request:
        request.cookies["talatat_session"] = value
        assert forget(request)[0][1].startswith("talatat_session=;")
    client.get(f"{API}/me", status=401)
