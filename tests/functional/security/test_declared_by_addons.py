"""Permissions and roles between addons: undeclared, declared twice, overridden, each with its line."""

import pytest

from talatat.composing import compose
from talatat.errors import CompositionError
from talatat.security import Identity

DECLARES = """
    def includeme(config):
        config.add_permission("gate.open", "Open it differently")
    """


def refused(addons, sqlite_url, *names):
    with pytest.raises(CompositionError) as caught:
        compose(addons.composition(*names, url=sqlite_url))
    return str(caught.value)


def test_a_permission_that_nobody_declares_stops_the_start_with_the_line(gate_addons, sqlite_url):
    gate_addons.write(
        "yard",
        {
            "__init__.py": """
                from pyramid.response import Response
                def includeme(config):
                    config.add_route("yard", "/yard")
                    config.add_view(lambda r: Response(""), route_name="yard", permission="gate.opn")
                """
        },
        requires=("gate",),
    )
    told = refused(gate_addons, sqlite_url, "yard")
    assert "'gate.opn'" in told
    assert "Did you mean 'gate.open'?" in told
    assert "addon yard, " in told
    assert "_yard/__init__.py:5" in told


def test_a_role_with_a_permission_that_nobody_declares_stops_the_start(gate_addons, sqlite_url):
    gate_addons.write(
        "yard",
        {
            "__init__.py": 'def includeme(config):\n    config.add_role("boss", ["gate.*", "barn.*"])\n'
        },
        requires=("gate",),
    )
    told = refused(gate_addons, sqlite_url, "yard")
    assert "role 'boss'" in told
    assert "'barn.*'" in told
    assert "_yard/__init__.py:2" in told
    assert "'gate.*'" not in told


def test_one_permission_of_two_addons_conflicts_and_names_both(gate_addons, sqlite_url):
    gate_addons.write("yard", {"__init__.py": DECLARES})
    told = refused(gate_addons, sqlite_url, "gate", "yard")
    assert "gate.open" in told
    assert "addon gate" in told
    assert "addon yard" in told


def test_one_role_of_two_addons_conflicts_and_names_both(gate_addons, sqlite_url):
    gate_addons.write(
        "yard", {"__init__.py": 'def includeme(config):\n    config.add_role("guard", [])\n'}
    )
    told = refused(gate_addons, sqlite_url, "gate", "yard")
    assert "guard" in told
    assert "addon gate" in told
    assert "addon yard" in told


def test_an_addon_overrides_the_role_of_one_that_it_requires(gate_addons, sqlite_url):
    gate_addons.write(
        "yard",
        {
            "__init__.py": """
                def includeme(config):
                    with config.overriding("gate"):
                        config.add_role("porter", ["gate.open", "gate.lock"])
                """
        },
        requires=("gate",),
    )
    with gate_addons.composed("yard", url=sqlite_url) as system:
        system.app.get("/gate/lock", headers={"X-Badge": "porter"}, status=200)
        role = system.system.security.roles["porter"]
        assert role.addon == "yard"


def test_the_roles_of_an_addon_that_sleeps_give_nothing(gate_addons, sqlite_url):
    who = Identity(id="1", name="bo", source="x", roles=frozenset({"guard"}))
    with gate_addons.composed("gate", url=sqlite_url) as system:
        assert system.system.security.holds(who, "gate.open")
    with gate_addons.composed(url=sqlite_url) as system:
        assert not system.system.security.holds(who, "gate.open")


def test_two_systems_in_one_process_do_not_share_permissions(gate_addons, sqlite_url, tmp_path):
    with (
        gate_addons.composed("gate", url=sqlite_url) as one,
        gate_addons.composed(url=f"sqlite:///{tmp_path}/other.sqlite") as other,
    ):
        assert one.system.security.declares("gate.open")
        assert not other.system.security.declares("gate.open")
        assert other.system.security.sources == {}
