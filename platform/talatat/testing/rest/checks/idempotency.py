"""Idempotency keys: a request that is sent again is answered again, and done once."""

from __future__ import annotations

import uuid
from typing import Any

from talatat.testing.rest.case import Case, want
from talatat.testing.rest.model import Family
from talatat.testing.rest.sending import Answer

of = Family("idempotency", "idempotency", needs=("create",), capability="idempotency-keys")
KEY = "Idempotency-Key"


def _send(case: Case, body: Any, key: str, **said: Any) -> Answer:
    return case.ask("POST", body=body, headers={KEY: key}, **said)


def _key() -> str:
    return str(uuid.uuid4())


def _takes(case: Case) -> None:
    if KEY not in case.kind.parameters("create"):
        raise case.lacks("its create takes no key")


def _body(case: Case) -> Any:
    """A body that is taken now."""
    _takes(case)
    case.row()
    sent: list[Any] = []

    def send(body: Any) -> Answer:
        sent.append(body)
        return case.ask("POST", query={"validate_only": "true"}, body=body)

    case.server.bodies(case.kind).accepted("create", send, full=False).must(200)
    return sent[-1]


@of.check(
    "key-replays",
    "The same request with the same key is answered the same, and makes one row",
    needs=("create", "list"),
)
def replays(case: Case) -> None:
    body, key = _body(case), _key()
    first = _send(case, body, key).must(201)
    before = len(case.all(limit=500))
    again = _send(case, body, key).must(201)
    want(again.body == first.body, "the second answer is another", again)
    want(again.header("Idempotent-Replay") == "true", "it does not say that it is a replay", again)
    for name in ("Location", "ETag", "Content-Type"):
        want(again.header(name) == first.header(name), f"its {name} is another", again)
    want(len(case.all(limit=500)) == before, "there is another row", again)


@of.check("key-other-body", "Another body with the same key is refused")
def other_body(case: Case) -> None:
    body, key = _body(case), _key()
    _send(case, body, key).must(201)
    answer = _send(case, {**body, "no_such_field": 1}, key).must(422)
    want(
        answer.code == "idempotency_key_reused" or "idempoten" in answer.code,
        f"its code is {answer.code}",
        answer,
    )


@of.check(
    "key-same-document",
    "The same document in other letters, or another order, may be told apart, and makes no second row",
)
def same_document(case: Case) -> None:
    body, key = _body(case), _key()
    _send(case, body, key).must(201)
    before = len(case.all(limit=500)) if "list" in case.kind.operations else 0
    _send(case, dict(reversed(list(body.items()))), key).must(201, 422)
    if "list" in case.kind.operations:
        want(len(case.all(limit=500)) == before, "there is another row")


@of.check("key-other-person", "Another person's key is another key")
def other_person(case: Case) -> None:
    permission = case.kind.permission("create")
    if case.server.credentials.holding is None or permission in ("", "public", "authenticated"):
        raise case.lacks("nobody is known who holds one permission")
    body, key = _body(case), _key()
    _send(case, body, key).must(201)
    answer = _send(case, body, key, who="stranger" if case.server.credentials.stranger else None)
    answer.must(401, 403, 404)


@of.check("key-after-refusal", "A refusal is replayed, or asked anew; it is the same refusal")
def after_refusal(case: Case) -> None:
    _takes(case)
    key = _key()
    first = _send(case, {"no_such_field": 1}, key).must(422)
    again = _send(case, {"no_such_field": 1}, key).must(422)
    want(again.code == first.code and again.pointers == first.pointers, "it is another", again)


@of.check("key-form", "An empty key, and one of more than 255 letters, are refused")
def key_form(case: Case) -> None:
    body = _body(case)
    _send(case, body, "k" * 256).must(400)
    _send(case, body, " ").must(400)


@of.check("key-longest", "A key of 255 letters is taken")
def longest(case: Case) -> None:
    _send(case, _body(case), (_key() * 8)[:255]).must(201)


@of.check("key-different", "Two keys are two requests")
def different(case: Case) -> None:
    first = _send(case, _body(case), _key()).must(201)
    second = _send(case, _body(case), _key()).must(201)
    want(first.json["id"] != second.json["id"], "both have one row", second)


@of.check("key-dry", "validate_only keeps no key")
def dry(case: Case) -> None:
    body, key = _body(case), _key()
    answer = _send(case, body, key, query={"validate_only": "true"}).must(200, 400, 422)
    if answer.status == 200:
        _send(case, body, key).must(201, 422)


@of.check("key-required", "Where a key is required a request without one is refused")
def required(case: Case) -> None:
    said = case.kind.parameters("create").get(KEY)
    if said is None or not said.get("required"):
        raise case.lacks("it requires no key")
    case.ask("POST", body=case.body()).refuses(400)
