"""The documentation's list of rules, from the rules' own descriptions."""

from __future__ import annotations

from textwrap import fill

from talatat.testing.conformance.model import MEANING, Rule, Tier
from talatat.testing.conformance.rules import RULES

_HEAD = """# Conformance

What `talatat check ADDON` asks of an addon. This page is written by `python -m talatat.testing.conformance.page`; the
texts stand at the rules, in `platform/talatat/testing/conformance/rules`.

    $ talatat check loyalty
    PASS     composes                It composes alone with what it requires
    ...
    tier: silver (safe to leave, and to come back). For gold: 1 rule is missing: documented.

Every rule is executed: on the installed addon, on databases that are made for the check and dropped again, SQLite always
and PostgreSQL where its programs are (or `--url` names a server whose role may make databases). Rows for every table are
made up from its columns, keys and checks. What is asked of its company is asked beside all other installed addons that do
not require it; `--beside ADDON` names them, `--alone` leaves them out. Required settings without a default are said with
`--set KEY=VALUE`, values of columns that nobody could guess with `--rows FILE`; secrets are made. The exit code is 0
where no rule failed, 2 where one did, 1 where nothing could be asked. `--json` prints the same as data. In an addon's
own tests each rule is a test:

    from talatat.testing.conformance import conformance

    test_conformance = conformance("shelf")

## Tiers

An addon has a tier when every rule of it, and of the tiers below, has passed. A rule that was left out is no evidence:
the line says why, and the tier above waits. Where PostgreSQL could not be asked the tier is one of SQLite alone, and the
last line says so.
"""
_WIDTH = 120


def page() -> str:
    """Return the page in Markdown."""
    rows = ["| tier | means | rules |", "| --- | --- | --- |"]
    for tier in Tier:
        links = ", ".join(f"[`{one.id}`](#{one.id})" for one in _of(tier))
        rows.append(f"| {tier} | {MEANING[tier]} | {links} |")
    return "\n".join([_HEAD, *rows, "", *(_section(one) for one in RULES.values())])


def _of(tier: Tier) -> list[Rule]:
    return [one for one in RULES.values() if one.tier is tier]


def _section(one: Rule) -> str:
    where = "asked on each database" if one.each else "asked once"
    texts = (f"{one.title}. *{one.tier}*, {where}.", one.why, f"**To mend it:** {one.mend}")
    return "\n\n".join([f"## {one.id}", *(_wrapped(text) for text in texts)]) + "\n"


def _wrapped(text: str) -> str:
    return fill(text, _WIDTH, break_long_words=False, break_on_hyphens=False)


if __name__ == "__main__":
    import sys

    sys.stdout.write(page())
