"""The documentation's list of checks, from the checks' own sentences."""

from __future__ import annotations

from itertools import groupby

from talatat.testing.rest import runner as _all  # noqa: F401  # importing it registers them
from talatat.testing.rest.model import CHECKS, Check

_HEAD = """# The suite of the conventions

Every resource of every addon behaves alike, and these checks show it from outside. They know `GET /api`, the OpenAPI
document and credentials, nothing else: what a client knows. Bodies are made from the document's schemas; what they refer
to is created through other resources. This page is written by `python -m talatat.testing.rest.page`; the sentences stand
at the checks, in `platform/talatat/testing/rest/checks`.

`talatat check ADDON` asks them as the rule [`rest-conventions`](conformance.md#rest-conventions), of the addon's own
resources and of those that it extends. In an addon's tests they are part of `conformance("shelf")`; one test for each
family, told apart, is

    from talatat.testing.rest import conventions

    test_rest = conventions("shelf")

and values of fields that nobody could guess are said: `bodies={"shelf.books": {"isbn": "978030640{:04}"}}`, where `{}`
is another number each time. A server that runs somewhere is asked by

    python -m talatat.testing.rest http://127.0.0.1:6543 --header "Authorization: Bearer ..."

which creates rows, and deletes some of its own: not for a shop that sells.

A check passes, fails with what was sent and answered, or does not apply. The reasons are `operation` (the resource has no
such operation), `capability` (`GET /api` does not list it) and `declaration` (it declares no such field, filter, key or
action): these are legitimate. `rows` is none: there was nothing to ask about, and no way to make it.
"""


def page() -> str:
    """Return the page in Markdown."""
    families = groupby(sorted(CHECKS.values(), key=_place), key=lambda one: one.family)
    parts = [_section(name, list(some)) for name, some in families]
    return "\n".join([_HEAD, f"{len(CHECKS)} checks.", "", *parts]).rstrip() + "\n"


def _place(one: Check) -> int:
    return list(dict.fromkeys(other.family for other in CHECKS.values())).index(one.family)


def _section(name: str, some: list[Check]) -> str:
    rows = [f"| `{one.id}` | {one.title.replace('|', '&#124;')} | {one.row} |" for one in some]
    head = ["| check | what holds | row of the conventions |", "| --- | --- | --- |"]
    only = f"Where `GET /api` lists `{some[0].capability}`.\n\n" if some[0].capability else ""
    once = "Asked once, of the server.\n\n" if all(one.once for one in some) else ""
    return "\n".join([f"## {name}", "", only + once + "\n".join([*head, *rows]), ""])


if __name__ == "__main__":
    import sys

    sys.stdout.write(page())
