"""Forged requests: only what a cookie authenticates has to prove its origin."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyramid.csrf import check_csrf_token, get_csrf_token
from pyramid.response import Response

from talatat.security.csrf import origin_of, same

COOKIE = {"Cookie": "user=ada"}
TOKEN = {"X-CSRF-Token": "right"}


@pytest.fixture
def app(site):
    site.view("/mine", "authenticated")
    site.view("/open", "public")
    site.view("/hook", "public", require_csrf=False)
    return site.app()


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_an_unsafe_request_with_a_cookie_and_no_token_is_refused(app, method):
    answer = app.request("/mine", method=method, headers=COOKIE, status=403)
    assert "csrf_failed" in answer.text


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_a_safe_request_needs_no_token(app, method):
    app.request("/mine", method=method, headers=COOKIE, status=200)


@pytest.mark.parametrize("token", ["", "wrong", "righ", "right ", "rightright", "\u00e9"])
def test_a_wrong_token_is_refused(app, token):
    app.post(
        "/mine", headers={**COOKIE, "X-CSRF-Token": token.encode().decode("latin-1")}, status=403
    )


def test_the_right_token_passes_in_the_header_and_in_a_form(app):
    app.post("/mine", headers={**COOKIE, **TOKEN}, status=200)
    app.post("/mine", {"csrf_token": "right"}, headers=COOKIE, status=200)
    app.post("/mine", {"csrf_token": "wrong"}, headers=COOKIE, status=403)


def test_a_token_in_a_json_body_or_in_the_query_does_not_count(app):
    app.post_json("/mine", {"csrf_token": "right"}, headers=COOKIE, status=403)
    app.post("/mine?csrf_token=right", headers=COOKIE, status=403)


def test_a_request_without_a_cookie_is_never_asked(app):
    app.post("/mine", headers={"X-User": "ada"}, status=200)
    app.post("/open", status=200)


def test_a_header_credential_beside_a_cookie_is_not_asked_either(app):
    app.post("/mine", headers={"X-User": "ada", **COOKIE}, status=200)


def test_a_public_view_is_guarded_as_well_once_a_cookie_says_who_it_is(app):
    app.post("/open", headers=COOKIE, status=403)
    app.post("/open", headers={"Cookie": "theme=dark"}, status=200)


def test_a_view_may_take_the_check_upon_itself(app):
    app.post("/hook", headers=COOKIE, status=200)


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "null",
        "https://localhost",
        "http://localhost.evil.example",
        "",
        "x",
        "http://localhost:81",
        "http://localhost@evil.example",
        "http://[",
        "http://localhost:port",
    ],
)
def test_another_sites_origin_is_refused_even_with_the_token(app, origin):
    answer = app.post("/mine", headers={**COOKIE, **TOKEN, "Origin": origin}, status=403)
    assert "origin_refused" in answer.text


@pytest.mark.parametrize("origin", ["http://localhost", "http://LOCALHOST", "http://localhost:80"])
def test_this_sites_origin_passes_with_the_token_only(app, origin):
    app.post("/mine", headers={**COOKIE, **TOKEN, "Origin": origin}, status=200)
    app.post("/mine", headers={**COOKIE, "Origin": origin}, status=403)


def test_the_referer_stands_in_for_a_missing_origin(app):
    app.post("/mine", headers={**COOKIE, **TOKEN, "Referer": "http://evil.example/a"}, status=403)
    app.post("/mine", headers={**COOKIE, **TOKEN, "Referer": "http://localhost/a?b"}, status=200)


def test_origins_that_the_settings_trust_pass(site):
    site.config.registry.settings["pyramid.csrf_trusted_origins"] = (
        "https://shop.example other.example"
    )
    site.view("/mine", "authenticated")
    app = site.app()
    for origin, status in {
        "https://shop.example": 200,
        "http://other.example": 200,
        "https://other.example": 403,
    }.items():
        app.post("/mine", headers={**COOKIE, **TOKEN, "Origin": origin}, status=status)


def test_the_check_comes_before_the_permission(site):
    site.config.add_permission("shop.sell", "Sell")
    site.view("/sell", "shop.sell")
    assert "csrf_failed" in site.app().post("/sell", headers=COOKIE, status=403).text


def test_an_exception_view_that_answers_an_unsafe_request_is_not_checked_again(site):
    def fail(request):
        raise LookupError

    site.view("/fail", "authenticated", fail)
    site.config.add_view(
        lambda exc, request: Response("handled"), context=LookupError, permission="public"
    )
    assert site.app().post("/fail", headers={**COOKIE, **TOKEN}).text == "handled"


def test_pyramids_own_token_is_the_sessions_and_for_strangers_a_cookies(site):
    site.view("/token", "public", lambda request: Response(get_csrf_token(request)))
    site.view(
        "/check", "public", lambda request: Response(str(check_csrf_token(request, raises=False)))
    )
    app = site.app()
    assert app.get("/token", headers=COOKIE).text == "right"
    app.reset()
    anonymous = app.get("/token")
    assert "HttpOnly" in anonymous.headers["Set-Cookie"]
    assert app.post("/check", {"csrf_token": anonymous.text}).text == "True"
    assert app.post("/check", {"csrf_token": "other"}).text == "False"


@given(st.text(), st.text())
def test_tokens_are_the_same_only_if_equal_and_not_empty(one, other):
    one, other = one.encode("utf-8", "ignore").decode(), other.encode("utf-8", "ignore").decode()
    assert same(one, other) == (one == other != "")
    assert not same(None, one)
    assert not same(one, None)


@given(st.text())
def test_any_text_has_an_origin_or_none(text):
    origin = origin_of(text)
    assert origin is None or "://" in origin


def test_over_https_the_cookie_of_nobody_is_bound_to_this_host_and_to_https(site):
    site.view("/token", "public", lambda request: Response(get_csrf_token(request)))
    site.view(
        "/check", "public", lambda request: Response(str(check_csrf_token(request, raises=False)))
    )
    app = site.app(**{"wsgi.url_scheme": "https", "HTTP_HOST": "localhost"})
    token = app.get("/token")
    cookie = token.headers["Set-Cookie"]
    assert cookie.startswith("__Host-talatat_csrf=")
    assert {"secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    assert "Domain" not in cookie
    sent = {"Cookie": cookie.partition(";")[0]}
    assert app.post("/check", {"csrf_token": token.text}, headers=sent).text == "True"
    plain = {"Cookie": f"talatat_csrf={token.text}"}
    app.reset()
    assert app.post("/check", {"csrf_token": token.text}, headers=plain).text == "False"
