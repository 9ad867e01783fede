"""`/health`: how the system is, for those who hold `talatat.health` (draft-inadarei-api-health-check).

The platform looks at its database, the release, the outbox, the addons that were left out and who still
uses what is deprecated; each addon's own checks follow. One that fails makes the answer 503.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import orjson
from pyramid.response import Response
from sqlalchemy import func, select

from talatat.composition import PLATFORM
from talatat.db.types import utcnow
from talatat.events.table import outbox
from talatat.health_checks import HealthCheck
from talatat.schema.types import format_timestamp
from talatat.web.deprecated_uses import SHOWN_DAYS, used
from talatat.web.health import IReadiness

if TYPE_CHECKING:
    from pyramid.config import Configurator
    from pyramid.request import Request

log = logging.getLogger(__name__)

CONTENT_TYPE = "application/health+json"
PERMISSION = "talatat.health"
STATUSES = ("pass", "warn", "fail")
# What waits in the outbox for longer than this was tried in vain, or nobody delivers.
LATE = 300.0
LONGEST_OUTPUT = 500


def health(request: Request) -> Response:
    """All checks; 503 where one fails."""
    system = request.registry.system
    checks: dict[str, list[dict[str, Any]]] = {}
    for check in [*own_checks(), *system.health_checks.values()]:
        for entry in _asked(request, check):
            checks.setdefault(check.key, []).append(entry)
    worst = max(STATUSES.index(one["status"]) for entries in checks.values() for one in entries)
    body = {
        "status": STATUSES[worst],
        "version": version("talatat"),
        "releaseId": str(system.release or ""),
        "description": "Composed of " + (", ".join(system.composition.names) or "no addon"),
        "checks": checks,
    }
    failed = STATUSES[worst] == "fail"
    response = Response(
        orjson.dumps(body, default=str), status=503 if failed else 200, content_type=CONTENT_TYPE
    )
    response.headers["Cache-Control"] = "no-store"
    if failed:
        response.headers["Retry-After"] = "5"
    return response


def own_checks() -> list[HealthCheck]:
    """The platform's."""
    own = {
        "database": database,
        "release": release,
        "outbox": waiting,
        "addons": addons,
        "deprecated-use": deprecated_use,
    }
    return [HealthCheck(PLATFORM, name, ask) for name, ask in own.items()]


def _asked(request: Request, check: HealthCheck) -> Iterator[dict[str, Any]]:
    """What a check says, as entries that have a status and the time."""
    moment = format_timestamp(utcnow())
    try:
        with request.db.begin_nested():
            said = check.ask(request) or {}
        if not isinstance(said, dict):
            raise TypeError(f"a health check returns None or a dict, not {said!r}")
    except Exception as error:  # a check that fails is what is asked for
        log.exception("the health check %s fails", check.key)
        output = f"{type(error).__name__}: {error}"[:LONGEST_OUTPUT]
        yield {"status": "fail", "time": moment, "output": output}
        return
    # A check of many things says so as a list.
    for entry in said.pop("entries", None) or [said]:
        status = entry.get("status", "pass")
        known = status if status in STATUSES else "fail"
        yield {"time": moment, **entry, "status": known}


def database(request: Request) -> dict[str, Any]:
    """A round trip to the database."""
    started = time.perf_counter()
    request.db.execute(select(1))
    elapsed = round((time.perf_counter() - started) * 1000, 2)
    return {"componentType": "datastore", "observedValue": elapsed, "observedUnit": "ms"}


def release(request: Request) -> dict[str, Any]:
    """Which release is served, and whether the database is still at it."""
    body = request.registry.getUtility(IReadiness).body()
    found = {"componentType": "system", "observedValue": body["release"]}
    if body["status"] != "ok":
        found |= {"status": "fail", "output": body["command"] or body["status"]}
    return found


def waiting(request: Request) -> dict[str, Any]:
    """How many events wait to be delivered, and for how long the oldest does."""
    query = select(func.count(), func.min(outbox.c.created_at, type_=outbox.c.created_at.type))
    number, oldest = request.db.execute(query).one()
    age = 0.0 if oldest is None else max((utcnow() - oldest).total_seconds(), 0.0)
    found = {
        "componentType": "component",
        "observedValue": number,
        "observedUnit": "events",
        "oldestSeconds": round(age, 1),
    }
    if age > LATE:
        found |= {"status": "warn", "output": "events wait; the log says which delivery fails"}
    return found


def addons(request: Request) -> dict[str, Any]:
    """Which addons were left out because they could not be composed."""
    system = request.registry.system
    left_out = sorted(system.quarantined)
    found = {
        "componentType": "component",
        "observedValue": len(system.composition.names),
        "observedUnit": "addons",
    }
    if left_out:
        found |= {"status": "warn", "output": f"left out: {', '.join(left_out)}"}
    return found


def deprecated_use(request: Request) -> dict[str, Any]:
    """Who used what is deprecated, an entry for each operation."""
    entries = [
        {
            "componentId": one["operation"],
            "observedValue": one["uses"],
            "observedUnit": f"uses in {SHOWN_DAYS} days",
            "clients": one["clients"],
            "lastUsed": format_timestamp(one["last"]),
        }
        for one in used(request.db)
    ]
    return {"entries": entries}


def includeme(config: Configurator) -> None:
    """Register it for those who may."""
    config.add_permission(PERMISSION, "See how the system and its addons are (/health)")
    config.add_route("talatat.health", "/health")
    config.add_view(
        health, route_name="talatat.health", request_method="GET", permission=PERMISSION
    )
