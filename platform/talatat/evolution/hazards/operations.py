"""What a statement does, said in the same words for both dialects. The rules read only these.

A table is named as it is found without a schema, unless it stands in another schema than `public` or `main`.
"""

from __future__ import annotations

from dataclasses import dataclass

# PostgreSQL's lock modes, weakest first, by the names of pg_locks.
LOCKS = (
    "AccessShareLock",
    "RowShareLock",
    "RowExclusiveLock",
    "ShareUpdateExclusiveLock",
    "ShareLock",
    "ShareRowExclusiveLock",
    "ExclusiveLock",
    "AccessExclusiveLock",
)
SHARE_UPDATE, SHARE, SHARE_ROW, EXCLUSIVE, ACCESS = LOCKS[3:]


def blocks(lock: str) -> bool:
    """Whether those who write to the table wait for one who holds `lock`."""
    return LOCKS.index(lock) >= LOCKS.index(SHARE)


@dataclass(frozen=True)
class NewColumn:
    """A column that is made. `default` is None, "constant" or "volatile"; one of NULL is None too, and said.

    `fallible` says that the expression of a generated one may fail for some values.
    """

    name: str
    type: str
    nullable: bool = True
    default: str | None = None
    serial: bool = False
    generated: bool = False
    says_null: bool = False
    fallible: bool = False


@dataclass(frozen=True)
class Constraint:
    """A constraint that is made. `kind`: primary key, unique, exclude, check or foreign key.

    `not_null` names the column of which a check says that it is not null, `only` that it says nothing else; `source` is the text of a
    check's condition; `valid` is false with NOT VALID; `index` names the index of USING INDEX; `inline`
    says that it stands at its column.
    """

    kind: str
    columns: tuple[str, ...] = ()
    name: str | None = None
    target: str | None = None
    target_columns: tuple[str, ...] = ()
    on_delete: str = "no action"
    valid: bool = True
    index: str | None = None
    not_null: str | None = None
    source: str | None = None
    inline: bool = False
    only: bool = False


@dataclass(frozen=True)
class Operation:
    """The base: `table` is what the operation is about, None where it is about no table."""

    table: str | None


@dataclass(frozen=True)
class CreateTable(Operation):
    columns: tuple[NewColumn, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    temporary: bool = False
    reads: tuple[str, ...] = ()


@dataclass(frozen=True)
class AddColumn(Operation):
    column: NewColumn
    constraints: tuple[Constraint, ...] = ()


@dataclass(frozen=True)
class DropColumn(Operation):
    column: str
    cascade: bool = False


@dataclass(frozen=True)
class AlterType(Operation):
    column: str
    type: str
    using: bool = False
    collation: bool = False


@dataclass(frozen=True)
class SetNotNull(Operation):
    column: str


@dataclass(frozen=True)
class DropDefault(Operation):
    column: str


@dataclass(frozen=True)
class AddConstraint(Operation):
    constraint: Constraint


@dataclass(frozen=True)
class ValidateConstraint(Operation):
    name: str


@dataclass(frozen=True)
class DropConstraint(Operation):
    name: str
    cascade: bool = False


@dataclass(frozen=True)
class CreateIndex(Operation):
    """`columns` holds None for an expression; `partial` says that it has a condition.

    `fallible` says that an expression may fail for some values.
    """

    name: str | None
    columns: tuple[str | None, ...]
    unique: bool = False
    concurrently: bool = False
    partial: bool = False
    fallible: bool = False


@dataclass(frozen=True)
class DropIndex(Operation):
    name: str
    concurrently: bool = False


@dataclass(frozen=True)
class Reindex(Operation):
    name: str
    concurrently: bool = False


@dataclass(frozen=True)
class Rename(Operation):
    """`kind`: table, column, constraint, index, view or another of the server's words."""

    kind: str
    old: str
    new: str


@dataclass(frozen=True)
class MoveTable(Operation):
    """A table is taken to another schema."""

    schema: str


@dataclass(frozen=True)
class Drop(Operation):
    """An object is dropped; `table` is set where it is a table, or stands on one."""

    kind: str
    name: str
    cascade: bool = False


@dataclass(frozen=True)
class Create(Operation):
    """An object that is no table is made: a view, a sequence, a type, a function, a schema."""

    kind: str
    name: str
    reads: tuple[str, ...] = ()


@dataclass(frozen=True)
class Attach(Operation):
    """A trigger, a rule or a policy is put on a table."""

    kind: str
    name: str


@dataclass(frozen=True)
class Alter(Operation):
    """Any other change of a table: its `lock`, and whether all of it is written again."""

    what: str
    lock: str | None
    rewrites: bool = False
    concurrently: bool = False


@dataclass(frozen=True)
class Write(Operation):
    """Rows are inserted, updated or deleted; `bounded` says that their number does not grow with the table.

    `where` says that there is a condition at all.
    """

    kind: str
    bounded: bool
    where: bool = True


@dataclass(frozen=True)
class Vacuum(Operation):
    """VACUUM in any form."""


@dataclass(frozen=True)
class Truncate(Operation):
    cascade: bool = False


@dataclass(frozen=True)
class Lock(Operation):
    lock: str


@dataclass(frozen=True)
class SetTimeout(Operation):
    """`lock_timeout` is set, or with `on` false taken off; `local` ends with the transaction."""

    on: bool
    local: bool


@dataclass(frozen=True)
class Transaction(Operation):
    """`begin` or `end`."""

    kind: str


@dataclass(frozen=True)
class AddEnumValue(Operation):
    type: str
    value: str


@dataclass(frozen=True)
class Opaque(Operation):
    """Code whose effects cannot be seen: an anonymous block, a procedure."""

    what: str


@dataclass(frozen=True)
class ForeignKeys(Operation):
    """SQLite's PRAGMA foreign_keys."""

    on: bool


@dataclass(frozen=True)
class Vanished(Operation):
    """An SQLite object (`kind`, `name`) that stood on a table went with it and was not put back."""

    kind: str
    name: str


@dataclass(frozen=True)
class Parsed:
    """One statement: its text, what it does, the texts it holds, and names that the server would cut."""

    sql: str
    operations: tuple[Operation, ...]
    literals: frozenset[str] = frozenset()
    long_names: tuple[str, ...] = ()
