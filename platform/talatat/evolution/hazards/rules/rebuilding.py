"""SQLite changes most things by making a table anew: what gets lost on the way."""

from __future__ import annotations

from collections.abc import Iterator

from talatat.evolution.hazards import operations as op
from talatat.evolution.hazards.registry import Hit, Scene, rule


@rule(
    "rebuild-loses-objects",
    title="A rebuilt table loses what stood on it",
    why="Triggers, indexes and the like go with the old table; batch mode does not put back triggers, indexes over "
    "expressions and unnamed checks.",
    recipe="Make them again in the same revision, after the table was rebuilt.",
    scale="warning", dialects=("sqlite",), on=(op.Vanished,),
)  # fmt: skip
def rebuild_loses_objects(scene: Scene, one: op.Vanished) -> Iterator[Hit]:
    if one.kind != "rows":
        yield Hit(f"the {one.kind} {one.name} of {one.table} is not there any more", one.table)


@rule(
    "rebuild-cascades",
    title="A table is rebuilt while foreign keys are on",
    why="Dropping the old table deletes its rows, and with ON DELETE CASCADE all rows that refer to them, without an error.",
    recipe="PRAGMA foreign_keys = OFF before BEGIN (inside of a transaction it does nothing), foreign_key_check before COMMIT. "
    "The platform's runner does this.",
    scale="loss", dialects=("sqlite",), on=(op.Vanished,),
)  # fmt: skip
def rebuild_cascades(scene: Scene, one: op.Vanished) -> Iterator[Hit]:
    if one.kind == "rows":
        yield Hit(f"the rows of {one.name} go with the old {one.table}", one.table)
