"""Declaring permissions, roles and sources: introspection, conflicts, and what nobody declared."""

import inspect
from types import SimpleNamespace

import colander
import pytest
from pyramid.exceptions import ConfigurationConflictError, ConfigurationError

from talatat.errors import CompositionError
from talatat.security import Identity


def here() -> int:
    return inspect.currentframe().f_back.f_lineno


def test_a_permission_is_known_with_its_title_addon_and_line(site):
    site.config.add_permission("shop.sell", "Sell things")
    line = here()
    site.finish()
    permission = site.security.permissions["shop.sell"]
    assert (permission.title, permission.addon) == ("Sell things", "shop")
    assert permission.intr.action_info.line == line - 1
    assert permission.intr.action_info.file == __file__


def test_a_permission_is_seen_by_pyramids_own_introspection(site):
    site.config.add_permission("shop.sell", "Sell things")
    site.finish()
    assert site.config.registry.introspector.get("permissions", "shop.sell")["value"] == "shop.sell"


def test_a_view_that_asks_for_a_permission_does_not_hide_who_declared_it(site):
    site.config.add_permission("shop.sell", "Sell things")
    site.view("/sell", "shop.sell")
    site.finish()
    declared = site.config.registry.introspector.get("talatat permissions", "shop.sell")
    assert declared["title"] == "Sell things"


def test_pyramids_call_with_the_name_alone_still_declares(site):
    site.config.add_permission("edit")
    site.view("/edit", "edit")
    site.finish()
    assert site.security.declares("edit")


@pytest.mark.parametrize("name", ["public", "authenticated", "", "shop.*", "*"])
def test_names_with_a_meaning_of_their_own_cannot_be_declared(site, name):
    with pytest.raises(ConfigurationError, match=r"shop\.<verb>"):
        site.config.add_permission(name, "Mine now")


@pytest.mark.parametrize(
    "declare",
    [
        lambda config: config.add_permission("shop.sell", "Sell"),
        lambda config: config.add_role("clerk", []),
        lambda config: config.add_identity_source("test", Header()),
    ],
    ids=["permission", "role", "source"],
)
def test_the_same_name_declared_by_two_addons_conflicts(site, declare):
    def one(config):
        declare(config)

    def other(config):
        declare(config)

    site.config.include(one)
    site.config.include(other)
    with pytest.raises(ConfigurationConflictError, match=r"shop\.sell|clerk|test"):
        site.config.commit()


class Header:
    def identify(self, request):
        return None


def test_a_string_of_permissions_is_not_taken_for_its_letters(site):
    with pytest.raises(ConfigurationError, match=r"\['shop.sell'\]"):
        site.config.add_role("clerk", "shop.sell")


@pytest.mark.parametrize("source", [object(), object, "talatat.security.Identity"])
def test_a_source_that_cannot_identify_is_refused_where_it_is_added(site, source):
    with pytest.raises(ConfigurationError, match=r"identify\(request\)"):
        site.config.add_identity_source("bad", source)


def test_a_view_with_an_undeclared_permission_stops_the_start_with_line_and_nearest(site):
    site.config.add_permission("shop.sell", "Sell things")
    site.view("/sell", "shop.sel")
    with pytest.raises(CompositionError) as caught:
        site.finish()
    text = str(caught.value)
    assert "'shop.sel'" in text
    assert "Did you mean 'shop.sell'?" in text
    assert "addon shop" in text
    assert "conftest.py:" in text
    assert "config.add_permission('shop.sel', \"what it allows\")" in text


def test_all_undeclared_permissions_are_told_at_once(site):
    site.view("/one", "nothing.like")
    site.view("/two", "that.exists")
    site.config.add_role("clerk", ["gone.read", "gone.*"])
    with pytest.raises(CompositionError) as caught:
        site.finish()
    assert len(caught.value.problems) == 4
    assert "role 'clerk'" in str(caught.value)
    assert "Compose the addon" in str(caught.value)


def test_a_use_told_by_another_room_is_checked_too(site):
    site.security.uses("shop.see_cost", "field cost of shop.things")
    with pytest.raises(CompositionError, match=r"field cost of shop\.things asks for"):
        site.finish()


def test_a_role_may_hold_names_wildcards_and_everything(site):
    site.config.add_permission("shop.sell", "Sell")
    site.config.add_permission("shop.buy", "Buy")
    site.config.add_role("clerk", ["shop.sell"])
    site.config.add_role("keeper", ["shop.*"])
    site.config.add_role("owner", ["*"])
    site.finish()

    def held(role):
        who = Identity(id="1", name="ada", source="test", roles=frozenset({role}))
        return {name for name in site.security.held_by(who) if name.startswith("shop.")}

    assert held("clerk") == {"shop.sell"}
    assert held("keeper") == {"shop.sell", "shop.buy"}
    assert held("owner") == held("admin") == {"shop.sell", "shop.buy"}


def test_a_permission_is_declared_whatever_the_order_of_declaration(site):
    site.view("/sell", "shop.sell")
    site.config.add_role("clerk", ["shop.sell"])
    site.config.add_permission("shop.sell", "Sell")
    site.finish()


def test_a_field_that_asks_for_an_undeclared_permission_stops_the_start(site):
    def mapping(*fields):
        return colander.SchemaNode(colander.Mapping(), *fields)

    def field(name, **kw):
        return colander.SchemaNode(colander.String(), name=name, **kw)

    inner = mapping(field("cost", read_permission="shop.se_cost"))
    inner.name = "prices"
    site.config.add_permission("shop.see_cost", "See costs")
    added = SimpleNamespace(
        addon="tax", schema=mapping(field("rate", write_permission="tax.set")), introspectable=None
    )
    site.config.registry.system.resources["shop.things"] = SimpleNamespace(
        full_name="shop.things",
        schema=mapping(inner, field("title", read_permission="shop.see_cost")),
        extensions=(added,),
        introspectable=None,
    )
    with pytest.raises(CompositionError) as caught:
        site.finish()
    assert len(caught.value.problems) == 2
    assert "reading the field shop.things.prices.cost" in str(caught.value)
    assert "Did you mean 'shop.see_cost'?" in str(caught.value)
    assert "writing the field shop.things.tax.rate" in str(caught.value)


def test_a_scope_is_grantable_only_if_it_can_cover_something(site):
    site.config.add_permission("shop.sell", "Sell")
    site.finish()
    assert all(map(site.security.is_grantable, ["shop.sell", "shop.*", "*"]))
    assert not any(map(site.security.is_grantable, ["shop", "shop.sel", "barn.*", "shop.sell.*"]))
