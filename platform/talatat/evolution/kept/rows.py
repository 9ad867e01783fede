"""Whole tables that come back: the rows that are missing are inserted, as they were stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from talatat.evolution.kept.sql import differ, joined, quoted, ran
from talatat.evolution.kept.work import CHUNK, Unfit, Work, quiet
from talatat.evolution.quoting import literal

if TYPE_CHECKING:
    from talatat.evolution.live import ForeignKey


def put_rows(work: Work) -> None:
    """Insert the kept rows that the table does not have; they leave the keep. Raises Unfit."""
    columns = _columns(work)
    _check_keys(work)
    own = [one for one in work.info.foreign_keys if one.target_table == work.table]
    binding = [one for one in work.info.foreign_keys if one.ondelete != "set null"]
    others = tuple(one for one in binding if one not in own)
    was = {now: name for name, now in work.names.items()}
    values = {name: work.value(name) for name in columns}
    for key in work.info.foreign_keys:
        if key not in binding:
            values |= _let_go(work, key, was)
    with work.turn():
        work.run("UPDATE {keep} SET {why} = NULL WHERE {why} = {orphan}")
    # Rows that refer to rows of their own table can only come together.
    for where in work.chunks(None if own else CHUNK):
        if work.key:
            _pass_over(work, where, columns)
        work.orphans(where, others, lambda column: work.value(was[column]))
        while any(_strand(work, where, was, key) for key in own if key in binding):
            pass
        with quiet(work):
            work.trying(where, lambda rows: _insert(work, rows, values))
    with work.turn():
        _number(work, columns)


def _columns(work: Work) -> list[str]:
    """The columns of the keep that today's table takes. Raises Unfit where others say something."""
    taken = [
        name
        for name, now in work.names.items()
        if now in work.info.columns and not work.info.columns[now].generated
    ]
    for name in work.types:
        column = work.info.columns.get(work.names.get(name, ""))
        if column is None and work.ask(
            "SELECT 1 FROM {keep} WHERE {column} IS NOT NULL LIMIT 1",
            column=quoted(work.connection, name),
        ):
            raise Unfit(f"{work.table} has no column {name} now")
    for name in taken:
        work.value(name)
    given = {work.names[name] for name in taken}
    for now, column in work.info.columns.items():
        free = column.nullable or column.default is not None or column.generated or column.identity
        if now not in given and not free:
            raise Unfit(f"{work.table}.{now} is new and wants a value")
    return taken


def _check_keys(work: Work) -> None:
    """Raise Unfit where the table was filled anew, with rows that are the same under other keys."""
    begun = work.ask("SELECT count(*) FROM {keep}") < work.keep.rows
    if begun or not work.ask("SELECT 1 FROM {table} LIMIT 1"):
        return
    if not work.key or not work.ask(
        "SELECT 1 FROM {keep} AS k WHERE EXISTS (SELECT 1 FROM {table} AS t WHERE {match}) LIMIT 1"
    ):
        raise Unfit(f"{work.table} was filled anew, under other keys")


def _pass_over(work: Work, where: str, columns: list[str]) -> None:
    """What stands there already stays as it is."""
    equal = " AND ".join(
        f"NOT ({differ(work.connection, f't.{quoted(work.connection, work.names[name])}', work.value(name))})"
        for name in columns
    )
    work.same += work.run(
        "DELETE FROM {keep} AS k WHERE {where}"
        " AND EXISTS (SELECT 1 FROM {table} AS t WHERE {match} AND {equal})",
        where=where, equal=equal,
    )  # fmt: skip
    work.run(
        "UPDATE {keep} AS k SET {why} = {other} WHERE {where}"
        " AND EXISTS (SELECT 1 FROM {table} AS t WHERE {match})",
        where=where,
    )


def _strand(work: Work, where: str, was: Mapping[str, str], key: ForeignKey) -> bool:
    """Mark rows whose parent in the same table is neither there nor about to come; whether any was."""
    values = [work.value(was[name]) for name in key.columns]
    there, coming = _parents(work, key, was)
    marked = work.run(
        "UPDATE {keep} AS k SET {why} = {orphan} WHERE {where} AND {known}"
        " AND NOT EXISTS ({there}) AND NOT EXISTS ({coming})",
        where=where, there=there, coming=coming,
        known=" AND ".join(f"{value} IS NOT NULL" for value in values),
    )  # fmt: skip
    return marked > 0


def _let_go(work: Work, key: ForeignKey, was: Mapping[str, str]) -> dict[str, str]:
    """What the columns of a foreign key become: NULL where the parent was deleted (ON DELETE SET NULL)."""
    found = " OR ".join(f"EXISTS ({one})" for one in _parents(work, key, was) if one)
    return {
        was[name]: f"CASE WHEN {found} THEN {work.value(was[name])} END"
        for name in key.columns
        if work.info.columns[name].nullable
    }


def _parents(work: Work, key: ForeignKey, was: Mapping[str, str]) -> tuple[str, str]:
    """Queries for the parent that is there, and (in the same table) for the one that is about to come."""
    pairs = [
        (work.value(was[name]), target)
        for name, target in zip(key.columns, key.target_columns, strict=True)
    ]
    there = " AND ".join(f"p.{quoted(work.connection, name)} = {value}" for value, name in pairs)
    query = "SELECT 1 FROM {parent} AS p WHERE {there}"
    parent = quoted(work.connection, key.target_table)
    found = query.format_map({"parent": parent, "there": there})
    if key.target_table != work.table:
        return found, ""
    same = " AND ".join(f"{work.value(was[name], 'o')} = {value}" for value, name in pairs)
    query = "SELECT 1 FROM {keep} AS o WHERE o.{why} IS NULL AND {same}"
    return found, query.format_map({**work.parts, "same": same})


def _insert(work: Work, where: str, values: Mapping[str, str]) -> None:
    # What the database numbers by itself takes the numbers that the rows had.
    identity = any(work.info.columns[work.names[name]].identity for name in values)
    work.written += work.run(
        "INSERT INTO {table} ({into}) {overriding} SELECT {values} FROM {keep} AS k WHERE {where}"
        " ORDER BY k.{row}",
        into=joined(work.connection, (work.names[name] for name in values)),
        values=", ".join(values.values()),
        overriding="OVERRIDING SYSTEM VALUE" if identity and work.postgresql else "",
        where=where,
    )  # fmt: skip
    work.run("DELETE FROM {keep} AS k WHERE {where}", where=where)


def _number(work: Work, columns: list[str]) -> None:
    """Let PostgreSQL's sequences go on after the highest number that came back."""
    if not work.postgresql:
        return
    table = literal(work.parts["table"])
    for name in columns:
        column = literal(work.names[name])
        query = "SELECT pg_get_serial_sequence({name}, {column})"
        sequence = ran(work.connection, query, name=table, column=column).scalar()
        if sequence is not None:
            work.run(
                "SELECT setval({sequence}, greatest((SELECT max({column}) FROM {table}),"
                " (SELECT last_value FROM {source})))",
                sequence=literal(sequence), source=sequence,
                column=quoted(work.connection, work.names[name]),
            )  # fmt: skip
