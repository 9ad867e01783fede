"""The keys of providers: one set for each name, and an error for whatever cannot be meant."""

import pytest

from talatat.errors import TalatatError
from talatat.settings import MASK
from talatat.testing import composed
from talatat_accounts.oidc.providers import providers_of

from ..conftest import SETTINGS  # noqa: TID252  # tests are no package with a name

GOOD = {
    "accounts.oidc": "company",
    "accounts.oidc.company.issuer": "https://id.example/realm/",
    "accounts.oidc.company.client_id": "shop",
}


def start(**more):
    return composed(["accounts"], {**SETTINGS, **GOOD, **more}, migrate=False)


def said(**more):
    with pytest.raises(TalatatError) as refused, start(**more):
        pass
    return str(refused.value)


def test_what_is_left_out_is_the_careful_choice(monkeypatch):
    with start() as test:
        (provider,) = providers_of(test.system)
    assert (provider.unknown, provider.link_by) == ("link", "nothing")
    assert provider.client_secret is None
    assert (provider.title, provider.leeway, provider.groups) == ("company", 60, {})


def test_without_a_provider_there_are_no_such_routes():
    with composed(["accounts"], SETTINGS) as test:
        test.app.get("/accounts/oidc/company/login", status=404)
        assert "provider" not in test.app.get("/accounts/login").text


@pytest.mark.parametrize(
    ("key", "value", "hint"),
    [
        ("issuer", "id.example", "plain URL"),
        ("issuer", "https://id.example/?x=y", "no query"),
        ("issuer", "https://ann@id.example/", "plain URL"),
        ("client_id", "", "Required"),
        ("client_secret", "open sesame", "may not stand in the .ini"),
        ("scopes", "profile email", "openid"),
        ("algorithms", "RS256 none", "'none' is none of"),
        ("algorithms", "HS256", "'HS256' is none of"),
        ("unknown", "everybody", "link, create"),
        ("link_by", "name", "nothing, email"),
        ("groups", "managers", "THEIRS -> OURS"),
        ("leeway", "86400", "600"),
        ("timeout", "0", "0.1"),
    ],
)
def test_a_value_that_cannot_be_meant_stops_the_start_with_its_line(key, value, hint):
    text = said(**{f"accounts.oidc.company.{key}": value})
    assert f"accounts.oidc.company.{key}" in text
    assert hint in text


def test_a_misspelt_key_is_told_with_the_one_that_is_meant():
    text = said(**{"accounts.oidc.company.isuer": "https://id.example"})
    assert "Did you mean accounts.oidc.company.issuer?" in text


def test_keys_of_a_provider_that_is_not_listed_are_unknown():
    assert "accounts.oidc.partners.issuer" in said(
        **{"accounts.oidc.partners.issuer": "https://b.example"}
    )


@pytest.mark.parametrize("name", ["Company", "a-b", "a.b", "1a", "x" * 40])
def test_a_name_that_no_key_could_have_is_refused(name):
    assert "is no name of a provider" in said(**{"accounts.oidc": f"company {name}"})


def test_the_secret_of_the_client_is_masked(monkeypatch):
    monkeypatch.setenv("A_CLIENT_SECRET", "canary-of-the-client")
    with start(**{"accounts.oidc.company.client_secret": "${A_CLIENT_SECRET}"}) as test:
        shown = test.system.settings.shown()
        assert shown["accounts.oidc.company.client_secret"] == MASK
        (provider,) = providers_of(test.system)
        assert "canary" not in f"{provider} {provider!r}"
