"""The audited tables of a composed system: every table of every composed addon that does not opt out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapper

from talatat.db.base import bases_of
from talatat_audit.masking import Masking, masking_of, secret_attributes

ACTIONS = ("CASCADE", "SET NULL", "SET DEFAULT")
LABELS = ("name", "title", "label", "slug", "sku", "role", "display_name")


@dataclass(frozen=True)
class Dependent:
    """A foreign key by which the database itself writes rows of `column`'s table."""

    refers_to: sa.Column[Any]
    column: sa.Column[Any]
    action: str


@dataclass
class Audited:
    """One table. `resource` is the full name of the resource whose model it is, else the table's own."""

    table: sa.Table
    addon: str
    resource: str
    masking: Masking
    mappers: list[Mapper[Any]] = field(default_factory=list)
    dependents: list[Dependent] = field(default_factory=list)

    @property
    def names(self) -> frozenset[str]:
        """The names of all columns."""
        return frozenset(self.table.columns.keys())

    @property
    def keys(self) -> list[sa.Column[Any]]:
        """The columns of the primary key."""
        return list(self.table.primary_key.columns)

    def select(self, table: Any = None) -> sa.Select[Any]:
        """SELECT of all columns, by their names. Those that are masked come as they are stored.

        They are only compared, and a value that no key decrypts any more must not keep a row from being
        deleted. `table` is the table as a statement has it.
        """
        columns = (self.table if table is None else table).c
        return sa.select(*(self._read(columns[name]) for name in self.names))

    def _read(self, column: Any) -> Any:
        if column.name in self.masking.masked and isinstance(column.type, sa.types.TypeDecorator):
            return sa.type_coerce(column, column.type.impl_instance).label(column.key)
        return column

    def key_of(self, values: Any) -> tuple[Any, ...] | None:
        """The primary key among `values` by column name; None where it is not all there."""
        found = tuple(values.get(column.name) for column in self.keys)
        return found if found and None not in found else None


class Tables:
    """By name. Made once everything is composed, by whoever asks first."""

    def __init__(self, system: Any) -> None:
        self.by_name: dict[str, Audited] = {}
        resources, secret = _declared(system)
        mappers = list(_mappers(system.composition))
        for addon, table in _tables(system.composition):
            if table.info.get("audit") == "omitted":
                continue
            here = [one for one in mappers if table in one.tables]
            versions = [one.version_id_col for one in here if one.version_id_col is not None]
            masking = masking_of(table, versions, secret.get(table.name, ()))
            resource = resources.get(table.name, table.name)
            self.by_name[table.name] = Audited(table, addon, resource, masking, here)
        for audited in self.by_name.values():
            for key in _keys(audited.table):
                target = self.by_name.get(key.column.table.name)
                if target is not None:
                    action = (key.ondelete or "").upper()
                    target.dependents.append(Dependent(key.column, key.parent, action))

    def get(self, name: Any) -> Audited | None:
        """The audited table of this name, if it is one."""
        return self.by_name.get(name)


def _declared(system: Any) -> tuple[dict[str, str], dict[str, set[str]]]:
    """Table -> full name of its resource; table -> columns that schemas keep secret."""
    names: dict[str, str] = {}
    secret: dict[str, set[str]] = {}
    for bound in system.resources.values():
        mapper = sa.inspect(bound.model)
        names.setdefault(mapper.local_table.name, bound.full_name)
        told = [(mapper, bound.schema)]
        told += [(sa.inspect(one.attachment.extension), one.schema) for one in bound.extensions]
        for mapped, schema in told:
            for attribute in secret_attributes(schema):
                for column in getattr(mapped.column_attrs.get(attribute), "columns", ()):
                    secret.setdefault(column.table.name, set()).add(column.name)
    return names, secret


def _tables(composition: Any) -> Iterator[tuple[str, sa.Table]]:
    for addon in composition.addons:
        for base in bases_of(addon.package):
            for table in base.metadata.tables.values():
                yield addon.name, table


def _mappers(composition: Any) -> Iterator[Mapper[Any]]:
    for addon in composition.addons:
        for base in bases_of(addon.package):
            yield from base.registry.mappers


def _keys(table: sa.Table) -> Iterator[Any]:
    """The foreign keys of one column that write rows by themselves."""
    for constraint in table.foreign_key_constraints:
        if len(constraint.elements) == 1 and (constraint.ondelete or "").upper() in ACTIONS:
            yield constraint.elements[0]
