"""Views that ask for a recent login: who passes, who is told what, and where a person is led."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pyramid.exceptions import ConfigurationError

from talatat.security import Identity, Reauthentication

MINUTES = timedelta(minutes=1)


class Logins:
    """An identity source: whoever comes logged in as long ago as `X-Age` says, in minutes."""

    how: Reauthentication | None = None

    def identify(self, request: Any) -> Identity | None:
        age = request.headers.get("X-Age")
        return Identity(
            id="ann",
            name="ann",
            source="logins",
            cookie="X-Token" not in request.headers,
            csrf_token="right",
            authenticated_at=None if age is None else datetime.now(UTC) - float(age) * MINUTES,
        )


class Telling(Logins):
    """One that says how old a login may be, and where to go."""

    def reauthentication(self, request: Any) -> Reauthentication:
        return Reauthentication(60, "/api/again", "/again?next=%2Fsafe")


def app_of(site, source, **options):
    site.config.add_identity_source("logins", source)
    options.setdefault("recent_login", True)
    site.view("/safe", "authenticated", **options)
    return site.app()


@pytest.mark.parametrize(
    ("age", "status"),
    [("0", 200), ("14", 200), ("16", 403), (None, 403), ("-14", 200), ("-1440", 403)],
    ids=["now", "recent", "old", "unknown", "a little ahead", "a day ahead"],
)
def test_a_login_counts_as_recent_for_a_quarter_of_an_hour(site, age, status):
    headers = {} if age is None else {"X-Age": age}
    app_of(site, Logins()).get("/safe", headers=headers, status=status)


def test_who_is_refused_is_told_how_to_prove_themselves(site):
    headers = {"X-Age": "2", "Accept": "application/json"}
    answer = app_of(site, Telling()).get("/safe", headers=headers, status=403).json
    assert (answer["code"], answer["max_age"], answer["reauthenticate"]) == (
        "reauthentication_needed", 60, "/api/again",
    )  # fmt: skip
    assert "POST /api/again" in answer["detail"]


def test_a_person_is_led_to_the_page_and_a_form_is_refused(site):
    app = app_of(site, Telling())
    page = {"X-Age": "2", "Accept": "text/html"}
    assert app.get("/safe", headers=page, status=303).location == (
        "http://localhost/again?next=%2Fsafe"
    )
    app.post("/safe", headers={**page, "X-CSRF-Token": "right"}, status=403)


def test_a_token_passes_where_it_is_not_refused_by_word(site):
    site.view("/never", "authenticated", recent_login="always")
    app = app_of(site, Telling())
    app.get("/safe", headers={"X-Token": "1"}, status=200)
    answer = app.get("/never", headers={"X-Token": "1", "Accept": "application/json"}, status=403)
    assert "A token cannot do this" in answer.json["detail"]


def test_a_view_that_says_nothing_asks_nothing(site):
    app_of(site, Logins(), recent_login=False).get("/safe", headers={"X-Age": "9999"}, status=200)


def test_the_permission_is_judged_first(site):
    site.config.add_permission("shop.safe")
    site.view("/closed", "shop.safe", recent_login=True)
    answer = app_of(site, Telling()).get(
        "/closed", headers={"Accept": "application/json"}, status=403, expect_errors=True
    )
    assert "reauthentication_needed" not in answer.text


def test_a_misspelt_option_stops_the_start(site):
    with pytest.raises(ConfigurationError, match="recent_login='allways'"):
        app_of(site, Logins(), recent_login="allways")
