"""Steps out of revisions, before their statements are known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from talatat.db.batches import Batch
from talatat.evolution.graph import EvolutionError, Graph, Revision
from talatat.evolution.plan.model import Step


def bare_step(
    revision: Revision, dialect: str, direction: str = "up", *, again: tuple[Batch, ...] = ()
) -> Step:
    """The step of a revision before its statements are known. `again` are backfills to run once more."""
    own = revision.batches if direction == "up" else revision.reversal
    return Step(
        "upgrade" if direction == "up" else "downgrade",
        revision.addon,
        revision.revision,
        revision.phase,
        batches=tuple(_declared(revision, one, dialect) for one in (*again, *own)),
        transactional=revision.transactional or dialect != "postgresql",
        checksum=revision.checksum,
        reversibility="reversible" if revision.reversible else "forward only",
    )


def _declared(revision: Revision, batch: Batch, dialect: str) -> Mapping[str, Any]:
    try:
        return batch.for_dialect(dialect)
    except KeyError as error:
        raise EvolutionError(
            f"{revision.path}: the backfill of {batch.table} has no text for {error}. Write it."
        ) from error


def sweeps(graph: Graph, contract: Revision) -> tuple[Batch, ...]:
    """The backfills that a contract revision builds on, to be run once more right before it.

    The previous release went on writing rows, without the new columns, after the backfill was done and
    until its last process ended. Those with a condition find just these rows.
    """
    found: list[Batch] = []
    waiting, seen = list(contract.down), set[str]()
    while waiting:
        one = graph.revisions.get((contract.addon, waiting.pop()))
        if one is None or one.revision in seen or one.phase == "contract":
            continue
        seen.add(one.revision)
        found = [batch for batch in one.batches if batch.where] + found
        waiting += one.down
    return tuple(found)
