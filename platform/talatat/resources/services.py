"""From a bound resource to routes and views, as Cornice services.

A `ResourceService` is a Cornice `Service` whose definitions tools such as cornice_swagger read. It
registers plain Pyramid views, without Cornice's decoration of each call, and a fallback of its own
that answers 405 with Allow. Pyramid reads a bare `:verb` in a pattern as an old-style placeholder
that matches `-x` too, so verbs stand there as regular expressions.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from cornice.service import SERVICES, Service
from pyramid.response import Response

from talatat.problem_views import method_not_allowed, options
from talatat.resources.changes.feed import list_changes
from talatat.resources.changes.restoring import restores
from talatat.resources.declaration import WRITING, actions_of, has_changes, idempotency_of
from talatat.resources.reads import get_row, list_rows, search_rows
from talatat.resources.writes import (
    ActionView,
    batch_rows,
    create_row,
    delete_row,
    patch_row,
    replace_row,
    restore_row,
)
from talatat.services import claim

if TYPE_CHECKING:
    from pyramid.request import Request

    from talatat.configuration.configurator import Configurator
    from talatat.resources.bound import BoundResource
    from talatat.resources.declaration import Action
    from talatat.resources.deprecation import Deprecation

ITEM = "/{id}"

COLLECTION_VIEWS = {"list": ("GET", list_rows), "create": ("POST", create_row)}
ITEM_VIEWS = {
    "get": ("GET", get_row),
    "replace": ("PUT", replace_row),
    "patch": ("PATCH", patch_row),
    "delete": ("DELETE", delete_row),
}


class ResourceService(Service):
    """The service of one path of a resource. `operations` maps methods to operations or actions."""

    def __init__(self, name: str, path: str, bound: BoundResource) -> None:
        summary = (bound.declaration.__doc__ or "").strip().partition("\n")[0]
        super().__init__(name, path, description=summary, depth=2)
        # Cornice keeps a list for the whole process; ours belong to one registry. It has just been added.
        SERVICES.pop()
        self.bound = bound
        self.operations: dict[str, str | Action] = {}
        self.only_reads = False

    @property
    def pattern(self) -> str:
        """The pattern of the route; `path` is what documentation shows."""
        return re.sub(r":([\w-]+)$", r"{_verb::\1}", self.path).replace("{id}", "{id:[^/:]+}")

    def limit(self, method: str) -> str | None:
        """Which limit of an addon's the method's operation counts against."""
        own: str | None = getattr(self.operations.get(method), "limit", None)
        return own or self.bound.declaration.limit

    def deprecation(self, method: str) -> Deprecation | None:
        """What is said of the method's operation, or else of the whole resource."""
        own = getattr(self.operations.get(method), "deprecated", None)
        return own or self.bound.declaration.deprecated

    def offer(
        self,
        method: str,
        view: Callable[..., Any],
        permission: str,
        what: Any,
        idempotency: str | None = None,
        recent_login: bool | str = False,
    ) -> None:
        """Take a view into the definitions; the last two are options of views, see talatat.web and security."""
        self.add_view(
            method, view, permission=permission, idempotency=idempotency, recent_login=recent_login
        )
        self.operations[method] = what


def services_of(bound: BoundResource) -> list[ResourceService]:
    """The services of a resource: its collection, its items, and one for each action."""
    found = [
        _service(bound, f"{bound.full_name}", bound.path, COLLECTION_VIEWS),
        _service(bound, f"{bound.full_name}.item", bound.path + ITEM, ITEM_VIEWS),
        _changes_service(bound),
        _restore_service(bound),
    ]
    for action in actions_of(bound.declaration):
        path = bound.path if action.level == "collection" else bound.path + ITEM
        name = f"{bound.full_name}.{action.level}:{action.verb}"
        service = ResourceService(name, f"{path}:{action.verb}", bound)
        permission = action.permission or bound.permission("write")
        assert permission is not None  # add_resource has checked
        view = _named(LateActionView(bound, action), bound, action.method)
        key = idempotency_of(bound.declaration, action)
        service.offer("POST", view, permission, action, key, action.recent_login)
        found.append(service)
    found.append(_search_service(bound))
    found.append(_batch_service(bound))
    return [service for service in found if service.definitions]


def _search_service(bound: BoundResource) -> ResourceService:
    """`:search` of a resource that is listed, for those who may list it."""
    service = ResourceService(f"{bound.full_name}.collection:search", f"{bound.path}:search", bound)
    if "list" in bound.declaration.operations:
        permission = bound.permission("list")
        assert permission is not None  # add_resource has checked
        view = _named(partial(search_rows, bound), bound, "search")
        service.offer("POST", view, permission, "search", "ignored")
        service.only_reads = True
    return service


