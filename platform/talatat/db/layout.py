"""`Layout`: how entities of one model lie in their table, and `new`, which makes them without events.

    order = new(Order, customer_id=..., lines=[new(OrderLine, position=0, ...)])

`new` gives an entity what it would have after a flush and a reload: all columns with their defaults, the keys
of what belongs to it, relationships on both sides. No event of an attribute is sent for it and no constructor
called, so it costs a tenth of that. `Work.insert` writes it; `session.add` would, too.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapper, RelationshipDirection
from sqlalchemy.orm.attributes import instance_dict, instance_state, set_committed_value

from talatat.db.on_write import Wrote, listeners
from talatat.db.prepared import Prepared

_KEPT = "talatat.layout"  # under which the `info` of a mapped class keeps it

AT_ONCE = 32
"""Rows of one statement that writes many, which is compiled for each number of them; more take several."""

Make = Callable[[], Any]


def layout_of(model: type[Any]) -> Layout:
    """The layout of a model, made once."""
    mapper: Mapper[Any] = model.__mapper__
    kept = mapper.class_manager.info
    found: Layout | None = kept.get(_KEPT)
    if found is None:
        found = kept[_KEPT] = Layout(mapper)
    return found


def new(model: type[Any], /, **values: Any) -> Any:
    """A new entity of `model`, in no session, with these values of columns and relationships.

    Of relationships only those to a list of entities that `new` made are taken.
    TypeError for a name that is no such attribute.
    """
    return layout_of(model).new(values)


class Layout:
    """The columns, defaults and INSERTs of one model."""

    def __init__(self, mapper: Mapper[Any]) -> None:
        self.mapper = mapper
        self.table: Any = mapper.local_table
        # Attribute -> its column.
        attributes = {one.key: one.columns[0] for one in mapper.column_attrs}
        self.columns: dict[str, sa.Column[Any]] = {
            key: column for key, column in attributes.items() if isinstance(column, sa.Column)
        }
        self.attributes: dict[Any, str] = {column: key for key, column in self.columns.items()}
        self.version = self.attributes.get(mapper.version_id_col)
        self.next_version: Any = mapper.version_id_generator
        self.defaults = {key: default_of(column) for key, column in self.columns.items()}
        # What is made for each row; all other columns are empty where nothing is given.
        self.made = [
            (key, make) for key, make in self.defaults.items() if make not in (None, _nothing)
        ]
        self.empty: dict[str, None] = dict.fromkeys(self.columns)
        self.links = {key: Link(one) for key, one in mapper.relationships.items() if _owns(one)}
        # One table, and nothing that only the database, or SQLAlchemy, makes up.
        self.is_simple = (
            not mapper.inherits
            and mapper.polymorphic_on is None
            and len(self.columns) == len(attributes) == len(self.table.columns)
            and all(map(_is_plain, self.columns.values()))
            and None not in self.defaults.values()
            and self.next_version is not False
        )
        self._insertions: dict[int, tuple[Prepared, tuple[str, ...]]] = {}

    @cached_property
    def pick(self) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
        """The values of the columns among the members of an entity."""
        if len(self.columns) == 1:
            (only,) = self.columns
            return lambda members: (members[only],)
        return itemgetter(*self.columns)

    @cached_property
    def identity(self) -> list[str]:
        """The attributes of the primary key."""
        return [self.attributes[column] for column in self.mapper.primary_key]

    def listeners(self, what: str) -> tuple[Wrote, ...] | None:
        """Who is told of each row after an "insert" or "update"; None where one of them needs a session."""
        heard: Any = self.mapper.dispatch
        if getattr(heard, f"before_{what}"):
            return None
        return listeners(getattr(heard, f"after_{what}"))

    def loaded(self, values: Mapping[str, Any]) -> Any:
        """An entity in no session that has these values of columns, as if they had been read."""
        entity = self.mapper.class_manager.new_instance()
        instance_dict(entity).update(values)
        return entity

    def new(self, values: Mapping[str, Any]) -> Any:
        """See `new`."""
        entity = self.mapper.class_manager.new_instance()
        members = instance_dict(entity)
        members.update(self.empty)
        for key, make in self.made:
            if key not in values:
                members[key] = make()
        linked = values.keys() - members.keys()
        if not linked:
            members.update(values)
            return entity
        members.update([(key, value) for key, value in values.items() if key not in linked])
        for name in linked:
            if name not in self.links:
                raise TypeError(f"{name!r} is no column or list of {self.mapper.class_.__name__}")
            self.links[name].fill(entity, members, values[name])
        return entity

    def complete(self, members: dict[str, Any]) -> None:
        """Give the members of a new entity the defaults that they lack, and the first version."""
        if not self.columns.keys() <= members.keys():
            members.update({**self.empty, **members})
        for key, make in self.made:
            if members[key] is None:
                members[key] = make()
        if self.version is not None:
            members[self.version] = self.next_version(None)

    def written(self, entity: Any) -> None:
        """Let an entity be that of its row, all of whose columns it has.

        As `make_transient_to_detached`, without its search for columns that are not loaded.
        """
        state, members = instance_state(entity), instance_dict(entity)
        identity = tuple([members[name] for name in self.identity])
        state.key = self.mapper.identity_key_from_primary_key(identity)
        state._commit_all(members)

    def insertion(self, count: int) -> tuple[Prepared, tuple[str, ...]]:
        """The INSERT of so many rows, and the names of its values: row after row, by `columns`."""
        made = self._insertions.get(count)
        if made is None:
            rows = [
                {
                    column.name: sa.bindparam(f"at{at}_{key}", type_=column.type)
                    for key, column in self.columns.items()
                }
                for at in range(count)
            ]
            names = tuple(f"at{at}_{key}" for at in range(count) for key in self.columns)
            made = Prepared(sa.insert(self.table).values(rows)), names
            self._insertions[count] = made
        return made


class Link:
    """A relationship to a list of rows that have the key of their owner."""

    def __init__(self, relation: Any) -> None:
        self.name = relation.key
        self.back: str | None = relation.back_populates
        self._pairs = [
            (
                relation.parent.get_property_by_column(local).key,
                relation.mapper.get_property_by_column(remote).key,
            )
            for local, remote in relation.local_remote_pairs
        ]

    def fill(self, owner: Any, members: Mapping[str, Any], children: Sequence[Any]) -> None:
        """Let the children be those of `owner`, on both sides."""
        for child in children:
            theirs = instance_dict(child)
            for mine, other in self._pairs:
                theirs[other] = members[mine]
            if self.back is not None:
                theirs[self.back] = owner
        set_committed_value(owner, self.name, children)

    def is_filled(self, members: Mapping[str, Any], child: Any) -> bool:
        """Whether a child has the keys of its owner already."""
        theirs = instance_dict(child)
        return all(theirs.get(other) == members.get(mine) for mine, other in self._pairs)


def default_of(column: sa.Column[Any]) -> Make | None:
    """What makes the default of a column: a None where it has none; None where only the database can."""
    if column.default is None:
        given = column.primary_key and column is column.table.autoincrement_column
        return None if given else _nothing
    return called(column.default)


def called(default: Any) -> Make | None:
    """What makes a default or `onupdate`; None for SQL, and for a function of the statement's context."""
    if default.is_scalar:
        return partial(_given, default.arg)
    if not default.is_callable:
        return None
    # SQLAlchemy wraps a function that takes no context in one that takes it.
    function = getattr(default.arg, "__wrapped__", None)
    if function is None or _wants(function):
        return None
    return function  # type: ignore[no-any-return]


def _wants(function: Any) -> bool:
    """Whether a function has to be given something."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (
        TypeError,
        ValueError,
    ):  # it tells nothing of itself, as `dict`: SQLAlchemy gives it nothing
        return False
    return any(one.default is one.empty for one in parameters)


def _owns(relation: Any) -> bool:
    return (
        relation.direction is RelationshipDirection.ONETOMANY
        and relation.uselist
        and not relation.viewonly
        and relation.collection_class in (None, list)
    )


def _is_plain(column: sa.Column[Any]) -> bool:
    """Whether a value given for this column is all of it, and its NULL is no value of its type."""
    return (
        column.server_default is None
        and column.computed is None
        and not column.type.should_evaluate_none
    )


def _given(value: Any) -> Any:
    return value


def _nothing() -> None:
    return None
