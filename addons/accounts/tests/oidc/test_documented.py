"""The .ini that docs/operator.md shows lets people log in, and the README tells every key."""

import re
from pathlib import Path

import pytest
from sqlalchemy import select

from talatat.db import new_id
from talatat.testing import composed
from talatat_accounts.models import Group, User
from talatat_accounts.oidc.settings import ProviderSettings

from ..conftest import API, SETTINGS  # noqa: TID252  # tests are no package with a name
from .conftest import Browser

ADDON = Path(__file__).parents[2]
OPERATOR = ADDON.parents[1] / "docs" / "operator.md"
ISSUER, CLIENT = "https://id.example.com/realms/staff", "shop"


def shown():
    """The keys of the block below the heading."""
    _, _, section = OPERATOR.read_text().partition("## Logging in through an identity provider")
    block = re.search(r"^```ini\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)[1]
    keys = re.findall(r"^(accounts\.[a-z._]+) =(.*(?:\n +.*)*)", block, re.MULTILINE)
    assert len(keys) == block.count(" =\n") + block.count(" = ")
    return {key: value.strip(" ") for key, value in keys}


@pytest.fixture
def documented(started_provider, monkeypatch, sqlite_url):
    started_provider.reset()
    monkeypatch.setenv("OIDC_SECRET", "a secret of the client")
    settings = {**SETTINGS, **shown(), "talatat.outbound.allow": started_provider.url}
    assert settings["accounts.oidc.company.issuer"] == ISSUER
    assert settings["accounts.oidc.company.client_id"] == CLIENT
    settings["accounts.oidc.company.issuer"] = started_provider.url
    settings["accounts.oidc.company.client_id"] = "talatat"  # as this provider calls us
    with composed(["accounts"], settings, sqlite_url) as test:
        yield test


def test_the_ini_of_the_guide_lets_people_log_in_with_their_groups(documented, started_provider):
    with documented.session() as session:
        session.add_all([Group(id=new_id(), name=name) for name in ("managers", "clerks")])
    started_provider.person["realm_access"] = {"roles": ["shop-clerks", "offline_access"]}
    browser = Browser(documented.app.app)
    page = browser.get("/accounts/login")
    assert "Log in with Example Inc." in page.text
    browser.log_in_at()
    assert browser.get(f"{API}/me").json["name"] == "kim"
    with documented.session() as session:
        assert session.scalars(select(User)).one().group_names == ["clerks"]


def test_the_readme_tells_every_key_of_a_provider():
    text = (ADDON / "README.md").read_text()
    keys = [node.name for node in ProviderSettings().children]
    assert [key for key in keys if f"`{key}`" not in text] == []
