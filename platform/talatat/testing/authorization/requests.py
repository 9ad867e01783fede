"""Requests that are right: paths with ids that are there, bodies that an administrator gets through with.

Everything is made from the OpenAPI document and from rows that are there, by what the black-box suite
makes its bodies with. Each candidate is tried as an administrator and undone; the first that gets through
is what every actor sends.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from talatat.resources.declaration import actions_of
from talatat.resources.extensions import attribute_of
from talatat.testing.authorization.ready import Owned, Ready, a_file
from talatat.testing.authorization.supplies import Supplies, said, supply_of
from talatat.testing.authorization.tries import JSON_PATCH, Try
from talatat.testing.rest.bodies import Bodies, referred
from talatat.testing.rest.described import Kind
from talatat.testing.rest.sending import Answer
from talatat.testing.rest.server import Server
from talatat.testing.rest.values import Values

ROWS_TRIED = 12
_PLACEHOLDER = re.compile(r"\{(\w+)\}|\*(\w+)$")
_TYPES = {JSON_PATCH: "application/json-patch+json", "patch": "application/merge-patch+json"}


Rows = Callable[[Any], Owned]
"""Resource -> whose rows there are."""


class Requests:
    """Makes the requests of one composition. `passes(ready)` sends as an administrator, undone after."""

    def __init__(
        self, server: Server, rows: Rows, supplies: Supplies, passes: Callable[[Ready], Answer]
    ) -> None:
        self.server, self.rows, self.supplies, self.passes = server, rows, supplies, passes
        self._bodies: dict[str, Bodies] = {}

    def ready(self, one: Try, method: str) -> Ready:
        """The request: the first candidate that an administrator gets through with, else the first."""
        first: Ready | None = None
        for candidate in self._candidates(one, method):
            first = first or candidate
            if self.passes(candidate).status < 400:
                return candidate
        assert first is not None
        return first

    def _candidates(self, one: Try, method: str) -> Iterator[Ready]:
        supply = supply_of(self.supplies, one.route, method)
        if one.bound is None or supply.path or supply.body is not None:
            given = {name: said(value) for name, value in supply.path.items()}
            target = self._filled(one, given)
            yield Ready(method, target, said(supply.body), dict(supply.headers))
            return
        kind = self.server.kinds[one.bound.full_name]
        yield from _Of(self, one, kind, self.rows(one.bound)).candidates()

    def _filled(self, one: Try, given: Mapping[str, Any]) -> str:
        def value(match: re.Match[str]) -> str:
            name = match[1] or match[2]
            if name in given:
                return str(given[name])
            return a_file(one.static) if one.static is not None else "x"

        return _PLACEHOLDER.sub(value, one.path)

    def bodies(self, kind: Kind) -> Bodies:
        """What makes the bodies of a resource; what they refer to is there already."""
        if kind.full_name not in self._bodies:
            values = Values(
                self.server.document, lambda name, number: self._refer(kind, name, number)
            )
            self._bodies[kind.full_name] = Bodies(kind, values, {})
        return self._bodies[kind.full_name]

    def _refer(self, own: Kind, name: str, number: int) -> Iterator[str]:
        """Ids of rows that a field may refer to, the owner's where they are owned; others each time."""
        for kind in islice(referred(name, self.server.kinds, own), 2):
            owned = self.rows(kind.full_name)
            some = owned.mine[:ROWS_TRIED] or owned.all[:ROWS_TRIED]
            yield from (some[(number + at) % len(some)] for at in range(len(some)))


