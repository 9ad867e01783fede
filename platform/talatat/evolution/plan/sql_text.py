"""Laying out a statement for people. Only white space is added; a very long one loses its middle."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

MOST_OF_ONE = 24
MOST_OF_ALL = 60
_TAIL = 5  # lines that are kept of the end
_TABLE = "CREATE TABLE"


def sql_lines(statement: str, width: int, *, full: bool = False) -> list[str]:
    """The lines of `statement`, none wider than `width` where it can be broken, with a `;` at the end.

    A CREATE TABLE has a column or a constraint a line. Unless `full`, a long one is shortened.
    """
    lines = list(_lines(statement.strip().rstrip(";") + ";", width))
    return shortened(lines, MOST_OF_ONE, full=full)


def shortened(lines: list[str], most: int, *, full: bool = False) -> list[str]:
    """The lines, or the first and the last of them around one that says how many are left out."""
    if full or len(lines) <= most:
        return lines
    head = most - _TAIL - 1
    left_out = len(lines) - head - _TAIL
    return [*lines[:head], f"... {left_out} more lines (--full shows them)", *lines[-_TAIL:]]


def _lines(statement: str, width: int) -> Iterator[str]:
    if "\n" in statement:
        for line in statement.splitlines():
            yield from _wrapped(line.rstrip(), width, "    ")
    elif len(statement) > width and _lists_columns(statement):
        head, *parts, tail = _parts(statement)
        yield head
        for part in parts:
            yield from _wrapped(f"    {part}", width, "        ")
        yield tail
    else:
        yield from _wrapped(statement, width, "    ")


def _lists_columns(statement: str) -> bool:
    head, paren, _ = statement.partition("(")
    return bool(paren) and head.upper().startswith(_TABLE) and " SELECT " not in head.upper()


def _wrapped(line: str, width: int, indent: str) -> list[str]:
    return textwrap.wrap(
        line,
        max(width, 40),
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
        replace_whitespace=False,
    )


def _parts(statement: str) -> list[str]:
    """A CREATE TABLE cut at its outer parentheses and at the commas directly within them."""
    parts: list[str] = []
    depth, quote, start = 0, "", 0
    for at, sign in enumerate(statement):
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "'\"":
            quote = sign
        elif sign == "(":
            depth += 1
            if depth == 1 and not parts:
                parts.append(statement[start : at + 1])
                start = at + 1
        elif sign == ")":
            depth -= 1
            if depth == 0:
                parts.append(statement[start:at])
                start = at
                break
        elif sign == "," and depth == 1:
            parts.append(statement[start : at + 1])
            start = at + 1
    parts.append(statement[start:])
    return [part.strip() for part in parts]
