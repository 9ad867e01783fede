"""The laws of permissions, roles and scopes, over any names."""

from hypothesis import given
from hypothesis import strategies as st

from talatat.security import Identity, Permission, Role, Security
from talatat.security.grants import covers, holds, within

WORDS = st.sampled_from(["a", "b", "ab", "read", "write"])
NAMES = st.lists(WORDS, min_size=1, max_size=3).map(".".join)
PATTERNS = st.one_of(NAMES, NAMES.map(lambda name: f"{name}.*"), st.just("*"))
PATTERN_SETS = st.frozensets(PATTERNS, max_size=4)
SCOPES = st.one_of(st.none(), PATTERN_SETS)


def identity(**kw):
    return Identity(id="1", name="ada", source="test", **kw)


def composed(permissions, roles):
    security = Security()
    for name in permissions:
        security.permissions[name] = Permission(name, name, "shop")
    for name, patterns in roles.items():
        security.roles[name] = Role(name, tuple(patterns), "shop")
    security._patterns = {role.name: role.permissions for role in security.roles.values()}
    return security


@given(PATTERNS)
def test_every_pattern_covers_itself(pattern):
    assert covers(pattern, pattern)


@given(PATTERNS, PATTERNS, NAMES)
def test_what_a_covered_pattern_covers_the_covering_one_covers_too(outer, inner, name):
    if covers(outer, inner) and covers(inner, name):
        assert covers(outer, name)


@given(NAMES, NAMES)
def test_a_name_covers_no_other_name(one, other):
    assert covers(one, other) == (one == other)


@given(NAMES)
def test_a_wildcard_covers_names_below_it_and_no_neighbour(name):
    assert covers(f"{name}.*", f"{name}.read")
    assert not covers(f"{name}.*", name)
    assert not covers(f"{name}.*", f"{name}x.read")


@given(PATTERN_SETS, SCOPES, NAMES)
def test_scopes_only_ever_narrow(patterns, scopes, name):
    wide, narrow = identity(permissions=patterns), identity(permissions=patterns, scopes=scopes)
    assert not holds(narrow, name, {}) or holds(wide, name, {})


@given(PATTERN_SETS, NAMES)
def test_empty_scopes_leave_nothing(patterns, name):
    assert not holds(identity(permissions=patterns, scopes=frozenset()), name, {})


@given(PATTERN_SETS, SCOPES, NAMES)
def test_scopes_within_a_limit_never_reach_beyond_it(scopes, limit, name):
    holder = identity(permissions=frozenset({"*"}), scopes=scopes)
    if within(scopes, limit) and holds(holder, name, {}):
        assert limit is None or any(covers(pattern, name) for pattern in limit)


@given(st.frozensets(NAMES), st.dictionaries(WORDS, PATTERN_SETS, max_size=3), PATTERN_SETS, SCOPES)
def test_more_roles_never_take_a_permission_away(names, roles, direct, scopes):
    security = composed(names, roles)
    some = identity(roles=frozenset(list(roles)[:1]), permissions=direct, scopes=scopes)
    more = identity(roles=frozenset(roles), permissions=direct, scopes=scopes)
    assert security.held_by(some) <= security.held_by(more)
    if security.rights_of(some) == security.rights_of(more):
        assert security.held_by(some) == security.held_by(more)


@given(st.frozensets(NAMES), PATTERN_SETS, SCOPES, NAMES)
def test_what_nobody_declares_nobody_holds(names, direct, scopes, asked):
    security = composed(names, {"admin": ["*"]})
    who = identity(roles=frozenset({"admin"}), permissions=direct, scopes=scopes)
    assert not security.holds(who, asked) or asked in names


@given(st.frozensets(NAMES), NAMES)
def test_the_role_admin_holds_everything_declared(names, asked):
    security = composed(names, {"admin": ["*"]})
    assert security.holds(identity(roles=frozenset({"admin"})), asked) == (asked in names)


@given(st.frozensets(NAMES))
def test_a_role_that_no_addon_declares_gives_nothing(names):
    security = composed(names, {})
    assert security.held_by(identity(roles=frozenset({"admin", "sleeping"}))) == frozenset()
    assert security.beyond(identity(), {"sleeping"}) == []


ROLES = st.dictionaries(WORDS, PATTERN_SETS, max_size=3)


@given(ROLES, st.frozensets(WORDS, max_size=2), PATTERN_SETS, SCOPES, WORDS, NAMES)
def test_who_may_hand_out_a_role_holds_all_that_it_gives_now_and_later(
    roles, own, direct, scopes, role, later
):
    who = identity(roles=own, permissions=direct, scopes=scopes)
    if not composed([], roles).beyond(who, [role]):
        security = composed([later], roles)  # whatever is declared one day
        assert security.held_by(identity(roles=frozenset({role}))) <= security.held_by(who)


@given(ROLES, SCOPES)
def test_only_a_holder_of_everything_hands_out_the_role_admin(roles, scopes):
    security = composed([], {**roles, "admin": ["*"]})
    admin = identity(roles=frozenset({"admin"}), scopes=scopes)
    everything = scopes is None or "*" in scopes
    assert security.beyond(admin, ["admin"]) == ([] if everything else ["*"])
    assert security.beyond(identity(permissions=frozenset({"accounts.*"})), ["admin"]) == ["*"]
