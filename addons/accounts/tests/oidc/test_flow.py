"""The way to the provider and back, and what the browser is held to on it."""

import base64
import logging
import time
from http.cookies import SimpleCookie
from urllib.parse import urlencode, urlsplit

import pytest
from sqlalchemy import select

from talatat.security import SecurityEvent
from talatat_accounts.models import Session, User
from talatat_accounts.oidc import flow
from talatat_accounts.oidc.models import ExternalIdentity

from ..conftest import API  # noqa: TID252  # tests are no package with a name
from .conftest import LOGIN, parameters
from .provider import CLIENT, SECRET

CALLBACK = "/accounts/oidc/company/callback"


def test_the_login_page_leads_to_each_provider(company):
    page = company.browser().get(LOGIN, {"next": "/docs"})
    links = [one["href"] for one in page.html.find_all("a", "provider")]
    assert links == [
        f"/accounts/oidc/{name}/login?next=%2Fdocs" for name in ("company", "partners")
    ]
    assert "Log in with Company &amp; Sons" in page.text


def test_the_provider_is_asked_with_pkce_state_and_nonce(company):
    browser = company.browser()
    answer = browser.to_provider(status=303)
    asked = parameters(answer.location)
    assert answer.location.startswith(f"{company.provider.url}/authorize?")
    assert asked["response_type"] == "code"
    assert asked["code_challenge_method"] == "S256"
    assert asked["redirect_uri"] == f"http://localhost{CALLBACK}"
    assert asked["scope"] == "openid profile email"
    assert min(len(asked[name]) for name in ("state", "nonce", "code_challenge")) >= 43
    again = parameters(company.browser().to_provider().location)
    assert not {asked[n] for n in ("state", "nonce", "code_challenge")} & set(again.values())
    assert answer.headers["Cache-Control"] == "no-store"


def test_whoever_comes_back_is_logged_in_with_an_ordinary_session(company):
    company.provider.person["auth_time"] = int(time.time())  # ending sessions takes a recent login
    browser = company.browser()
    answer = browser.log_in_at(target="/docs")
    assert answer.location == "http://localhost/docs"
    me = browser.get(f"{API}/me").json
    assert (me["name"], me["source"]) == ("kim", "accounts.session")
    (session,) = browser.get(f"{API}/sessions").json["items"]
    assert session["current"]
    proof = {"X-CSRF-Token": me["csrf_token"]}
    browser.delete(f"{API}/sessions/{session['id']}", headers=proof, status=204)
    browser.get(f"{API}/me", status=401)


def test_the_same_person_is_the_same_account_under_another_name(company):
    first, second = company.browser(), company.browser()
    first.log_in_at()
    company.provider.person |= {"preferred_username": "kimberly", "email": "new@example.com"}
    second.log_in_at()
    assert first.get(f"{API}/me").json["id"] == second.get(f"{API}/me").json["id"]
    assert len(company.rows(select(User))) == 1
    assert len(company.rows(select(ExternalIdentity))) == 1


def test_the_cookie_of_the_way_is_short_lived_locked_away_and_bound_to_the_host(company):
    for scheme, name in (("http", "talatat_oidc"), ("https", "__Host-talatat_oidc")):
        browser = company.browser(**{"wsgi.url_scheme": scheme})
        (line,) = browser.to_provider().headers.getall("Set-Cookie")
        cookie = SimpleCookie(line)[name]
        assert cookie["max-age"] == "600"
        assert cookie["httponly"]
        assert cookie["samesite"] == "Lax"
        assert cookie["path"] == "/"
        assert bool(cookie["secure"]) == (scheme == "https")


def test_over_https_the_whole_way_is_https(company):
    browser = company.browser(**{"wsgi.url_scheme": "https"})
    browser.log_in_at()
    assert browser.get(f"{API}/me").json["name"] == "kim"


def test_nothing_of_the_way_can_be_read_from_the_cookie(company):
    browser = company.browser()
    asked = parameters(browser.to_provider().location)
    value = browser.cookies["talatat_oidc"]
    for secret in (asked["state"], asked["nonce"]):
        assert secret not in value


def test_a_session_that_was_planted_before_the_login_is_worth_nothing_after_it(company):
    company.add("eve")
    browser = company.browser()
    browser.log_in("eve")
    planted = browser.cookies["talatat_session"]
    browser.log_in_at()
    assert browser.cookies["talatat_session"] != planted
    thief = company.browser()
    thief.set_cookie("talatat_session", planted)
    thief.get(f"{API}/me", status=401)


