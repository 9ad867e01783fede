"""The statements that make what a PostgreSQL catalogue holds, where the server has no function for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from talatat.evolution.live.postgresql_catalogue import (
    Attribute,
    Constraint,
    Relation,
    SequenceRow,
    Type,
)
from talatat.evolution.quoting import literal, quoted


def create_table(
    table: Relation,
    columns: Iterable[Attribute],
    identities: Mapping[tuple[int, str], tuple[Relation, SequenceRow]],
) -> str:
    """CREATE TABLE with its columns; constraints follow on their own."""
    kind = "UNLOGGED TABLE" if table.persistence == "u" else "TABLE"
    inner = ", ".join(_column(one, identities.get((table.oid, one.name))) for one in columns)
    partitioned = f" PARTITION BY {table.partition_key}" if table.partition_key else ""
    return f"CREATE {kind} {table.ref} ({inner}){partitioned}"


def _column(one: Attribute, identity: tuple[Relation, SequenceRow] | None) -> str:
    text = f"{quoted(one.name)} {one.type}"
    if one.collation:
        text += f" COLLATE {one.collation}"
    if identity is not None:
        sequence, row = identity
        when = "ALWAYS" if one.identity == "a" else "BY DEFAULT"
        text += f" GENERATED {when} AS IDENTITY (SEQUENCE NAME {sequence.ref} {_numbers(row)})"
    elif one.generated:
        kept = "STORED" if one.generated == "s" else "VIRTUAL"
        text += f" GENERATED ALWAYS AS ({one.default}) {kept}"
    elif one.default is not None:
        text += f" DEFAULT {one.default}"
    return text + (" NOT NULL" if one.notnull else "")


def create_sequence(sequence: Relation, row: SequenceRow) -> str:
    """CREATE SEQUENCE; whose it is is said later, when its table stands."""
    kind = "UNLOGGED SEQUENCE" if sequence.persistence == "u" else "SEQUENCE"
    return f"CREATE {kind} {sequence.ref} AS {row.type} {_numbers(row)}"


def _numbers(row: SequenceRow) -> str:
    return (
        f"INCREMENT BY {row.increment} MINVALUE {row.minimum} MAXVALUE {row.maximum} "
        f"START WITH {row.start} CACHE {row.cache} {'CYCLE' if row.cycles else 'NO CYCLE'}"
    )


def create_type(one: Type, columns: Sequence[Attribute], checks: Iterable[Constraint]) -> str:
    """CREATE TYPE or CREATE DOMAIN, a domain with its constraints."""
    if one.kind == "e":
        return (
            f"CREATE TYPE {one.ref} AS ENUM ({', '.join(literal(label) for label in one.labels)})"
        )
    if one.kind == "r":
        return f"CREATE TYPE {one.ref} AS RANGE (SUBTYPE = {one.base})"
    if one.kind == "c":
        return f"CREATE TYPE {one.ref} AS ({', '.join(_column(part, None) for part in columns)})"
    text = f"CREATE DOMAIN {one.ref} AS {one.base}"
    text += f" COLLATE {one.collation}" if one.collation else ""
    text += f" DEFAULT {one.default}" if one.default is not None else ""
    text += " NOT NULL" if one.notnull else ""
    return text + "".join(
        f" CONSTRAINT {quoted(check.name)} {check.definition.removesuffix(' NOT VALID')}"
        for check in checks
    )


def create_view(view: Relation) -> str:
    """CREATE VIEW or CREATE MATERIALIZED VIEW, with the options that change what it shows."""
    kind = "MATERIALIZED VIEW" if view.kind == "m" else "VIEW"
    options = f" WITH ({', '.join(view.options)})" if view.options else ""
    return f"CREATE {kind} {view.ref}{options} AS {(view.definition or '').strip().rstrip(';')}"


def add_constraint(table: Relation, one: Constraint) -> str:
    """ALTER TABLE ... ADD CONSTRAINT; a key of a partitioned table is put together from its parts'."""
    alone = "ONLY " if table.kind == "p" and one.kind in {"p", "u", "x"} else ""
    return f"ALTER TABLE {alone}{table.ref} ADD CONSTRAINT {quoted(one.name)} {one.definition}"


def become_part(table: Relation, parent: Relation) -> str:
    """ALTER TABLE that makes a table a partition, or an heir, of another."""
    if table.bound is not None:
        return f"ALTER TABLE {parent.ref} ATTACH PARTITION {table.ref} {table.bound}"
    return f"ALTER TABLE {table.ref} INHERIT {parent.ref}"
