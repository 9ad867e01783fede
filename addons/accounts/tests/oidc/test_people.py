"""Whose account a login is: linked by issuer and sub, connected by hand, by a verified address, or new."""

import pytest
from sqlalchemy import select

from talatat.db import new_id
from talatat.security import SecurityEvent
from talatat_accounts.models import Group, Session, User
from talatat_accounts.oidc.models import ExternalIdentity, ExternalSession

from ..conftest import API  # noqa: TID252  # tests are no package with a name
from .conftest import LOGIN


def alert(page):
    return page.html.find(role="alert").text


def test_who_is_unknown_gets_an_account_where_the_settings_say_so(either):
    either.provider.person |= {"email": "kim@example.com", "email_verified": True}
    browser = either.browser()
    browser.log_in_at()
    (user,) = either.rows(select(User.name, User.display_name, User.email, User.password_hash))
    assert tuple(user) == ("kim", "Kim K.", "kim@example.com", None)
    assert browser.get(f"{API}/me").json["roles"] == []
    link = select(ExternalIdentity.issuer, ExternalIdentity.subject)
    assert either.rows(link.where(ExternalIdentity.used_at.is_not(None))) == [
        (either.provider.url, "u-1")
    ]
    assert either.rows(select(ExternalSession.provider)) == [("company",)]


def test_who_is_unknown_is_told_how_to_connect_where_they_do_not(either):
    page = either.browser().log_in_at("partners", status=403)
    assert "Log in with your password and connect" in alert(page)
    assert either.rows(select(User)) == []
    assert either.rows(select(ExternalIdentity)) == []


def test_a_new_account_takes_nobodys_name(either):
    either.add("kim", roles=("admin",))
    page = either.browser().log_in_at(status=403)
    assert "There is an account kim here already" in alert(page)
    assert either.rows(select(ExternalIdentity)) == []
    assert either.rows(select(Session)) == []


@pytest.mark.parametrize(
    "name", [None, "", " ", "a b", "<script>", "x" * 101, 7, ["kim"], "../kim", "\u0430dmin"]
)
def test_a_name_that_no_account_could_have_makes_none(company, name):
    company.provider.person["preferred_username"] = name
    page = company.browser().log_in_at(status=403)
    assert "tells no name that an account here could have" in alert(page)
    assert company.rows(select(User)) == []


def test_a_name_is_spelt_like_all_names(company):
    company.provider.person["preferred_username"] = " Kim@Example.COM "
    company.browser().log_in_at()
    assert company.rows(select(User.name)) == [("kim@example.com",)]


def test_an_address_that_nobody_verified_is_not_kept(company):
    for unverified in (None, False, "true", 1):
        company.provider.person |= {"email": "boss@example.com", "email_verified": unverified}
        company.browser().log_in_at()
        assert company.rows(select(User.email)) == [(None,)]
        company.rows(User.__table__.delete())


def test_a_verified_address_links_where_the_settings_say_so(either):
    ada = either.add("ada", email="Ada@Example.com")
    either.provider.person |= {"email": "ada@example.com", "email_verified": True}
    browser = either.browser()
    browser.log_in_at("partners")
    assert browser.get(f"{API}/me").json["id"] == ada
    either.provider.person |= {
        "email": "other@example.com"
    }  # from now on it is the sub that counts
    again = either.browser()
    again.log_in_at("partners")
    assert again.get(f"{API}/me").json["id"] == ada


@pytest.mark.parametrize("verified", [None, False, "false", "true", 1])
def test_an_address_that_is_not_verified_links_nobody(company, verified):
    company.add("ada", email="ada@example.com")
    company.provider.person |= {"email": "ada@example.com", "email_verified": verified}
    company.browser().log_in_at("partners", status=403)
    assert company.rows(select(ExternalIdentity)) == []


def test_an_address_of_two_accounts_links_nobody(company):
    company.add("ada", email="ada@example.com")
    company.add("bob", email="ada@example.com")
    company.provider.person |= {"email": "ada@example.com", "email_verified": True}
    company.browser().log_in_at("partners", status=403)


def test_an_address_links_nobody_where_the_settings_do_not_say_so(company):
    company.add("ada", email="ada@example.com")
    company.provider.person |= {"email": "ada@example.com", "email_verified": True}
    browser = company.browser()
    browser.log_in_at("company")
    assert browser.get(f"{API}/me").json["name"] == "kim"


def test_an_account_that_is_closed_stays_closed(either):
    either.browser().log_in_at()
    with either.test.session() as session:
        session.scalars(select(User)).one().active = False
        session.execute(Session.__table__.delete())
    assert "closed" in alert(either.browser().log_in_at(status=403))
    assert either.rows(select(Session)) == []


def test_an_account_by_address_that_is_closed_stays_closed(company):
    company.add("ada", email="ada@example.com", active=False)
    company.provider.person |= {"email": "ada@example.com", "email_verified": True}
    company.browser().log_in_at("partners", status=403)
    assert company.rows(select(ExternalIdentity)) == []


def test_who_is_logged_in_connects_the_two_accounts(either):
    ada = either.add("ada")
    browser = either.browser()
    browser.log_in("ada")
    answer = browser.get(browser.at_provider(browser.connect("partners")), status=303)
    assert answer.location == f"http://localhost{LOGIN}"
    assert either.rows(select(ExternalIdentity.user_id)) == [(ada,)]
    other = either.browser()
    other.log_in_at("partners")
    assert other.get(f"{API}/me").json["id"] == ada