@pytest.fixture
def returning(company):
    """(browser, the path back) of somebody who is at the provider."""
    browser = company.browser()
    return browser, browser.at_provider(browser.to_provider().location)


def refused(company, browser, path, status, code):
    """The login page with a reason, and nobody logged in."""
    events = []
    company.test.registry.registerHandler(events.append, (SecurityEvent,))
    try:
        page = browser.get(path, status=status)
    finally:
        company.test.registry.unregisterHandler(events.append, (SecurityEvent,))
    assert page.html.find(role="alert").text
    assert page.html.find(id="password") is not None
    assert company.rows(select(Session)) == []
    assert [(e.name, e.outcome, e.details["reason"]) for e in events] == [
        ("accounts.login", "failed", code)
    ]
    return page


def test_the_answer_of_another_browsers_login_is_refused(company, returning):
    _, path = returning
    refused(company, company.browser(), path, 400, "oidc_state")  # no cookie at all
    other = company.browser()
    other.to_provider()
    refused(company, other, path, 400, "oidc_state")  # a cookie with another state


def test_an_answer_counts_once(company, returning):
    browser, path = returning
    kept = browser.cookies["talatat_oidc"]
    browser.get(path, status=303)
    assert "talatat_oidc" not in browser.cookies
    with company.test.session() as session:
        session.execute(Session.__table__.delete())
    refused(company, browser, path, 400, "oidc_state")
    browser.set_cookie("talatat_oidc", kept)  # and where the cookie was kept, the code counts once
    refused(company, browser, path, 424, "oidc_untrusted")


def test_a_cookie_that_was_changed_or_is_of_another_purpose_is_refused(company, returning):
    browser, path = returning
    value = browser.cookies["talatat_oidc"]
    company.add("eve")
    eve = company.browser()
    eve.log_in("eve")
    session_cookie = eve.cookies["talatat_session"]
    company.rows(Session.__table__.delete())
    for forged in (value[:-2] + "xx", value[1:], "", "e30", "x" * 5000, session_cookie):
        browser.set_cookie("talatat_oidc", forged)
        refused(company, browser, path, 400, "oidc_state")


def test_a_login_that_takes_too_long_is_begun_again(company, returning, monkeypatch):
    browser, path = returning
    now = time.time()
    monkeypatch.setattr(flow.time, "time", lambda: now + flow.SECONDS)
    refused(company, browser, path, 400, "oidc_state")


def test_an_answer_at_the_address_of_another_provider_is_refused(company, returning):
    browser, path = returning
    refused(company, browser, path.replace("/company/", "/partners/"), 400, "oidc_state")


@pytest.mark.parametrize("name", ["state", "code", "iss"])
def test_a_parameter_that_stands_twice_is_refused(company, returning, name):
    browser, path = returning
    refused(company, browser, f"{path}&{name}=x", 400, "repeated_parameter")


def changed(path, **parts):
    found = {**parameters(path), **parts}
    query = urlencode({name: value for name, value in found.items() if value is not None})
    return f"{urlsplit(path).path}?{query}"


def test_the_issuer_of_the_answer_has_to_be_the_one_that_was_asked(company, returning):
    browser, path = returning
    wrong = changed(path, iss="https://evil.example")
    refused(company, browser, wrong, 424, "oidc_untrusted")
    assert ("POST", "/token") not in company.provider.asked  # the code went nowhere


def test_an_issuer_that_is_promised_may_not_be_missing(company, returning):
    browser, path = returning
    refused(company, browser, changed(path, iss=None), 424, "oidc_untrusted")


def test_a_provider_that_promises_no_issuer_need_not_name_it(company):
    company.provider.announced = {"authorization_response_iss_parameter_supported": False}
    company.provider.answered = lambda found: {k: v for k, v in found.items() if k != "iss"}
    company.browser().log_in_at()


@pytest.mark.parametrize(
    "parts",
    [
        {"code": None},
        {"code": ""},
        {"code": "x" * 5000},
        {"code": None, "error": "access_denied", "error_description": "<script>alert(1)</script>"},
        {"error": "server_error"},
    ],
)
def test_a_provider_that_logs_nobody_in_is_told_in_our_own_words(company, returning, parts):
    browser, path = returning
    page = refused(company, browser, changed(path, **parts), 403, "oidc_denied")
    assert "alert(1)" not in page.text
    assert "Company &amp; Sons did not log you in." in page.text


def test_a_code_that_somebody_invents_is_refused(company, returning):
    browser, path = returning
    refused(company, browser, changed(path, code="invented"), 424, "oidc_untrusted")


