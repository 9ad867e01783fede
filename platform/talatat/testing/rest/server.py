"""The server under check: how it is reached, as whom, and what it says of itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import Any
from urllib.parse import quote, urlencode

from talatat.testing.rest.bodies import Bodies, referred
from talatat.testing.rest.described import Kind, kinds_of
from talatat.testing.rest.sending import Answer, Headers, Pairs, Sent, Transport
from talatat.testing.rest.values import Values

Grow = Callable[[Kind, int], object]


@dataclass(frozen=True)
class Credentials:
    """Headers by which the server knows who asks.

    `owner` may do everything. `stranger` is known and may do nothing; `holding` gives the headers of
    somebody who holds one permission. What is about people who are not given is not asked.
    """

    owner: Headers
    stranger: Headers | None = None
    holding: Callable[[str], Headers] | None = None


@dataclass
class Server:
    """One server. `grow` puts rows where the interface makes none; `given` are values of fields by resource."""

    transport: Transport
    credentials: Credentials
    grow: Grow | None = None
    given: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    _bodies: dict[str, Bodies] = field(default_factory=dict)
    _referring: set[tuple[str, str]] = field(default_factory=set)

    @cached_property
    def index(self) -> dict[str, Any]:
        """What GET /api says."""
        found: dict[str, Any] = self.ask("GET", "/api", who=None).must(200).json
        return found

    @cached_property
    def document(self) -> dict[str, Any]:
        """The OpenAPI document of all."""
        found: dict[str, Any] = self.ask("GET", "/api/openapi.json", who=None).must(200).json
        return found

    @cached_property
    def kinds(self) -> dict[str, Kind]:
        """The resources by their full names."""
        return {one.full_name: one for one in kinds_of(self.document)}

    @property
    def capabilities(self) -> set[str]:
        """What /api lists."""
        return set(self.index.get("capabilities", ()))

    def limit(self, name: str, otherwise: int) -> int:
        """A limit that /api tells."""
        return int(self.index.get("limits", {}).get(name, otherwise))

    def headers_of(self, who: str | None) -> Headers:
        """The headers of "owner", "stranger", or the holder of a permission; none for None."""
        if who is None:
            return {}
        if who == "owner":
            return self.credentials.owner
        if who == "stranger":
            assert self.credentials.stranger is not None
            return self.credentials.stranger
        assert self.credentials.holding is not None
        return self.credentials.holding(who)

    def ask(
        self,
        method: str,
        path: str,
        *,
        query: Pairs | str | None = None,
        body: Any = None,
        headers: Headers | None = None,
        who: str | None = "owner",
    ) -> Answer:
        """Send a request; a `body` that is not bytes goes as JSON. Headers of "" are left out."""
        import orjson

        said = {"Accept": "application/json", **self.headers_of(who)}
        content = b""
        if body is not None:
            content = body if isinstance(body, bytes) else orjson.dumps(body)
            said["Content-Type"] = "application/json"
        said.update(headers or {})
        said = {name: value for name, value in said.items() if value != ""}
        return self.transport(Sent(method, path + _query(query), said, content))

    def bodies(self, kind: Kind) -> Bodies:
        """What makes the bodies of a resource."""
        if kind.full_name not in self._bodies:

            def refer(name: str, number: int) -> Iterator[str]:
                return self._references(kind, name, number)

            values = Values(self.document, refer)
            given = self.given.get(kind.full_name, {})
            self._bodies[kind.full_name] = Bodies(kind, values, given)
        return self._bodies[kind.full_name]

    def create(self, kind: Kind, *, full: bool = False, **changes: Any) -> Answer:
        """The answer to a create of a row that is like no other; `changes` are fields that are said."""

        def send(body: dict[str, Any]) -> Answer:
            return self.ask("POST", kind.path, body={**body, **changes})

        return self.bodies(kind).accepted("create", send, full=full)

    def _references(self, kind: Kind, name: str, number: int) -> Iterator[str]:
        """Ids of rows that the field `name` of a resource may refer to: new ones, or some that are there."""
        if (kind.full_name, name) in self._referring:
            return
        self._referring.add((kind.full_name, name))
        try:
            for target in islice(referred(name, self.kinds, kind), 4):
                yield from self._some(target, number)
        finally:
            self._referring.discard((kind.full_name, name))

    def _some(self, kind: Kind, number: int) -> Iterator[str]:
        if "create" in kind.operations:
            answer = self.create(kind)
            if answer.status == 201:
                yield str(answer.json["id"])
                return
        if "list" in kind.operations:
            answer = self.ask("GET", kind.path, query={"limit": 20})
            items = answer.json.get("items", ()) if answer.status == 200 else ()
            if items:
                yield str(items[number % len(items)]["id"])


def _query(query: Pairs | str | None) -> str:
    if not query:
        return ""
    if isinstance(query, str):
        return f"?{query}"
    return "?" + urlencode(query, quote_via=quote, errors="surrogateescape")
