"""Names and texts in quotes, as both databases read them: for statements that take no parameters."""

from __future__ import annotations


def quoted(name: str) -> str:
    """A name in quotes."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text in quotes."""
    return "'" + text.replace("'", "''") + "'"
