"""`Case`: one resource of one server as a check sees it, with rows to ask about."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from talatat.db.ids import new_id
from talatat.testing.rest.bodies import TRIES, Body
from talatat.testing.rest.described import Kind
from talatat.testing.rest.model import Failed, NotApplicable, Reason
from talatat.testing.rest.sending import Answer, Headers, Pairs
from talatat.testing.rest.server import Server

Row = dict[str, Any]
FEW = 5


class Case:
    """What checks of one resource are given. Everything that is asked for and not there is not applicable."""

    def __init__(self, server: Server, kind: Kind) -> None:
        self.server, self.kind = server, kind
        self.path = kind.path
        self.kept: list[Answer] = []  # the exchanges about this resource
        self._standing: str | None = None
        self._changing: list[str] | None = None

    # Asking

    def ask(
        self,
        method: str,
        suffix: str = "",
        query: Pairs | str | None = None,
        body: Any = None,
        headers: Headers | None = None,
        who: str | None = "owner",
    ) -> Answer:
        """Send a request to the resource's path with a suffix."""
        answer = self.server.ask(
            method, self.path + suffix, query=query, body=body, headers=headers, who=who
        )
        self.kept.append(answer)
        return answer

    def get(self, suffix: str = "", **said: Any) -> Answer:
        """GET."""
        return self.ask("GET", suffix, **said)

    def item(self, row: Row | str, method: str = "GET", **said: Any) -> Answer:
        """A request to one row."""
        identifier = row if isinstance(row, str) else row["id"]
        return self.ask(method, f"/{identifier}", **said)

    def follow(self, url: str) -> Answer:
        """GET what a page leads to."""
        parts = urlsplit(url)
        answer = self.server.ask("GET", f"{parts.path}?{parts.query}")
        self.kept.append(answer)
        return answer

    def write(self, row: Row | str, method: str, body: Any, **said: Any) -> Answer:
        """A request that changes one row, with If-Match where the document requires it."""
        operation = {"PUT": "replace", "PATCH": "patch", "DELETE": "delete"}[method]
        headers = dict(said.pop("headers", None) or {})
        if self.requires_match(operation) and "If-Match" not in headers:
            headers["If-Match"] = self.item(row).header("ETag") or "*"
        return self.item(row, method, body=body, headers=headers, **said)

    def requires_match(self, operation: str) -> bool:
        """Whether the document says that If-Match has to be sent."""
        return bool(self.kind.parameters(operation).get("If-Match", {}).get("required"))

    # Rows

    def create(self, *, full: bool = False, **changes: Any) -> Answer:
        """A new row: the answer, which is a 201."""
        self.needs("create")
        answer = self.server.create(self.kind, full=full, **changes)
        self.kept.append(answer)
        if answer.status != 201:
            raise NotApplicable(Reason.ROWS, f"no row could be made: {answer}")
        return answer

    def new(self, **said: Any) -> Row:
        """A new row."""
        found: Row = self.create(**said).json
        return found

    def row(self) -> Row:
        """A row that is there, as it is now."""
        if self._standing is not None:
            answer = self.item(self._standing)
            if answer.status == 200:
                return dict(answer.json)
        if "create" in self.kind.operations:
            self._standing = str(self.new(full=True)["id"])
        else:
            self._standing = str(self.rows(1)[0]["id"])
        return self.row() if "get" in self.kind.operations else self._find(self._standing)

    def _find(self, identifier: str) -> Row:
        found = self.get(query={"id": identifier}).must(200).json["items"]
        return dict(found[0]) if found else {}

    def rows(self, count: int = FEW) -> list[Row]:
        """At least so many rows, as the list shows them."""
        self.needs("list")
        items = self._page(count)
        if len(items) < count and "create" in self.kind.operations:
            for turn in range(count - len(items)):
                self.create(full=turn % 2 == 0)
            items = self._page(count)
        elif len(items) < count and self.server.grow is not None:
            self.server.grow(self.kind, count - len(items))
            items = self._page(count)
        if len(items) < count:
            raise NotApplicable(
                Reason.ROWS, f"there are {len(items)} rows, and no way to make more"
            )
        return items

    def _page(self, count: int) -> list[Row]:
        found: list[Row] = self.get(query={"limit": max(count, FEW)}).must(200).json["items"]
        return found

    def all(self, query: Pairs | None = None, limit: int = 100) -> list[Row]:
        """Every row of a list, page after page."""
        return [row for page in self.pages(query, limit) for row in page.json["items"]]

    def pages(
        self, query: Pairs | None = None, limit: int = 100, most: int = 200
    ) -> Iterator[Answer]:
        """The pages of a list."""
        asked = {**dict(query or {}), "limit": limit}
        answer = self.get(query=asked).must(200)
        yield answer
        for _ in range(most):
            following = answer.json["next"]
            if following is None:
                return
            answer = self.follow(following).must(200)
            yield answer
        raise Failed(f"the pages do not end after {most}", answer)

    def strange_id(self) -> str:
        """An id that no row has."""
        return new_id()

    # Changing

    def change(self, row: Row, **said: Any) -> Answer:
        """A patch that changes something of a row: the answer, which is a 200."""
        self.needs("patch")
        bodies = self.server.bodies(self.kind)
        properties = self.kind.form("patch").get("properties", {})
        for name in self._changeable():
            for _ in range(TRIES):
                value = bodies.value(name, properties[name], bodies.number() + 20)
                if value == row.get(name):
                    continue
                answer = self.write(row, "PATCH", {name: value}, **said)
                if answer.status == 200 and answer.json.get(name, value) != row.get(name):
                    self._changing = [name]
                    return answer
                break
        raise NotApplicable(Reason.DECLARATION, "no field could be changed by a patch")

    def changed_field(self, row: Row) -> str:
        """The name of a field that a patch can change, after having changed it."""
        self.change(row)
        assert self._changing is not None
        return self._changing[0]

    def _changeable(self) -> list[str]:
        """The fields of a patch, those that are likeliest to take another value first."""
        if self._changing is not None:
            return self._changing
        properties = self.kind.form("patch").get("properties", {})
        plain = ("string", "integer", "number")

        def rank(name: str) -> tuple[bool, bool, bool]:
            said = properties[name]
            kind = said.get("type")
            first = kind[0] if isinstance(kind, list) else kind
            return first not in plain, said.get("format") == "uuid", "enum" in said

        return sorted(properties, key=rank)

    def body(self, form: str = "create", *, full: bool = False) -> Body:
        """A body that has a good chance: such as were taken before."""
        if "create" in self.kind.operations and self._standing is None:
            self.row()
        return self.server.bodies(self.kind).make(form, full=full)

    def same(self, form: str, row: Row) -> Body:
        """A body that says what a row has already; with what only a body has, where that is required."""
        body = self.server.bodies(self.kind).of(form, row)
        required = self.kind.form(form).get("required", ())
        if not set(required) <= set(body):
            made = self.server.bodies(self.kind).make(form, full=False)
            body = {**{name: made[name] for name in required}, **body}
        return body

    # What does not apply

    def needs(self, *operations: str) -> None:
        """Raise NotApplicable where the document has not all of these operations."""
        for name in operations:
            if name not in self.kind.operations:
                raise NotApplicable(Reason.OPERATION, f"it has no {name}")

    def lacks(self, text: str) -> NotApplicable:
        """What a check raises where the document declares nothing of the sort."""
        return NotApplicable(Reason.DECLARATION, text)

    def field(self, wanted: Any, form: str | None = None) -> tuple[str, Any]:
        """(name, schema) of the first field of a form (or of what is shown) for which `wanted(name, schema)`."""
        some = self.kind.properties if form is None else self.kind.form(form).get("properties", {})
        for name, said in some.items():
            schema = self.kind.resolved(said)
            if wanted(name, schema):
                return name, schema
        raise self.lacks("no field is of that sort")


def want(condition: object, text: str, answer: Answer | None = None) -> None:
    """Raise Failed with `text` unless the condition holds."""
    if not condition:
        raise Failed(text, answer)
