"""From differences to pieces, in the order in which they are to run: expand, data, contract."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Column, Table

from talatat.evolution.autogenerate import contracting, expanding
from talatat.evolution.autogenerate.changed import TableChange, by_table
from talatat.evolution.autogenerate.constraining import Waiting, constraints, index, validated
from talatat.evolution.autogenerate.former import Former
from talatat.evolution.autogenerate.pieces import Piece
from talatat.evolution.autogenerate.rendering import Renderer
from talatat.evolution.drift.comparing import Difference


@dataclass
class Draft:
    """The pieces of a new change of one addon, and what its author has to know."""

    pieces: list[Piece] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def draft(
    differences: Iterable[Difference],
    models: Mapping[str, Table],
    render: Renderer,
    former: Former,
    drop_tables: Collection[str] = (),
) -> Draft:
    """Return the pieces that make the revisions' schema the models'.

    `differences` are those of the addon's own tables, the models' side first.
    """
    made = Draft()
    differences = list(differences)
    absent = [one for one in differences if one.kind == "table" and one.other is None]
    names = {one.table for one in absent if one.table == one.name}
    changes = by_table([one for one in differences if one.table not in names], models, made.notes)
    new = [table for table in _sorted(models) if table.name in names]
    _renames(changes, render, made.notes)
    made.pieces += expanding.new_tables(new, render)
    _expand(changes, render, former, made)
    for change in changes:
        made.pieces += contracting.fills(change, expanding.needs_fill(change), render, made.notes)
    _contract(changes, render, former, made)
    made.pieces += contracting.dropped_tables(drop_tables, former)
    for one in former.unknown:
        made.notes.append(f"the way down of {one} has no portable code: look at it and write it.")
    return made


def _expand(changes: list[TableChange], render: Renderer, former: Former, made: Draft) -> None:
    waiting: Waiting = []
    for change in changes:
        made.pieces += expanding.columns(change, render, former)
        kept = [one for one in change.indexes if not _binds(change, one)]
        replaced = contracting.replaced_indexes(change)
        made.pieces += [index(one, render, "expand") for one in kept if one not in replaced]
        free = [one for one in change.constraints if change.is_new(one)]
        pieces, checks = constraints(change, free, render, "expand")
        made.pieces += pieces
        waiting += checks
    made.pieces += validated(waiting, render, "expand")


def _binds(change: TableChange, one: object) -> bool:
    """Whether an index refuses rows that processes of the previous release may write."""
    return bool(getattr(one, "unique", False)) and not change.is_new(one)  # type: ignore[arg-type]


def _contract(changes: list[TableChange], render: Renderer, former: Former, made: Draft) -> None:
    waiting: Waiting = []
    ends: list[Piece] = []
    for change in changes:
        must_hold = _must_hold(change)
        bound = [one for one in change.constraints if not change.is_new(one)]
        pieces, checks = contracting.taken_away(
            change, must_hold, bound, render, former, made.notes
        )
        made.pieces += pieces
        waiting += checks
        replaced = contracting.replaced_indexes(change)
        late = [one for one in change.indexes if one in replaced or _binds(change, one)]
        made.pieces += [index(one, render, "contract") for one in late]
        others = [one for one in bound if type(one).__name__ != "CheckConstraint"]
        pieces, keys = constraints(change, others, render, "contract")
        made.pieces += pieces
        waiting += keys
        ends += contracting.not_null(change, must_hold, render)
    made.pieces += validated(waiting, render, "contract")
    made.pieces += ends


def _must_hold(change: TableChange) -> list[Column[object]]:
    """The columns that become NOT NULL."""
    tightened = [
        change.model.columns[name]
        for name, (new, old) in change.changed.items()
        if old["nullable"] and not new["nullable"]
    ]
    return [*expanding.needs_fill(change), *tightened]


def _sorted(models: Mapping[str, Table]) -> list[Table]:
    """Tables after those that they refer to."""
    found: list[Table] = []
    for metadata in dict.fromkeys(table.metadata for table in models.values()):
        found += metadata.sorted_tables
    return found


def _renames(changes: list[TableChange], render: Renderer, notes: list[str]) -> None:
    """A column that goes while one comes may be a rename; it is told, never guessed."""
    for change in changes:
        if not (change.dropped and change.added):
            continue
        gone, come = change.dropped[0], change.added[0].name
        batch = f'Batch("{change.name}", set="{come} = {gone}", where="{come} IS NULL")'
        if come in contracting.filled(change, expanding.needs_fill(change), render):
            mend = (
                f"the data revision that gives old rows the model's default leaves none to fill, so write "
                f"{batch} there instead"
            )
        else:
            mend = f"fill {come} before the contract revision with a data revision, batches = [{batch}]"
        notes.append(
            f"{change.name}: {gone} goes and {come} comes. Should {come} be {gone} under a new name, its "
            f"values are lost this way: {mend}. What the older release changes in {gone} after that fill is "
            f"lost: where that matters, let one release write both {gone} and {come}, and the next drop "
            f"{gone}, after a data revision that fills {come} again where the two disagree."
        )
