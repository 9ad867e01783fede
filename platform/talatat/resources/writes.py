"""The views of the operations that write: create, replace, patch, delete, and the actions.

A view reads the request (parameters, headers, body) and answers; what is done to the rows is
`writing.operations`. Everything happens in the transaction of the request, which is doomed where the
request says `validate_only=true`: it is all done and checked, and nothing of it stays.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa
from pyramid.response import Response

from talatat.db.work import work_of
from talatat.limiting import count_items
from talatat.problems import bad_parameter, check_acceptable, invalid
from talatat.resources.bound import BoundResource, json_response
from talatat.resources.changes import restoring
from talatat.resources.declaration import Action
from talatat.resources.listing.parameters import only
from talatat.resources.reads import SHOWING, wanted_of
from talatat.resources.showing.conditions import preconditions_of
from talatat.resources.showing.expanding import EVERYTHING, Wanted
from talatat.resources.writing import json_patch, operations
from talatat.resources.writing.batch import BatchRun, read_batch
from talatat.resources.writing.json_patch import PatchDocument
from talatat.resources.writing.operations import Written
from talatat.schema.body import JSON_TYPES, MAX_BODY, read_empty, read_json
from talatat.schema.faults import Fault
from talatat.schema.reading import ObjectReader
from talatat.schema.writing import dumps

if TYPE_CHECKING:
    from pyramid.request import Request

PATCH_TYPES = ("application/merge-patch+json", json_patch.CONTENT_TYPE, "application/json")

VALIDATE_ONLY = ("validate_only",)
PARAMETERS = (*SHOWING, *VALIDATE_ONLY)


def create_row(bound: BoundResource, request: Request) -> Response:
    """201 with Location, ETag and the row."""
    asked = asked_of(request)
    written = operations.create(bound, request, read_json(request))
    if bound.extensions or bound.plan(request, asked.fields).single is None:
        request.db  # noqa: B018  # made now: what is shown of the row may have to be loaded
    return answer(bound, request, written, asked)


def replace_row(bound: BoundResource, request: Request) -> Response:
    """200 with the row; 201 where there was none and its id is a UUID."""
    asked = asked_of(request)
    body = read_json(request)
    identifier, preconditions = request.matchdict["id"], preconditions_of(request)
    written = operations.replace(bound, request, identifier, body, preconditions)
    return answer(bound, request, written, asked)


def patch_row(bound: BoundResource, request: Request) -> Response:
    """200 with the row as the patch leaves it: a merge patch, or by its content type a JSON patch."""
    asked = asked_of(request)
    body = read_json(request, PATCH_TYPES)
    if request.content_type.strip().lower() == json_patch.CONTENT_TYPE:
        body = PatchDocument(body)
    identifier, preconditions = request.matchdict["id"], preconditions_of(request)
    if not asked.validate_only:
        shown = bound.direct.patch(request, identifier, body, preconditions, asked.fields)
        if shown is not None:
            return bound.respond(request, *shown)
    written = operations.patch(bound, request, identifier, body, preconditions)
    return answer(bound, request, written, asked)


def delete_row(bound: BoundResource, request: Request) -> Response:
    """204."""
    asked = asked_of(request, VALIDATE_ONLY)
    read_empty(request)
    identifier, preconditions = request.matchdict["id"], preconditions_of(request)
    written = operations.delete(bound, request, identifier, preconditions)
    return answer(bound, request, written, asked)


def restore_row(bound: BoundResource, request: Request) -> Response:
    """200 with the row that was deleted, which is there again."""
    asked = asked_of(request)
    read_empty(request)
    written = restoring.restore(bound, request, request.matchdict["id"])
    return answer(bound, request, written, asked)


def batch_rows(bound: BoundResource, request: Request) -> Response:
    """200 with what became of each item; 207 where items failed that are not atomic."""
    asked = asked_of(request)
    batch = read_batch(read_json(request, most=MAX_BODY))
    count_items(request, len(batch.items))
    run = BatchRun(bound, request, asked.fields, asked.validate_only)
    items = run.outcomes(batch)
    response = json_response(dumps({"items": items}), 207 if run.failed else 200)
    response.headers["Cache-Control"] = "no-store"
    return undone(bound, request, response) if asked.validate_only else response


class Asked(NamedTuple):
    """The parameters of a write: what to show, and whether it is only to be tried."""

    fields: Wanted = EVERYTHING
    validate_only: bool = False


def asked_of(request: Request, known: Collection[str] = PARAMETERS) -> Asked:
    """The parameters of a write; Problem 400 for another one, 406 where JSON is not taken."""
    check_acceptable(request)
    given = only(request, known)
    wanted = given.get("validate_only", "false")
    if wanted not in ("true", "false"):
        raise bad_parameter("validate_only", "must be true or false")
    return Asked(wanted_of(given), wanted == "true")


def answer(bound: BoundResource, request: Request, written: Written, asked: Asked) -> Response:
    """The response to a write: the row with its ETag, and of a new one its Location; 204 without one."""
    if written.row is None:
        response = Response(status=written.status, content_type=None)
    else:
        response = bound.answer(request, written.row, written.status, asked.fields)
        if written.status == 201:
            response.headers["Location"] = bound.url(request, written.row.id)
    return undone(bound, request, response) if asked.validate_only else response


def undone(bound: BoundResource, request: Request, response: Response) -> Response:
    """The answer of a write of which nothing is to stay: no event is sent, no version is told."""
    if request.registry.system.database.dialect == "postgresql":
        with operations.constraints(bound):  # those that wait for the COMMIT that will not come
            request.db.execute(sa.text("SET CONSTRAINTS ALL IMMEDIATE"))
    request.tm.doom()
    if response.status_int in (201, 202):
        response.status_int = 200
    for name in ("Location", "ETag"):
        response.headers.pop(name, None)
    response.headers["Cache-Control"] = "no-store"
    return response


class ActionView:
    """The view of one action of a resource."""

    def __init__(self, bound: BoundResource, action: Action) -> None:
        self.bound = bound
        self.action = action
        self.method = getattr(bound.resource, action.method)
        self.reader = ObjectReader(action.body()) if action.body is not None else None

    def __call__(self, request: Request) -> Response:
        asked = asked_of(request)
        self.bound.plan(request, asked.fields)  # refuses unknown names, whatever the method returns
        arguments: list[Any] = []
        body = self._body(request)
        if self.action.level == "item":
            row = self.bound.existing(request, request.matchdict["id"], lock=True)
            preconditions = preconditions_of(request)
            operations.check(self.bound, request, row, preconditions, needed=False)
            arguments.append(row)
        if self.reader is not None:
            arguments.append(body)
        with operations.constraints(self.bound):
            result = self.method(request, *arguments)
            work_of(request).flush()
        response = self._answer(request, result, asked.fields)
        return undone(self.bound, request, response) if asked.validate_only else response

    def _body(self, request: Request) -> Any:
        if self.reader is None:
            return read_empty(request)
        faults: list[Fault] = []
        found = self.reader(read_json(request), "", faults)
        if faults:
            raise invalid(faults)
        return found

    def _answer(self, request: Request, result: Any, fields: Wanted) -> Response:
        if isinstance(result, Response):
            return result
        if result is None:
            return Response(status=204, content_type=None)
        if isinstance(result, self.bound.model):
            written = Written(result, self.action.status)
            return answer(self.bound, request, written, Asked(fields))
        if isinstance(result, list | tuple):
            result = {"items": self._shown(request, result, fields)}
        response = json_response(dumps(result), self.action.status)
        response.headers["Cache-Control"] = "no-store"
        return response

    def _shown(self, request: Request, results: Sequence[Any], fields: Wanted) -> list[Any]:
        """Rows among the results as the resource shows them, anything else as it is."""
        rows = [one for one in results if isinstance(one, self.bound.model)]
        shown = iter(self.bound.plan(request, fields).show(request, rows))
        return [next(shown) if isinstance(one, self.bound.model) else one for one in results]


__all__ = [
    "JSON_TYPES",
    "ActionView",
    "Asked",
    "answer",
    "asked_of",
    "batch_rows",
    "create_row",
    "delete_row",
    "patch_row",
    "replace_row",
    "undone",
]
