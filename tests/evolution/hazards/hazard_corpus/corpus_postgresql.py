"""The cases for PostgreSQL: structurally different operations for each question."""

from __future__ import annotations

from hazard_corpus import corpus_addons, corpus_locks, corpus_release
from hazard_corpus.cases import Case, Cases


def corpus() -> list[Case]:
    made = Cases()
    for module in (corpus_locks, corpus_release, corpus_addons):
        for part in module.PARTS:
            part(made)
    return made.all
