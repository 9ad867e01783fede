"""Composition: closed, ordered by requirement, every problem at once with its line."""

import sys
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from talatat.addons import inventory
from talatat.composition import Composition, resolve
from talatat.errors import CompositionError
from talatat.ini import read_ini


def composed(tmp_path: Path, shelf, *names: str, extra: str = "") -> Composition:
    ini = tmp_path / "site.ini"
    lines = "".join(f"    {name}\n" for name in names)
    ini.write_text(f"[app:main]\nuse = egg:talatat\ntalatat.addons =\n{lines}{extra}")
    return resolve(read_ini(str(ini)), shelf.inventory())


def problems(tmp_path: Path, shelf, *names: str, extra: str = "") -> list[str]:
    with pytest.raises(CompositionError) as caught:
        composed(tmp_path, shelf, *names, extra=extra)
    return caught.value.problems


def test_listing_addons_imports_none_of_them():
    found = inventory()
    assert "catalog" in found.addons
    code = (
        "import sys; from talatat.addons import inventory; inventory();"
        "assert not [m for m in sys.modules if m.startswith('talatat_')], sys.modules"
    )
    import subprocess

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_requirements_come_before_what_requires_them_whatever_the_ini_says(tmp_path, shelf):
    shelf.add("base")
    shelf.add("middle", requires=("shelf-base>=1",))
    shelf.add("top", requires=("shelf-middle", "shelf-base"))
    for number, names in enumerate(permutations(["top", "base", "middle"])):
        folder = tmp_path / str(number)
        folder.mkdir()
        assert composed(folder, shelf, *names).names == ("base", "middle", "top")


def test_ties_follow_the_order_of_the_ini(tmp_path, shelf):
    for name in ("red", "green", "blue"):
        shelf.add(name)
    assert composed(tmp_path, shelf, "green", "red", "blue").names == ("green", "red", "blue")


def test_an_installed_requirement_that_is_not_listed_is_composed_as_implied(tmp_path, shelf):
    shelf.add("base")
    shelf.add("top", requires=("shelf-base",))
    composition = composed(tmp_path, shelf, "top")
    assert [(a.name, a.implied) for a in composition.addons] == [("base", True), ("top", False)]


def test_a_module_and_a_logger_are_known_by_the_innermost_package_that_holds_them(tmp_path, shelf):
    for name in ("base", "top"):
        shelf.add(name)
    composition = composed(tmp_path, shelf, "base", "top")
    package = composition.by_name["top"].package
    for module in (package, f"{package}.views.pages"):
        assert composition.addon_of_module(module) == "top"
    for module in (f"{package}s", "sqlalchemy.engine", ""):
        assert composition.addon_of_module(module) is None


def test_the_digest_of_a_composition_follows_its_names_and_their_order(tmp_path, shelf):
    for name in ("base", "top"):
        shelf.add(name)
    digests = []
    for number, names in enumerate((("base", "top"), ("base", "top"), ("top", "base"), ("top",))):
        folder = tmp_path / str(number)
        folder.mkdir()
        digests.append(composed(folder, shelf, *names).digest)
    assert digests[0] == digests[1]
    assert len(set(digests)) == 3


def test_requires_is_transitive_and_everybody_requires_the_platform(tmp_path, shelf):
    shelf.add("base")
    shelf.add("middle", requires=("shelf-base",))
    shelf.add("top", requires=("shelf-middle",))
    composition = composed(tmp_path, shelf, "top")
    assert composition.requires("top", "base")
    assert composition.requires("base", "talatat")
    assert not composition.requires("base", "top")


def test_every_problem_is_reported_at_once_with_its_line(tmp_path, shelf):
    shelf.add("base", "1.0")
    shelf.add("top", requires=("shelf-base>=2",))
    shelf.add("lone", requires=("shelf-gone>=1.5",))
    found = problems(tmp_path, shelf, "base", "top", "lone", "botom")
    assert len(found) == 3
    text = "\n".join(found)
    assert "site.ini:5" in text
    assert "requires shelf-base>=2, but shelf-base 1.0 is installed" in text
    assert "site.ini:6" in text
    assert "pip install 'shelf-gone>=1.5'" in text
    assert "site.ini:7: there is no addon 'botom'" in text