def _batch_service(bound: BoundResource) -> ResourceService:
    """`:batch` of a resource that writes at all; each item asks for its own operation's permission."""
    service = ResourceService(f"{bound.full_name}.collection:batch", f"{bound.path}:batch", bound)
    permission = batch_permission(bound)
    if permission is not None:
        view = _named(partial(batch_rows, bound), bound, "batch")
        service.offer("POST", view, permission, "batch", idempotency_of(bound.declaration))
    return service


def batch_permission(bound: BoundResource) -> str | None:
    """Who may send a batch at all: that of all the writes, if they have one; None where none is offered."""
    offered = [name for name in WRITING if name in bound.declaration.operations]
    asked = {bound.permission(name) for name in offered}
    if not asked or "public" in asked:
        return "public" if asked else None
    return asked.pop() if len(asked) == 1 else "authenticated"


def _changes_service(bound: BoundResource) -> ResourceService:
    """`:changes`, for those who may list."""
    name = f"{bound.full_name}.collection:changes"
    service = ResourceService(name, f"{bound.path}:changes", bound)
    permission = bound.permission("list")
    if has_changes(bound.declaration) and permission is not None:
        view = _named(partial(list_changes, bound), bound, "changes")
        service.offer("GET", view, permission, "changes")
    return service


def _restore_service(bound: BoundResource) -> ResourceService:
    """`:restore` of what was deleted, for those who may create."""
    name = f"{bound.full_name}.item:restore"
    service = ResourceService(name, f"{bound.path}{ITEM}:restore", bound)
    permission = bound.permission("create")
    if restores(bound.declaration) and permission is not None:
        view = _named(partial(restore_row, bound), bound, "restore")
        service.offer("POST", view, permission, "restore", idempotency_of(bound.declaration))
    return service


class LateActionView:
    """An action's view, made at its first request: schemas are compiled by then."""

    def __init__(self, bound: BoundResource, action: Action) -> None:
        self.bound = bound
        self.action = action
        self._view: ActionView | None = None

    def __call__(self, request: Request) -> Response:
        if self._view is None:
            self._view = ActionView(self.bound, self.action)
        return self._view(request)


def _service(bound: BoundResource, name: str, path: str, views: Any) -> ResourceService:
    service = ResourceService(name, path, bound)
    for operation, (method, function) in views.items():
        if operation in bound.declaration.operations:
            permission = bound.permission(operation)
            assert permission is not None  # add_resource has checked
            view = _named(partial(function, bound), bound, operation)
            key = idempotency_of(bound.declaration) if method == "POST" else None
            service.offer(method, view, permission, operation, key)
    return service


def _named(
    call: Callable[[Request], Response], bound: BoundResource, what: str
) -> Callable[..., Any]:
    """A function that says whose it is, for tools that list views."""

    def view(request: Request) -> Response:
        return call(request)

    declaration = bound.declaration
    view.__name__ = what
    view.__qualname__ = f"{declaration.__qualname__}.{what}"
    view.__module__ = declaration.__module__
    view.__doc__ = f"{what} of {bound.full_name}"
    view.talatat_resource = declaration  # type: ignore[attr-defined]
    return view


def register(config: Configurator, bound: BoundResource, info: Any) -> None:
    """Add the routes and views of a resource; they are said to stand where it was declared."""
    before, config.info = config.info, info
    try:
        for service in services_of(bound):
            _register(config, service)
    finally:
        config.info = before


def _register(config: Configurator, service: ResourceService) -> None:
    claim(config, service.pattern, service)
    config.add_route(service.name, service.pattern)
    if service.only_reads:
        config.registry.system.database.reading_routes.add(service.name)
    routes = config.registry.system.security.routes
    routes.add(service.name, service.bound.full_name, only_reads=service.only_reads)
    for method, view, arguments in service.definitions:
        if method != "HEAD":  # Pyramid's GET views answer HEAD as well
            config.add_view(
                view,
                route_name=service.name,
                request_method=method,
                permission=arguments["permission"],
                idempotency=arguments["idempotency"],
                recent_login=arguments["recent_login"],
                deprecated=service.deprecation(method),
                limit=service.limit(method),
            )
    config.add_view(_fallback(service), route_name=service.name, permission="public")


def _fallback(service: ResourceService) -> Callable[[Request], Response]:
    allowed = set(service.defined_methods)

    def fallback(request: Request) -> Response:
        if request.method == "OPTIONS":
            return options(allowed)
        raise method_not_allowed(request, allowed)

    fallback.__module__ = service.bound.declaration.__module__
    fallback.__qualname__ = f"{service.bound.declaration.__qualname__}.fallback"
    return fallback
