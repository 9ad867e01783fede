"""One spelling for what PostgreSQL prints differently once it has read its own print.

The server spells `status IN ('a', 'b')` of a varchar column as
`(ARRAY['a'::character varying, ...])::text[]`, reads that back, and spells it from then on as
`ARRAY[('a'::character varying)::text, ...]`. And it spells `a BETWEEN 1 AND 2 AND b` as
`((a >= 1) AND (a <= 2)) AND b`, but loses the parentheses when it reads them. In both cases the second
spelling is the one. A view, a check or an index that was made anew is so known as the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from talatat.evolution.hazards.tokens import Token, tokenize

_JOINING = ({"AND"}, {"OR"})


def respelled(sql: str) -> str:
    """Return SQL as the server prints it, in the spelling that it keeps for good."""
    return _flat(_spread_all(sql))


def _flat(sql: str) -> str:
    """`sql` without the parentheses around an AND that is part of an AND, and likewise OR."""
    if "((" not in sql or not (" AND " in sql or " OR " in sql):
        return sql
    tokens = list(tokenize(sql))
    gone = [place for pair in _nested(tokens) for place in pair]
    text, start = "", 0
    for place in sorted(gone):
        text += sql[start : tokens[place].start]
        start = tokens[place].end
    return text + sql[start:]


def _nested(tokens: Sequence[Token]) -> Iterator[tuple[int, int]]:
    """Where such parentheses open and close."""
    opened: list[tuple[int, set[str]]] = []
    for place, token in enumerate(tokens):
        if token.kind == "sign" and token.text == "(":
            opened.append((place, set()))
        elif token.kind == "sign" and token.text == ")" and opened:
            start, words = opened.pop()
            around = {tokens[start - 1].text, tokens[min(place + 1, len(tokens) - 1)].text}
            if words in _JOINING and words <= around <= words | {"(", ")"}:
                yield start, place
        elif opened and (token.text == "," or token.is_word("AND", "OR", "BETWEEN", "SELECT")):
            opened[-1][1].add(token.text)


def _spread_all(sql: str) -> str:
    if "(ARRAY[" not in sql:
        return sql
    tokens = list(tokenize(sql))
    for place in range(len(tokens) - 2):
        if [one.text for one in tokens[place : place + 3]] == ["(", "ARRAY", "["]:
            changed = _spread(sql, tokens, place)
            if changed is not None:
                return _spread_all(changed)
    return sql


def _spread(sql: str, tokens: Sequence[Token], place: int) -> str | None:
    """`sql` with the cast of the array at `place` put on its elements; None where there is no cast."""
    end = _closing(tokens, place + 2)
    after = [one.text for one in tokens[end + 1 : end + 4]]
    if after != [")", ":", ":"]:
        return None
    brackets = next(
        (at for at in range(end + 4, len(tokens) - 1) if tokens[at].text == "["), len(tokens)
    )
    if brackets >= len(tokens) or tokens[brackets + 1].text != "]":
        return None
    cast = sql[tokens[end + 4].start : tokens[brackets - 1].end]
    elements = ", ".join(
        f"({sql[group[0].start : group[-1].end]})::{cast}"
        for group in _elements(tokens[place + 3 : end])
    )
    head, tail = sql[: tokens[place].start], sql[tokens[brackets + 1].end :]
    return f"{head}ARRAY[{elements}]{tail}"


def _closing(tokens: Sequence[Token], opening: int) -> int:
    depth = 0
    for place in range(opening, len(tokens)):
        if tokens[place].kind == "sign":
            depth += {"[": 1, "]": -1}.get(tokens[place].text, 0)
            if depth == 0:
                return place
    return len(tokens)


def _elements(tokens: Sequence[Token]) -> Iterator[list[Token]]:
    depth, element = 0, list[Token]()
    for token in tokens:
        if depth == 0 and token.text == "," and token.kind == "sign":
            yield element
            element = []
            continue
        if token.kind == "sign":
            depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(token.text, 0)
        element.append(token)
    if element:
        yield element
