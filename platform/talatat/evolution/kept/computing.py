"""When a keep comes back: after the step that undoes its own, and after those that compute its values.

A step that fills the table (INSERT) or sets the column (UPDATE, a backfill) says what is true now; what was
kept must neither stand in its way nor hide that it has yet to run. One that sets only what is NULL leaves
values that are there alone: before it, rows come back that nobody has changed since, for their values are
as true as they were; in the others it computes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from talatat.evolution.hazards.tokens import Token, tokenize
from talatat.evolution.kept.record import Keep
from talatat.evolution.kept.renames import Places
from talatat.evolution.model import Step

# Which rows of a keep come back at a moment.
Moment = Literal["none", "unchanged", "all"]

_INVERSE = {"up": "downgrade", "down": "upgrade"}


def undone_at(keep: Keep, steps: Sequence[Step]) -> int | None:
    """The place in a plan of the step that undoes the one that the keep was made by."""
    wanted = (_INVERSE[keep.direction], keep.addon, keep.revision)
    places = (n for n, one in enumerate(steps) if (one.kind, one.addon, one.name) == wanted)
    return next(places, None)


def moment_of(keep: Keep, steps: Sequence[Step], done: int) -> Moment:
    """Which rows of a keep come back when the first `done` of `steps` were run."""
    place = undone_at(keep, steps)
    if place is None:
        place = -1  # it was undone by an earlier run
    elif place >= done:
        return "none"
    names, moment = places_of(keep), "all"
    for number, step in enumerate(steps[place + 1 :], place + 1):
        found = names.find(keep.table_name)
        if found is None:
            break
        if number >= done and step.addon == keep.addon:
            for sparing in _computed(step, keep, *found):
                if not sparing:
                    return "none"
                moment = "unchanged"
        names.follow(step.statements)
    return "unchanged" if moment == "unchanged" else "all"


def places_of(keep: Keep, columns: Sequence[str] = ()) -> Places:
    """Where the kept table and its columns stand; follow what was run since."""
    return Places({keep.table_name: [*keep.columns, *keep.key, *columns]})


def _computed(step: Step, keep: Keep, table: str, columns: Mapping[str, str]) -> Iterator[bool]:
    """Each way in which a step computes what was kept: whether it leaves alone what is not NULL."""
    if (
        step.kind == "fill"
    ):  # makes the guaranteed rows that are missing: those that came back are there
        return
    wanted = {columns[name] for name in keep.columns if name in columns}
    # A contract step's backfills were run before, to their ends.
    again = step.kind == "upgrade" and step.phase == "contract"
    for one in () if keep.whole or again else step.batches:
        tokens = list(tokenize(one["set"]))
        if one["table"] == table and (found := wanted & assigned(tokens)):
            yield _spares([*tokens, *tokenize(one.get("where") or "")], found)
    for statement in step.statements:
        tokens = list(tokenize(statement))
        for how, written, set_ in writes(tokens):
            if table == written and how == "insert" and keep.whole:
                yield False
            elif table == written and (found := wanted & set_):
                yield _spares(tokens, found)


def _spares(tokens: Sequence[Token], columns: set[str]) -> bool:
    """Whether each column is set where it is NULL only: `WHERE slug IS NULL`, `coalesce(slug, ...)`."""
    spared = set()
    for number, token in enumerate(tokens):
        after = tokens[number + 1 : number + 3]
        if len(after) == 2 and after[0].is_word("IS") and after[1].is_word("NULL"):
            spared.add(token.name)
        if token.is_word("COALESCE"):
            inside = (one for one in tokens[number + 2 :] if one.text not in ("(", "."))
            names = list(_until_comma(inside))
            spared.add(names[-1] if names else "")
    return columns <= spared


def _until_comma(tokens: Iterator[Token]) -> Iterator[str]:
    for token in tokens:
        if token.text == ",":
            return
        yield token.name


def writes(tokens: Sequence[Token]) -> Iterator[tuple[str, str, set[str]]]:
    """The INSERTs and UPDATEs in a statement: how, into which table, and the columns that are set."""
    for number, token in enumerate(tokens):
        if token.is_word("INSERT") and number + 1 < len(tokens):
            into = next((n for n in range(number, len(tokens)) if tokens[n].is_word("INTO")), None)
            if into is not None:
                yield "insert", _name(tokens, into + 1)[0], set()
        elif token.is_word("UPDATE"):
            only = number + 1 < len(tokens) and tokens[number + 1].is_word("ONLY")
            table, rest = _name(tokens, number + 1 + only)
            yield "update", table, assigned(tokens[rest:])


def _name(tokens: Sequence[Token], place: int) -> tuple[str, int]:
    """The name at `place`, without its schema, and the place after it."""
    if place >= len(tokens):
        return "", place
    if place + 2 < len(tokens) and tokens[place + 1].text == ".":
        return _name(tokens, place + 2)
    return tokens[place].name, place + 1


def assigned(tokens: Sequence[Token]) -> set[str]:
    """The columns that a SET clause assigns; `tokens` begin before it or within."""
    found: set[str] = set()
    depth = 0
    for number, token in enumerate(tokens):
        depth += {"(": 1, ")": -1}.get(token.text, 0)
        if depth < 0 or (depth == 0 and token.is_word("WHERE", "FROM", "RETURNING")):
            break
        if token.text == "=" and depth == 0 and number:
            found |= _left_of(tokens[:number])
    return found


def _left_of(tokens: Sequence[Token]) -> set[str]:
    """The name, or the names in parentheses, before an equals sign."""
    if tokens[-1].text != ")":
        return {tokens[-1].name}
    opened = max(n for n, token in enumerate(tokens) if token.text == "(")
    return {token.name for token in tokens[opened + 1 : -1] if token.text != ","}
