"""Rows without entities: a page of a list is read as the columns that it shows, and shown from those.

What a projection shows is mostly columns. A field that is a property of the model (a price of its minor
units and its currency) is told by reading the property's code: which columns it names. It then runs on a
`View`, which has just those and the model's own functions. Where that cannot be told (a relationship is
named, an entity is loaded with events) there is no lean way, and entities are loaded as ever; where it was
told wrongly, because code that the property calls asks for more, `Unread` says so, and they are loaded then.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.ext.hybrid import hybrid_property

from talatat.db.types import UTCDateTime
from talatat.resources.showing.representation import (
    ExtensionObject,
    Field,
    Projection,
    Show,
    as_it_is,
    moment,
)

if TYPE_CHECKING:
    from talatat.db.models import Attachment


class Unread(Exception):
    """A property asked for what was not read with its row."""


@dataclass(frozen=True, eq=False)
class Lean:
    """How rows are read and shown without entities: what is selected, and from there to JSON values.

    `joined` are the extensions that are read with the row. `values` are fields that are written from the
    value at their place, `computed` those made of the whole row. Moments are left to be written as JSON.
    """

    model: type[Any]
    columns: tuple[Any, ...]
    joined: tuple[Attachment, ...]
    names: tuple[str, ...]
    values: tuple[tuple[str, int, Field], ...]
    computed: tuple[tuple[str, Show], ...]
    places: Mapping[tuple[type[Any], str], int]
    version_places: tuple[int, ...]

    def show(self, row: Sequence[Any]) -> dict[str, Any]:
        """A row of `columns` as the API shows it."""
        one = dict(zip(self.names, row, strict=False))
        for name, at, field in self.values:
            value = row[at]
            one[name] = field.plain if value is None else field.write(value)
        for name, compute in self.computed:
            one[name] = compute(row)
        return one

    def versions(self, row: Sequence[Any]) -> str:
        """The part of an ETag that follows the writes, as `conditions.versions_of` an entity."""
        return ".".join(str(row[at] or 0) for at in self.version_places)

    def select(self, rows: Any, more: Iterable[Any] = ()) -> Any:
        """The SELECT `rows` of entities, with these columns and `more` in their place."""
        for one in self.joined:
            (key,) = one.extension.__mapper__.primary_key
            (parent,) = self.model.__mapper__.primary_key
            rows = rows.outerjoin(one.extension, key == parent)
        return rows.with_only_columns(*self.columns, *more, maintain_column_froms=True)

    def fits(self, rows: Any) -> bool:
        """Whether the SELECT `rows` may be read this way: loader options are about entities."""
        return not rows._with_options

    def place(self, column: Any) -> int | None:
        """Where in a row a mapped column stands; None where it is not selected."""
        return self.places.get((getattr(column, "class_", None), getattr(column, "key", "")))  # type: ignore[arg-type]


def lean_of(
    model: type[Any],
    projection: Projection,
    attachments: Mapping[str, Attachment],
    *,
    versions: bool = False,
) -> Lean | None:
    """The lean way of a projection of `model`; None where there is none.

    With `versions` those of the row and of all its extensions are read with it.
    """
    try:
        return _Writer(model, attachments).lean(projection, versions)
    except Unread:
        return None


class _Writer:
    def __init__(self, model: type[Any], attachments: Mapping[str, Attachment]) -> None:
        self.model = model
        self.attachments = attachments
        self.columns: list[Any] = []
        self.places: dict[tuple[type[Any], str], int] = {}
        self.joined: list[Attachment] = []
        self.versions: list[int] = []

    def lean(self, projection: Projection, versions: bool) -> Lean:
        _refuse_loaded_with_more(self.model)
        values, later = [], []
        for at, (name, entry) in enumerate(projection.entries):
            if isinstance(entry, Field) and entry.attribute in self.model.__mapper__.column_attrs:
                self.places.setdefault((self.model, str(entry.attribute)), at)
                self.columns.append(getattr(self.model, str(entry.attribute)))
                if not _written_as_json(self.columns[at], entry):
                    values.append((name, at, entry))
            else:  # its place is taken by what is computed
                self.columns.append(sa.null())
                later.append((name, entry))
        computed = tuple((name, self._computed(entry)) for name, entry in later)
        if versions:
            self._add_versions()
        return Lean(
            self.model,
            tuple(self.columns),
            tuple(self.joined),
            tuple(name for name, _ in projection.entries),
            tuple(values),
            computed,
            self.places,
            tuple(self.versions),
        )

    def _add(self, model: type[Any], name: str) -> None:
        if (model, name) not in self.places:
            self.places[model, name] = len(self.columns)
            self.columns.append(getattr(model, name))

    def _add_versions(self) -> None:
        models = [self.model, *(one.extension for one in self.attachments.values())]
        for model in models:
            if "version" not in model.__mapper__.column_attrs:
                raise Unread("version")
            self._join(model)
            self._add(model, "version")
            self.versions.append(self.places[model, "version"])

    def _join(self, model: type[Any]) -> None:
        for one in self.attachments.values():
            if one.extension is model and one not in self.joined:
                self.joined.append(one)

    def _computed(self, entry: Show) -> Show:
        if isinstance(entry, ExtensionObject):
            return self._extension(entry)
        if not isinstance(entry, Field):
            raise Unread(entry)
        view = self._view(self.model, [entry.attribute])
        return lambda row: entry(view(row))

    def _extension(self, entry: ExtensionObject) -> Show:
        model = self.attachments[entry.addon].extension
        _refuse_loaded_with_more(model)
        self._join(model)
        (key,) = model.__mapper__.primary_key
        name = model.__mapper__.get_property_by_column(key).key
        fields = [field.attribute for _, field in entry.entries if isinstance(field, Field)]
        view = self._view(model, [name, *fields])
        at = self.places[model, name]
        return lambda row: entry.of(None if row[at] is None else view(row))

    def _view(self, model: type[Any], attributes: Iterable[Any]) -> type[View]:
        """A class of views on rows, with what the attributes read of `model`."""
        members: dict[str, Any] = {}
        for name in attributes:
            _note(model, name, members)
        namespace: dict[str, Any] = {"__slots__": (), "__class__": property(lambda _: model)}
        for name, member in members.items():
            if member is None:
                self._add(model, name)
                namespace[name] = property(_reader(self.places[model, name]))
            else:
                namespace[name] = member
        return type(f"{model.__name__}View", (View,), namespace)


class View:
    """A row that looks like the model's own as far as was read; anything else raises `Unread`."""

    __slots__ = ("row",)

    def __init__(self, row: Sequence[Any]) -> None:
        self.row = row

    def __getattr__(self, name: str) -> Any:
        raise Unread(name)


