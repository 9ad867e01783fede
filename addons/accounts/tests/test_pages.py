"""Logging in and out with a form."""

import pytest

from .conftest import API, PASSWORD

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


def test_a_refusal_shows_the_form_again_with_the_reason(accounts, ada):
    client = accounts.client()
    page = fill(client.get(LOGIN), password="a guess").submit(status=401)
    assert "name or the password is wrong" in page.text
    assert page.html.find(id="password").get("value") is None
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
    lite.client().get(page.html.find("link")["href"], status=200)


def test_what_was_typed_is_shown_as_text(lite):
    page = lite.client().get(LOGIN, {"next": '/"><script>alert(1)</script>'})
    assert "<script" not in page.text


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
