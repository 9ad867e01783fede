"""Seeing who one is at identity providers, and taking that away."""

import time

from sqlalchemy import select

from talatat.db import new_id
from talatat.testing.conventions import findings
from talatat_accounts.oidc.models import ExternalIdentity

from ..conftest import API  # noqa: TID252  # tests are no package with a name

IDENTITIES = f"{API}/identities"


def connected(system, name="ada"):
    """(browser, proof) of somebody with a password, who is connected to the provider."""
    system.add(name)
    browser = system.browser()
    browser.log_in(name)
    browser.get(browser.at_provider(browser.connect("company")), status=303)
    return browser, {"X-CSRF-Token": browser.csrf}


def test_one_sees_who_one_is_elsewhere_and_nobody_else(either):
    browser, _ = connected(either)
    (item,) = browser.get(IDENTITIES).json["items"]
    assert (item["issuer"], item["subject"]) == (either.provider.url, "u-1")
    assert item["provider"] in ("company", "partners")  # here both are of one issuer
    assert item["used_at"] >= item["created_at"]
    either.add("eve")
    eve = either.browser()
    eve.log_in("eve")
    assert eve.get(IDENTITIES).json["items"] == []
    proof = {"X-CSRF-Token": eve.csrf}
    eve.delete(f"{IDENTITIES}/{item['id']}", headers=proof, status=404)
    either.browser().get(IDENTITIES, status=401)


def test_what_was_taken_away_logs_nobody_in(either):
    browser, proof = connected(either)
    (item,) = browser.get(IDENTITIES).json["items"]
    browser.delete(f"{IDENTITIES}/{item['id']}", status=403)  # another site's page has no proof
    browser.delete(f"{IDENTITIES}/{item['id']}", headers=proof, status=204)
    browser.delete(f"{IDENTITIES}/{item['id']}", headers=proof, status=404)
    either.browser().log_in_at("partners", status=403)


def test_the_only_way_in_stays(either):
    either.provider.person["auth_time"] = time.time()
    browser = either.browser()
    browser.log_in_at()
    (item,) = browser.get(IDENTITIES).json["items"]
    proof = {"X-CSRF-Token": browser.get(f"{API}/me").json["csrf_token"]}
    answer = browser.delete(f"{IDENTITIES}/{item['id']}", headers=proof, status=409)
    assert answer.json["code"] == "own_account"
    user_id = browser.get(f"{API}/me").json["id"]
    other = {"id": new_id(), "issuer": "https://b.example", "subject": "x", "user_id": user_id}
    either.rows(ExternalIdentity.__table__.insert(), other)
    browser.delete(f"{IDENTITIES}/{item['id']}", headers=proof, status=204)
    assert either.rows(select(ExternalIdentity.issuer)) == [("https://b.example",)]
    (left,) = browser.get(IDENTITIES).json["items"]
    assert left["provider"] is None
    assert left["used_at"] is None


def test_a_provider_that_proved_nothing_lets_nobody_take_it_away(company):
    browser = company.browser()
    browser.log_in_at()
    (item,) = browser.get(IDENTITIES).json["items"]
    proof = {"X-CSRF-Token": browser.get(f"{API}/me").json["csrf_token"]}
    answer = browser.delete(f"{IDENTITIES}/{item['id']}", headers=proof, status=403)
    assert answer.json["code"] == "reauthentication_needed"


def test_what_providers_add_to_the_api_follows_its_conventions(company):
    told = company.test.app.get("/api/accounts/v1/openapi.json").json
    assert "/api/accounts/v1/identities/{id}" in told["paths"]
    assert findings(told, "accounts") == []
