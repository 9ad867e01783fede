"""What must hold of a composed system before it may serve: nothing open that was not said to be.

The checks read the introspector, so that imperative, scanned and generated views are held alike.
"""

from collections.abc import Iterator
from typing import Any

from pyramid.interfaces import IExceptionResponse
from webob.exc import WSGIHTTPException

from talatat.composition import PLATFORM
from talatat.configuration.actions import ActionState
from talatat.configuration.provenance import line_of_code, where


def problems_of(registry: Any) -> list[str]:
    """Every problem, each naming the addon and the line."""
    introspector = registry.introspector
    found = (
        *_views_without_permission(introspector),
        *_views_on_foreign_routes(introspector, registry.action_state),
    )
    return list(dict.fromkeys(found))  # one decorator may register several views


def _views(introspector: Any) -> Iterator[tuple[Any, list[Any]]]:
    for entry in introspector.get_category("views") or ():
        yield entry["introspectable"], entry["related"]


def _views_without_permission(introspector: Any) -> Iterator[str]:
    for view, related in _views(introspector):
        if _is_exception_view(view):
            continue
        if not any(other.category_name == "permissions" for other in related):
            owner = view.get("addon", PLATFORM)
            yield (
                f"{where(view)}: the view {view_name(view)} has no permission. Say "
                f'permission="{owner}.something" (declared by config.add_permission), or '
                f'permission="public" where everybody may see it; for a third-party package say '
                f"talatat.permissions.{owner} = public (or a permission) in the .ini."
            )


def _is_exception_view(view: Any) -> bool:
    context = view.get("context")
    if view.get("exception_only") or context in (IExceptionResponse, WSGIHTTPException):
        return True
    return isinstance(context, type) and issubclass(context, Exception)


def view_name(view: Any) -> str:
    """A view as one finds it in the source: dotted name and line."""
    target = view.get("callable")
    name = f"{getattr(target, '__module__', '')}.{getattr(target, '__qualname__', target)}"
    return f"{name} ({line_of_code(target)})" if target is not None else str(view.title)


def _views_on_foreign_routes(introspector: Any, state: ActionState) -> Iterator[str]:
    """A view with other predicates never conflicts, and yet takes another addon's requests."""
    owners = {
        entry["introspectable"]["name"]: entry["introspectable"].get("addon", PLATFORM)
        for entry in introspector.get_category("routes") or ()
    }
    for view, _ in _views(introspector):
        owner, route = view.get("addon", PLATFORM), view.get("route_name")
        other = owners.get(route, owner)
        mine = owner in state.losers.get(("route", route), ())
        if other != owner and not mine and other not in view.get("overriding", ()):
            yield (
                f"{where(view)}: the view {view_name(view)} stands on the route {route!r} of addon "
                f'{other}. Declare it inside `with config.overriding("{other}"):`, or on a route of '
                f"{owner}'s own."
            )
