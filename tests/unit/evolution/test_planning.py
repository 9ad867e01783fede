"""The order of revisions: the same everywhere, whatever the history."""

import itertools
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talatat.evolution.graph import EvolutionError, Graph, Revision
from talatat.evolution.planner import applied, order


def revision(addon, number, down=None, phase="expand", **requires):
    return Revision(
        addon, number, (down,) if down else (), requires, phase, Path(f"{addon}/{number}.py")
    )


def graph(*revisions, order=("talatat", "shelf", "rating", "notes")):
    return Graph(
        {one.key: one for one in revisions}, {name: n for n, name in enumerate(order)},
        {"shelf": "1.0"}, {},
    )  # fmt: skip


def names(revisions):
    return [str(one) for one in revisions]


def test_the_platform_comes_first_then_addons_in_composition_order():
    planned = order(
        graph(revision("rating", "0001"), revision("shelf", "0001"), revision("talatat", "1")), []
    )
    assert names(planned) == ["talatat 1", "shelf 0001", "rating 0001"]


def test_what_a_revision_requires_of_another_addon_comes_before_it():
    made = graph(
        revision("shelf", "0001", notes="0002"),
        revision("notes", "0001"),
        revision("notes", "0002", "0001"),
        revision("rating", "0001"),
    )
    assert names(order(made, [])) == ["rating 0001", "notes 0001", "notes 0002", "shelf 0001"]


def test_what_adds_comes_before_what_moves_data_before_what_takes_away():
    made = graph(
        revision("shelf", "0001"),
        revision("shelf", "0002", "0001", "contract"),
        revision("rating", "0001", phase="data"),
        revision("notes", "0001"),
        revision("notes", "0002", "0001", shelf="0002"),
    )
    assert names(order(made, [])) == [
        "shelf 0001", "notes 0001", "rating 0001", "shelf 0002", "notes 0002"
    ]  # fmt: skip


def test_what_was_applied_is_left_out():
    made = graph(
        revision("shelf", "0001"), revision("shelf", "0002", "0001"), revision("rating", "0001")
    )
    done = applied(made, {"shelf": ["0001"], "rating": []})
    assert done == {("shelf", "0001")}
    assert names(order(made, done)) == ["shelf 0002", "rating 0001"]


def test_two_heads_of_one_addon_are_both_applied_and_run():
    made = graph(
        revision("shelf", "0001"),
        revision("shelf", "0002a", "0001"),
        revision("shelf", "0002b", "0001"),
    )
    assert made.heads("shelf") == ["0002a", "0002b"]
    assert names(order(made, applied(made, {"shelf": ["0002a"]}))) == ["shelf 0002b"]
    assert order(made, applied(made, {"shelf": ["0002a", "0002b"]})) == []


def test_a_database_that_is_ahead_is_told_with_the_installed_version():
    made = graph(revision("shelf", "0001"))
    with pytest.raises(EvolutionError) as caught:
        applied(made, {"shelf": ["0009_future"], "rating": ["0004"]})
    assert "addon shelf stands at revision '0009_future'" in str(caught.value)
    assert "shelf 1.0 does not have" in str(caught.value)
    assert "addon rating" in str(caught.value)


def test_a_circle_names_the_revisions_in_it():
    made = graph(revision("shelf", "0001", rating="0001"), revision("rating", "0001", shelf="0001"))
    with pytest.raises(EvolutionError, match="in a circle: rating 0001, shelf 0001"):
        order(made, [])


@given(st.integers(0, 10**6))
def test_any_interruption_and_any_order_of_files_gives_the_same_rest(seed):
    chance = random.Random(seed)
    made = []
    for number, addon in itertools.product(range(1, 4), ("talatat", "shelf", "rating", "notes")):
        down = f"{number - 1:04}" if number > 1 else None
        requires = {
            one.addon: one.revision for one in made if chance.random() < 0.15 and one.addon != addon
        }
        made.append(
            revision(
                addon,
                f"{number:04}",
                down,
                chance.choice(["expand", "data", "contract"]),
                **requires,
            )
        )
    planned = order(graph(*made), [])
    chance.shuffle(made)
    assert order(graph(*made), []) == planned
    seen = set()
    for one in planned:  # everything that it needs stands before it
        assert {(one.addon, down) for down in one.down} | set(one.requires.items()) <= seen
        seen.add(one.key)
    cut = chance.randrange(len(planned))
    assert order(graph(*made), {one.key for one in planned[:cut]}) == planned[cut:]