def test_connecting_takes_a_proof_that_no_other_site_has(company):
    company.add("ada")
    browser = company.browser()
    browser.log_in("ada")
    browser.post("/accounts/oidc/partners/connect", status=403)
    company.browser().post("/accounts/oidc/partners/connect", status=401)
    browser.get("/accounts/oidc/partners/connect", status=405)


def test_what_somebody_began_to_connect_connects_nobody_else(company):
    """Logged out, or as somebody else, in between."""
    company.add("ada")
    company.add("eve")
    browser = company.browser()
    browser.log_in("ada")
    back = browser.at_provider(browser.connect("partners"))
    way = browser.cookies["talatat_oidc"]
    browser.log_in("eve")
    browser.get(back, status=400)
    nobody = company.browser()
    nobody.set_cookie("talatat_oidc", way)
    nobody.get(back, expect_errors=True)
    assert company.rows(select(ExternalIdentity)) == []


def test_an_account_there_belongs_to_one_account_here(company):
    company.add("ada")
    company.browser().log_in_at()  # kim's
    browser = company.browser()
    browser.log_in("ada")
    page = browser.get(browser.at_provider(browser.connect()), status=403)
    assert "belongs to somebody else here" in alert(page)
    assert len(company.rows(select(ExternalIdentity))) == 1


def test_connecting_again_is_no_error(company):
    company.add("ada")
    browser = company.browser()
    browser.log_in("ada")
    for _ in range(2):
        browser.get(browser.at_provider(browser.connect("partners")), status=303)
    assert len(company.rows(select(ExternalIdentity))) == 1


def groups_of(company, name="kim"):
    with company.test.session() as session:
        return session.scalars(select(User).where(User.name == name)).one().group_names


def test_groups_follow_the_provider_at_each_login(either):
    for name in ("managers", "clerks", "cooks"):
        either.add_group(name)
    either.provider.person["realm"] = {"roles": ["shop-admins", "a -> b", "x"]}
    either.browser().log_in_at()
    assert groups_of(either) == ["clerks", "managers"]
    with either.test.session() as session:  # what nobody maps is nobody's business
        user, cooks = (
            session.scalars(select(User)).one(),
            session.scalars(select(Group).where(Group.name == "cooks")).one(),
        )
        user.groups.append(cooks)
    either.provider.person["realm"] = {"roles": ["a -> b"]}
    either.browser().log_in_at()
    assert groups_of(either) == ["clerks", "cooks"]
    either.provider.person.pop("realm")
    either.browser().log_in_at()
    assert groups_of(either) == ["cooks"]


@pytest.mark.parametrize(
    "realm",
    [
        None,
        7,
        {"roles": 7},
        {"roles": {"shop-admins": 1}},
        {"roles": [["shop-admins"]]},
        ["shop-admins"],
    ],
)
def test_a_claim_that_lists_no_groups_joins_none(company, realm):
    company.add_group("managers")
    company.provider.person["realm"] = realm
    company.browser().log_in_at()
    assert groups_of(company) == []


def test_a_group_that_does_not_exist_is_told_to_the_operator(company, caplog):
    company.provider.person["realm"] = {"roles": ["shop-admins"]}
    company.browser().log_in_at()
    assert groups_of(company) == []
    assert "accounts.oidc.company.groups maps to the group 'managers'" in caplog.text


def test_what_the_token_leaves_out_is_asked_of_the_user_info(company):
    company.provider.told_in_token = ["sub"]
    company.provider.person |= {"email": "kim@example.com", "email_verified": True}
    company.browser().log_in_at()
    assert company.rows(select(User.name, User.email)) == [("kim", "kim@example.com")]


def test_what_happens_is_told_as_security_events(company):
    events = []
    company.test.registry.registerHandler(events.append, (SecurityEvent,))
    company.add_group("managers")
    company.provider.person["realm"] = {"roles": ["shop-admins"]}
    try:
        company.browser().log_in_at()
    finally:
        company.test.registry.unregisterHandler(events.append, (SecurityEvent,))
    (user,) = company.rows(select(User.id))
    told = {one.name: dict(one.details) for one in events}
    assert {one.subject for one in events} == {user[0]}
    assert told["accounts.login"] == {"by": "oidc", "provider": "company"}
    assert told["accounts.account_created"] == {"provider": "company"}
    assert told["accounts.identity_linked"] == {"provider": "company", "external": "u-1"}
    assert told["accounts.groups_changed"]["joined"] == ["managers"]


def test_the_same_name_for_somebody_at_another_provider_is_somebody_else(either):
    """`sub` alone says nothing: another issuer may give it to anybody."""
    ada, subject = either.add("ada", roles=("admin",)), either.provider.person["sub"]
    row = {"id": new_id(), "issuer": "https://b.example", "subject": subject, "user_id": ada}
    either.rows(ExternalIdentity.__table__.insert(), row)
    browser = either.browser()
    browser.log_in_at()
    assert browser.get(f"{API}/me").json["id"] != ada
    assert len(either.rows(select(ExternalIdentity))) == 2
