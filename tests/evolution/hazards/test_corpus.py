"""The linter against what really happens: recall, false alarms, lock modes, recipes.

Usual runs take a part of the corpus, every hazard three times where it has as many; ``TALATAT_ACCEPT=1`` takes all
of it, and more operations put together by chance.
"""

from collections import Counter

import pytest
from hazard_corpus import (
    corpus_postgresql,
    corpus_random,
    corpus_second,
    corpus_sqlite,
    oracles_sqlite,
)
from hazard_corpus.oracles import judge
from hazard_corpus.scoring import Score

from talatat.evolution.hazards.rules import RULES

# Judged by tests of their own: a file's imports, and what only another database minds.
ELSEWHERE = {"imports-application-models"}
POSTGRESQL = [*corpus_postgresql.corpus(), *corpus_second.postgresql()]
SQLITE = [*corpus_sqlite.corpus(), *corpus_second.sqlite()]
SAMPLE = 2
pytestmark = pytest.mark.xdist_group("hazards")


def second(case):
    return case in _SECOND


_SECOND = {*corpus_second.postgresql(), *corpus_second.sqlite()}


def sampled(cases, accepting, number=SAMPLE):
    """Some of each question's cases, unsafe and safe ones by the luck of their ids; all of them when accepting."""
    if accepting:
        return cases
    taken, chosen = Counter(), []
    for case in sorted(cases, key=lambda one: one.id[::-1]):
        if taken[case.about] < number:
            taken[case.about] += 1
            chosen.append(case)
    return chosen


def held(score):
    assert score.recall >= 0.99, score.missed
    assert score.false_alarms <= 0.02, score.alarms
    assert len(score.strange) <= 0.02 * max(score.unsafe, 1), score.strange
    assert not score.locks
    assert not score.recipes


@pytest.mark.parametrize("part", ["developed", "held out"])
def test_postgresql_s_hazards_are_named_and_no_others(lab, accepting, part):
    cases = [case for case in POSTGRESQL if (case.held_out or second(case)) == (part == "held out")]
    score = Score()
    for case in sampled(cases, accepting):
        score.add(case, judge(case, lab))
    print(f"PostgreSQL, {part}: {score}\n{dict(score.hazards)}\n{dict(score.oracles)}")
    held(score)
    if accepting:
        assert score.unsafe >= 100
        assert score.safe >= 100


@pytest.mark.parametrize("part", ["developed", "held out"])
def test_sqlite_s_hazards_are_named_and_no_others(tmp_path, accepting, part):
    cases = [case for case in SQLITE if (case.held_out or second(case)) == (part == "held out")]
    score = Score()
    for case in sampled(cases, accepting):
        score.add(case, oracles_sqlite.judge(case, tmp_path))
    print(f"SQLite, {part}: {score}\n{dict(score.hazards)}")
    held(score)


def test_operations_put_together_by_chance_hold_no_surprise(lab, accepting):
    score = Score()
    number = 400 if accepting else 40
    nonsense = 0
    for case in corpus_random.corpus(seed=20 if accepting else 4, number=number):
        try:
            truth = judge(case, lab)
        except AssertionError as error:
            assert "the case is no case" in str(error)
            nonsense += 1
            continue
        score.add(case, truth)
    print(f"by chance: {score}; {nonsense} were none")
    assert score.recall >= 0.98, score.missed
    assert len(score.alarms) <= max(1, 0.02 * score.safe), score.alarms


def test_the_corpus_is_large_and_each_case_stands_once():
    ids = [case.id for case in (*POSTGRESQL, *SQLITE)]
    assert len(ids) == len(set(ids))
    assert len(ids) > 600
    held_out = sum(case.held_out for case in (*POSTGRESQL, *SQLITE))
    assert len(ids) / 4 < held_out < len(ids) / 2


def test_every_hazard_has_three_cases_at_least():
    asked = Counter(case.about for case in (*POSTGRESQL, *SQLITE))
    assert {rule for rule in RULES if asked[rule] < 3} == ELSEWHERE
