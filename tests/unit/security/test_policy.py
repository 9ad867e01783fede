"""The policy through requests: closed by default, public unasked, 401 material, one question a request."""

import logging

from pyramid.response import Response
from pyramid.security import forget, remember

from talatat.security import challenges, known_identity


def shop(site):
    site.config.add_permission("shop.sell", "Sell")
    site.config.add_role("clerk", ["shop.sell"])
    site.view("/sell", "shop.sell")
    site.view("/open", "public", lambda request: Response("open"))
    site.view("/mine", "authenticated")
    return site.app()


def test_a_view_with_a_permission_is_closed_to_strangers(site):
    shop(site).get("/sell", status=403)


def test_a_public_view_answers_without_asking_who_it_is(site):
    app = shop(site)
    assert app.get("/open", headers={"X-User": "ada"}).text == "open"
    assert app.get("/open", headers={"X-User": "forged"}).text == "open"
    assert site.source.asked == 0


def test_a_role_opens_what_it_holds(site):
    app = shop(site)
    assert app.get("/sell", headers={"X-User": "ada clerk"}).text == "seen by id-ada"
    app.get("/sell", headers={"X-User": "ada"}, status=403)
    assert app.get("/sell", headers={"X-User": "root admin"}).text == "seen by id-root"


def test_scopes_narrow_even_the_role_admin(site):
    app = shop(site)
    app.get("/sell", headers={"X-User": "root admin", "X-Scopes": "catalog.*"}, status=403)
    app.get("/sell", headers={"X-User": "root admin", "X-Scopes": "shop.*"}, status=200)


def test_whoever_is_recognised_may_see_what_is_for_the_authenticated(site):
    app = shop(site)
    app.get("/mine", headers={"X-User": "ada", "X-Scopes": ""}, status=200)
    app.get("/mine", status=403)


def test_a_request_is_identified_once(site):
    def view(request):
        assert request.has_permission("shop.sell")
        assert not request.has_permission("shop.other")
        return Response(request.identity.name)

    site.config.add_permission("shop.sell", "Sell")
    site.config.add_permission("shop.other", "Other")
    site.config.add_role("clerk", ["shop.sell"])
    site.view("/sell", "shop.sell", view)
    site.app().get("/sell", headers={"X-User": "ada clerk"})
    assert site.source.asked == 1


def test_the_first_source_that_knows_the_request_decides(site):
    class Later:
        def identify(self, request):
            raise AssertionError("asked although somebody is known")

    site.add_source()
    site.config.add_identity_source("later", Later())
    shop(site).get("/sell", headers={"X-User": "ada clerk"}, status=200)


def test_a_wrong_credential_is_not_passed_over_for_another(site):
    class Anyone:
        def identify(self, request):
            raise AssertionError("asked although a credential was refused")

    site.add_source()
    site.config.add_identity_source("anyone", Anyone())
    shop(site).get("/mine", headers={"X-User": "forged"}, status=403)


def test_asking_for_an_undeclared_permission_is_refused_to_all_and_logged_once(site, caplog):
    site.view("/x", "authenticated", lambda r: Response(str(bool(r.has_permission("shop.sel")))))
    site.config.add_permission("shop.sell", "Sell")
    app = site.app()
    with caplog.at_level(logging.WARNING, "talatat.security"):
        assert app.get("/x", headers={"X-User": "root admin"}).text == "False"
        assert app.get("/x", headers={"X-User": "root admin"}).text == "False"
    assert caplog.text.count("'shop.sel'") == 1
    assert "nearest: shop.sell" in caplog.text


def test_a_401_can_say_how_to_come_back(site):
    asked = []

    def view(request):
        request.identity  # noqa: B018
        asked.append(challenges(request))
        return Response("")

    site.view("/x", "public", view)
    app = site.app()
    app.get("/x")
    app.get("/x", headers={"X-User": "forged"})
    assert asked == [['Test realm="here"'], ['Test realm="here", error="forged"']]


def test_a_log_line_can_tell_the_identity_without_asking_for_it(site):
    seen = []

    def view(request):
        seen.append(known_identity(request))
        request.identity  # noqa: B018
        seen.append(known_identity(request).name)
        return Response("")

    site.view("/x", "public", view)
    site.app().get("/x", headers={"X-User": "ada"})
    assert seen == [None, "ada"]


def test_remember_and_forget_go_to_the_sources_that_can(site):
    site.source.remember = lambda request, userid, **kw: [("Set-Cookie", f"user={userid}")]
    site.source.forget = lambda request, **kw: [("Set-Cookie", "user=")]
    site.view("/in", "public", lambda r: Response(headerlist=list(remember(r, "ada"))))
    site.view("/out", "public", lambda r: Response(headerlist=list(forget(r))))
    app = site.app()
    assert app.get("/in").headers["Set-Cookie"] == "user=ada"
    assert app.get("/out").headers["Set-Cookie"] == "user="