@pytest.mark.parametrize("listed", ["catalog,", "catalog,orders"])
def test_a_comma_between_addons_is_told_as_one(tmp_path, shelf, listed):
    shelf.add("catalog")
    [text] = problems(tmp_path, shelf, listed)
    assert f"site.ini:4: there is no addon '{listed}'." in text
    assert "take the comma away" in text


def test_an_unknown_addon_names_the_nearest_known_one(tmp_path, shelf):
    shelf.add("catalog")
    [text] = problems(tmp_path, shelf, "catalogue")
    assert "site.ini:4" in text
    assert "Did you mean 'catalog'?" in text


def test_a_platform_version_that_does_not_fit_is_reported(tmp_path, shelf):
    shelf.add("future", requires=("talatat>=2,<3",))
    [text] = problems(tmp_path, shelf, "future")
    assert "requires talatat<3,>=2, but talatat 1.2.0 is installed" in text


def test_a_cycle_is_reported_with_the_whole_circle(tmp_path, shelf):
    shelf.add("hen", requires=("shelf-egg",))
    shelf.add("egg", requires=("shelf-hen",))
    [text] = problems(tmp_path, shelf, "hen", "egg")
    assert "egg -> hen -> egg" in text
    assert "site.ini:4" in text
    assert "site.ini:5" in text


def test_two_distributions_that_offer_one_name_are_an_error(tmp_path, shelf):
    shelf.add("shop", distribution="shop-one")
    shelf.add("shop", distribution="shop-two")
    [text] = problems(tmp_path, shelf, "shop")
    assert "shop-one" in text
    assert "shop-two" in text
    assert "Uninstall one" in text


def test_an_addon_that_is_listed_twice_names_both_lines(tmp_path, shelf):
    shelf.add("shop")
    [text] = problems(tmp_path, shelf, "shop", "shop")
    assert "site.ini:5" in text
    assert "site.ini:4" in text


def test_an_entry_point_wins_over_a_package_of_the_same_dotted_name(tmp_path, shelf):
    shelf.add("json")
    [addon] = composed(tmp_path, shelf, "json").addons
    assert (addon.package, addon.plain) == ("shelf_json", False)


def test_a_plain_package_stands_under_its_dotted_name(tmp_path, shelf):
    [addon] = composed(tmp_path, shelf, "pyramid_jinja2").addons
    assert addon.plain
    assert addon.package == "pyramid_jinja2"


def test_leaving_an_addon_out_takes_its_dependents_along(tmp_path, shelf):
    shelf.add("base")
    shelf.add("top", requires=("shelf-base",))
    shelf.add("other")
    rest = composed(tmp_path, shelf, "top", "other").without({"base": "broken"})
    assert rest.names == ("other",)
    assert rest.left_out["top"] == "requires base, which is left out"


@settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(data=st.data())
def test_any_acyclic_set_is_ordered_with_requirements_first(tmp_path_factory, data):
    from tests.unit.composition.conftest import Shelf

    folder = tmp_path_factory.mktemp("stock")
    shelf = Shelf(folder / "site")
    count = data.draw(st.integers(1, 8))
    names = [f"a{n}" for n in range(count)]
    edges = {
        n: data.draw(st.sets(st.sampled_from(names[:i]))) if i else set()
        for i, n in enumerate(names)
    }
    for name in names:
        shelf.add(name, requires=tuple(f"shelf-{other}" for other in sorted(edges[name])))
    listed = data.draw(st.lists(st.sampled_from(names), unique=True, min_size=1))
    order = composed(folder, shelf, *listed).names
    assert set(listed) <= set(order)
    for name in order:
        assert all(order.index(other) < order.index(name) for other in edges[name])
