"""The documentation's list of hazards, from the rules' own descriptions."""

from __future__ import annotations

from textwrap import fill

from talatat.evolution.hazards.registry import Rule
from talatat.evolution.hazards.rules import RULES

_HEAD = """# Hazards

What `talatat plan` and `talatat lint FILE.sql` warn of. This page is written by
`python -m talatat.evolution.hazards.page`; the texts stand at the rules, in `platform/talatat/evolution/hazards/rules`.

A finding weighs `notice`, `warning` or `danger`. Where it says *by size*, that goes by the rows and bytes of the
table: below 10,000 rows and 16 MB a notice, from a million rows or 1 GB on a danger, between them or where the size is
not known a warning. Where it says *by rows*, it is a danger unless the table is known to be empty. Tables that the
same plan makes carry no hazard of locks, rows or requests. A revision records why it does something all the same:

    waivers = {"int4-key": "a release a day fills four bytes in six million years"}

The finding is still shown, with that reason, and blocks nothing.
"""
_WIDTH = 120
_NAMES = {"postgresql": "PostgreSQL", "sqlite": "SQLite"}
_SCALES = {"work": "by size", "loss": "by rows", "warning": "warning", "notice": "notice"}


def page() -> str:
    """Return the page in Markdown."""
    rows = ["| id | what | lock | weighs |", "| --- | --- | --- | --- |"]
    for one in RULES.values():
        link = f"[`{one.id}`](#{one.id})"
        rows.append(f"| {link} | {one.title} | {one.lock or ''} | {_SCALES[one.scale]} |")
    return "\n".join([_HEAD, *rows, "", *(_section(one) for one in RULES.values())])


def _section(one: Rule) -> str:
    on = ", ".join(_NAMES[dialect] for dialect in one.dialects)
    facts = [f"*{on}*", f"weighs *{_SCALES[one.scale]}*"]
    if one.lock:
        facts.append(f"lock *{one.lock}*")
    texts = (f"{one.title}. {', '.join(facts)}.", one.why, f"**Instead:** {one.recipe}")
    return "\n\n".join([f"## {one.id}", *(_wrapped(text) for text in texts)]) + "\n"


def _wrapped(text: str) -> str:
    return fill(text, _WIDTH, break_long_words=False, break_on_hyphens=False)


if __name__ == "__main__":
    import sys

    sys.stdout.write(page())
