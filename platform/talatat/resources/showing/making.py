"""Functions that show rows, made as one would write them by hand.

    lambda row: {"id": row.id, "price": None if (value := row.price) is None else write1(value)}

The standard library makes `__init__` of a dataclass so. Names of fields stand in the text as literals of Python's,
whatever they are; everything else in it is ours or was looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from keyword import iskeyword
from typing import Any

Scope = dict[str, Any]


def object_maker(members: Iterable[tuple[str, str]], scope: Scope) -> Callable[[Any], Any]:
    """Row -> the object of these members: (name, the expression in which `row` and names of `scope` stand)."""
    return _made(f"lambda row: {_object(members)}", scope)


def list_maker(members: Iterable[tuple[str, str]], scope: Scope) -> Callable[[Any], Any]:
    """Rows -> a list of such objects."""
    return _made(f"lambda rows: [{_object(members)} for row in rows]", scope)


def is_path(text: object) -> bool:
    """Whether a text may stand behind `row.` as it is."""
    return isinstance(text, str) and all(
        one.isidentifier() and not iskeyword(one) for one in text.split(".")
    )


def _object(members: Iterable[tuple[str, str]]) -> str:
    return "{" + ", ".join(f"{name!r}: {text}" for name, text in members) + "}"


def _made(text: str, scope: Scope) -> Callable[[Any], Any]:
    made: Callable[[Any], Any] = eval(text, scope)  # noqa: S307
    return made
