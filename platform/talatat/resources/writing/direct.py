"""`Direct`: a patch of a declared resource without a session.

An ORM session makes an entity of the row, compares, sorts and flushes, for cases of which a patch of a few columns
is none. Here the row is locked by a statement that was compiled once, the document is read and checked by the same
code as ever, what has changed is written by one UPDATE, and the answer is shown from the row that was read. Hooks,
the resource's own code, other people's listeners and fields that are more than a column take the session, as before:
`patch` then gives None, having changed nothing.
"""

from __future__ import annotations

import inspect
from functools import cached_property
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.orm.attributes import instance_dict

from talatat.db.layout import called, layout_of
from talatat.db.money_of import MoneyOf
from talatat.db.prepared import Prepared
from talatat.db.work import work_of
from talatat.problems import Problem
from talatat.resources.declaration import Resource
from talatat.resources.extensions import attribute_of
from talatat.resources.listing.querying import ONE, one_by_id
from talatat.resources.showing import conditions
from talatat.resources.showing.told import Unread, members_of
from talatat.resources.writing.operations import constraints
from talatat.schema.writing import dumps

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pyramid.request import Request
    from sqlalchemy import Connection

    from talatat.db.layout import Make
    from talatat.db.work import Work
    from talatat.resources.bound import BoundResource
    from talatat.resources.showing.conditions import Preconditions
    from talatat.resources.showing.expanding import Wanted
    from talatat.resources.showing.lean import Lean

Shown = tuple[bytes, str]
"""(the JSON of a row, the first part of its ETag)."""

_KEPT = 50  # statements of one resource: as many sets of columns that are written together


