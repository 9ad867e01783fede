"""Putting back: which keeps come back now, in which order, and what is left of each."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select, update

from talatat.evolution.kept.computing import Moment, moment_of, places_of, undone_at
from talatat.evolution.kept.record import OWN, Keep, Returned, keeps_of
from talatat.evolution.kept.rows import put_rows
from talatat.evolution.kept.sql import quoted, ran
from talatat.evolution.kept.values import put_values
from talatat.evolution.kept.work import ORPHAN, WAITING, Unfit, Work
from talatat.evolution.live import read_schema
from talatat.evolution.model import Step
from talatat.evolution.quoting import literal
from talatat.evolution.tables import kept, ledger

_TYPES = """
SELECT a.attname, format_type(a.atttypid, a.atttypmod), t.typnamespace = 'pg_catalog'::regnamespace
  FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
 WHERE a.attrelid = to_regclass({table}) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""


def put_back(
    connection: Connection, steps: Sequence[Step] = (), done: int | None = None
) -> list[Returned]:
    """Put back what belongs where it was; return what became of each keep that was tried.

    `steps` are those of the plan that runs, of which the first `done` were run (all, where it is None):
    call it before each step and after the last. With no transaction open it works in small ones of its
    own, and goes on where it was killed; inside of an open one it does all in that.
    """
    done = len(steps) if done is None else done
    alone = not connection.in_transaction()
    waiting = keeps_of(connection, states=("kept",))
    moments = {one.id: moment_of(one, steps, done) for one in waiting}
    coming = [one for one in waiting if moments[one.id] != "none" and _is_undone(connection, one)]
    # Whole tables first: they may hold the rows of columns, and the parents of other rows.
    coming.sort(key=lambda one: not one.whole)
    results: dict[str, Returned] = {}
    moved = True
    while coming and moved:
        round_ = [_one(connection, one, steps[:done], moments[one.id], alone) for one in coming]
        # Rows that came back may be the parents for which others wait.
        moved = any(result.written for result in round_)
        for result in round_:
            results[result.keep.id] = result.after(results.get(result.keep.id))
        coming = [result.keep for result in round_ if ORPHAN in result.left]
    if alone:
        connection.rollback()
    return list(results.values())


def _is_undone(connection: Connection, keep: Keep) -> bool:
    """Whether the revision was run the other way since."""
    query = select(ledger.c.direction).where(
        ledger.c.addon == keep.addon, ledger.c.revision == keep.revision
    )
    last = connection.scalar(query.order_by(ledger.c.position.desc()).limit(1))
    return last is not None and last != keep.direction


def _one(
    connection: Connection, keep: Keep, steps: Sequence[Step], moment: Moment, alone: bool
) -> Returned:
    result = Returned(keep)
    try:
        work = _work(connection, keep, steps, alone)
        if keep.whole:
            put_rows(work)
        else:
            put_values(work, moment)
    except Unfit as unfit:
        result.problem = str(unfit)
        return result
    result.written, result.same, result.gone = work.written, work.same, work.gone
    with work.turn():
        query = "SELECT {why}, count(*) FROM {keep} GROUP BY {why}"
        found = ran(connection, query, **work.parts).fetchall()
        result.left = {str(why or WAITING): int(number) for why, number in map(tuple, found)}
        if not result.left:
            work.run("DROP TABLE {keep}")
        if ORPHAN not in result.left and WAITING not in result.left:
            state = "left" if result.left else "put_back"
            connection.execute(update(kept).where(kept.c.id == keep.id).values(state=state))
    return result


def _work(connection: Connection, keep: Keep, steps: Sequence[Step], alone: bool) -> Work:
    types, _ = _columns(connection, keep.location)
    places = places_of(keep, list(types))
    place = undone_at(keep, steps)
    for step in steps[0 if place is None else place + 1 :]:
        places.follow(step.statements)
    table, names = places.find(keep.table_name) or (keep.table_name, {})
    info = read_schema(connection, table.__eq__).tables.get(table)
    if info is None:
        raise Unfit(f"there is no table {table}")
    there = {old: new for old, new in names.items() if new in info.columns}
    _, own = _columns(connection, table)
    return Work(connection, keep, table, there, info, types, own, alone)


def _columns(connection: Connection, table: str) -> tuple[dict[str, str], frozenset[str]]:
    """The columns' types by name, and which of them are of types that people made."""
    name = quoted(connection, table)
    if connection.dialect.name == "postgresql":
        rows = [tuple(row) for row in ran(connection, _TYPES, table=literal(name))]
    else:
        listed = ran(connection, "PRAGMA table_info({table})", table=name)
        rows = [(name, type_, True) for _, name, type_, *_ in map(tuple, listed)]
    types = {column: type_ for column, type_, _ in rows if column not in OWN}
    return types, frozenset(column for column, _, built_in in rows if not built_in)
