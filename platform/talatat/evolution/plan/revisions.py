"""Steps out of revisions, before their statements are known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from talatat.db.batches import Batch
from talatat.evolution.graph import EvolutionError, Graph, Revision
from talatat.evolution.model import Step


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
    before = _before(graph, contract)
    # What an earlier contract revision took away is gone, and was swept then, whatever other line of
    # revisions leads there too.
    settled = {
        one.revision
        for passed in before
        if passed.phase == "contract"
        for one in _before(graph, passed)
    }
    return tuple(
        batch
        for one in before
        if one.revision not in settled
        for batch in one.batches
        if batch.where
    )


def _before(graph: Graph, revision: Revision) -> list[Revision]:
    """All revisions of the same addon that come before one, the oldest first."""
    found: dict[str, Revision] = {}
    waiting = [(one, False) for one in revision.down]
    while waiting:
        name, below = waiting.pop()
        one = graph.revisions.get((revision.addon, name))
        if one is None or name in found:
            continue
        if below:
            found[name] = one
        else:
            waiting += [(name, True), *((other, False) for other in one.down)]
    return list(found.values())
