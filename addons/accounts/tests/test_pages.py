"""Logging in and out with a form."""

import json

import pytest
from sqlalchemy import update

from talatat.security import KeyRing
from talatat_accounts import refusals
from talatat_accounts.models import User
from talatat_accounts.passwords import passwords_of

from .conftest import API, PASSWORD
from .test_second_factor import code, enrol

LOGIN, LOGOUT = "/accounts/login", "/accounts/logout"


def fill(page, user="ada", password=PASSWORD):
    form = page.forms[0]
    form["user"], form["password"] = user, password
    return form


def test_the_form_logs_in_and_goes_on_and_the_page_logs_out(accounts, ada):
    client = accounts.client()
    answer = fill(client.get(f"{LOGIN}?next=/docs")).submit(status=303)
    assert answer.location == "http://localhost/docs"
    assert client.get(f"{API}/me").json["name"] == "ada"
    page = client.get(LOGIN)
    assert "You are <strong>ada</strong>" in page.text
    assert page.forms[0].submit(status=303).location == "http://localhost/"
    client.get(f"{API}/me", status=401)


def test_the_form_asks_for_the_code_next_where_there_is_a_second_factor(accounts, ada):
    seed, codes = enrol(accounts.client())
    client = accounts.client()
    page = fill(client.get(f"{LOGIN}?next=/docs")).submit(status=200)
    form = page.forms[0]
    assert "password" not in form.fields
    assert "password" in page.click("Begin again").forms[0].fields
    assert PASSWORD not in page.text
    assert "Set-Cookie" not in page.headers
    assert page.headers["Cache-Control"] == "no-store"
    client.get(f"{API}/me", status=401)
    form["otp"] = code(seed, 40)
    page = form.submit(status=401)
    assert "code is wrong" in page.text
    page.forms[0]["otp"] = f" {code(seed)[:3]} {code(seed)[3:]} "
    answer = page.forms[0].submit(status=303)
    assert answer.location == "http://localhost/docs"
    assert client.get(f"{API}/me").json["name"] == "ada"
    other = accounts.client()
    form = fill(other.get(LOGIN)).submit(status=200).forms[0]
    form["otp"] = codes[0]
    form.submit(status=303)


def test_the_forms_code_is_limited_and_taken_once(accounts, ada):
    seed, _ = enrol(accounts.client())
    otp, client = code(seed), accounts.client()
    first, second = (fill(client.get(LOGIN)).submit(status=200).forms[0] for _ in range(2))
    first["otp"] = second["otp"] = otp
    first.submit(status=303)
    client.reset()
    form = fill(client.get(LOGIN)).submit(status=200).forms[0]
    form["otp"] = otp
    form.submit(status=401)
    for _ in range(4):
        form["otp"] = code(seed, 40)
        form.submit(status=401, expect_errors=True)
    form["otp"] = code(seed, 1)
    form.submit(status=429)


@pytest.mark.parametrize("what", ["old", "of tomorrow", "forged", "another password", "closed"])
def test_a_ticket_that_is_none_begins_the_login_anew(accounts, ada, what):
    seed, _ = enrol(accounts.client())
    client = accounts.client()
    form = fill(client.get(LOGIN)).submit(status=200).forms[0]
    keys = KeyRing(accounts.test.system.settings["accounts"].secret)
    if what in ("old", "of tomorrow"):
        told = json.loads(keys.decrypt(refusals.PURPOSE, form["ticket"].value))
        told[2] += -301 if what == "old" else 86400
        form["ticket"] = keys.encrypt(refusals.PURPOSE, json.dumps(told).encode())
    elif what == "forged":
        form["ticket"] = form["ticket"].value[:-6] + "AAAAA="
    elif what == "closed":
        accounts.rows(update(User).values(active=False))
    else:
        new_hash = passwords_of(accounts.test.system).hash("another")
        accounts.rows(update(User).values(password_hash=new_hash))
    form["otp"] = code(seed)
    page = form.submit(status=401)
    assert page.html.find(id="password") is not None
    client.get(f"{API}/me", status=401)


def test_who_is_logged_in_for_long_proves_it_on_the_page_and_goes_on(accounts, ada):
    client = accounts.client()
    client.log_in()
    before = client.cookies["talatat_session"]
    page = client.get(f"{LOGIN}?again=1&next=/docs")
    assert "Log in again" in page.text
    assert page.forms[0]["user"].value == "ada"
    page.forms[0]["password"] = PASSWORD
    assert page.forms[0].submit(status=303).location == "http://localhost/docs"
    assert client.cookies["talatat_session"] != before


