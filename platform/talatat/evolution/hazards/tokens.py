"""SQL as a sequence of tokens: what both dialects agree on, without understanding any statement.

Used where a parse tree does not say where a text stands: to find the end of a statement, to put a word
into one, and to read what SQLite's catalogue does not tell. Quotes, comments (nested ones too) and
dollar quotes are followed, so that a semicolon in a text is no end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

_CLOSING = {"'": "'", '"': '"', "`": "`", "[": "]"}
# What is long and frequent is passed over in one step: a plan reads hundreds of thousands of signs.
_BLANKS = re.compile(r"\s+")
_WORD = re.compile(r"[\w$]+")


class Token(NamedTuple):
    """A word, a quoted name, a text, a number or one sign; `start` and `end` are places in the text."""

    kind: str
    text: str
    start: int
    end: int

    def is_word(self, *words: str) -> bool:
        """Whether this is one of `words` (upper case), unquoted."""
        return self.kind == "word" and self.text.upper() in words

    @property
    def name(self) -> str:
        """The name that the token stands for; unquoted ones in lower case."""
        if self.kind != "quoted":
            return self.text.lower()
        close = self.text[-1]
        return self.text[1:-1].replace(close * 2, close)


@dataclass(frozen=True)
class Piece:
    """One statement of a script; `line` is the line on which its first word stands, from 1."""

    text: str
    line: int


def tokenize(text: str) -> Iterator[Token]:
    """Yield the tokens of `text`, without blanks and comments; what is left open ends with the text."""
    place = 0
    while place < len(text):
        kind, end = _next(text, place)
        if kind:
            yield Token(kind, text[place:end], place, end)
        place = end


def pieces(text: str) -> list[Piece]:
    """Split a script at the semicolons that end statements; bodies between BEGIN and END stay whole."""
    found: list[Piece] = []
    group: list[Token] = []
    for token in tokenize(text):
        if token.text == ";" and not _inside(group):
            _add(found, text, group)
            group = []
        else:
            group.append(token)
    _add(found, text, group)
    return found


def _add(found: list[Piece], text: str, group: Sequence[Token]) -> None:
    if group:
        line = text.count("\n", 0, group[0].start) + 1
        found.append(Piece(text[group[0].start : group[-1].end], line))


def _inside(group: Sequence[Token]) -> bool:
    """Whether a semicolon after `group` stands within parentheses or a body of BEGIN ... END."""
    if not group:
        return False
    depth = sum({"(": 1, ")": -1}.get(token.text, 0) for token in group)
    if depth > 0:
        return True
    head = [token.text.upper() for token in group[:4] if token.kind == "word"]
    if head[:1] != ["CREATE"] or not {"TRIGGER", "FUNCTION", "PROCEDURE"} & set(head):
        return False
    opened = sum(token.is_word("BEGIN", "CASE") for token in group)
    return opened > sum(token.is_word("END") for token in group)


def _next(text: str, place: int) -> tuple[str, int]:
    """The kind of what starts at `place` ("" for blanks and comments), and where it ends."""
    sign = text[place]
    if blanks := _BLANKS.match(text, place):
        return "", blanks.end()
    if sign.isalpha() or sign == "_":
        if sign in "eE" and text.startswith("'", place + 1):
            return "text", _quoted(text, place + 1, "'", True)
        return "word", _word(text, place)
    if text.startswith("--", place):
        return "", _after(text, "\n", place)
    if text.startswith("/*", place):
        return "", _comment(text, place)
    if sign in "'\"`[" and not (sign == "[" and _is_subscript(text, place)):
        return ("text" if sign == "'" else "quoted"), _quoted(text, place, _CLOSING[sign], False)
    if sign == "$":
        return _dollar(text, place)
    if sign.isalnum():
        return ("number" if sign.isdigit() else "word"), _word(text, place)
    return "sign", place + 1


def _is_subscript(text: str, place: int) -> bool:
    """`a[1]` and `int[]` are PostgreSQL's; `[a name]` stands apart."""
    return place > 0 and (text[place - 1].isalnum() or text[place - 1] in '_])"')


def _word(text: str, place: int) -> int:
    found = _WORD.match(text, place)
    return found.end() if found else place


def _after(text: str, mark: str, place: int) -> int:
    found = text.find(mark, place)
    return len(text) if found < 0 else found + len(mark)


def _comment(text: str, place: int) -> int:
    depth, place = 1, place + 2
    while depth and place < len(text):
        if text.startswith("/*", place):
            depth, place = depth + 1, place + 2
        elif text.startswith("*/", place):
            depth, place = depth - 1, place + 2
        else:
            place += 1
    return place


def _quoted(text: str, place: int, close: str, escapes: bool) -> int:
    place += 1
    while place < len(text):
        if escapes and text[place] == "\\":
            place += 2
        elif text[place] != close:
            place += 1
        elif text.startswith(close, place + 1) and close != "]":
            place += 2
        else:
            return place + 1
    return len(text)


def _dollar(text: str, place: int) -> tuple[str, int]:
    end = place + 1
    while end < len(text) and (text[end].isalnum() or text[end] == "_"):
        end += 1
    if text.startswith("$", end) and not text[place + 1 : place + 2].isdigit():
        tag = text[place : end + 1]
        return "text", _after(text, tag, end + 1)
    return "word", max(end, place + 1)
