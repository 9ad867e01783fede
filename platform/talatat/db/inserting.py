"""New entities written past the unit of work: one INSERT for all of a model.

A flush of the ORM sorts, cascades and compares for thousands of cases. Where an entity is nothing but the columns
of its table, and so is what belongs to it, and nobody listens, statements that were compiled before do the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import chain
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm.attributes import instance_dict, instance_state
from sqlalchemy.orm.state import InstanceState
from sqlalchemy.sql.elements import ClauseElement

from talatat.db.layout import AT_ONCE, Layout, Link, layout_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from talatat.db.work import Work

# Classes of most values, which are no SQL.
_VALUES = {str, int, bool, float, bytes, type(None), datetime, dict, list, InstanceState}

Groups = dict[Layout, list[Any]]
"""Layout -> its entities, owners before what belongs to them."""


def plain(
    entities: Iterable[Any], always_of: Callable[[type[Any]], Sequence[Any]]
) -> Groups | None:
    """New entities with what belongs to them; None where INSERTs of their columns would not be all.

    `always_of` a model are the extensions of which each of its rows has one.
    """
    groups: Groups = {}
    if not all(_collect(groups, entity, None) for entity in entities):
        return None
    for layout in groups:
        if not layout.is_simple or always_of(layout.mapper.class_):
            return None
        if layout.listeners("insert") is None:
            return None
    return groups


def _collect(groups: Groups, entity: Any, back: tuple[str | None, Any] | None) -> bool:
    """Put an entity and its children into their groups, if they are plain. `back` leads to the owner."""
    layout, members = layout_of(type(entity)), instance_dict(entity)
    if instance_state(entity).key is not None:
        return False
    groups.setdefault(layout, []).append(entity)
    for kind in set(map(type, members.values())) - _VALUES:
        if issubclass(kind, ClauseElement):
            return False
    for name in members.keys() - layout.columns.keys():
        value = members[name]
        if name in layout.links:
            if not _collect_children(groups, entity, layout.links[name], value or ()):
                return False
        elif layout.mapper.has_property(name) and not _is_owner(name, value, back):
            return False
    return True


def _collect_children(groups: Groups, owner: Any, link: Link, children: Iterable[Any]) -> bool:
    members, back = instance_dict(owner), (link.back, owner)
    return all(
        link.is_filled(members, child) and _collect(groups, child, back) for child in children
    )


def _is_owner(name: str, value: Any, back: tuple[str | None, Any] | None) -> bool:
    """Whether a relationship has nobody, or the owner with whom this is written."""
    return value is None or (back is not None and back[0] == name and back[1] is value)


def insert(work: Work, connection: Connection, groups: Groups) -> None:
    """Write the entities; from now on each is that of its row."""
    for layout, entities in groups.items():
        members = [instance_dict(entity) for entity in entities]
        for one in members:
            layout.complete(one)
        for start in range(0, len(members), AT_ONCE):
            part = members[start : start + AT_ONCE]
            prepared, names = layout.insertion(len(part))
            values = chain.from_iterable(map(layout.pick, part))
            prepared.send(connection, dict(zip(names, values, strict=True)))
        _tell(work, connection, layout, members)
    for layout, entities in groups.items():
        for wrote in layout.listeners("insert") or ():
            for entity in entities:
                wrote(connection, entity)
    for layout, entities in groups.items():
        for entity in entities:
            layout.written(entity)


def _tell(work: Work, connection: Connection, layout: Layout, members: Sequence[Any]) -> None:
    def values_of(column: Any) -> list[Any]:
        return [one[layout.attributes[column]] for one in members]

    for follower in work.database.followers:
        follower.inserted(connection, layout.table, values_of)