@pytest.mark.parametrize(
    "target", ["https://evil.example", "//evil.example", "/\\evil.example", "/\t/evil.example"]
)
def test_a_login_leads_nowhere_else(company, target):
    assert company.browser().log_in_at(target=target).location == "http://localhost/"


def test_who_is_listed_nowhere_is_no_provider(company):
    for page in ("login", "callback", "logout"):
        company.browser().get(f"/accounts/oidc/nobody/{page}", status=404)


def test_a_logout_ends_the_session_here_and_offers_the_one_there(company):
    browser = company.browser()
    browser.log_in_at()
    answer = browser.get(LOGIN).forms[0].submit(status=303)
    assert answer.location == f"http://localhost{LOGIN}?left=company"
    browser.get(f"{API}/me", status=401)
    page = browser.get(answer.location)
    assert "Log out at Company &amp; Sons too" in page.text
    there = browser.get("/accounts/oidc/company/logout", status=303).location
    assert there.startswith(f"{company.provider.url}/logout?")
    assert parameters(there) == {
        "client_id": "talatat", "post_logout_redirect_uri": f"http://localhost{LOGIN}",
    }  # fmt: skip


def test_a_provider_that_ends_no_sessions_is_left_alone(company):
    company.provider.announced = {"end_session_endpoint": None}
    answer = company.browser().get("/accounts/oidc/company/logout", status=303)
    assert answer.location == f"http://localhost{LOGIN}"


def test_who_came_with_a_password_is_asked_nothing_at_the_logout(company):
    company.add("ada")
    browser = company.browser()
    browser.log_in("ada")
    assert browser.get(LOGIN).forms[0].submit(status=303).location == "http://localhost/"


def test_what_a_provider_publishes_is_fetched_once(company):
    for _ in range(3):
        company.browser().log_in_at()
    paths = [path for _, path in company.provider.asked]
    assert paths.count("/.well-known/openid-configuration") == 1
    assert paths.count("/jwks") == 1


def test_a_client_that_may_not_use_basic_sends_its_secret_in_the_form(company):
    company.provider.announced = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    company.browser().log_in_at()


def begin_anew(browser):
    """The button of the login page that is shown where a recent login is asked for."""
    page = browser.get(LOGIN, {"next": "/docs", "again": "1"})
    link = page.html.find("a", "provider")["href"]
    return browser.get(link, status=303).location


def sensitive(browser, **kw):
    """Something that takes a login of a moment ago."""
    proof = browser.get(f"{API}/me").json["csrf_token"]
    return browser.post("/accounts/oidc/partners/connect", {"csrf_token": proof}, **kw)


def test_who_may_be_logged_in_at_the_provider_for_weeks_has_proven_nothing_now(company):
    browser = company.browser()
    browser.log_in_at()
    sensitive(browser, status=403)
    asked = begin_anew(browser)
    assert (parameters(asked)["prompt"], parameters(asked)["max_age"]) == ("login", "0")
    browser.get(browser.at_provider(asked), status=303)
    sensitive(browser, status=200)


def test_a_moment_that_the_provider_tells_counts(company):
    company.provider.person["auth_time"] = int(time.time()) - 30
    browser = company.browser()
    browser.log_in_at()
    sensitive(browser, status=200)


YESTERDAY = int(time.time()) - 86400


@pytest.mark.parametrize(
    "told", [None, "now", True, -5, 10**18, pytest.param(YESTERDAY, id="yesterday")]
)
def test_a_provider_that_asks_nobody_anew_is_not_believed(company, told):
    company.provider.asks_anew = False
    browser = company.browser()
    browser.log_in_at()
    company.provider.person["auth_time"] = told
    browser.get(browser.at_provider(begin_anew(browser)), status=424)
    sensitive(browser, status=403)  # the session is as it was


def test_no_secret_of_the_way_stands_in_the_log_or_in_an_answer(company, caplog):
    secrets = []

    def signed(claims):
        secrets.append(company.provider.signed(claims))
        return secrets[-1]

    company.provider.sign = signed
    with caplog.at_level(logging.DEBUG):
        browser = company.browser()
        begun = browser.to_provider()
        asked = parameters(begun.location)
        back = browser.at_provider(begun.location)
        answer = browser.get(back, status=303)
        code = parameters(back)["code"]
    secrets += [SECRET, base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode(), code]
    secrets += [asked["nonce"], *company.provider.access]
    log = [line for line in caplog.records if line.name.startswith(("talatat", "http", "authlib"))]
    assert log
    for secret in secrets:
        assert secret not in f"{answer.headers}{answer.text}"
        assert not [line for line in log if secret in f"{line.getMessage()} {vars(line)}"]
