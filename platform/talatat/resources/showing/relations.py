"""What `expand=` may name: relations, derived from the foreign keys of the fields that are shown.

A field `customer_id` whose column refers to the model of a composed resource is expandable as
`customer`, also in objects and lists of objects (`lines.product`) and among the fields of an
extension (`loyalty.account`). A field of the name that is there already is not hidden by it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import colander
import sqlalchemy as sa

from talatat.security.narrowing import READ, access

if TYPE_CHECKING:
    from talatat.resources.bound import BoundResource

SUFFIX = "_id"
PUBLIC = "public"

Targets = Mapping[Any, "BoundResource"]
"""Column of an id -> the resource that shows the rows with these ids."""


@dataclass(frozen=True)
class Container:
    """A field on the way to a foreign key: an object (`many` false) or a list of objects."""

    name: str
    get: Callable[[Any], Any]
    many: bool

    def inside(self, holder: Any, shown: dict[str, Any]) -> Iterator[tuple[Any, dict[str, Any]]]:
        """The rows below `holder`, each with how it is shown; a holder that is not there has None."""
        value = None if holder is None else self.get(holder)
        below = shown[self.name]
        if not self.many:
            if below is not None:
                yield value, below
            return
        for row, one in zip(value or (), below or (), strict=True):
            if one is not None:
                yield row, one


@dataclass(frozen=True, eq=False)
class Relation:
    """One expandable name of a resource, such as `lines.product`.

    `read` gives the id from the row that has the foreign key. `permissions` are those of the fields
    on the way and that of reading the target.
    """

    path: tuple[str, ...]
    target: BoundResource
    containers: tuple[Container, ...]
    read: Callable[[Any], Any]
    permissions: frozenset[str]

    @property
    def name(self) -> str:
        """As `expand=` names it."""
        return ".".join(self.path)

    def spots(self, row: Any, shown: dict[str, Any]) -> Iterator[tuple[dict[str, Any], Any]]:
        """(object to complete, id or None), for each place in `shown`, which shows `row`."""
        pairs: Iterable[tuple[Any, dict[str, Any]]] = ((row, shown),)
        for container in self.containers:
            pairs = [pair for one in pairs for pair in container.inside(*one)]
        for holder, below in pairs:
            yield below, None if holder is None else self.read(holder)


def targets_of(resources: Iterable[BoundResource]) -> Targets:
    """The first resource in the order of composition that lets rows of a model be read."""
    found: dict[Any, BoundResource] = {}
    for bound in resources:
        attribute = sa.inspect(bound.model).column_attrs.get("id")
        if attribute is not None and reading_permission(bound) is not None:
            found.setdefault(attribute.columns[0], bound)
    return found


def reading_permission(bound: BoundResource) -> str | None:
    """The permission of reading one row; None where rows of the resource are not read at all."""
    for operation in ("get", "list"):
        if operation in bound.declaration.operations:
            return bound.permission(operation)
    return None


def relations_of(bound: BoundResource, targets: Targets) -> dict[str, Relation]:
    """The relations of a resource by name, those in its extensions included."""
    found: dict[str, Relation] = {}
    finder = _Finder(targets, found)
    taken = {one.addon for one in bound.extensions}
    finder.collect(bound.schema, bound.model, (), frozenset(), taken)
    for one in bound.extensions:
        container = Container(one.addon, one.of, many=False)
        finder.collect(one.schema, one.attachment.extension, (container,), frozenset())
    return found


@dataclass(frozen=True)
class _Finder:
    targets: Targets
    found: dict[str, Relation]

    def collect(
        self,
        schema: Any,
        model: type[Any],
        containers: tuple[Container, ...],
        permissions: frozenset[str],
        taken: Iterable[str] = (),
    ) -> None:
        """Take note of the relations below `schema`, which shows rows of `model`."""
        mapper = sa.inspect(model)
        names = {node.name for node in schema.children}.union(taken)
        for node in schema.children:
            attribute = getattr(node, "attribute", None) or node.name
            if getattr(node, "write_only", False) or not isinstance(attribute, str):
                continue
            own = getattr(node, "read_permission", None)
            needed = permissions if own is None else permissions | {own}
            inner = _object_in(node)
            if inner is not None:
                relationship = mapper.relationships.get(attribute)
                many = inner is not node
                if relationship is not None and bool(relationship.uselist) == many:
                    container = Container(node.name, attrgetter(attribute), many)
                    below = relationship.mapper.class_
                    self.collect(inner, below, (*containers, container), needed)
                continue
            name = node.name.removesuffix(SUFFIX)
            target = self._target(mapper, attribute)
            if target is not None and name not in names:
                path = (*(one.name for one in containers), name)
                needed |= {str(reading_permission(target))} - {PUBLIC}
                needed |= {access(target.full_name, READ)}
                relation = Relation(path, target, containers, attrgetter(attribute), needed)
                self.found[relation.name] = relation

    def _target(self, mapper: Any, attribute: str) -> BoundResource | None:
        column = mapper.column_attrs.get(attribute)
        if column is None:
            return None
        keys = column.columns[0].foreign_keys
        return next((self.targets[key.column] for key in keys if key.column in self.targets), None)


def _object_in(node: Any) -> Any:
    """The mapping that a node is or is a list of, else None."""
    if isinstance(node.typ, colander.Sequence):
        node = node.children[0]
    return node if isinstance(node.typ, colander.Mapping) else None
