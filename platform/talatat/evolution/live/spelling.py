"""One spelling for SQL that means the same: what a catalogue keeps as text is compared in it.

Words are in lower case, names are quoted only where they must be, white space follows one rule, comments
are gone. Nothing is understood: two texts that are spelled alike here are alike to the database.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from talatat.evolution.hazards.tokens import Token, tokenize
from talatat.evolution.quoting import quoted

_OPERATORS = {"<=", ">=", "<>", "!=", "==", "||", "->", "<<", ">>", "::", "->>"}
_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")


def squeezed(sql: str) -> str:
    """Return a statement as it stands, on one line and without its comments: for people and to compare."""
    parts: list[str] = []
    end = 0
    for token in tokenize(sql):
        parts.append(" " + token.text if parts and token.start > end else token.text)
        end = token.end
    return "".join(parts).rstrip("; ")


def spelled(sql: str | Iterable[Token]) -> str:
    """Return SQL in its one spelling."""
    return _spelled_text(sql) if isinstance(sql, str) else _spelled(sql)


@lru_cache(4096)  # planning reads the schema after each step; most of it is as it was
def _spelled_text(sql: str) -> str:
    return _spelled(tokenize(sql))


def _spelled(tokens: Iterable[Token]) -> str:
    words = _joined(tokens)
    text = ""
    for place, word in enumerate(words):
        glued = place == 0 or word in {")", ",", "."} or words[place - 1] in {"(", "."}
        text += word if glued else f" {word}"
    return text


def bare(sql: str | Iterable[Token]) -> str:
    """Return an expression in its one spelling, without parentheses around all of it."""
    tokens = list(tokenize(sql) if isinstance(sql, str) else sql)
    while _enclosed(tokens):
        tokens = tokens[1:-1]
    return spelled(tokens)


def name_of(token: Token) -> str:
    """Return a name as it is spelled: lower case and bare, quoted where it could not stand so."""
    name = token.name.lower()
    return name if _PLAIN.fullmatch(name) else quoted(name)


def _joined(tokens: Iterable[Token]) -> list[str]:
    words: list[str] = []
    end = -1
    for token in tokens:
        word = name_of(token) if token.kind == "quoted" else token.text
        if token.kind == "word":
            word = word.lower()
        if token.kind == "sign" and token.start == end and words[-1] + word in _OPERATORS:
            words[-1] += word
        else:
            words.append(word)
        end = token.end
    return words


def _enclosed(tokens: Sequence[Token]) -> bool:
    """Whether the first token opens what the last one closes."""
    if len(tokens) < 2 or tokens[0].text != "(" or tokens[-1].text != ")":
        return False
    depth = 0
    for place, token in enumerate(tokens):
        if token.kind == "sign":
            depth += {"(": 1, ")": -1}.get(token.text, 0)
        if depth == 0:
            return place == len(tokens) - 1
    return False
