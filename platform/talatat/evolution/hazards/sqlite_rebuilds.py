"""Tables that are made anew: CREATE new, INSERT ... SELECT, DROP old, ALTER new RENAME TO old.

To the rules that is one change of one table: what differs between the old and the new one, and what stood
on the old one and was not put back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from talatat.evolution.hazards import operations as op
from talatat.evolution.hazards.sqlite_shadow import Shadow, Thing
from talatat.evolution.hazards.tokens import Token


@dataclass
class _Gone:
    """A table as it was before the statement that dropped it."""

    table: Thing
    standing: list[Thing]
    referring: list[str]
    number: int


@dataclass
class Rebuilds:
    """Watches the statements of one step; `settled` tells at its end what was rebuilt."""

    shadow: Shadow
    foreign_keys: bool
    gone: dict[str, _Gone] = field(default_factory=dict)
    in_transaction: bool = False

    def pragma(self, tokens: list[Token]) -> bool:
        """Take note of PRAGMA foreign_keys (which does nothing inside of a transaction) and of BEGIN."""
        if tokens[0].is_word("BEGIN"):
            self.in_transaction = True
        elif tokens[0].is_word("COMMIT", "END", "ROLLBACK"):
            self.in_transaction = False
        words = [token.text.lower() for token in tokens]
        if words[:2] != ["pragma", "foreign_keys"] or len(words) < 4 or self.in_transaction:
            return False
        self.foreign_keys = words[3] in {"on", "1", "true", "yes"}
        return True

    def note(self, number: int, things: dict[str, Thing], tokens: list[Token]) -> None:
        """Take note of the table, as it stood in `things`, that a statement has dropped."""
        words = [token for token in tokens if not token.is_word("IF", "EXISTS")]
        if len(words) < 3 or not (words[0].is_word("DROP") and words[1].is_word("TABLE")):
            return
        name = words[-1].name
        thing = next((one for one in things.values() if one.name.lower() == name.lower()), None)
        if thing is not None and thing.kind == "table":
            on_it = [one for one in things.values() if one.table == thing.name and one is not thing]
            referring = self.shadow.referring(thing.name) if self.foreign_keys else []
            self.gone[thing.name] = _Gone(thing, on_it, referring, number)

    def settled(
        self, statements: list[list[op.Operation]]
    ) -> Iterator[tuple[int, list[op.Operation]]]:
        """The statements whose operations are to be said otherwise, by their number."""
        now = self.shadow.things()
        for name, gone in self.gone.items():
            if name not in now:
                continue
            made = _made_as(name, statements)
            for number, operations in enumerate(statements):
                kept = [one for one in operations if not _of_rebuild(one, name, made)]
                kept = [one for one in kept if not _put_back(one, gone)]
                if number == gone.number:
                    kept += _rebuilt(gone, now)
                if kept != operations:
                    statements[number] = kept
                    yield number, kept


def _made_as(name: str, statements: list[list[op.Operation]]) -> str | None:
    """The name under which the new table was made."""
    for operations in statements:
        for one in operations:
            if isinstance(one, op.Rename) and one.kind == "table" and one.new == name:
                return one.old
    return None


def _of_rebuild(one: op.Operation, name: str, made: str | None) -> bool:
    if isinstance(one, op.Drop):
        return one.kind == "table" and one.name == name
    if isinstance(one, op.Rename):
        return one.kind == "table" and name in {one.old, one.new} and made in {one.old, name}
    return isinstance(one, op.CreateTable | op.Write) and made is not None and one.table == made


def _put_back(one: op.Operation, gone: _Gone) -> bool:
    """Whether an operation makes again what stood on the old table."""
    standing = {thing.name for thing in gone.standing}
    return isinstance(one, op.CreateIndex | op.Attach) and one.name in standing


def _rebuilt(gone: _Gone, now: dict[str, Thing]) -> Iterator[op.Operation]:
    from talatat.evolution.hazards.sqlite import compared

    name = gone.table.name
    yield op.Alter(name, "REBUILD", None)
    yield from compared(gone.table, now[name])
    for thing in gone.standing:
        if thing.name not in now:
            yield op.Vanished(name, thing.kind, thing.name)
    for child in gone.referring:
        yield op.Vanished(name, "rows", child)
