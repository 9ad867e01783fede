"""How a log line is written: JSON or words, always with the request's id, the addon and the release."""

import logging
import sys
from collections.abc import MutableMapping
from datetime import UTC, datetime
from typing import Any

import orjson
import structlog
from pyramid.config import global_registries
from pyramid.registry import Registry
from pyramid.request import Request
from pyramid.threadlocal import get_current_request
from zope.interface import Interface

EventDict = MutableMapping[str, Any]
PLATFORM = "talatat"


class IRouteOwners(Interface):
    """Under which name the registry keeps its `RouteOwners`."""


class RouteOwners:
    """Which addon declared a route or a package; one for each registry, looked up by log lines."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self._routes: dict[str, str] = {}

    def of(self, request: Request) -> str:
        """The addon whose route this request took; the platform where it took none."""
        route = getattr(request, "matched_route", None)
        if route is None:
            return PLATFORM
        if route.name not in self._routes:
            found = self.registry.introspector.get("routes", route.name) or {}
            self._routes[route.name] = found.get("addon", PLATFORM)
        return self._routes[route.name]

    def of_logger(self, name: str) -> str | None:
        """The composed addon in whose package a logger stands."""
        for addon in self.registry.system.composition.addons:
            if name == addon.package or name.startswith(addon.package + "."):
                return str(addon.name)
        return None


def add_origin(logger: Any, method: str, event: EventDict) -> EventDict:
    """Processor: the request's id, the addon and the release, where the line does not give them."""
    request = get_current_request()
    registry = request.registry if request is not None else global_registries.last
    owners = registry.queryUtility(IRouteOwners) if registry is not None else None
    addon = None
    if owners is not None:
        addon = owners.of_logger(event.get("logger", ""))
        if addon is None and request is not None:
            addon = owners.of(request)
    event.setdefault("request_id", getattr(request, "request_id", None))
    event.setdefault("addon", addon or PLATFORM)
    system = getattr(registry, "system", None)
    event.setdefault("release", getattr(system, "release", None))
    return event


def add_time(logger: Any, method: str, event: EventDict) -> EventDict:
    """Processor: when the line was logged, in UTC with milliseconds."""
    record = event.get("_record")
    seconds = record.created if record is not None else None
    moment = datetime.fromtimestamp(seconds, UTC) if seconds is not None else datetime.now(UTC)
    event["time"] = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return event


def as_json(logger: Any, method: str, event: EventDict) -> str:
    """Render: one JSON object; what JSON does not know is shown as text."""
    return orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


SHARED: list[Any] = [
    structlog.stdlib.ExtraAdder(),
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
]


class Formatter(structlog.stdlib.ProcessorFormatter):
    """A logging formatter for the .ini; `format` is `json`, `console` or `auto`."""

    def __init__(self, fmt: str | None = None, *args: Any, **kw: Any) -> None:
        self.mode = fmt or "auto"
        super().__init__(processors=self._processors(), foreign_pre_chain=SHARED)

    def choose(self, mode: str) -> None:
        """Use another mode than the one that the .ini's formatter names."""
        self.mode = mode
        self.processors = tuple(self._processors())

    def _processors(self) -> list[Any]:
        before = [add_origin, add_time, self.remove_processors_meta]
        console = self.mode == "console" or (self.mode == "auto" and sys.stderr.isatty())
        if console:
            return [*before, _without_empty, structlog.dev.ConsoleRenderer(timestamp_key="time")]
        return [*before, structlog.processors.format_exc_info, as_json]


def _without_empty(logger: Any, method: str, event: EventDict) -> EventDict:
    """A person need not read that there is no request and no release."""
    return {key: value for key, value in event.items() if value is not None}


def choose_format(mode: str) -> None:
    """Bring the formatters in use to the setting `talatat.log_format`; `auto` leaves them as they are."""
    if mode == "auto":
        return
    loggers = [logging.getLogger(), *map(logging.getLogger, list(logging.root.manager.loggerDict))]
    for logger in loggers:
        for handler in logger.handlers:
            if isinstance(handler.formatter, Formatter):
                handler.formatter.choose(mode)
