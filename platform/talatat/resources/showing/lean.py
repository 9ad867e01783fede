"""Rows without entities: a page of a list is read as the columns that it shows, and shown from those.

What a projection shows is mostly columns. A field that is a property of the model (a price of its minor
units and its currency) is told by reading the property's code: which columns it names (`told`). It then runs
on a `View`, which has just those and the model's own functions. Where that cannot be told (a relationship is
named, an entity is loaded with events) there is no lean way, and entities are loaded as ever; where it was
told wrongly, because code that the property calls asks for more, `Unread` says so, and they are loaded then.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import repeat
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from talatat.db.layout import layout_of
from talatat.db.money import Money
from talatat.db.types import UTCDateTime, UUIDv7
from talatat.resources.showing.representation import (
    ExtensionObject,
    Field,
    Projection,
    Show,
    as_it_is,
    moment,
    money_of,
)
from talatat.resources.showing.told import (
    COLUMN,
    Unread,
    is_column,
    members_of,
    refuse_loaded_with_more,
    view_of,
)
from talatat.schema.types import UUID, Timestamp

if TYPE_CHECKING:
    from talatat.db.models import Attachment

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Joined:
    """An extension that is read with the row, under a name of its own: the statement may name the table as well.

    `key` and `parent` are the attributes of the two ids. `outer` says that a row without it is read, too.
    """

    alias: Any
    key: str
    parent: str
    outer: bool


@dataclass(frozen=True, eq=False)
class Lean:
    """How rows are read and shown without entities: what is selected, and from there to JSON values.

    `locks`: the row is read in the transaction of the request and held until its end.
    `joined` are the extensions that are read with the row. `show` is the function that shows rows; `computed`
    says that some of it is made by code of the model's. Moments are left to be written as JSON.
    """

    model: type[Any]
    columns: tuple[Any, ...]
    joined: tuple[Joined, ...]
    show: Callable[[Sequence[Sequence[Any]]], list[dict[str, Any]]]
    computed: bool
    places: Mapping[tuple[type[Any], str], int]
    version_places: tuple[int, ...]
    locks: bool = False

    def shown(self, rows: Sequence[Sequence[Any]]) -> list[dict[str, Any]] | None:
        """Rows as the API shows them; None where that takes entities.

        Code of the model's asked for more than its columns, or failed: entities tell which.
        """
        try:
            return self.show(rows)
        except (Exception, Unread):
            if not self.computed:
                raise
            logger.debug("%s: showing it takes entities", self.model.__name__, exc_info=True)
            return None

    def versions(self, row: Sequence[Any]) -> str:
        """The part of an ETag that follows the writes, as `conditions.versions_of` an entity."""
        return ".".join(str(row[at] or 0) for at in self.version_places)

    def select(self, rows: Any, more: Iterable[Any] = ()) -> Any:
        """The SELECT `rows` of entities, with these columns and `more` in their place."""
        for one in self.joined:
            on = getattr(one.alias, one.key) == getattr(self.model, one.parent)
            rows = rows.join(one.alias, on, isouter=one.outer)
        found = rows.with_only_columns(*self.columns, *more, maintain_column_froms=True)
        return found.with_for_update(of=self.model) if self.locks else found

    def own(self, row: Sequence[Any], names: Iterable[str]) -> dict[str, Any]:
        """The values of the model's own attributes in a row."""
        places = self.places
        return {name: row[places[self.model, name]] for name in names}

    def changed(self, row: Sequence[Any], values: Mapping[str, Any]) -> list[Any]:
        """The row with other values of the model's own attributes."""
        found = list(row)
        for name, value in values.items():
            place = self.places[self.model, name]
            if value is not found[place]:
                found[place] = _in_utc(value)
        return found

    def fits(self, rows: Any) -> bool:
        """Whether the SELECT `rows` may be read this way.

        Options are about entities or about how it is executed, and of groups there is no column of another table.
        """
        if rows._with_options or rows._execution_options or rows._for_update_arg is not None:
            return False
        return not (self.joined and rows._group_by_clauses)

    def place(self, column: Any) -> int | None:
        """Where in a row a column of the model stands; None where it is not selected."""
        if getattr(column, "class_", None) is not self.model:
            return None
        return self.places.get((self.model, column.key))


def lean_of(
    model: type[Any],
    projection: Projection,
    attachments: Mapping[str, Attachment],
    *,
    single: bool = False,
    locks: bool = False,
) -> Lean | None:
    """The lean way of a projection of `model`; None where there is none.

    `single` is that of one row alone: its version and those of all its extensions are read with it. One that
    `locks` has all of the model's columns.
    """
    try:
        return _Writer(model, attachments).lean(projection, single, locks)
    except Unread:
        return None


