"""Access to resources: what covers what, and which routes need which."""

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talatat.security import Identity, Security
from talatat.security.narrowing import Routes, access, covers_access, is_grantable_access

NAMES = st.from_regex(r"[a-c]{1,2}\.[a-c]{1,2}", fullmatch=True)
KINDS = st.sampled_from(["read", "write"])
GRANTED = st.frozensets(st.builds(access, NAMES, KINDS), max_size=4)


@given(granted=GRANTED, name=NAMES)
def test_to_write_includes_to_read_and_never_the_other_way(granted, name):
    reads, writes = (covers_access(granted, access(name, kind)) for kind in ("read", "write"))
    assert reads >= writes
    assert writes == (access(name, "write") in granted)


@given(granted=GRANTED, more=GRANTED, name=NAMES, kind=KINDS)
def test_more_access_never_covers_less(granted, more, name, kind):
    wanted = access(name, kind)
    assert covers_access(granted | more, wanted) >= covers_access(granted, wanted)


@given(name=NAMES, kind=KINDS)
def test_an_addon_stands_for_its_own_resources_only(name, kind):
    addon = name.partition(".")[0]
    assert covers_access({f"{addon}.*:{kind}"}, access(name, kind))
    assert not covers_access({f"{addon}x.*:write", f"x{addon}.*:write"}, access(name, kind))


@pytest.mark.parametrize(
    ("wanted", "is_one"),
    [
        ("orders.orders:read", True), ("orders.*:write", True), ("orders.orders", False),
        ("orders.orders:delete", False), ("orders.lines:read", False), ("shop.*:read", False),
        ("*:read", False), ("*", False), ("", False), (":read", False), ("orders:read", False),
    ],
)  # fmt: skip
def test_only_access_to_a_resource_can_be_granted(wanted, is_one):
    assert is_grantable_access(["orders.orders", "catalog.products"], wanted) is is_one


@pytest.mark.parametrize(
    ("route", "method", "needed"),
    [
        ("orders", "GET", "orders.orders:read"), ("orders", "HEAD", "orders.orders:read"),
        ("orders", "POST", "orders.orders:write"), ("orders", "DELETE", "orders.orders:write"),
        ("orders", "PROPFIND", "orders.orders:write"), ("search", "POST", "orders.orders:read"),
        ("other", "GET", None),
    ],
)  # fmt: skip
def test_a_route_needs_what_its_method_does(route, method, needed):
    routes = Routes()
    routes.add("orders", "orders.orders", only_reads=False)
    routes.add("search", "orders.orders", only_reads=True)
    request = SimpleNamespace(matched_route=SimpleNamespace(name=route), method=method)
    assert routes.access_of(request) == needed
    assert routes.access_of(SimpleNamespace(matched_route=None, method=method)) is None


def test_who_is_narrowed_to_resources_hands_out_no_role():
    security = Security()
    security._patterns = {"admin": ("*",), "clerk": ("shop.sell",)}
    wide = Identity(id="1", name="root", source="test", permissions=frozenset("*"))
    narrow = Identity(
        id="1", name="root", source="test", permissions=frozenset("*"),
        resources=frozenset({"accounts.users:write"}),
    )  # fmt: skip
    assert security.beyond(wide, ["admin", "clerk"]) == []
    assert security.beyond(narrow, ["admin", "clerk"]) == ["*", "shop.sell"]
    assert security.beyond(narrow, []) == []
