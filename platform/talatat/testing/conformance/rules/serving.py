"""Serving: nothing is open that was not said to be, and every operation answers as it is documented."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from talatat.db.ids import new_id
from talatat.resources.bound import BoundResource
from talatat.resources.declaration import actions_of
from talatat.testing.conformance.answers import wrong_answer
from talatat.testing.conformance.model import Note, Tier, database_rule, rule
from talatat.testing.conformance.places import Place
from talatat.testing.conformance.routes import METHODS, Door, doors_of
from talatat.testing.conformance.running import OWNER, STRANGER, Running
from talatat.testing.conformance.subject import Subject

OPEN = ("public", "authenticated")
MANY = 50


@rule(
    "permissions",
    Tier.BRONZE,
    title="Every route and view has a permission",
    why="What is open has to be said to be open; a route that no view answers was forgotten.",
    mend="Say permission='shelf.read' (or 'public') at the view; give the route a view, or take it out.",
)  # fmt: skip
def permissions(subject: Subject) -> Iterator[str]:
    registry = subject.registry()
    known = set(registry.system.security.permissions) | set(OPEN)
    for door in doors_of(registry, subject.name):
        if not door.views:
            yield f"the route {door.name} ({door.pattern}) has no view"
        for view in door.views:
            if view.permission not in known:
                yield f"{view.name} on {door.pattern} has the permission {view.permission!r}, which nobody declares"


@database_rule(
    "closed",
    Tier.BRONZE,
    title="Without the permission nobody gets in",
    why="Asked as nobody, and as somebody who may do nothing: a tween, an identity source or a view may give away what its permission guards.",
    mend="Find what answers before the permission is asked: a tween, a mounted application, an identity source that knows everybody.",
)  # fmt: skip
def closed(subject: Subject, place: Place) -> Iterator[str]:
    running = subject.running(place)
    for door in doors_of(running.registry, subject.name):
        for method in METHODS:
            permission = door.permission(method)
            if permission in (None, "public"):
                continue
            for who, held in (("nobody", None), ("somebody without permissions", STRANGER)):
                if held and permission == "authenticated":
                    continue
                answer = running.ask(door.example(_an_id(running, door)), method, held)
                if answer.status_code < 300:
                    yield f"{method} {door.pattern} asks for {permission} and answers {answer.status_code} to {who}"


def _an_id(running: Running, door: Door) -> str:
    """The id of a row that is there, where the route is a resource's."""
    for bound in running.resources():
        if door.pattern.startswith(f"{bound.path}/"):
            return next(iter(running.identifiers(bound)), new_id())
    return new_id()


@database_rule(
    "operations-answer",
    Tier.GOLD,
    title="Every operation of its resources answers as its OpenAPI document says",
    why="A client has nothing but the document: statuses, bodies, what is missing, forbidden or stale.",
    mend="Mend the field, scope or attribute that is named, or the schema that describes it.",
)  # fmt: skip
def operations_answer(subject: Subject, place: Place) -> Iterator[str]:
    running = subject.running(place)
    resources = running.resources()
    for bound in resources:
        yield from _Asked(running, bound).problems()
    yield Note(f"{len(resources)} resources" if resources else "it has no resources")
    if resources:
        yield from (Note(text) for text in running.unseeded)


