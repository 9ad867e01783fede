"""Who works, from where, in which request: what all entries of one transaction have in common."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from talatat.db.origin import Origin, acting, origin, request_of
from talatat.security import known_identity
from talatat_audit.values import storable

Context = dict[str, Any]
"""Columns of an entry."""

NOBODY: Context = dict.fromkeys(
    ("actor_id", "actor_name", "actor_source", "credential", "address", "agent", "request_id",
     "trace_id", "method", "operation", "release")
)  # fmt: skip


def context_of(session: Session, system: Any, at_work: Origin | None = None) -> Context:
    """The context of a session: its request's, or that of what else was, or is, at work."""
    request = request_of(session)
    if request is not None:
        return of_request(request)
    return of_origin(at_work or origin(), system.release)


def context_told(request: Any) -> Context:
    """The context of what is told under `request`, which a delivery or a command makes for that alone."""
    at_work = acting()
    if at_work is None:
        return of_request(request)
    return of_origin(at_work, request.registry.system.release)


def of_request(request: Any) -> Context:
    """The context of a request. Who asks is as far as it was found out: no source is asked for it."""
    identity = known_identity(request)
    route = getattr(request, "matched_route", None)
    trace = getattr(request, "trace", None)
    return {
        **NOBODY,
        "actor_id": _cut(identity and identity.id, 200),
        "actor_name": _cut(identity and identity.name, 200),
        "actor_source": _cut(identity and identity.source, 100),
        "credential": _cut(identity and identity.credential, 200),
        "address": _cut(request.remote_addr, 64),
        "agent": _cut(request.user_agent, 200),
        "request_id": _cut(getattr(request, "request_id", None), 128),
        "trace_id": None if trace is None else trace.trace_id,
        "method": _cut(request.method, 20),
        "operation": _cut(route.name if route is not None else request.path, 200),
        "release": request.registry.system.release,
    }


def of_origin(one: Origin, release: int | None) -> Context:
    """The context of what is no request."""
    return {
        **NOBODY,
        "actor_id": _cut(one.actor, 200),
        "actor_name": _cut(one.actor, 200),
        "actor_source": _cut(one.source, 100),
        "operation": _cut(one.operation, 200),
        "release": release,
    }


def _cut(value: Any, longest: int) -> str | None:
    return None if value is None else storable(str(value), longest)
