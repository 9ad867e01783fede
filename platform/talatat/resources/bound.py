"""`BoundResource`: one declared resource in one composed system, compiled.

It is what `request.registry.system.resources["catalog.products"]` gives. It knows the schema with the
extensions of the composed addons, the filters, the hooks; the operations (`reads`, `writes`) work on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from pyramid.response import Response

from talatat.problems import Problem
from talatat.resources.declaration import Resource, permission_of
from talatat.resources.extensions import ExtensionFields, attribute_of
from talatat.resources.hooks import HookDeclaration, Hooks
from talatat.resources.listing.cursor import CursorSealer
from talatat.resources.listing.guards import Guarded, guards_of
from talatat.resources.listing.querying import Queries
from talatat.resources.listing.reaching import Owners
from talatat.resources.listing.shapes import Shapes
from talatat.resources.showing import conditions
from talatat.resources.showing.expanding import Plan, Plans, Wanted
from talatat.resources.showing.lean import Lean, lean_of
from talatat.resources.showing.relations import Targets, relations_of
from talatat.resources.showing.representation import Projection, Representation
from talatat.resources.showing.told import only_loads
from talatat.resources.writing.conflicts import pointers_of
from talatat.resources.writing.direct import Direct
from talatat.resources.writing.documents import Documents
from talatat.schema.writing import dumps

if TYPE_CHECKING:
    from pyramid.request import Request


class BoundResource:
    """A resource of one system. `prepare` compiles it once everything is composed."""

    documents: Documents
    representation: Representation
    plans: Plans
    queries: Queries
    schema: Any
    guarded: Guarded

    def __init__(self, declaration: type[Resource], addon: str, introspectable: Any) -> None:
        self.declaration = declaration
        self.resource = declaration()
        self.addon = addon
        self.introspectable = introspectable
        self.full_name = f"{addon}.{declaration.name}"
        self.model = declaration.model
        self.path = f"/api/{addon}/v{declaration.version}/{declaration.name}"
        self.extensions: tuple[ExtensionFields, ...] = ()
        self.hooks = Hooks()

    def prepare(
        self,
        schema: Any,
        extensions: Iterable[ExtensionFields],
        hooks: Iterable[HookDeclaration],
        filters: Mapping[str, Any],
        sorts: Mapping[str, Any],
        system: Any,
    ) -> None:
        """Compile: from now on requests can be answered."""
        self.resource.system = system
        self.schema = schema
        self.extensions = tuple(extensions)
        self.hooks = Hooks(hooks)
        self.documents = Documents(schema, self.extensions)
        self.representation = Representation(schema, self.extensions)
        cursors = CursorSealer(system.keys)
        self.queries = Queries(self.resource, self.full_name, filters, sorts, cursors)
        self.shapes = Shapes()
        self.direct = Direct(self)
        self.guarded = Guarded(schema, self.model, self.extensions)
        self.parse_id = self.queries.by_id.parse
        self.pointers = pointers_of(self.model, _names(schema))
        for one in self.extensions:
            names = _names(one.schema)
            self.pointers |= pointers_of(one.attachment.extension, names, f"/{one.addon}")

    def relate(self, targets: Targets, owners: Owners) -> None:
        """Find what `expand=` may name and filters reach, once all resources are prepared."""
        slim = self._slim if only_loads(type(self.resource).load_options) else None
        self.plans = Plans(self.representation, relations_of(self, targets), slim)
        self.queries.owners = owners
        self.queries.guards = guards_of(self, self.queries, owners)

    def _slim(
        self, projection: Projection, *, single: bool = False, locks: bool = False
    ) -> Lean | None:
        attachments = {one.addon: one.attachment for one in self.extensions}
        return lean_of(self.model, projection, attachments, single=single, locks=locks)

    def permission(self, operation: str) -> str | None:
        """The permission that an operation asks for."""
        return permission_of(self.declaration, operation)

    def projection(self, request: Request, fields: str | None = None) -> Projection:
        """What of a row this request is shown."""
        return self.representation.projection(fields, request.has_permission)

    def plan(self, request: Request, wanted: Wanted | str | None = None) -> Plan:
        """What of a row, and of the rows that it refers to, this request is shown."""
        if not isinstance(wanted, Wanted):
            wanted = Wanted(wanted)
        return self.plans.plan(wanted, request.has_permission)

    def represent(
        self, request: Request, row: Any, fields: Wanted | str | None = None
    ) -> dict[str, Any]:
        """`row` as the API shows it to this request."""
        return self.plan(request, fields).show(request, [row])[0]

    def versions(self, request: Request, row: Any) -> str:
        """The first part of the ETag of `row`.

        For a request that does not see all fields it follows what it sees: the number of writes would
        tell it of changes to the others.
        """
        if all(map(request.has_permission, self.representation.permissions)):
            return conditions.versions_of(row, self.extensions)
        return f"seen.{conditions.digest(dumps(self.projection(request)(row)))}"

    def options(self, request: Request, addons: Iterable[str], single: bool) -> list[Any]:
        """The loader options for rows with the extensions of `addons`; `single` joins those."""
        models = self.resource.system.models
        extensions = models.load_options(self.model, single=single, addons=addons)
        return [*self.resource.load_options(request), *extensions]

    def select(self, request: Request) -> Any:
        """SELECT of the rows that this request may see."""
        return self.resource.scope(request, sa.select(self.model))

    def narrows(self, request: Request) -> bool:
        """Whether there may be rows that this request does not see."""
        everything = sa.select(self.model)
        return self.resource.scope(request, everything) is not everything

    def row(self, request: Request, identifier: str, lock: bool = False) -> Any:
        """The row with this id, its extensions joined; None where there is none to be seen.

        `lock` holds it until the transaction ends and reads it as it is now.
        """
        if not self.may_be_id(identifier):
            return None
        query = self.select(request).where(self.identifier == self.parse_id(identifier))
        addons = [one.addon for one in self.extensions]
        query = query.options(*self.options(request, addons, single=True))
        if lock:
            query = query.with_for_update(of=self.model).execution_options(populate_existing=True)
        return request.db.execute(query).unique().scalar_one_or_none()

    def existing(self, request: Request, identifier: str, lock: bool = False) -> Any:
        """As `row`; Problem 404 where there is none."""
        found = self.row(request, identifier, lock)
        if found is None:
            raise self.missing(identifier)
        return found

    def missing(self, identifier: str) -> Problem:
        """404 for an id."""
        return Problem(404, "not_found", f"{self.declaration.name} has no {identifier[:80]!r}")

    @property
    def identifier(self) -> Any:
        """The column of the id."""
        return self.model.id

    def may_be_id(self, text: str) -> bool:
        """Whether `text` has the form of an id at all; other texts are not looked up."""
        try:
            self.parse_id(text)
        except ValueError:
            return False
        return "\0" not in text

    def answer(
        self, request: Request, row: Any, status: int = 200, fields: Wanted | str | None = None
    ) -> Response:
        """The response that shows `row`: ETag, and 304 where the client has it already.

        `fields` is the text of `fields=`, or `Wanted`, which has that of `expand=` as well.
        """
        body = dumps(self.represent(request, row, fields))
        return self.respond(request, body, self.versions(request, row), status)

    def respond(self, request: Request, body: bytes, versions: str, status: int = 200) -> Response:
        """The response with the JSON of one row; `versions` are the first part of its ETag."""
        response = json_response(body, status)
        self.dress(request, response, conditions.etag(versions, body))
        return response

    def dress(self, request: Request, response: Response, tag: str) -> None:
        """Headers of a new answer that shows rows; 304 where the client has it already."""
        conditions.tag_response(request, response, tag)
        response.headerlist += [
            ("Cache-Control", self.declaration.cache_control),
            ("Vary", "Accept, Accept-Encoding, Authorization, Cookie"),
        ]

    def url(self, request: Request, identifier: str) -> str:
        """The URL of one row."""
        return f"{request.application_url}{self.path}/{identifier}"


def json_response(body: bytes, status: int = 200) -> Response:
    """A response with a JSON body: what WebOb makes of one, without its search for a charset that JSON has not."""
    if status not in _PLAIN:
        return Response(body, status=status, content_type="application/json")
    response = Response.__new__(Response)
    response._status = _PLAIN[status]
    response._headers = None
    response._headerlist = [
        ("Content-Type", "application/json"),
        ("Content-Length", str(len(body))),
    ]
    response.conditional_response = False
    response._app_iter = [body]
    return response


_PLAIN = {200: "200 OK", 201: "201 Created"}


def _names(schema: Any) -> dict[str, str]:
    """{attribute: field}, for the fields that are an attribute of the model."""
    return {attribute_of(node): node.name for node in schema.children}