class _Asked:
    """The operations of one resource, asked with rows that are there."""

    def __init__(self, running: Running, bound: BoundResource) -> None:
        self.running, self.bound = running, bound
        self.paths = running.document["paths"]
        self.ids = running.identifiers(bound)

    def problems(self) -> Iterator[str]:
        operations = self.bound.declaration.operations
        seen: list[str] = []
        if "list" in operations:
            yield from self._answers("list", self.bound.path, "GET", {200})
            seen = self._listed()
        if "get" in operations:
            for one in seen or self.ids[:1]:
                yield from self._get(one, must=one in seen)
            yield from self._answers("get", f"{self.bound.path}/{new_id()}", "GET", {404})
        for name, method in (("delete", "DELETE"), ("patch", "PATCH")):
            if name in operations:
                body: Any = {} if method == "PATCH" else None
                yield from self._answers(name, f"{self.bound.path}/{new_id()}", method, {404}, body)
        yield from self._stale(seen)
        yield from self._forbidden()

    def _listed(self) -> list[str]:
        answer = self.running.ask(self.bound.path, held=OWNER)
        items = answer.json.get("items", []) if answer.status_code == 200 else []
        return [str(one["id"]) for one in items if one.get("id") is not None][:3]

    def _get(self, identifier: str, *, must: bool) -> Iterator[str]:
        expected = {200} if must else {200, 404}  # a scope may hide what nobody listed
        yield from self._answers("get", f"{self.bound.path}/{identifier}", "GET", expected)
        answer = self.running.ask(f"{self.bound.path}/{identifier}", held=OWNER)
        if answer.status_code == 200 and "ETag" not in answer.headers:
            yield f"GET {self.bound.path}/{{id}}: the answer has no ETag"

    def _answers(
        self, name: str, path: str, method: str, expected: set[int], body: Any = None
    ) -> Iterator[str]:
        """Asked by who may do everything, and by who holds just the permission that is documented."""
        permission = self.bound.permission(name) or ""
        for held in (OWNER, None if permission == "public" else permission):
            answer = self.running.ask(path, method, held, body)
            wanted = expected if held == OWNER else expected | {404}
            shown = f"{method} {self._documented(path)} as {held or 'nobody'}"
            if answer.status_code not in wanted:
                said = answer.text[:200] if answer.content_type.endswith("json") else ""
                yield f"{shown}: it answers {answer.status_code}, not {min(expected)}. {said}".rstrip()
                continue
            operation = self.paths[self._documented(path)][method.lower()]
            wrong = wrong_answer(self.running.document, operation, answer)
            yield from (f"{shown}: {text}" for text in wrong)

    def _documented(self, path: str) -> str:
        return path if path == self.bound.path else f"{self.bound.path}/{{id}}"

    def _stale(self, seen: list[str]) -> Iterator[str]:
        """A write on the ground of a version that is gone is refused."""
        item = f"{self.bound.path}/{seen[0]}" if seen else ""
        writes: dict[str, tuple[str, Any]] = {
            "replace": ("PUT", {}),
            "patch": ("PATCH", {}),
            "delete": ("DELETE", None),
        }
        for name, (method, body) in writes.items():
            if not item or name not in self.bound.declaration.operations:
                continue
            stale = {"If-Match": '"0-stale"'}
            answer = self.running.ask(item, method, OWNER, body, stale)
            if answer.status_code != 412:
                yield f"{method} {self.bound.path}/{{id}} with a stale ETag: it answers {answer.status_code}, not 412"

    def _forbidden(self) -> Iterator[str]:
        item = f"{self.bound.path}/{(self.ids or [new_id()])[0]}"
        asked = [
            (path, method, self.bound.permission(name))
            for name, (path, method) in {
                "list": (self.bound.path, "GET"), "create": (self.bound.path, "POST"),
                "get": (item, "GET"), "replace": (item, "PUT"), "patch": (item, "PATCH"),
                "delete": (item, "DELETE"),
            }.items()
            if name in self.bound.declaration.operations
        ]  # fmt: skip
        for action in actions_of(self.bound.declaration):
            path = f"{item if action.level == 'item' else self.bound.path}:{action.verb}"
            asked.append((path, "POST", action.permission or self.bound.permission("write")))
        for path, method, permission in asked:
            if permission == "public":
                continue
            for held, status in ((None, 401), (STRANGER, 403)):
                if held and permission == "authenticated":
                    continue
                answer = self.running.ask(path, method, held, {} if method != "GET" else None)
                if answer.status_code != status:
                    yield f"{method} {path} without its permission: it answers {answer.status_code}, not {status}"


@database_rule(
    "constant-statements",
    Tier.PLATINUM,
    title="A list takes as many statements for fifty rows as for five",
    why="A statement for each row is what makes a page slow that was quick when it was written.",
    mend="Load what the representation touches with the page: load_options gives selectinload(Model.relation).",
)  # fmt: skip
def constant_statements(subject: Subject, place: Place) -> Iterator[str]:
    running = subject.running(place)
    listed = [one for one in running.resources() if "list" in one.declaration.operations]
    few = {one.full_name: _statements(running, one, 5) for one in listed}
    if listed:
        running.seed(MANY)
    for bound in listed:
        limit = min(MANY, bound.declaration.max_page_size)
        rows, sent = _statements(running, bound, limit)
        rows_before, sent_before = few[bound.full_name]
        if rows > rows_before and (extra := _repeated(sent_before, sent)):
            yield (
                f"GET {bound.path}: {len(sent_before)} statements for {rows_before} rows, {len(sent)} for "
                f"{rows}. Most often: {' '.join(extra.split())[:200]}"
            )
        elif rows <= rows_before:
            yield Note(f"{bound.path} showed no more than {rows} rows")


def _repeated(before: list[str], after: list[str]) -> str | None:
    """The statement that is sent again for each further row, most often; None where none is.

    One that is sent once, for rows that the shorter page did not happen to have, is none of these.
    """
    few, many = Counter(before), Counter(after)
    grown = [text for text, times in many.items() if times > max(1, few[text])]
    return max(grown, key=many.__getitem__, default=None)


def _statements(running: Running, bound: BoundResource, limit: int) -> tuple[int, list[str]]:
    """How many rows a page showed, and the statements that it took; the second time, as ever after."""
    path = f"{bound.path}?limit={limit}"
    running.ask(path, held=OWNER)
    with running.counted() as sent:
        answer = running.ask(path, held=OWNER)
    rows = len(answer.json["items"]) if answer.status_code == 200 else 0
    return rows, sent
