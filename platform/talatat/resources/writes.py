"""The operations that write: create, replace, patch, delete, and the actions.

Everything happens in the transaction of the request. A row that is changed is locked first, so that
what `If-Match` and a merge patch look at is what they change.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from pyramid.response import Response
from pyramid_retry import mark_error_retryable
from sqlalchemy.exc import DataError, IntegrityError

from talatat.problems import Problem, invalid
from talatat.resources.bound import BoundResource, json_response
from talatat.resources.declaration import Action
from talatat.resources.extensions import attribute_of
from talatat.resources.listing.parameters import only
from talatat.resources.reads import FIELDS, check_acceptable
from talatat.resources.showing import conditions
from talatat.resources.writing import conflicts
from talatat.resources.writing.documents import Changes
from talatat.schema.body import JSON_TYPES, read_empty, read_json
from talatat.schema.faults import Fault
from talatat.schema.reading import ObjectReader
from talatat.schema.writing import dumps

if TYPE_CHECKING:
    from pyramid.request import Request

PATCH_TYPES = ("application/merge-patch+json", "application/json")


def create_row(bound: BoundResource, request: Request) -> Response:
    """201 with Location, ETag and the row."""
    fields = _ready(request)
    changes = bound.documents.create(request, read_json(request))
    row = _insert(bound, request, changes, None)
    return _created(bound, request, row, fields)


def replace_row(bound: BoundResource, request: Request) -> Response:
    """200 with the row; 201 where there was none and its id is a UUID."""
    fields = _ready(request)
    body = read_json(request)
    identifier = request.matchdict["id"].lower()
    row = bound.row(request, identifier, lock=True)
    if row is None:
        return _put_new(bound, request, identifier, body, fields)
    _check(bound, request, row)
    changes = bound.documents.replace(request, body, row)
    _update(bound, request, row, changes)
    return bound.answer(request, row, fields=fields)


def patch_row(bound: BoundResource, request: Request) -> Response:
    """200 with the row as the merge patch leaves it."""
    fields = _ready(request)
    body = read_json(request, PATCH_TYPES)
    row = bound.existing(request, request.matchdict["id"], lock=True)
    _check(bound, request, row)
    changes = bound.documents.patch(request, body, row)
    _update(bound, request, row, changes)
    return bound.answer(request, row, fields=fields)


def delete_row(bound: BoundResource, request: Request) -> Response:
    """204."""
    only(request, ())
    read_empty(request)
    row = bound.existing(request, request.matchdict["id"], lock=True)
    _check(bound, request, row)
    changes: Changes = {}
    with _constraints(bound):
        bound.hooks.run("before_delete", request, row, changes)
        bound.resource.remove(request, row)
        request.db.flush()
        bound.hooks.run("after_delete", request, row, changes)
    return Response(status=204, content_type=None)


class ActionView:
    """The view of one action of a resource."""

    def __init__(self, bound: BoundResource, action: Action) -> None:
        self.bound = bound
        self.action = action
        self.method = getattr(bound.resource, action.method)
        self.reader = ObjectReader(action.body()) if action.body is not None else None

    def __call__(self, request: Request) -> Response:
        fields = _ready(request)
        arguments: list[Any] = []
        body = self._body(request)
        if self.action.level == "item":
            row = self.bound.existing(request, request.matchdict["id"], lock=True)
            _check(self.bound, request, row, needed=False)
            arguments.append(row)
        if self.reader is not None:
            arguments.append(body)
        with _constraints(self.bound):
            result = self.method(request, *arguments)
            request.db.flush()
        return self._answer(request, result, fields)

    def _body(self, request: Request) -> Any:
        if self.reader is None:
            return read_empty(request)
        faults: list[Fault] = []
        found = self.reader(read_json(request), "", faults)
        if faults:
            raise invalid(faults)
        return found

    def _answer(self, request: Request, result: Any, fields: str | None) -> Response:
        if isinstance(result, Response):
            return result
        if result is None:
            return Response(status=204, content_type=None)
        if isinstance(result, self.bound.model):
            if self.action.status == 201:
                return _created(self.bound, request, result, fields)
            return self.bound.answer(request, result, self.action.status, fields)
        if isinstance(result, list | tuple):
            show = self.bound.projection(request, fields)
            result = {
                "items": [show(one) if isinstance(one, self.bound.model) else one for one in result]
            }
        response = json_response(dumps(result), self.action.status)
        response.headers["Cache-Control"] = "no-store"
        return response


def _ready(request: Request) -> str | None:
    check_acceptable(request)
    return only(request, FIELDS).get("fields")


def _check(bound: BoundResource, request: Request, row: Any, needed: bool = True) -> None:
    """The preconditions of a write, against the locked row."""
    environ = request.environ
    required = needed and bound.declaration.require_if_match
    if not (required or "HTTP_IF_MATCH" in environ or "HTTP_IF_NONE_MATCH" in environ):
        return
    versions = bound.versions(row)
    shown = bound.represent(request, row)
    tag = conditions.etag(versions, dumps(shown))
    conditions.check_match(request, versions, shown, tag, required)


def _put_new(
    bound: BoundResource, request: Request, identifier: str, body: Any, fields: str | None
) -> Response:
    permission = bound.permission("create")
    if "create" not in bound.declaration.operations or not bound.may_be_id(identifier):
        raise bound.missing(identifier)
    conditions.check_match(request, None)
    exists = sa.select(sa.literal(1)).where(bound.identifier == identifier)
    if request.db.execute(exists).first() is not None:
        # Out of this request's sight, or created a moment ago: another look tells.
        raise _again(bound.missing(identifier))
    if permission is not None and not request.has_permission(permission):
        raise Problem(403, "forbidden", "These credentials may replace a row but not create one")
    changes = bound.documents.create(request, body)
    try:
        row = _insert(bound, request, changes, identifier)
    except Problem as problem:
        taken = {error.get("pointer") for error in problem.errors}
        if problem.problem_code == "duplicate" and taken <= {"/id"}:
            raise _again(problem) from None
        raise
    return _created(bound, request, row, fields)


def _again(problem: Problem) -> Problem:
    """The problem, unless the request succeeds when it is tried again."""
    mark_error_retryable(problem)
    return problem


def _created(bound: BoundResource, request: Request, row: Any, fields: str | None) -> Response:
    response = bound.answer(request, row, 201, fields)
    response.headers["Location"] = bound.url(request, row.id)
    return response


def _insert(
    bound: BoundResource, request: Request, changes: Changes, identifier: str | None
) -> Any:
    with _constraints(bound):
        row = bound.resource.build(request, changes)
        if identifier is not None:
            row.id = identifier
        bound.hooks.run("before_create", request, row, changes)
        _apply(bound, request, row, changes)
        request.db.add(row)
        request.db.flush()
        bound.hooks.run("after_create", request, row, changes)
        request.db.flush()
    return row


def _update(bound: BoundResource, request: Request, row: Any, changes: Changes) -> None:
    with _constraints(bound):
        bound.hooks.run("before_update", request, row, changes)
        _apply(bound, request, row, changes)
        request.db.flush()
        bound.hooks.run("after_update", request, row, changes)
        request.db.flush()


def _apply(bound: BoundResource, request: Request, row: Any, changes: Changes) -> None:
    """Write changes: fields by the resource, those of extensions by their own."""
    schema = bound.schema
    extensions = {one.addon: one for one in bound.extensions}
    own = {
        attribute_of(schema[name]) if name in schema else name: value
        for name, value in changes.items()
        if name not in extensions
    }
    with request.db.no_autoflush:
        bound.resource.apply(request, row, own)
        for name in changes.keys() & extensions.keys():
            extensions[name].write(request.db, row, changes[name])


@contextmanager
def _constraints(bound: BoundResource) -> Iterator[None]:
    """Word what the database refuses as a problem that names the fields."""
    try:
        yield
    except IntegrityError as error:
        raise conflicts.problem_of(error, bound.pointers) from error
    except DataError as error:
        raise conflicts.out_of_range(error) from error


__all__ = ["JSON_TYPES", "ActionView", "create_row", "delete_row", "patch_row", "replace_row"]
