"""The documentation's list of conventions, from the rules' own descriptions."""

from __future__ import annotations

from itertools import groupby
from textwrap import fill

from talatat.testing.conventions.model import Rule
from talatat.testing.conventions.rules import RULES

_HEAD = """# Conventions

What the linter asks of the API's document. This page is written by `python -m talatat.testing.conventions.page`; the
texts stand at the rules, in `platform/talatat/testing/conventions/rules`.

A declared `Resource` keeps all of them by itself. Services written by hand, actions and schemas can break some, which
`talatat check ADDON` tells under the rule `conventions`, and any test:

    from talatat.testing.conventions import findings

    def test_the_interface_keeps_the_conventions(system):
        assert findings(system.app.get("/api/openapi.json").json, addon="shelf") == []

A finding has the rule, a JSON pointer into the document, the operation, the addon, and the edit that mends it. Without
`addon` the whole document is asked, `only=[...]` names rules. An error breaks clients or misleads them; a warning makes
the document poorer.
"""
_WIDTH = 120


def page() -> str:
    """Return the page in Markdown."""
    families = groupby(RULES.values(), key=lambda one: one.family)
    rows = ["| family | rules |", "| --- | --- |"]
    rows += [
        f"| {family} | {', '.join(f'[`{one.id}`](#{one.id})' for one in members)} |"
        for family, members in families
    ]
    return "\n".join([_HEAD, *rows, "", *(_section(one) for one in RULES.values())])


def _section(one: Rule) -> str:
    texts = (f"{one.title}. *{one.severity}*", one.why, f"Source: {one.source}.")
    return "\n\n".join([f"## {one.id}", *(_wrapped(text) for text in texts)]) + "\n"


def _wrapped(text: str) -> str:
    return fill(text, _WIDTH, break_long_words=False, break_on_hyphens=False)


if __name__ == "__main__":
    import sys

    sys.stdout.write(page())
