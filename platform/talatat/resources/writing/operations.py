"""What create, replace, patch and delete do to the rows, as functions of explicit arguments.

The HTTP views, `:batch` and `:restore` call these alike: nothing here looks at the method, the path,
the query string, the headers or the body of the request, which is asked for its session and its
permissions only. A row that is changed is locked first, so that what preconditions and patches look
at is what they change. Everything is flushed: a constraint that refuses is a Problem here and now.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa
from pyramid_retry import mark_error_retryable
from sqlalchemy.exc import DataError, IntegrityError

from talatat.db.work import work_of
from talatat.problems import Problem
from talatat.resources.changes.versions import go_on, tombstone_of
from talatat.resources.extensions import attribute_of
from talatat.resources.showing import conditions
from talatat.resources.showing.conditions import NO_PRECONDITIONS, Preconditions
from talatat.resources.writing import conflicts
from talatat.resources.writing.json_patch import PatchDocument
from talatat.schema.writing import dumps

if TYPE_CHECKING:
    from pyramid.request import Request

    from talatat.resources.bound import BoundResource
    from talatat.resources.writing.documents import Changes


class Written(NamedTuple):
    """What an operation did: the row as it is now (None: deleted), and the status that says so."""

    row: Any
    status: int


def create(
    bound: BoundResource, request: Request, body: Any, identifier: str | None = None
) -> Written:
    """Make a row of the document `body`: 201. `identifier` is its id; None: a new one."""
    changes = bound.documents.create(request, body)
    return Written(insert(bound, request, changes, identifier), 201)


def replace(
    bound: BoundResource,
    request: Request,
    identifier: str,
    body: Any,
    preconditions: Preconditions = NO_PRECONDITIONS,
) -> Written:
    """Replace the row: 200; or make one with this id where there is none: 201."""
    identifier = identifier.lower()
    row = bound.row(request, identifier, lock=True)
    if row is None:
        return _put_new(bound, request, identifier, body, preconditions)
    check(bound, request, row, preconditions)
    changes = bound.documents.replace(request, body, row)
    update(bound, request, row, changes)
    return Written(row, 200)


def patch(
    bound: BoundResource,
    request: Request,
    identifier: str,
    body: Any,
    preconditions: Preconditions = NO_PRECONDITIONS,
) -> Written:
    """Change the row as `body` says, a merge patch or a `PatchDocument` (JSON Patch): 200."""
    row = bound.existing(request, identifier, lock=True)
    check(bound, request, row, preconditions)
    if isinstance(body, PatchDocument):
        before = json.loads(dumps(bound.represent(request, row)))
        after = body.apply(copy.deepcopy(before))
        with body.locating():
            update(bound, request, row, bound.documents.difference(request, before, after, row))
    else:
        update(bound, request, row, bound.documents.patch(request, body, row))
    return Written(row, 200)


def delete(
    bound: BoundResource,
    request: Request,
    identifier: str,
    preconditions: Preconditions = NO_PRECONDITIONS,
) -> Written:
    """Delete the row: 204."""
    row = bound.existing(request, identifier, lock=True)
    check(bound, request, row, preconditions)
    changes: Changes = {}
    with constraints(bound):
        bound.hooks.run("before_delete", request, row, changes)
        bound.resource.remove(request, row)
        request.db.flush()
        bound.hooks.run("after_delete", request, row, changes)
        request.db.flush()
    return Written(None, 204)


def check(
    bound: BoundResource,
    request: Request,
    row: Any,
    preconditions: Preconditions,
    needed: bool = True,
) -> None:
    """The preconditions of a write, against the locked row: Problem 412 or 428."""
    required = needed and bound.declaration.require_if_match
    if not (required or preconditions):
        return
    versions = bound.versions(request, row)

    def current() -> tuple[dict[str, Any], str]:
        shown = bound.represent(request, row)
        return shown, conditions.etag(versions, dumps(shown))

    conditions.check_match(preconditions, versions, current, required)


def insert(
    bound: BoundResource, request: Request, changes: Changes, identifier: str | None = None
) -> Any:
    """The new row of `changes` (as `Documents.create` gives them), with this id if one is given."""
    with constraints(bound):
        row = bound.resource.build(request, changes)
        tombstone = None
        if identifier is not None:
            row.id = identifier
            tombstone = tombstone_of(bound, request, identifier)
        bound.hooks.run("before_create", request, row, changes)
        apply(bound, request, row, changes)
        work_of(request).insert(row)
        go_on(bound, request, row, tombstone)
        if bound.hooks.run("after_create", request, row, changes):
            request.db.flush()
    return row


def update(bound: BoundResource, request: Request, row: Any, changes: Changes) -> None:
    """Write `changes` to a row that is locked and checked."""
    with constraints(bound):
        bound.hooks.run("before_update", request, row, changes)
        apply(bound, request, row, changes)
        request.db.flush()
        bound.hooks.run("after_update", request, row, changes)
        request.db.flush()


@contextmanager
def constraints(bound: BoundResource) -> Iterator[None]:
    """Word what the database refuses as a problem that names the fields."""
    try:
        yield
    except IntegrityError as error:
        raise conflicts.problem_of(error, bound.pointers) from error
    except DataError as error:
        raise conflicts.out_of_range(error) from error


def _put_new(
    bound: BoundResource, request: Request, identifier: str, body: Any, preconditions: Preconditions
) -> Written:
    permission = bound.permission("create")
    if "create" not in bound.declaration.operations or not bound.may_be_id(identifier):
        raise bound.missing(identifier)
    conditions.check_match(preconditions, None)
    # Before it is looked for: whoever may create nothing is not told whether the id is somebody's.
    if permission is not None and not request.has_permission(permission):
        raise Problem(403, "forbidden", "These credentials may replace a row but not create one")
    exists = sa.select(sa.literal(1)).where(bound.identifier == identifier)
    if request.db.execute(exists).first() is not None:
        # Out of this request's sight, or created a moment ago: another look tells.
        raise _again(bound.missing(identifier))
    try:
        return create(bound, request, body, identifier)
    except Problem as problem:
        taken = {error.get("pointer") for error in problem.errors}
        if problem.problem_code == "duplicate" and taken <= {"/id"}:
            raise _again(problem) from None
        raise


def _again(problem: Problem) -> Problem:
    """The problem, unless the request succeeds when it is tried again."""
    mark_error_retryable(problem)
    return problem


def apply(bound: BoundResource, request: Request, row: Any, changes: Changes) -> None:
    """Write changes: fields by the resource, those of extensions by their own."""
    schema = bound.schema
    extensions = {one.addon: one for one in bound.extensions}
    own = {
        attribute_of(schema[name]) if name in schema else name: value
        for name, value in changes.items()
        if name not in extensions
    }
    with work_of(request).no_autoflush():
        bound.resource.apply(request, row, own)
        for name in changes.keys() & extensions.keys():
            extensions[name].write(request.db, row, changes[name])
