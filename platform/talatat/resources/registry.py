"""`Resources`: the declared resources of one composed system, `registry.system.resources`.

Addons declare in any order; `finish` binds everything when all have spoken: extensions to the models
that they extend, filters and orders to columns, hooks to resources. What does not fit is told all at
once, each with the addon and the line that declared it.
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from talatat.configuration.provenance import where
from talatat.errors import CompositionError
from talatat.resources.binding import (
    bound_filters,
    bound_sorts,
    limit_by_columns,
    mistyped,
    permitted_below,
    schema_instance,
)
from talatat.resources.bound import BoundResource
from talatat.resources.changes.following import Following, tables_of
from talatat.resources.changes.noting import Noting
from talatat.resources.declaration import Resource
from talatat.resources.extensions import ExtensionDeclaration, ExtensionFields
from talatat.resources.hooks import EVERY, HookDeclaration
from talatat.resources.listing.reaching import owners_of
from talatat.resources.showing.relations import targets_of
from talatat.schema.reading import ObjectReader


class Resources:
    """Bound resources by full name: `resources["catalog.products"]`. `noting` notes their changes."""

    noting: Noting

    def __init__(self) -> None:
        self.extensions: list[ExtensionDeclaration] = []
        self.hooks: list[HookDeclaration] = []
        self._bound: dict[str, BoundResource] = {}

    def __getitem__(self, full_name: str) -> BoundResource:
        try:
            return self._bound[full_name]
        except KeyError:
            raise KeyError(f"{full_name}: {self._unknown(full_name)}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._bound)

    def __contains__(self, full_name: object) -> bool:
        return full_name in self._bound

    def __len__(self) -> int:
        return len(self._bound)

    def values(self) -> list[BoundResource]:
        """All of them, in the order of composition."""
        return list(self._bound.values())

    def add(self, bound: BoundResource) -> None:
        """Take note of a resource whose declaration stands."""
        self._bound[bound.full_name] = bound

    def finish(self, registry: Any) -> None:
        """Bind everything; raises CompositionError with every problem."""
        system = registry.system
        problems = [*self._targets(self.extensions), *self._targets(self.hooks)]
        declared = self._by_target()
        for bound in self.values():
            problems += self._finish(bound, system, *declared[bound.full_name])
        if problems:
            raise CompositionError(problems)
        targets, owners = targets_of(self.values()), owners_of(self.values())
        for bound in self.values():
            bound.relate(targets, owners)
        self.noting = Noting(Following(self.values(), tables_of(system.composition)))
        self.noting.listen(system.database)

    def _by_target(self) -> dict[str, tuple[list[ExtensionDeclaration], list[HookDeclaration]]]:
        """The extensions and hooks of each resource, as they were declared."""
        found: dict[str, Any] = {name: ([], []) for name in self._bound}
        for extension in self.extensions:
            if extension.target in found:
                found[extension.target][0].append(extension)
        for hook in self.hooks:
            for name in found if hook.target == EVERY else (hook.target,):
                if name in found:
                    found[name][1].append(hook)
        return found

    def _finish(
        self,
        bound: BoundResource,
        system: Any,
        declared: list[ExtensionDeclaration],
        hooks: list[HookDeclaration],
    ) -> list[str]:
        schema = schema_instance(bound.declaration, system)
        extensions, problems = self._extensions_of(bound, schema, system, declared)
        filters, wrong_filters = bound_filters(bound, schema, extensions)
        sorts, wrong_sorts = bound_sorts(bound, schema)
        problems += _unmapped(schema, bound.model, where(bound.introspectable))
        problems += permitted_below(schema, where(bound.introspectable))
        if _written_as_read(bound.declaration):
            problems += mistyped(schema, bound.model, where(bound.introspectable))
        problems += [
            f"{where(bound.introspectable)}: {text}" for text in wrong_filters + wrong_sorts
        ]
        if not problems:
            bound.prepare(schema, extensions, hooks, filters, sorts, system)
        return problems

    def _extensions_of(
        self, bound: BoundResource, schema: Any, system: Any, declared: list[ExtensionDeclaration]
    ) -> tuple[list[ExtensionFields], list[str]]:
        attachments = {one.addon: one for one in system.models.of(bound.model)}
        order = system.composition.order
        declared.sort(key=lambda one: order.get(one.addon, len(order)))
        found, problems = [], []
        for one in declared:
            place = where(one.introspectable)
            if one.addon in schema:
                problems.append(
                    f"{place}: {bound.full_name} has a field named {one.addon!r} of its own, so the "
                    f"addon {one.addon} cannot add its fields under that name. Rename the field."
                )
            elif one.addon not in attachments:
                problems.append(
                    f"{place}: extend_resource({bound.full_name!r}, ...) needs an extension of "
                    f"{bound.model.__qualname__} by {one.addon}. Add "
                    f"config.extend_model({bound.model.__qualname__}, ...)."
                )
            else:
                node = one.schema().bind(system=system)
                node.name = one.addon
                limit_by_columns(node, attachments[one.addon].extension)
                fields = ExtensionFields(
                    one.addon, node, attachments[one.addon], one.introspectable
                )
                problems += _unmapped(node, attachments[one.addon].extension, place)
                problems += permitted_below(node, place)
                problems += mistyped(node, attachments[one.addon].extension, place)
                found.append(fields)
        return found, problems

    def _targets(self, declarations: Any) -> Iterator[str]:
        for one in declarations:
            if one.target != EVERY and one.target not in self._bound:
                yield f"{where(one.introspectable)}: {self._unknown(one.target)}"

    def _unknown(self, name: str) -> str:
        near = get_close_matches(name, self._bound, 1, 0.6)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        known = ", ".join(sorted(self._bound)) or "none"
        return f"no composed addon has the resource {name!r}.{hint} Resources: {known}."


def _written_as_read(declaration: type[Resource]) -> bool:
    """Whether what was read goes into the columns as it is: no `build` or `apply` of its own."""
    return declaration.build is Resource.build and declaration.apply is Resource.apply


def _unmapped(schema: Any, model: type[Any], place: str) -> list[str]:
    """A problem for each shown field that the model does not have."""
    problems = []
    for name, (node, _) in ObjectReader(schema).fields.items():
        if getattr(node, "write_only", False):
            continue
        attribute = getattr(node, "attribute", None) or name
        if isinstance(attribute, str) and not hasattr(model, attribute.partition(".")[0]):
            problems.append(
                f"{place}: the field {name!r} is shown from {model.__qualname__}.{attribute}, "
                f"which does not exist. Say attribute=... on the node, or add it to the model."
            )
    return problems
