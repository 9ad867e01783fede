"""A database's schema as data: what stands in it, the statements that make it anew, and its fingerprint."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from talatat.evolution.canonical import digest
from talatat.evolution.tables import VERSION_TABLE

# What archives and keeps make bears these prefixes; the two tables that list them do not.
PUT_AWAY = ("talatat_archive_", "talatat_kept_")

Wanted = Callable[[str], bool]


class Column(NamedTuple):
    """A column: its type as the database spells it, its default as SQL.

    `generated` ones are computed and cannot be written, `identity` ones are numbered by the database.
    """

    type: str
    nullable: bool
    default: str | None
    generated: bool = False
    identity: bool = False


class ForeignKey(NamedTuple):
    """A foreign key; `ondelete` is no action, restrict, cascade, set null or set default."""

    name: str | None
    columns: tuple[str, ...]
    target_table: str
    target_columns: tuple[str, ...]
    ondelete: str


class Index(NamedTuple):
    """An index, one that a unique constraint made among them; a column is None where it is an expression.

    `valid` is false for what a failed CREATE INDEX CONCURRENTLY left on PostgreSQL.
    """

    columns: tuple[str | None, ...]
    unique: bool
    partial: bool = False
    valid: bool = True


@dataclass(frozen=True)
class TableInfo:
    """What others want to know of a table. Not all of it: `Schema.canonical` is complete."""

    columns: Mapping[str, Column]
    primary_key: tuple[str, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    indexes: Mapping[str, Index] = field(default_factory=dict)


@dataclass(frozen=True)
class Object:
    """One thing of a schema, with the one statement that makes it.

    `kind` is table, index, constraint, trigger, view, sequence, function, type or extension, or setting:
    a statement that says more of an object before it. `table` is the table to which it belongs, if to
    one.
    """

    kind: str
    name: str
    table: str | None
    sql: str


@dataclass(frozen=True)
class Schema:
    """The schema of one database, read once. `objects` stand in an order in which they can be made."""

    dialect: str
    objects: tuple[Object, ...]
    tables: Mapping[str, TableInfo]
    search_path: tuple[str, ...] = ()
    _canonical: Mapping[str, dict[str, Any]] = field(default_factory=dict, repr=False)

    def statements(self) -> list[str]:
        """Return the statements that make this schema in an empty database, in an order that works."""
        made = [one.sql for one in self.objects]
        if self.dialect == "postgresql" and any(one.kind == "function" for one in self.objects):
            # A function may name in its body what is made after it.
            return [
                "SET check_function_bodies = off", *made, "RESET check_function_bodies",
            ]  # fmt: skip
        return made

    def canonical(self) -> dict[str, dict[str, Any]]:
        """Return what stands here by name: of a table its columns, constraints, indexes and triggers.

        Equal for a table that grew and for one that was made at once, whatever the order of columns.
        Version tables, which Alembic makes when it needs them, and extensions, which show in what uses
        them, are no part of it.
        """
        return dict(self._canonical)

    @cached_property
    def fingerprint(self) -> str:
        """The SHA-256 of `canonical`: the same for the same schema on every machine."""
        return digest({"dialect": self.dialect, "schema": self._canonical})


def is_put_away(name: str) -> bool:
    """Whether a table or a schema belongs to an archive or holds what was kept."""
    return name.startswith(PUT_AWAY)


def counted(canonical: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the canonical form without the version tables."""
    return {name: said for name, said in canonical.items() if not name.endswith(VERSION_TABLE)}