def _reader(at: int) -> Show:
    return lambda view: view.row[at]


def _written_as_json(column: Any, field: Field) -> bool:
    """Whether the value of a column is written as JSON by itself; a moment in UTC is."""
    if field.plain is not None:
        return False
    return field.write is as_it_is or (
        field.write is moment and isinstance(column.type, UTCDateTime)
    )


def _refuse_loaded_with_more(model: type[Any]) -> None:
    """Raise Unread for a model whose entities are more than their columns."""
    mapper = model.__mapper__
    if mapper.inherits or mapper.polymorphic_on is not None or mapper.class_manager.dispatch.load:
        raise Unread(model.__name__)


def _note(model: type[Any], name: Any, members: dict[str, Any]) -> None:
    """Note what reading an attribute of `model` takes: columns (None), and functions by name.

    A function of the row stands for an attribute as well. Raises Unread for what cannot be told from the
    columns of its row.
    """
    if isinstance(name, FunctionType):
        _note_used(model, name, members)
        return
    if name in members:
        return
    mapper = model.__mapper__
    if name in mapper.column_attrs:
        members[name] = None
        return
    member = inspect.getattr_static(model, str(name), None)
    if not isinstance(name, str) or name in mapper.attrs or member is None:
        raise Unread(name)
    if isinstance(member, hybrid_property):
        member = property(member.fget)
    function = member.fget if isinstance(member, property) else member
    if isinstance(function, FunctionType):
        members[name] = member
        _note_used(model, function, members)
    elif hasattr(member, "__get__"):
        raise Unread(name)
    else:
        members[name] = member


def _note_used(model: type[Any], function: FunctionType, members: dict[str, Any]) -> None:
    for used in _names(function.__code__):
        if used in model.__mapper__.all_orm_descriptors or inspect.getattr_static(
            model, used, None
        ):
            _note(model, used, members)


def _names(code: CodeType) -> Iterator[str]:
    """The names that code uses, and code within it."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)
