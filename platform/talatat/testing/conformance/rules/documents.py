"""The API's document: what the addon puts into it keeps the conventions."""

from __future__ import annotations

import json
from collections.abc import Iterator

from talatat.openapi import document_of
from talatat.testing.conformance.model import Note, Tier, rule
from talatat.testing.conformance.subject import Subject


@rule(
    "document-conventions",
    Tier.GOLD,
    title="Its part of the API's document keeps the conventions",
    why="Clients are generated from the document: what it says in a way of its own, they have to be taught by hand.",
    mend="Each line says the edit and the place in docs/conventions.md; a declared Resource keeps all of them by itself.",
)  # fmt: skip
def document_conventions(subject: Subject) -> Iterator[str]:
    # The linter reads examples as the rules of conformance read answers.
    from talatat.testing.conventions import findings

    document = json.loads(json.dumps(document_of(subject.registry())))
    for one in findings(document, addon=subject.name):
        yield str(one) if one.severity == "error" else Note(str(one))
