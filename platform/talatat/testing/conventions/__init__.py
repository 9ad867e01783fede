"""The linter of conventions: what `design/API.md` asks of every operation, asked of an OpenAPI document.

    from talatat.testing.conventions import findings

    assert findings(system.app.get("/api/openapi.json").json) == []

Each rule is a function with its own description (`rules/`, a module for each family); the page
`docs/conventions.md` is written from them. A finding says where it stands (a JSON pointer, the
operation, the addon) and the edit that mends it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from talatat.testing.conventions.model import Finding, Rule
from talatat.testing.conventions.reading import Reading
from talatat.testing.conventions.rules import RULES


def findings(
    document: dict[str, Any], addon: str | None = None, only: Iterable[str] | None = None
) -> list[Finding]:
    """What breaks a convention in an OpenAPI document; with `addon`, in that addon's own part.

    `only` names rules. The document's parts that are nobody's belong to all of them together.
    """
    reading = Reading(document)
    wanted = RULES if only is None else {name: RULES[name] for name in only}
    found = []
    for one in wanted.values():
        for pointer, message in one.check(reading):
            operation, owner = reading.owner(pointer)
            if addon in (None, owner):
                found.append(
                    Finding(one.id, pointer, message, one.page, one.severity, operation, owner)
                )
    return found


__all__ = ["RULES", "Finding", "Rule", "findings"]