@dataclass(frozen=True)
class _Of:
    """The candidates for one operation of one resource."""

    requests: Requests
    one: Try
    kind: Kind
    owned: Owned

    def candidates(self) -> Iterator[Ready]:
        operation = self.one.operation
        if operation in ("list", "changes", "search", "create"):
            yield from getattr(self, f"_{operation}")()
        elif operation == "batch":
            yield from self._batch()
        elif operation in ("get", "replace", "patch", "delete", "restore"):
            yield from (self._of_item(identifier) for identifier in self._ids())
        else:
            yield from self._action()

    def _ids(self) -> tuple[str, ...]:
        return (self.owned.mine or self.owned.all)[:ROWS_TRIED] or ("no-row",)

    def _seen(self, target: str, method: str = "GET", body: Any = None) -> Ready:
        mine, theirs = frozenset(self.owned.mine), frozenset(self.owned.theirs)
        return Ready(method, target, body, {}, mine, theirs)

    def _query(self, *parts: str) -> str:
        variant = self.one.variant
        said = [*parts, *([variant] if "=" in variant else [])]
        return f"?{'&'.join(said)}" if said else ""

    def _list(self) -> Iterator[Ready]:
        yield self._seen(self.kind.path + self._query("limit=500"))

    def _changes(self) -> Iterator[Ready]:
        yield self._seen(f"{self.kind.path}:changes{self._query('limit=500')}")

    def _search(self) -> Iterator[Ready]:
        body: dict[str, Any] = {"limit": 500}
        if self.one.variant:
            body["count"] = "exact"
        yield self._seen(f"{self.kind.path}:search", "POST", body)

    def _create(self) -> Iterator[Ready]:
        for body in self._made("create"):
            yield Ready("POST", self.kind.path, body, self._key())

    def _made(self, form: str) -> Iterator[Any]:
        """Bodies with what has to be there, other ones after each refusal."""
        bodies = self.requests.bodies(self.kind)
        for _ in range(ROWS_TRIED):
            body = bodies.make(form, full=False)
            yield body
            answer = self.requests.passes(Ready("POST", self.kind.path, body, self._key()))
            if not bodies.vary(form, body, answer):
                return

    def _key(self) -> dict[str, str]:
        said = self.kind.parameters("create").get("Idempotency-Key", {})
        return {"Idempotency-Key": "authorization"} if said.get("required") else {}

    def _of_item(self, identifier: str) -> Ready:
        method = self.one.method
        target = f"{self.kind.path}/{identifier}"
        if self.one.operation == "restore":
            return Ready(method, f"{target}:restore")
        headers = {"If-Match": "*"} if self._must_match() else {}
        if self.one.operation in _TYPES and (kind := _TYPES.get(self.one.variant or "patch")):
            headers["Content-Type"] = kind
        return Ready(method, target + self._query(), self._body(identifier), headers)

    def _must_match(self) -> bool:
        said = self.kind.parameters(self.one.operation).get("If-Match", {})
        return bool(said.get("required"))

    def _body(self, identifier: str) -> Any:
        operation = self.one.operation
        if operation == "batch":
            operation = self.one.variant
        if operation == "replace":
            return self._replacing(identifier)
        if operation == "patch":
            name, value = self._change(identifier)
            if self.one.variant == JSON_PATCH:
                return [{"op": "add", "path": f"/{name}", "value": value}]
            return {name: value}
        return None

    def _row(self, identifier: str) -> dict[str, Any]:
        answer = self.requests.passes(Ready("GET", f"{self.kind.path}/{identifier}"))
        return dict(answer.json) if answer.status == 200 else {}

    def _replacing(self, identifier: str) -> Any:
        row, form = self._row(identifier), self.kind.form("replace")
        made = self.requests.bodies(self.kind).make("replace", full=False)
        return {name: row.get(name, made.get(name)) for name in form.get("required", ())}

    def _change(self, identifier: str) -> tuple[str, Any]:
        """(field, another value) of something that whoever may write at all may write."""
        bound, bodies = self.one.bound, self.requests.bodies(self.kind)
        assert bound is not None
        row, form = self._row(identifier), self.kind.form("patch").get("properties", {})
        free = [
            node.name
            for node in bound.schema.children
            if node.name in form
            and not any(
                getattr(node, key, None) for key in ("write_permission", "create_only", "read_only")
            )
            and attribute_of(node)
        ]
        for name in free:
            for _ in range(3):
                value = bodies.value(name, form[name], bodies.number() + 20)
                sent = Ready("PATCH", f"{self.kind.path}/{identifier}", {name: value})
                answer = self.requests.passes(sent)
                if answer.status == 200 and answer.json.get(name) != row.get(name):
                    return name, value
        return (free or ["id"])[0], None

    def _batch(self) -> Iterator[Ready]:
        path, operation = f"{self.kind.path}:batch", self.one.variant
        if operation == "create":
            for made in self._made("create"):
                yield self._batched(path, {"operation": "create", "body": made})
            return
        for identifier in self._ids():
            item = {"operation": operation, "id": identifier}
            body = self._body(identifier)
            if body is not None:
                item["body"] = body
            if self.kind.parameters(operation).get("If-Match", {}).get("required"):
                item["if_match"] = "*"
            yield self._batched(path, item)

    def _batched(self, path: str, item: Any) -> Ready:
        return Ready("POST", path, {"items": [item]}, self._key())

    def _action(self) -> Iterator[Ready]:
        bound = self.one.bound
        assert bound is not None
        action = next(
            one for one in actions_of(bound.declaration) if one.method == self.one.operation
        )
        said = self.requests.server.document["paths"][self.one.path]["post"]
        takes = any(
            one.get("name") == "Idempotency-Key" and one.get("required")
            for one in map(self.kind.resolved, said.get("parameters", ()))
        )
        headers = {"Idempotency-Key": "authorization"} if takes else {}
        ids = self._ids() if action.level == "item" else ("",) * ROWS_TRIED
        for identifier in ids:
            target = self.one.path.replace("{id}", identifier)
            yield Ready("POST", target, self._action_body(said), headers)

    def _action_body(self, operation: Any) -> Any:
        content = self.kind.resolved(operation.get("requestBody", {})).get("content", {})
        if "application/json" not in content:
            return None
        schema = self.kind.resolved(content["application/json"]["schema"])
        return self._lean("", schema, self.requests.bodies(self.kind).number())

    def _lean(self, name: str, schema: Any, number: int) -> Any:
        """A value with nothing in it that may be left out."""
        schema = self.kind.resolved(schema)
        if schema.get("type") == "object" and "properties" in schema:
            members = schema["properties"]
            return {
                one: self._lean(one, members[one], number) for one in schema.get("required", ())
            }
        if schema.get("type") == "array" and "items" in schema:
            return [self._lean(name, schema["items"], number)]
        return self.requests.bodies(self.kind).values.first(name, schema, number)
