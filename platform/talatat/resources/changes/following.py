"""Which tables belong to the rows of which resources, known from the models and from metadata.

To a row of a resource belong: the row itself; the rows of extensions that the resource shows; the rows
of relationships towards tables that are no resource of their own (the lines of an order), and of tables
between (the shelves of a product). `Resource.parts` names the relationships where that is not meant.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapper, RelationshipDirection, RelationshipProperty

from talatat.db.base import bases_of

if TYPE_CHECKING:
    from talatat.resources.bound import BoundResource

ACTIONS = ("CASCADE", "SET NULL", "SET DEFAULT")


@dataclass(frozen=True)
class Link:
    """A column that holds the id of a resource's row, whose table is `owner`; `own`: that very row."""

    owner: str
    column: sa.Column[Any]
    own: bool


@dataclass(frozen=True)
class Dependent:
    """A foreign key by which the database itself writes rows when one that they refer to is deleted."""

    refers_to: sa.Column[Any]
    column: sa.Column[Any]
    action: str


@dataclass
class Followed:
    """A table whose rows are noted, or whose deletions make the database write rows that are."""

    table: sa.Table
    links: list[Link] = field(default_factory=list)
    dependents: list[Dependent] = field(default_factory=list)
    version: sa.Column[Any] | None = None
    keeps: bool = False

    def add(self, link: Link) -> None:
        """Take note of a link, once."""
        if not any(one.owner == link.owner and one.column is link.column for one in self.links):
            self.links.append(link)


def owner_of(model: type[Any]) -> str:
    """The name under which changes of `model` are noted: its table, the base's where it inherits."""
    mapper: Mapper[Any] = sa.inspect(model)
    table: Any = mapper.base_mapper.local_table
    return str(table.name)


class Following:
    """All followed tables of a composed system by name; `keepers` are owners that keep what is deleted."""

    def __init__(self, resources: Iterable[BoundResource], tables: Iterable[sa.Table]) -> None:
        self.tables: dict[str, Followed] = {}
        self.keepers: set[str] = set()
        found = [bound for bound in resources if bound.declaration.has_changes]
        models = {sa.inspect(bound.model).base_mapper for bound in found}
        for bound in found:
            self._follow(bound, models)
        self._depend(list(tables))

    def get(self, name: Any) -> Followed | None:
        """What is followed of a table, by its name."""
        return self.tables.get(name)

    def _follow(self, bound: BoundResource, models: set[Mapper[Any]]) -> None:
        mapper: Mapper[Any] = sa.inspect(bound.model)
        owner = owner_of(bound.model)
        keeps = bound.declaration.keeps_deleted
        if keeps:
            self.keepers.add(owner)
        if "id" not in mapper.column_attrs:  # nothing by which its rows could be noted
            return
        columns = mapper.column_attrs["id"].columns
        version: Any = mapper.version_id_col
        for column in columns:
            if isinstance(column, sa.Column):
                followed = self._table(column.table)
                followed.add(Link(owner, column, own=True))
                followed.keeps = followed.keeps or keeps
                if version is not None and version.table is column.table:
                    followed.version = version
        for one in bound.extensions:
            extension: Mapper[Any] = sa.inspect(one.attachment.extension)
            key: Any = extension.primary_key[0]
            self._table(key.table).add(Link(owner, key, own=False))
        for relation in _parts(bound, mapper, models):
            pairs: list[tuple[Any, Any]] = list(relation.synchronize_pairs)
            for local, remote in pairs:
                if any(local is column for column in columns):
                    self._table(remote.table).add(Link(owner, remote, own=False))

    def _table(self, table: Any) -> Followed:
        return self.tables.setdefault(table.name, Followed(table))

    def _depend(self, tables: list[sa.Table]) -> None:
        """Take foreign keys in, until no table is added: a cascade may lead over tables of no resource."""
        taken: set[tuple[str, str]] = set()
        while True:
            before = len(taken)
            for table in tables:
                for key in _keys(table):
                    name = (table.name, key.parent.name)
                    if name in taken or table.name not in self.tables:
                        continue
                    action = (key.ondelete or "").upper()
                    if action != "CASCADE" and not self.tables[table.name].links:
                        continue
                    taken.add(name)
                    target = self._table(key.column.table)
                    target.dependents.append(Dependent(key.column, key.parent, action))
            if len(taken) == before:
                break
        for followed in self.tables.values():
            followed.dependents = [
                one for one in followed.dependents if self._matters(followed, one)
            ]

    def _matters(self, followed: Followed, dependent: Dependent) -> bool:
        """Whether anybody but the deleted row itself has to be told of what this key does."""
        child = self.tables[dependent.column.table.name]
        owners = {link.owner for link in followed.links if link.own}
        return bool(child.dependents) or not all(
            link.column is dependent.column and link.owner in owners - self.keepers
            for link in child.links
        )


def _keys(table: sa.Table) -> Iterator[Any]:
    """The foreign keys of one column that write rows by themselves."""
    for constraint in table.foreign_key_constraints:
        if len(constraint.elements) == 1 and (constraint.ondelete or "").upper() in ACTIONS:
            yield constraint.elements[0]


def _parts(
    bound: BoundResource, mapper: Mapper[Any], models: set[Mapper[Any]]
) -> Iterator[RelationshipProperty[Any]]:
    """The relationships whose rows belong to a row."""
    named = bound.declaration.parts
    shown = {str(getattr(node, "attribute", None) or node.name) for node in bound.schema.children}
    for relation in mapper.relationships:
        if relation.viewonly or "talatat.extension" in relation.info:
            continue
        if named is not None:
            wanted = relation.key in named
        elif relation.secondary is not None:
            wanted = True
        else:
            theirs = relation.mapper.base_mapper in models
            wanted = relation.key in shown or not theirs
        if wanted and relation.direction is not RelationshipDirection.MANYTOONE:
            yield relation


def tables_of(composition: Any) -> Iterator[sa.Table]:
    """The tables of all composed addons."""
    for addon in composition.addons:
        for base in bases_of(addon.package):
            yield from base.metadata.tables.values()
