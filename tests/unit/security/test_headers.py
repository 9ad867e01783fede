"""Secure headers on every answer, and relaxing them for one."""

import sys

from pyramid.response import Response

from talatat.security import relax_csp, without

PAGE = "<!DOCTYPE html><p>hello"


def html(*_):
    return Response(PAGE, content_type="text/html")


def test_a_page_may_load_from_here_only_and_be_framed_by_nobody(site):
    site.view("/page", "public", html)
    headers = site.app().get("/page").headers
    assert headers["Content-Security-Policy"].startswith("default-src 'self'")
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"


def test_what_is_no_page_may_load_nothing(site):
    site.view("/data", "public", lambda request: Response(json_body={}))
    policy = site.app().get("/data").headers["Content-Security-Policy"]
    assert policy == "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"


def test_errors_carry_the_headers_too(site):
    assert site.app().get("/nowhere", status=404).headers["X-Content-Type-Options"] == "nosniff"


def test_https_alone_is_made_strict(site):
    site.view("/page", "public", html)
    assert "Strict-Transport-Security" not in site.app().get("/page").headers
    secure = site.app(**{"wsgi.url_scheme": "https"}).get("/page")
    assert secure.headers["Strict-Transport-Security"] == "max-age=9; includeSubDomains"


def test_a_view_relaxes_one_directive_for_one_answer(site):
    def view(request):
        response = html()
        relax_csp(response, "style-src 'self' 'unsafe-inline'", "frame-ancestors 'self'")
        return response

    site.view("/page", "public", view)
    site.view("/other", "public", html)
    app = site.app()
    policy = app.get("/page").headers["Content-Security-Policy"]
    assert "style-src 'self' 'unsafe-inline'" in policy
    assert "frame-ancestors 'self'" in policy
    assert "default-src 'self'" in policy
    assert "unsafe-inline" not in app.get("/other").headers["Content-Security-Policy"]


def test_a_header_that_a_view_set_is_left_alone(site):
    def view(request):
        response = html()
        response.headers["referrer-policy"] = "no-referrer"
        return response

    site.view("/page", "public", view)
    assert site.app().get("/page").headers.getall("Referrer-Policy") == ["no-referrer"]


def test_a_view_leaves_headers_out(site):
    def view(request):
        response = html()
        without(response, "Cross-Origin-Opener-Policy")
        without(response, "x-frame-options")
        return response

    site.view("/page", "public", view)
    headers = site.app().get("/page").headers
    assert "Cross-Origin-Opener-Policy" not in headers
    assert "X-Frame-Options" not in headers
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_the_pages_of_a_third_party_package_keep_their_inline_scripts(site):
    site.view("/own", "public", html)
    site.config.owner = "toolbar"
    site.view("/guest", "public", html)
    site.config.owner = "a_package_that_the_toolbar_includes"
    site.view("/friend", "public", html)
    app = site.app()
    assert "unsafe-inline" not in app.get("/own").headers["Content-Security-Policy"]
    for path in ("/guest", "/friend"):
        policy = app.get(path).headers["Content-Security-Policy"]
        assert "script-src 'self' 'unsafe-inline'" in policy
        assert "frame-ancestors 'none'" in policy


def answering_tween(handler, registry):
    return lambda request: html() if request.path == "/tween" else handler(request)


def test_a_page_that_a_third_party_tween_answers_keeps_them_too(site, monkeypatch):
    monkeypatch.setitem(sys.modules, "tests_of_headers", sys.modules[__name__])
    site.config.add_tween("tests_of_headers.answering_tween")
    app = site.app()
    assert "'unsafe-inline'" in app.get("/tween").headers["Content-Security-Policy"]
    assert "'unsafe-inline'" not in app.get("/no", status=404).headers["Content-Security-Policy"]


def test_where_no_third_party_package_is_composed_nothing_is_relaxed(site, monkeypatch):
    monkeypatch.setitem(sys.modules, "tests_of_headers", sys.modules[__name__])
    site.config.registry.system.composition.addons.pop()
    site.config.add_tween("tests_of_headers.answering_tween")
    page = site.app().get("/tween")
    assert "'unsafe-inline'" not in page.headers["Content-Security-Policy"]
