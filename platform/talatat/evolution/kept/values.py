"""Columns that come back: each value is written where nobody has written or computed one since."""

from __future__ import annotations

from talatat.evolution.hazards.tokens import tokenize
from talatat.evolution.kept.computing import Moment
from talatat.evolution.kept.sql import differ, digest, quoted
from talatat.evolution.kept.work import CHUNK, Unfit, Work, quiet


def put_values(work: Work, moment: Moment) -> None:
    """Write the kept values; rows that are done leave the keep. Raises Unfit.

    At the moment of the unchanged rows the others wait undecided.
    """
    if not work.key or len(work.key) < len(work.keep.key):
        raise Unfit("no key tells which row is which")
    columns = [name for name in work.keep.columns if name in work.names]
    if len(columns) < len(work.keep.columns):
        raise Unfit("the column is not there")
    for name in columns:
        work.value(name)
        _check_writable(work, name)
    untouched = {name: _untouched(work, name) for name in columns}
    same = _unchanged(work) if moment == "unchanged" else ""
    for undecided in work.chunks(CHUNK):
        where = f"{undecided} {same}"
        gone = "DELETE FROM {keep} AS k WHERE {where} AND NOT EXISTS (SELECT 1 FROM {table} AS t WHERE {match})"
        work.gone += work.run(gone, where=where)
        _mark_orphans(work, where, columns)
        with quiet(work):
            work.trying(where, lambda rows: _write(work, rows, untouched))
        if moment == "all":
            work.run("UPDATE {keep} AS k SET {why} = {other} WHERE {where}", where=where)


def _check_writable(work: Work, name: str) -> None:
    """Raise Unfit where the database itself gives the column its values, and takes them from nobody."""
    column = work.info.columns[work.names[name]]
    if column.generated or (column.identity and work.postgresql):
        how = "computed" if column.generated else "numbered"
        raise Unfit(f"{work.table}.{work.names[name]} is {how} by the database now")


def _unchanged(work: Work) -> str:
    """The condition that a row's other columns are as they were when it was kept."""
    back = {work.names[name] for name in work.keep.columns}
    now = digest(work.connection, (name for name in work.info.columns if name not in back), "t.")
    template = "AND EXISTS (SELECT 1 FROM {table} AS t WHERE {match} AND k.{was} = {now})"
    return template.format_map({**work.parts, "now": now})


def _write(work: Work, where: str, untouched: dict[str, str]) -> None:
    now = {name: f"t.{quoted(work.connection, work.names[name])}" for name in untouched}
    wanted = {
        name: f"({free} AND {differ(work.connection, now[name], work.value(name))})"
        for name, free in untouched.items()
    }
    sets = ", ".join(
        f"{quoted(work.connection, work.names[name])} = CASE WHEN {wanted[name]}"
        f" THEN {work.value(name)} ELSE {now[name]} END"
        for name in untouched
    )
    work.written += work.run(
        "UPDATE {table} AS t SET {sets} FROM {keep} AS k WHERE {where} AND {match} AND ({wanted})",
        sets=sets, where=where, wanted=" OR ".join(wanted.values()),
    )  # fmt: skip
    equal = " AND ".join(
        f"NOT ({differ(work.connection, now[name], work.value(name))})" for name in untouched
    )
    work.same += work.run(
        "DELETE FROM {keep} AS k WHERE {where} AND EXISTS"
        " (SELECT 1 FROM {table} AS t WHERE {match} AND {equal})",
        where=where, equal=equal,
    )  # fmt: skip


def _mark_orphans(work: Work, where: str, columns: list[str]) -> None:
    was = {work.names[name]: name for name in columns}
    keys = tuple(one for one in work.info.foreign_keys if set(one.columns) & set(was))

    def of(column: str) -> str:
        if column in was:
            return work.value(was[column])
        template = "(SELECT t.{name} FROM {table} AS t WHERE {match})"
        return template.format_map({**work.parts, "name": quoted(work.connection, column)})

    work.orphans(where, keys, of)


def _untouched(work: Work, name: str) -> str:
    """The condition that nobody wrote a row's value: it is NULL, or what the column's default gave it."""
    column = work.info.columns[work.names[name]]
    now = f"t.{quoted(work.connection, work.names[name])}"
    default = column.default
    if default is None:
        return f"{now} IS NULL"
    if _is_constant(default):
        made = f"CAST({default} AS {column.type})" if work.postgresql else f"({default})"
        return f"({now} IS NULL OR NOT ({differ(work.connection, now, made)}))"
    # What now() gave cannot be asked for again; but it gave the same to every row.
    text = f"{now}::text" if work.postgresql else now
    values = work.ask(
        "SELECT count(*) FROM (SELECT DISTINCT {now} FROM {table} AS t, {keep} AS k"
        " WHERE {match} AND k.{why} IS NULL LIMIT 2) AS found",
        now=text,
    )
    return "1 = 1" if values == 1 else f"{now} IS NULL"


def _is_constant(default: str) -> bool:
    """Whether a default is the same whenever it is asked for: no call, no CURRENT_TIMESTAMP."""
    tokens = list(tokenize(default))
    return not any(
        token.text == "(" or (token.kind == "word" and token.text.upper().startswith("CURRENT_"))
        for token in tokens
    )