class _Writer:
    def __init__(self, model: type[Any], attachments: Mapping[str, Attachment]) -> None:
        self.model = model
        self.attachments = attachments
        self.columns: list[Any] = []
        self.places: dict[tuple[type[Any], str], int] = {}
        self.joined: dict[type[Any], Joined] = {}
        self.versions: list[int] = []
        self.single = False

    def lean(self, projection: Projection, single: bool, locks: bool) -> Lean:
        refuse_loaded_with_more(self.model)
        self.single = single
        values, later = [], []
        for at, (_, entry) in enumerate(projection.entries):
            if isinstance(entry, Field) and is_column(self.model, entry.attribute):
                self.places.setdefault((self.model, str(entry.attribute)), at)
                self.columns.append(getattr(self.model, str(entry.attribute)))
                if not _written_as_json(self.columns[at], entry):
                    values.append((at, entry))
            else:  # its place is taken by what is computed
                nothing: Any = sa.literal_column("NULL", sa.Integer())
                self.columns.append(nothing.label(f"nothing_{at}"))
                later.append((at, entry))
        computed = {at: self._computed(entry) for at, entry in later}
        if single:
            self._add_versions()
        if locks:
            for name in layout_of(self.model).columns:
                self._add(self.model, name)
        return Lean(
            self.model,
            tuple(self.columns),
            tuple(self.joined.values()),
            _shower([name for name, _ in projection.entries], dict(values), computed),
            bool(computed),
            self.places,
            tuple(self.versions),
            locks,
        )

    def _add(self, model: type[Any], name: str) -> None:
        if (model, name) not in self.places:
            self.places[model, name] = len(self.columns)
            source = self.joined[model].alias if model in self.joined else model
            self.columns.append(getattr(source, name))

    def _add_versions(self) -> None:
        for one in self.attachments.values():
            self._join(one)
        for model in (self.model, *(one.extension for one in self.attachments.values())):
            if not is_column(model, "version"):
                raise Unread("version")
            self._add(model, "version")
            self.versions.append(self.places[model, "version"])

    def _join(self, one: Attachment) -> Joined:
        found = self.joined.get(one.extension)
        if found is None:
            found = self.joined[one.extension] = Joined(
                aliased(one.extension),
                _key_of(one.extension),
                _key_of(self.model),
                # As entities are loaded: a single row together with what is guaranteed.
                outer=not (self.single and one.presence == "always"),
            )
        return found

    def _computed(self, entry: Show) -> Computed:
        if isinstance(entry, ExtensionObject):
            return Computed(self._extension(entry))
        if not isinstance(entry, Field):
            raise Unread(entry)
        money = money_of(self.model, entry)
        if money is not None:
            members_of(self.model, [entry.attribute])
            for name in money.columns:
                self._add(self.model, name)
            minor, currency = (self.places[self.model, name] for name in money.columns)
            return Computed(Money.all_shown, (minor, currency))
        view = self._view(self.model, [entry.attribute])
        get, write, plain = entry.get, entry.write, entry.plain

        def compute(row: Sequence[Any]) -> Any:
            value = get(view(row))
            return plain if value is None else write(value)

        return Computed(compute)

    def _extension(self, entry: ExtensionObject) -> Show:
        attachment = self.attachments[entry.addon]
        model = attachment.extension
        refuse_loaded_with_more(model)
        name = self._join(attachment).key
        fields = [field.attribute for _, field in entry.entries if isinstance(field, Field)]
        view = self._view(model, [name, *fields])
        at = self.places[model, name]
        return lambda row: entry.of(None if row[at] is None else view(row))

    def _view(self, model: type[Any], attributes: Iterable[Any]) -> type[Any]:
        """A class of views on rows, with what the attributes read of `model`."""
        members = members_of(model, attributes)
        places = {}
        for name, member in members.items():
            if member is COLUMN:
                self._add(model, name)
                places[name] = self.places[model, name]
        return view_of(model, members, places)


class Computed(NamedTuple):
    """What shows a field: a function of the row, or one of the pairs of values at two places of all rows."""

    show: Callable[..., Any]
    places: tuple[int, int] | None = None


def _shower(
    names: Sequence[str], values: Mapping[int, Field], computed: Mapping[int, Computed]
) -> Callable[[Sequence[Sequence[Any]]], list[dict[str, Any]]]:
    """The function that shows rows, whose first values are those of `names`.

    `values` are fields that are written from the value at their place, `computed` those made of more than that.
    """
    written = [(names[at], field.write, field.plain) for at, field in values.items()]
    made = [(names[at], *one) for at, one in computed.items()]

    def show(rows: Sequence[Sequence[Any]]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = list(map(dict, map(zip, repeat(names), rows)))
        for name, write, plain in written:
            for one in found:
                value = one[name]
                one[name] = plain if value is None else write(value)
        for name, compute, places in made:
            if places is None:
                for one, row in zip(found, rows, strict=True):
                    one[name] = compute(row)
            else:
                pairs = map(itemgetter(*places), rows)
                for one, shown in zip(found, compute(pairs), strict=True):
                    one[name] = shown
        return found

    return show


def _in_utc(value: Any) -> Any:
    """A moment may be written as JSON as it is, so it is in UTC."""
    is_moment = isinstance(value, datetime) and value.tzinfo is not None
    return value.astimezone(UTC) if is_moment else value


def _key_of(model: type[Any]) -> str:
    """The attribute of the id."""
    (key,) = model.__mapper__.primary_key
    return str(model.__mapper__.get_property_by_column(key).key)


def _written_as_json(column: Any, field: Field) -> bool:
    """Whether the value of a column is written as JSON by itself; a moment in UTC is."""
    if field.plain is not None:
        return False
    if isinstance(column.type, UTCDateTime):
        return field.write is moment or _method(field.write) is Timestamp.to_json
    if isinstance(column.type, UUIDv7):
        return field.write is as_it_is or _method(field.write) is UUID.to_json
    return field.write is as_it_is


def _method(function: Any) -> Any:
    """The function of a bound method."""
    return getattr(function, "__func__", None)