def test_a_refusal_shows_the_form_again_with_the_reason(accounts, ada):
    client = accounts.client()
    page = fill(client.get(LOGIN), password="a guess").submit(status=401)
    assert "name or the password is wrong" in page.text
    assert page.html.find(id="password").get("value") is None
    assert page.html.find(id="password").has_attr("autofocus")
    assert page.html.find(id="user")["value"] == "ada"
    assert not page.html.find(id="user").has_attr("autofocus")
    assert "Set-Cookie" not in page.headers
    fill(page).submit(status=303)


def test_the_form_is_limited_like_the_service(accounts, ada):
    client = accounts.client()
    for _ in range(5):
        fill(client.get(LOGIN), password="a guess").submit(status=401)
    answer = fill(client.get(LOGIN)).submit(status=429)
    assert int(answer.headers["Retry-After"]) > 0


def test_a_login_that_another_site_sends_is_refused(accounts, ada):
    fields = {"user": "ada", "password": PASSWORD}
    accounts.client().post(LOGIN, fields, status=403)
    accounts.client().post(LOGIN, {**fields, "csrf_token": "x"}, status=403)
    form = fill(accounts.client().get(LOGIN))
    form.submit(headers={"Origin": "https://evil.example"}, status=403)


def test_over_https_no_other_host_can_plant_the_token_of_the_form(accounts, ada):
    client = accounts.client(**{"wsgi.url_scheme": "https"})
    page = client.get(LOGIN)
    header = page.headers["Set-Cookie"]
    assert header.startswith("__Host-talatat_csrf=")
    assert {"HttpOnly", "SameSite=Lax", "Path=/", "secure"} <= set(header.split("; "))
    fill(page).submit(status=303)
    planted = accounts.client(**{"wsgi.url_scheme": "https"})
    planted.set_cookie("talatat_csrf", "known")
    fields = {"user": "ada", "password": PASSWORD, "csrf_token": "known"}
    planted.post(LOGIN, fields, status=403)


def test_who_is_logged_in_may_log_in_as_somebody_else(accounts, ada):
    accounts.add("eve")
    client = accounts.client()
    page = client.get(LOGIN)
    client.log_in("eve")
    fill(page).submit(status=403)
    client.post(LOGIN, {"user": "ada", "password": PASSWORD, "csrf_token": client.csrf}, status=303)
    assert client.get(f"{API}/me").json["name"] == "ada"


def test_a_logout_that_another_site_sends_is_refused(accounts, ada):
    client = accounts.client()
    client.log_in()
    client.post(LOGOUT, status=403)
    client.get(f"{API}/me", status=200)


def test_what_is_no_small_form_is_refused(lite):
    lite.client().post_json(LOGIN, {"user": "ada"}, status=415)
    lite.client().post(LOGIN, {"user": "x" * 70000}, status=413)


def test_the_page_needs_no_scripts_and_loads_nothing_from_elsewhere(lite):
    page = lite.client().get(LOGIN)
    assert "<script" not in page.text
    assert "style=" not in page.text
    assert page.headers["Cache-Control"] == "no-store"
    links = [link["href"] for link in page.html.find_all("link")]
    assert len(links) == 2  # an icon too: a browser asks for /favicon.ico where none is named
    for link in links:
        lite.client().get(link, status=200)


def test_the_front_page_leads_to_the_login_and_to_nothing_that_refuses_anybody(lite):
    page = lite.client().get("/")
    links = {one["href"] for one in page.html.find_all("a") if one["href"].startswith("/")}
    assert LOGIN in links
    assert f"{API}/users" in page.text
    for link in links:
        lite.client().get(link, status=200)


def test_what_was_typed_is_shown_as_text(lite):
    page = lite.client().get(LOGIN, {"next": '/"><script>alert(1)</script>'})
    assert "<script" not in page.text
    refused = fill(page, user='"><script>alert(1)</script>').submit(status=401)
    assert "<script" not in refused.text


@pytest.mark.parametrize(
    "target",
    ["https://evil.example", "//evil.example", "/\\evil.example", "/\tevil", "/%2f%2fevil", "evil"],
)
def test_a_login_leads_nowhere_else(lite, target):
    page = lite.client().get(LOGIN, {"next": target})
    assert page.forms[0]["next"].value == "/"
    lite.add("ada")
    form = fill(page)
    form["next"] = target
    assert form.submit(status=303).location == "http://localhost/"