class Direct:
    """Writes of one bound resource that need no session."""

    def __init__(self, bound: BoundResource) -> None:
        self.bound = bound
        self._updates: dict[tuple[str, ...], Prepared] = {}

    def patch(
        self,
        request: Request,
        identifier: str,
        body: Any,
        preconditions: Preconditions,
        wanted: Wanted,
    ) -> Shown | None:
        """What is shown of the patched row; None where that takes a session, and nothing was done yet."""
        bound = self.bound
        if not self._takes(request, body) or not bound.may_be_id(identifier):
            return None
        lean = self._lean(request, wanted)
        work = work_of(request)
        connection = None if lean is None else work.begin()
        if lean is None or connection is None or work.session is not None:
            return None
        row = self._locked(request, identifier, lean)
        if row is None:
            return None
        before = lean.own(row, self._layout.columns)
        entity = self._layout.loaded(before)
        self._check(request, preconditions, lean.versions(row), entity)
        for name, value in bound.documents.patch(request, body, entity).items():
            setattr(entity, self._attributes[name], value)
        changes = self._changed(before, entity)
        if changes:
            with constraints(bound):
                self._update(work, connection, entity, changes)
        now = instance_dict(entity)
        row = lean.changed(row, {name: now[name] for name in before})
        shown = lean.shown([row])
        if shown is None:  # the session reads what was written
            return None if not changes else self._loaded(request, identifier, wanted)
        return dumps(shown[0]), lean.versions(row)

    def _takes(self, request: Request, body: Any) -> bool:
        """Whether a document, and who else is concerned, leave it to columns."""
        return (
            self._is_plain
            and "db" not in request.__dict__
            and isinstance(body, dict)
            and body.keys() <= self._fields
            and self._listeners is not None
        )

    def _lean(self, request: Request, wanted: Wanted) -> Lean | None:
        bound = self.bound
        if not all(map(request.has_permission, bound.representation.permissions)):
            return None
        try:
            return bound.plan(request, wanted).locked
        except Problem:  # told in its turn, after what is wrong with the document
            return None

    def _locked(self, request: Request, identifier: str, lean: Lean) -> Sequence[Any] | None:
        bound = self.bound
        found = one_by_id(bound.queries, request, bound.parse_id(identifier))
        if not lean.fits(found.narrowed):
            return None
        rows, _ = bound.shapes.rows(request, bound.queries, ONE, found, lean)
        if not rows:
            raise bound.missing(identifier)
        return None if "db" in request.__dict__ else rows[0]

    def _check(
        self, request: Request, preconditions: Preconditions, versions: str, entity: Any
    ) -> None:
        """Refuse to write what is not as the client has seen it."""
        bound = self.bound

        def current() -> tuple[dict[str, Any], str]:
            shown = bound.represent(request, bound.existing(request, getattr(entity, self._key)))
            return shown, conditions.etag(versions, dumps(shown))

        required = bound.declaration.require_if_match
        conditions.check_match(preconditions, versions, current, required)

    def _changed(self, before: Mapping[str, Any], entity: Any) -> dict[str, Any]:
        """{attribute: value} of the columns that are not as they were."""
        columns, now = self._layout.columns, instance_dict(entity)
        return {
            name: now[name]
            for name, value in before.items()
            if now[name] is not value and not columns[name].type.compare_values(value, now[name])
        }

    def _update(
        self, work: Work, connection: Connection, entity: Any, changes: dict[str, Any]
    ) -> None:
        layout = self._layout
        made = {name: make() for name, make in self._stamps.items() if name not in changes}
        if layout.version is not None:
            made[layout.version] = layout.next_version(getattr(entity, layout.version))
        for name, value in made.items():
            setattr(entity, name, value)
        changes |= made
        names = tuple(sorted(changes))
        statement = self._updates.get(names) or self._statement(names)
        key = getattr(entity, self._key)
        statement.send(connection, {**changes, "talatat_key": key})
        for follower in work.database.followers:
            follower.updated(connection, layout.table, [key])
        for wrote in self._listeners or ():
            wrote(connection, entity)

    def _statement(self, names: tuple[str, ...]) -> Prepared:
        """The UPDATE that sets these attributes of one row."""
        columns = self._layout.columns
        values = {columns[name]: sa.bindparam(name, type_=columns[name].type) for name in names}
        key = columns[self._key]
        own = key == sa.bindparam("talatat_key", type_=key.type)
        made = Prepared(sa.update(self._layout.table).where(own).values(values))
        if len(self._updates) < _KEPT:
            self._updates[names] = made
        return made

    def _loaded(self, request: Request, identifier: str, wanted: Wanted) -> Shown:
        bound = self.bound
        row = bound.existing(request, identifier)
        return dumps(bound.represent(request, row, wanted)), bound.versions(request, row)

    @cached_property
    def _layout(self) -> Any:
        return layout_of(self.bound.model)

    @cached_property
    def _key(self) -> str:
        return str(self._layout.attributes[self._layout.mapper.primary_key[0]])

    @cached_property
    def _attributes(self) -> dict[str, str]:
        """{field: attribute} of those that are written as a column, or as a property of columns."""
        bound = self.bound
        named = {node.name: attribute_of(node) for node in bound.schema.children}
        return {
            name: attribute
            for name, attribute in named.items()
            if attribute not in bound.declaration.writers and self._is_set_by_columns(attribute)
        }

    def _is_set_by_columns(self, attribute: str) -> bool:
        if attribute in self._layout.columns:
            return True
        member = inspect.getattr_static(self.bound.model, attribute, None)
        if isinstance(member, MoneyOf):
            return all(name in self._layout.columns for name in member.columns)
        return isinstance(member, property) and self._reads_columns(member.fget, member.fset)

    def _reads_columns(self, *attributes: Any) -> bool:
        """Whether attributes, or functions of a row, look at its columns alone."""
        try:
            members_of(self.bound.model, attributes)
        except Unread:
            return False
        return True

    @cached_property
    def _fields(self) -> frozenset[str]:
        """The fields that a document may name: beside those, the ones that are refused whatever is said."""
        reserved = {self._key, self._layout.version, *self._stamps}
        return frozenset(
            name for name, attribute in self._attributes.items() if attribute not in reserved
        )

    @cached_property
    def _stamps(self) -> dict[str, Make]:
        """{attribute: what makes its `onupdate`}."""
        found = {}
        for name, column in self._layout.columns.items():
            make = None if column.onupdate is None else called(column.onupdate)
            if make is not None:
                found[name] = make
        return found

    @cached_property
    def _is_plain(self) -> bool:
        """Whether the resource leaves a patch to the platform, and the platform to one statement."""
        bound, layout = self.bound, self._layout
        columns: Iterable[Any] = layout.columns.values()
        return (
            type(bound.resource).apply is Resource.apply
            and layout.is_simple
            and len(layout.mapper.primary_key) == 1
            and all(
                one.server_onupdate is None
                and (one.onupdate is None or called(one.onupdate) is not None)
                for one in columns
            )
            and not bound.hooks.of("before_update")
            and not bound.hooks.of("after_update")
            and not _is_watched(layout)
            and self._is_told_by_columns
            and self._followers_know
        )

    @cached_property
    def _is_told_by_columns(self) -> bool:
        """Whether a rule about several fields, if there is one, looks at columns alone."""
        schema = self.bound.schema
        shown = [node for node in schema.children if not getattr(node, "read_only", False)]
        return schema.validator is None or self._reads_columns(*map(attribute_of, shown))

    @cached_property
    def _followers_know(self) -> bool:
        key = self._layout.columns[self._key]
        followers = self.bound.resource.system.database.followers
        return all(one.knows_by(key) for one in followers)

    @property
    def _listeners(self) -> Any:
        """Who is told of the row; None where one of them needs a session."""
        return self._layout.listeners("update")


def _is_watched(layout: Any) -> bool:
    """Whether somebody listens to attributes that are set."""
    manager = layout.mapper.class_manager
    return any(
        manager[name].impl.dispatch.set or manager[name].impl.dispatch.modified
        for name in layout.columns
    )
