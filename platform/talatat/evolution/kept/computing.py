"""When a keep comes back: after the step that undoes its own, and after those that compute its values.

A step that fills the table (INSERT) or sets the column (UPDATE, a backfill) says what is true now; what was
kept must neither stand in its way nor hide that it has yet to run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from talatat.evolution.hazards.tokens import Token, tokenize
from talatat.evolution.kept.record import Keep
from talatat.evolution.kept.renames import Places
from talatat.evolution.plan.model import Step

_INVERSE = {"up": "downgrade", "down": "upgrade"}


def undone_at(keep: Keep, steps: Sequence[Step]) -> int | None:
    """The place in a plan of the step that undoes the one that the keep was made by."""
    wanted = (_INVERSE[keep.direction], keep.addon, keep.revision)
    places = (n for n, one in enumerate(steps) if (one.kind, one.addon, one.name) == wanted)
    return next(places, None)


def has_come(keep: Keep, steps: Sequence[Step], done: int) -> bool:
    """Whether nothing of `steps`, of which `done` were run, has to come before the keep comes back."""
    place = undone_at(keep, steps)
    if place is None:
        place = -1  # it was undone by an earlier run
    elif place >= done:
        return False
    names = places_of(keep)
    for number, step in enumerate(steps[place + 1 :], place + 1):
        found = names.find(keep.table_name)
        if found is None:
            return True
        if number >= done and step.addon == keep.addon and _computes(step, keep, *found):
            return False
        names.follow(step.statements)
    return True


def places_of(keep: Keep, columns: Sequence[str] = ()) -> Places:
    """Where the kept table and its columns stand; follow what was run since."""
    return Places({keep.table_name: [*keep.columns, *keep.key, *columns]})


def _computes(step: Step, keep: Keep, table: str, columns: dict[str, str]) -> bool:
    wanted = {columns[name] for name in keep.columns if name in columns}
    sweeping = (
        step.kind == "upgrade" and step.phase == "contract"
    )  # what was computed before, again
    if (
        not keep.whole
        and not sweeping
        and any(
            one["table"] == table and wanted & assigned(list(tokenize(one["set"])))
            for one in step.batches
        )
    ):
        return True
    return any(
        table == written and (keep.whole if how == "insert" else bool(wanted & set_))
        for statement in step.statements
        for how, written, set_ in writes(statement)
    )


def writes(statement: str) -> Iterator[tuple[str, str, set[str]]]:
    """The INSERTs and UPDATEs in a statement: how, into which table, and the columns that are set."""
    tokens = list(tokenize(statement))
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
