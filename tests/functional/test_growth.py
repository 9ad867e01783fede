"""Cost does not grow with the number of addons: counted in function calls, which no busy machine changes."""

from __future__ import annotations

from pathlib import Path

import pytest
from bench.growth.apart import run_apart
from bench.growth.writing import write_addons

from talatat.configuration.introspector import Introspector
from talatat.testing import write_ini

# From the ninth on every addon extends another's model: all that are added here are alike.
FEW, SOME, MANY = 10, 20, 40


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("growth")
    write_addons(made, MANY)
    return made


def names(folder: Path, count: int) -> list[str]:
    return sorted(one.name for one in folder.glob("grown*") if one.name.isidentifier())[:count]


def calls_of_start(folder: Path, count: int) -> int:
    home = folder / f"start{count}"
    home.mkdir()
    ini = write_ini(home, names(folder, count), f"sqlite:///{home}/start.sqlite")
    calls: int = run_apart(folder, "bench.growth.starting", ini, "--calls")["calls"]
    return calls


def test_twice_as_many_addons_take_twice_as_many_calls_to_start(folder: Path) -> None:
    calls_of_start(folder, MANY - 1)  # what is compiled now is read by all that are compared
    few, some, many = (calls_of_start(folder, count) for count in (FEW, SOME, MANY))
    # Busy machines wait a little more often: by half a percent at most, and what grows with all by more.
    assert (many - some) / (some - few) == pytest.approx(2, rel=0.01)
    assert (many - some) / (MANY - SOME) < 52_000, "calls for each addon of one resource"


def test_a_request_takes_as_many_calls_among_many_addons_as_among_few(folder: Path) -> None:
    few = run_apart(folder, "bench.growth.requesting", *names(folder, FEW))
    some = run_apart(folder, "bench.growth.requesting", *names(folder, SOME))
    assert set(few) >= {"search", "checkout", "its list"}
    for what, calls in few.items():
        assert some[what] == pytest.approx(calls, rel=0.01), what


class Thing:
    """Something to introspect that counts how often it is compared with another."""

    compared = 0

    def __init__(self, category: str, name: str) -> None:
        self.category_name, self.discriminator = category, name
        self.discriminator_hash = hash(name)
        self.order = 0

    def __hash__(self) -> int:
        return hash((self.category_name, self.discriminator))

    def __eq__(self, other: object) -> bool:
        Thing.compared += 1
        return self is other


def test_relating_many_views_to_one_permission_compares_none_with_all_others() -> None:
    introspector = Introspector()
    introspector.add(Thing("permissions", "public"))
    for number in range(200):
        introspector.add(Thing("views", f"v{number}"))
    Thing.compared = 0
    for _ in range(2):
        for number in range(200):
            introspector.relate(("views", f"v{number}"), ("permissions", "public"))
    assert Thing.compared < 1000
    public = introspector.get("permissions", "public")
    assert [one.discriminator for one in introspector.related(public)] == [
        f"v{number}" for number in range(200)
    ]


def test_what_is_unrelated_or_removed_can_be_related_again() -> None:
    introspector = Introspector()
    first, second = Thing("a", "1"), Thing("a", "2")
    introspector.add(first)
    introspector.add(second)
    pair = (("a", "1"), ("a", "2"))
    introspector.relate(*pair)
    introspector.unrelate(*pair)
    assert introspector.related(first) == []
    introspector.relate(*pair)
    introspector.remove("a", "2")
    assert introspector.related(first) == []
    introspector.add(second)
    introspector.relate(*pair)
    assert introspector.related(first) == [second]
    assert introspector.related(second) == [first]
