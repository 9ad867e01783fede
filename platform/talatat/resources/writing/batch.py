"""`POST /<resources>:batch`: many writes of one resource in one request and one transaction.

    {"atomic": true, "items": [{"operation": "create", "body": {...}},
                               {"operation": "patch", "id": "...", "if_match": "...", "body": {...}}]}

Items are worked in order, each under its own operation's permission and through the same functions as
a request of its own. Atomic: the first item that fails is the answer, with pointers below
`/items/<n>`, and nothing stays. Not atomic: each item has a savepoint, so that what one leaves behind,
in the database or in the session, is gone before the next begins; the answer tells of each.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyramid.httpexceptions import HTTPException
from pyramid_retry import is_error_retryable
from sqlalchemy.exc import IntegrityError

from talatat.codes import CODE_OF_STATUS
from talatat.db.retry import is_retryable, is_unreachable
from talatat.problems import Problem, document, invalid, met, request_id
from talatat.resources.showing.conditions import NO_PRECONDITIONS, Preconditions, etag
from talatat.resources.showing.expanding import EVERYTHING, Wanted
from talatat.resources.writing import operations
from talatat.resources.writing.json_patch import PatchDocument
from talatat.resources.writing.operations import Written
from talatat.schema.faults import Fault, escape, fault
from talatat.schema.writing import dumps
from talatat.security import challenges

if TYPE_CHECKING:
    from pyramid.request import Request

    from talatat.resources.bound import BoundResource

log = logging.getLogger("talatat.problems")

MAX_ITEMS = 500

# Operation -> the members of its item; the first of them must be there, those with "?" need not.
MEMBERS: Mapping[str, frozenset[str]] = {
    "create": frozenset({"body"}),
    "replace": frozenset({"id", "body", "if_match?"}),
    "patch": frozenset({"id", "body", "if_match?"}),
    "delete": frozenset({"id", "if_match?"}),
}


@dataclass(frozen=True)
class Batch:
    """The body of the request, its form checked; what is in the items is looked at one by one."""

    items: list[Any]
    atomic: bool = True


def read_batch(body: Any) -> Batch:
    """The batch in a JSON document; Problem 422 for a form that is none."""
    if not isinstance(body, dict):
        raise invalid([fault("", "type", "must be an object")])
    faults = [
        fault(f"/{escape(name)}", "unknown", "is not a field of this object")
        for name in body
        if name not in ("atomic", "items")
    ]
    items, atomic = body.get("items"), body.get("atomic", True)
    if not isinstance(atomic, bool):
        faults.append(fault("/atomic", "type", "must be true or false"))
    if "items" not in body:
        faults.append(fault("/items", "required", "is required"))
    elif not isinstance(items, list):
        faults.append(fault("/items", "type", "must be a list"))
    elif len(items) > MAX_ITEMS:
        detail = f"has {len(items)} items; {MAX_ITEMS} are the most"
        raise Problem(
            422, "too_many_items", f"/items {detail}", [fault("/items", "length", detail)]
        )
    if faults:
        raise invalid(faults)
    assert isinstance(items, list)
    return Batch(items, atomic)


class BatchRun:
    """One batch on its way: `outcomes` are the members `items` of the answer."""

    def __init__(
        self,
        bound: BoundResource,
        request: Request,
        wanted: Wanted = EVERYTHING,
        validate_only: bool = False,
    ) -> None:
        self.bound = bound
        self.request = request
        self.validate_only = validate_only
        self.plan = bound.plan(request, wanted)
        self.failed = False

    def outcomes(self, batch: Batch) -> list[dict[str, Any]]:
        """What became of each item. Raises the Problem of the first that fails where it is atomic."""
        session = self.request.db
        session.connection()  # the transaction has begun
        begun = session.get_transaction()
        work = self._atomic if batch.atomic else self._alone
        found = [work(at, item) for at, item in enumerate(batch.items)]
        if session.get_transaction() is not begun:
            # What was told of the items before that is not true any more.
            raise RuntimeError("a hook or a subscriber has ended the transaction of the batch")
        return found

    def _atomic(self, at: int, item: Any) -> dict[str, Any]:
        try:
            return self._worked(item)
        except HTTPException as error:
            if is_error_retryable(self.request, error):
                raise
            raise _of_item(_problem_of(error), at) from error

    def _alone(self, at: int, item: Any) -> dict[str, Any]:
        try:
            with self.request.db.begin_nested():
                return self._worked(item)
        except Exception as error:
            if self._ends_all(error):
                raise
            self.failed = True
            problem = _of_item(self._worded(error), at)
            identifier = item.get("id") if isinstance(item, dict) else None
            shown = identifier if isinstance(identifier, str) else None
            met(self.request, problem)
            told = document(self.request, problem)
            return {"status": problem.code, "id": shown, "problem": told}

    def _ends_all(self, error: Exception) -> bool:
        """Whether the request as a whole is to be tried again, or the database is gone."""
        if isinstance(error, HTTPException):
            return bool(is_error_retryable(self.request, error))
        return is_retryable(error) or is_unreachable(error)

    def _worded(self, error: Exception) -> Problem:
        if isinstance(error, HTTPException):
            return _problem_of(error)
        if isinstance(error, IntegrityError):
            return Problem(409, "conflict", "The item contradicts what is stored")
        log.error(
            "an item of a batch failed: %s: %s", type(error).__name__, error,
            exc_info=error, extra={"request_id": request_id(self.request)},
        )  # fmt: skip
        return Problem(500, "internal_error")

    def _worked(self, item: Any) -> dict[str, Any]:
        """Do one item; a Problem points into the item."""
        operation = _checked(item, self.bound.declaration.operations)
        self._permit(operation)
        try:
            written = OPERATIONS[operation](self.bound, self.request, item)
        except Problem as problem:
            if is_error_retryable(self.request, problem):
                raise
            errors = _below(problem.errors, "/body")
            raise problem.located(str(problem.detail), errors) from problem
        if written.row is None:
            return {"status": written.status, "id": item["id"].lower()}
        (shown,) = self.plan.show(self.request, [written.row])
        if self.validate_only:  # no row has this version
            return {"status": 200, "id": written.row.id, "body": shown}
        tag = etag(self.bound.versions(self.request, written.row), dumps(shown))
        return {"status": written.status, "id": written.row.id, "etag": tag, "body": shown}

    def _permit(self, operation: str) -> None:
        permission = self.bound.permission(operation)
        if permission is None or self.request.has_permission(permission):
            return
        if self.request.identity is None:
            headers = {"WWW-Authenticate": ", ".join(challenges(self.request))}
            raise Problem(401, "unauthorized", headers=headers)
        raise Problem(403, "forbidden", f"These credentials do not hold {permission}")


def _create(bound: BoundResource, request: Request, item: Any) -> Written:
    return operations.create(bound, request, item["body"])


def _replace(bound: BoundResource, request: Request, item: Any) -> Written:
    return operations.replace(bound, request, item["id"], item["body"], _preconditions(item))


def _patch(bound: BoundResource, request: Request, item: Any) -> Written:
    body = item["body"]
    if isinstance(body, list):  # which no merge patch of a row is
        body = PatchDocument(body)
    return operations.patch(bound, request, item["id"], body, _preconditions(item))


def _delete(bound: BoundResource, request: Request, item: Any) -> Written:
    return operations.delete(bound, request, item["id"], _preconditions(item))


OPERATIONS: Mapping[str, Callable[[Any, Any, Any], Written]] = {
    "create": _create,
    "replace": _replace,
    "patch": _patch,
    "delete": _delete,
}


def _preconditions(item: Any) -> Preconditions:
    return Preconditions(item["if_match"]) if "if_match" in item else NO_PRECONDITIONS


def _checked(item: Any, offered: Any) -> str:
    """The operation of an item whose form is right; Problem 422 for another one."""
    if not isinstance(item, dict):
        raise invalid([fault("", "type", "must be an object")])
    operation = item.get("operation")
    known = [name for name in OPERATIONS if name in offered]
    if not isinstance(operation, str) or operation not in known:
        code = "choice" if "operation" in item else "required"
        raise invalid([fault("/operation", code, f"must be one of {', '.join(known)}")])
    if faults := list(_misshapen(item, MEMBERS[operation])):
        raise invalid(faults)
    return operation


def _misshapen(item: dict[str, Any], members: frozenset[str]) -> Iterator[Fault]:
    for name, value in item.items():
        if name not in members and f"{name}?" not in members and name != "operation":
            yield fault(f"/{escape(name)}", "unknown", "is not a field of this item")
        elif name in ("id", "if_match") and not isinstance(value, str):
            yield fault(f"/{name}", "type", "must be a string")
    for name in sorted(members):
        if not name.endswith("?") and name not in item:
            yield fault(f"/{name}", "required", "is required")


def _problem_of(error: HTTPException) -> Problem:
    if isinstance(error, Problem):
        return error
    status = error.code if error.code >= 400 else 500
    return Problem(status, CODE_OF_STATUS.get(status, f"http_{status}"), error.detail or "")


def _of_item(problem: Problem, at: int) -> Problem:
    """The problem of an item as one of the batch; one without errors gets one that names the item."""
    where = f"/items/{at}"
    errors = _below(problem.errors, where)
    detail = str(problem.detail)
    return problem.located(
        f"{where}: {detail}", errors or [fault(where, problem.problem_code, detail)]
    )


def _below(errors: list[dict[str, Any]], prefix: str) -> list[dict[str, Any]]:
    return [{**one, "pointer": prefix + one.get("pointer", "")} for one in errors]
