"""What SQLite's catalogue keeps only as text: the constraints of a CREATE TABLE, read from its tokens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from talatat.evolution.hazards import operations as op
from talatat.evolution.hazards.tokens import Token, tokenize

_TABLE_WORDS = ("CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN")


@lru_cache(
    1024
)  # a plan compares all tables before and after each statement; most are as they were
def constraints(create: str) -> tuple[op.Constraint, ...]:
    """The constraints that a CREATE TABLE makes, its columns' among them; NOT NULL is none."""
    found: list[op.Constraint] = []
    for element in _elements(create):
        if element[0].is_word(*_TABLE_WORDS):
            found += _read(element, None)
        else:
            found += _read(element[1:], element[0].name)
    return tuple(found)


def _elements(create: str) -> Iterator[list[Token]]:
    """What stands between the commas of the outermost parentheses."""
    depth, element = 0, list[Token]()
    for token in tokenize(create):
        depth += {"(": 1, ")": -1}.get(token.text, 0) if token.kind == "sign" else 0
        if depth == 0 and element:
            yield element
            return
        if depth == 1 and token.text in "(,":
            if element:
                yield element
            element = []
        elif depth:
            element.append(token)


def _read(tokens: Sequence[Token], column: str | None) -> Iterator[op.Constraint]:
    name: str | None = None
    own = (column,) if column else ()
    for place, token in enumerate(tokens):
        if _depth(tokens, place):
            continue
        if token.is_word("CONSTRAINT") and place + 1 < len(tokens):
            name = tokens[place + 1].name
            continue
        made: op.Constraint | None = None
        if token.is_word("PRIMARY"):
            made = op.Constraint("primary key", own or _names(tokens, place), name)
        elif token.is_word("UNIQUE"):
            made = op.Constraint("unique", own or _names(tokens, place), name)
        elif token.is_word("CHECK"):
            made = op.Constraint("check", own, name, source=_text(tokens, place))
        elif token.is_word("REFERENCES"):
            made = _foreign(tokens, place, own or _names(tokens, 0), name)
        if made is not None:
            yield made
            name = None


def _foreign(
    tokens: Sequence[Token], place: int, columns: tuple[str, ...], name: str | None
) -> op.Constraint:
    target = tokens[place + 1].name if place + 1 < len(tokens) else ""
    words = [token.text.upper() for token in tokens[place:]]
    action = "no action"
    for at in range(len(words) - 2):
        if words[at : at + 2] == ["ON", "DELETE"]:
            action = " ".join(words[at + 2 : at + (4 if words[at + 2] in {"SET", "NO"} else 3)])
    return op.Constraint(
        "foreign key", columns, name, target, _names(tokens, place), action.lower()
    )


def _depth(tokens: Sequence[Token], place: int) -> int:
    signs = [token.text for token in tokens[:place] if token.kind == "sign"]
    return signs.count("(") - signs.count(")")


def _names(tokens: Sequence[Token], place: int) -> tuple[str, ...]:
    """The names in the first parentheses after a place."""
    found: list[str] = []
    opened = False
    for token in tokens[place:]:
        if token.text == "(" and token.kind == "sign":
            opened = True
        elif token.text == ")" and opened:
            break
        elif opened and token.kind in {"word", "quoted"} and not token.is_word("ASC", "DESC"):
            found.append(token.name)
    return tuple(found)


def _text(tokens: Sequence[Token], place: int) -> str:
    return " ".join(token.text for token in tokens[place + 1 :])
