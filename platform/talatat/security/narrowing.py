"""Narrowing: an identity that may read or write certain resources, and nothing else.

Access is written `<addon>.<resource>:read` or `:write`, or `<addon>.*:read` for all resources of an addon;
to write includes to read. The policy asks for every view, so that all routes of a resource are judged alike:
lists, searches, batches, the change feed, actions. What belongs to no resource is closed to a narrowed
identity, but for views that are open to whoever is `authenticated`: they are about who that is.
"""

from collections.abc import Collection, Iterable
from typing import Any

from talatat.security.csrf import SAFE_METHODS

READ, WRITE = "read", "write"


def access(resource: str, kind: str) -> str:
    """`orders.orders:read`. Asked of a request as a permission, it tells whether narrowing lets that be."""
    return f"{resource}:{kind}"


def is_access(permission: str) -> bool:
    """Whether this is no permission but the access to a resource."""
    return ":" in permission


def covers_access(granted: Collection[str], wanted: str) -> bool:
    """Whether what was granted holds `wanted`."""
    resource, _, kind = wanted.rpartition(":")
    addon = resource.partition(".")[0]
    kinds = (WRITE,) if kind == WRITE else (READ, WRITE)
    return any(access(name, one) in granted for name in (resource, f"{addon}.*") for one in kinds)


def is_grantable_access(resources: Iterable[str], wanted: str) -> bool:
    """Whether `wanted` is the access to one of these resources, or to all of an addon."""
    name, _, kind = wanted.rpartition(":")
    known = set(resources)
    everything = {f"{one.partition('.')[0]}.*" for one in known}
    return kind in (READ, WRITE) and name in known | everything


class Routes:
    """Which routes belong to which resource; filled where resources are registered."""

    def __init__(self) -> None:
        self._resources: dict[str, tuple[str, bool]] = {}

    def add(self, route: str, resource: str, *, only_reads: bool) -> None:
        """A route of a resource; `only_reads` for a POST that does, such as a search."""
        self._resources[route] = (resource, only_reads)

    def access_of(self, request: Any) -> str | None:
        """The access that a request needs, None where its route is no resource's."""
        route = getattr(request, "matched_route", None)
        found = self._resources.get(route.name) if route is not None else None
        if found is None:
            return None
        resource, only_reads = found
        return access(resource, READ if only_reads or request.method in SAFE_METHODS else WRITE)
