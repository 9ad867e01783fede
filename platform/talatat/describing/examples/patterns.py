"""A text that a regular expression matches, always the same one: each choice takes the first way.

Python's own parser reads the expression. What is asked of the surroundings (look-around, references
to groups) is not looked at: the text is tried in the end, and given only if it matches.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import import_module
from typing import Any

# Not public under this name, and without another since `sre_parse` is deprecated.
_PARSER: Any = import_module("re._parser")
_NAMED = {
    "digit": "1",
    "space": " ",
    "word": "a",
    "not_digit": "a",
    "not_space": "a",
    "not_word": "-",
}
_FILLER = "aA1-_. "


def text_for(pattern: str, minimum: int = 0) -> str | None:
    """A text of at least `minimum` characters, where repetitions allow it, that `pattern` finds.

    None where none was found.
    """
    try:
        compiled, parsed = re.compile(pattern), _PARSER.parse(pattern)
    except re.error:
        return None
    for more in (0, minimum, minimum + 8):
        found = _sequence(parsed, more)
        if len(found) >= minimum and compiled.search(found):
            return found
    return None


def _sequence(parsed: Any, more: int) -> str:
    return "".join(_part(str(op).lower(), argument, more) for op, argument in parsed)


def _part(op: str, argument: Any, more: int) -> str:
    write = _PARTS.get(op)
    return write(argument, more) if write else ""


def _repeat(argument: Any, more: int) -> str:
    least, most, inner = argument
    return _sequence(inner, more) * min(int(most), max(int(least), more))


def _branch(argument: Any, more: int) -> str:
    return _sequence(argument[1][0], more)


def _set(argument: Any, more: int) -> str:
    names = [str(op).lower() for op, _ in argument]
    if names[0] == "negate":
        excluded = re.compile(_class_of(argument[1:]))
        return next((one for one in _FILLER if not excluded.fullmatch(one)), "~")
    return _member(*argument[0])


def _member(op: Any, argument: Any) -> str:
    name = str(op).lower()
    if name == "range":
        return chr(argument[0])
    if name == "category":
        return _NAMED[str(argument).lower().removeprefix("category_")]
    return chr(argument)


def _class_of(members: Any) -> str:
    found = ""
    for op, argument in members:
        name = str(op).lower()
        if name == "range":
            found += f"{re.escape(chr(argument[0]))}-{re.escape(chr(argument[1]))}"
        else:
            found += re.escape(_member(op, argument))
    return f"[{found}]"


_PARTS: dict[str, Callable[[Any, int], str]] = {
    "literal": lambda argument, _: chr(argument),
    "not_literal": lambda argument, _: "a" if chr(argument) != "a" else "b",
    "any": lambda *_: "a",
    "in": _set,
    "category": lambda argument, _: _member("category", argument),
    "branch": _branch,
    "subpattern": lambda argument, more: _sequence(argument[-1], more),
    "atomic_group": _sequence,
    "max_repeat": _repeat,
    "min_repeat": _repeat,
    "possessive_repeat": _repeat,
}
