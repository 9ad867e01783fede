"""The whole corpus of hazards: what the linter misses, and what it makes up.

Recall is the share of hazards named, false alarms the share of safe operations of which anything is named;
the truth comes from servers, previous releases and disabled addons (tests/evolution/hazards/README.md).
"""

import sys
import time
from pathlib import Path

import pytest
from figures import accepting, keep

sys.path.insert(0, str(Path(__file__).parents[1] / "evolution" / "hazards"))

from hazard_corpus import corpus_postgresql, corpus_second, corpus_sqlite, oracles_sqlite
from hazard_corpus.lab import Lab
from hazard_corpus.oracles import judge
from hazard_corpus.scoring import Score

CORPORA = {
    "postgresql": (corpus_postgresql.corpus, corpus_second.postgresql),
    "sqlite": (corpus_sqlite.corpus, corpus_second.sqlite),
}


@pytest.mark.parametrize("database", sorted(CORPORA))
def test_the_linter_names_the_hazards_and_no_others(database, request, tmp_path):
    first, second = (cases() for cases in CORPORA[database])
    cases = [*first, *second] if accepting() else first[:20]
    asked = None
    if database == "postgresql":
        asked = Lab(request.getfixturevalue("postgresql_server"))
    whole, apart, began = Score(), Score(), time.monotonic()
    for case in cases:
        truth = judge(case, asked) if asked else oracles_sqlite.judge(case, tmp_path)
        whole.add(case, truth)
        if case.held_out or case in second:
            apart.add(case, truth)
    keep(
        "Hazards named", database, "TALATAT_ACCEPT=1 .venv/bin/python -m pytest tests/accept/test_hazards.py",
        unsafe_operations=whole.unsafe, safe_operations=whole.safe, hazards=whole.pairs,
        recall=f"{whole.recall:.2%}", false_alarms=f"{whole.false_alarms:.2%}",
        held_out_hazards=apart.pairs, held_out_recall=f"{apart.recall:.2%}",
        held_out_false_alarms=f"{apart.false_alarms:.2%}",
        refused_recipes=len(whole.recipes), wrong_lock_modes=len(whole.locks),
        seconds=time.monotonic() - began,
    )  # fmt: skip
    assert whole.recall >= 0.99, whole.missed
    assert whole.false_alarms <= 0.02, whole.alarms
    assert not whole.recipes
    assert not whole.locks
