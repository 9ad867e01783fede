"""Tables, columns, constraints and indexes of models as the code of revisions.

Revisions import nothing of their addon: a type that an addon made itself is written as what it is stored
as. Names are always said, and said to be final (`op.f`), whatever convention made them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Column,
    Computed,
    Dialect,
    ForeignKeyConstraint,
    Identity,
    Index,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
)
from sqlalchemy.schema import Constraint, DefaultClause
from sqlalchemy.sql.elements import ClauseElement, TextClause
from sqlalchemy.sql.functions import now
from sqlalchemy.types import TypeDecorator, TypeEngine

from talatat.db import types as own_types
from talatat.evolution.autogenerate.layout import (
    Call,
    Keyword,
    Node,
    call,
    quoted,
    requoted,
    several,
)


class Renderer:
    """Writes code for one dialect: expressions in models are compiled for it."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect

    def type(self, kind: TypeEngine[Any]) -> str:
        """A column's type: `t.UUIDv7()`, `sa.String(length=40)`."""
        module = type(kind).__module__
        if module.startswith("talatat.db.") and type(kind).__name__ in own_types.__all__:
            places = f"{kind.places}" if type(kind) is own_types.Scaled else ""
            return f"t.{type(kind).__name__}({places})"
        if isinstance(kind, TypeDecorator):
            return self.type(kind.impl_instance)
        place = "postgresql" if ".dialects.postgresql" in module else "sa"
        text = f"{place}.{requoted(repr(kind))}"
        for name, variant in getattr(kind, "_variant_mapping", {}).items():
            text += f".with_variant({self.type(variant)}, {quoted(name)})"
        return text

    def column(
        self, column: Column[Any], *, nullable: bool | None = None, default: bool = True
    ) -> Call:
        """A column without its constraints; `nullable` and `default` say less than the model does."""
        binds_null = not (column.nullable if nullable is None else nullable)
        integer_key = column.primary_key and column.autoincrement is False
        return call(
            "sa.Column",
            quoted(column.name),
            self.type(column.type),
            self._generated(column),
            nullable="False" if binds_null else None,
            server_default=self.default(column) if default else None,
            autoincrement="False" if integer_key else None,
        )

    def default(self, column: Column[Any]) -> str | None:
        """A default that the database fills in: a text, or `sa.text(...)` for an expression."""
        clause = column.server_default
        if not isinstance(clause, DefaultClause):
            return None
        if isinstance(clause.arg, str):
            return quoted(clause.arg)
        if isinstance(clause.arg, now):  # each database has its own word for it
            return "sa.func.now()"
        return f"sa.text({quoted(self.sql(clause.arg))})"

    def _generated(self, column: Column[Any]) -> Call | None:
        made = column.computed or column.identity
        if isinstance(made, Computed):
            stored = None if made.persisted is None else str(made.persisted)
            return call("sa.Computed", quoted(self.sql(made.sqltext)), persisted=stored)
        if isinstance(made, Identity):
            return call("sa.Identity", always="True" if made.always else None)
        return None

    def sql(self, expression: Any) -> str:
        """An expression of a model as SQL, its columns without their table."""
        if isinstance(expression, str):
            return expression
        if isinstance(expression, TextClause):
            return expression.text.replace("\\:", ":")
        options = {"literal_binds": True, "include_table": False}
        return str(expression.compile(dialect=self.dialect, compile_kwargs=options))

    def ident(self, name: str) -> str:
        """A name in SQL, quoted where it has to be."""
        return str(self.dialect.identifier_preparer.quote(name))

    def constraint(self, one: Constraint) -> Call | None:
        """A constraint inside of `op.create_table`; None for what a column's type makes itself."""
        name = self.name(one)
        options = self.options(one)
        if isinstance(one, PrimaryKeyConstraint | UniqueConstraint):
            kind = type(one).__name__
            made = call(f"sa.{kind}", *(quoted(column.name) for column in one.columns), name=name)
            return Call(made.name, (*made.arguments, *options)) if one.columns else None
        if isinstance(one, CheckConstraint):
            return call("sa.CheckConstraint", quoted(self.sql(one.sqltext)), name=name)
        if isinstance(one, ForeignKeyConstraint):
            targets = [f"{key.column.table.name}.{key.column.name}" for key in one.elements]
            return call(
                "sa.ForeignKeyConstraint",
                several(map(quoted, one.column_keys)),
                several(map(quoted, targets)),
                name=name,
                **self.actions(one),
            )
        return None

    def name(self, one: Constraint | Index) -> str | None:
        """A name as it stands in the database."""
        return f"op.f({quoted(str(one.name))})" if one.name else None

    def actions(self, one: ForeignKeyConstraint) -> dict[str, Node | None]:
        """What a foreign key does when the row that it refers to goes or changes."""
        return {
            "ondelete": quoted(one.ondelete) if one.ondelete else None,
            "onupdate": quoted(one.onupdate) if one.onupdate else None,
            "deferrable": str(one.deferrable) if one.deferrable is not None else None,
            "initially": quoted(one.initially) if one.initially else None,
        }

    def index(self, one: Index, *, concurrently: bool = False) -> Call:
        """`op.create_index(...)`; `concurrently` on PostgreSQL."""
        table = one.table
        assert table is not None
        expressions = [
            quoted(part.name) if isinstance(part, Column) else f"sa.text({quoted(self.sql(part))})"
            for part in one.expressions
        ]
        made = call(
            "op.create_index",
            self.name(one),
            quoted(table.name),
            several(expressions),
            unique="True" if one.unique else None,
            postgresql_concurrently="True" if concurrently else None,
        )
        return Call(made.name, (*made.arguments, *self.options(one)))

    def options(self, one: Constraint | Index) -> list[Keyword]:
        """What is said of an index or a constraint for one database only."""
        return self._options(one.dialect_kwargs)

    def _options(self, said: Mapping[str, Any]) -> list[Keyword]:
        given = {key: one for key, one in said.items() if isinstance(one, ClauseElement) or one}
        return [Keyword(key, self._option(value)) for key, value in given.items()]

    def _option(self, value: Any) -> Node:
        if isinstance(value, ClauseElement):
            return f"sa.text({quoted(self.sql(value))})"
        if isinstance(value, (list, tuple)):
            names = [one if isinstance(one, str) else one.name for one in value]
            return several(map(quoted, names))
        return requoted(repr(value))

    def create_table(self, table: Table) -> list[Node]:
        """The statements that make a table with its indexes."""
        constraints = sorted(table.constraints, key=_rank)
        made = (self.constraint(one) for one in constraints)
        parts: list[Node] = [quoted(table.name), *(self.column(one) for one in table.columns)]
        arguments: list[Node] = [*parts, *(one for one in made if one is not None)]
        arguments += self._options(table.dialect_kwargs)
        indexes = sorted(table.indexes, key=lambda one: str(one.name))
        return [Call("op.create_table", tuple(arguments)), *(self.index(one) for one in indexes)]


def _rank(one: Constraint) -> tuple[int, str]:
    """Primary key, foreign keys, unique constraints, checks; by name."""
    kinds = (PrimaryKeyConstraint, ForeignKeyConstraint, UniqueConstraint, CheckConstraint)
    rank = next((place for place, kind in enumerate(kinds) if isinstance(one, kind)), len(kinds))
    return (rank, str(one.name))
