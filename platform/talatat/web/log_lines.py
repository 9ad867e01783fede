"""How a log line is written: JSON or words, always with the ids of request and trace, the addon and the release."""

import logging
import sys
from datetime import UTC, datetime
from typing import Any

import orjson
import structlog
from pyramid.config import global_registries
from pyramid.threadlocal import get_current_request

from talatat.composition import PLATFORM
from talatat.masking import masked
from talatat.problems import addon_of
from talatat.web.tracing import IN_ENVIRON

# What else a record holds was given by who logged: `log.info("...", extra={...})`.
OF_EVERY_RECORD = frozenset(
    (*vars(logging.makeLogRecord({})), "message", "asctime", "taskName", "_logger", "_name")
)


def add_origin(event: dict[str, Any]) -> None:
    """Add the request's id, the addon and the release, where the line does not give them."""
    request = get_current_request()
    registry = request.registry if request is not None else global_registries.last
    system = getattr(registry, "system", None)
    addon = None if system is None else system.composition.addon_of_module(event["logger"])
    if addon is None and system is not None and request is not None:
        addon = addon_of(request)
    event.setdefault("request_id", getattr(request, "request_id", None))
    trace = None if request is None else request.environ.get(IN_ENVIRON)
    if trace is not None:
        event.setdefault("trace_id", trace.trace_id)
        event.setdefault("span_id", trace.span_id)
    event.setdefault("addon", addon or PLATFORM)
    event.setdefault("release", getattr(system, "release", None))


class Formatter(logging.Formatter):
    """A logging formatter for the .ini; `format` is `json`, `console` or `auto`.

    Written out rather than composed of structlog's processors, for every request passes here: 20
    microseconds a line where those take 50.
    """

    def __init__(self, fmt: str | None = None, *args: Any, **kw: Any) -> None:
        super().__init__()
        self.choose(fmt or "auto")

    def choose(self, mode: str) -> None:
        """Use another mode than the one that the .ini's formatter names."""
        console = mode == "console" or (mode == "auto" and sys.stderr.isatty())
        self._render = self._as_words if console else self._as_json
        self._console = structlog.dev.ConsoleRenderer(timestamp_key="time") if console else None

    def format(self, record: logging.LogRecord) -> str:
        """One line (in words, with the traceback below it)."""
        # structlog hands over a dict, which it may show to other handlers too.
        message = record.msg
        event = dict(message) if isinstance(message, dict) else {"event": record.getMessage()}
        for name, value in record.__dict__.items():
            if name not in OF_EVERY_RECORD:
                event[name] = value
        event["level"] = record.levelname.lower()
        event["logger"] = record.name
        event["time"] = _moment(record.created)
        add_origin(event)
        if record.exc_info:
            event["exception"] = self.formatException(record.exc_info)
        if record.stack_info:
            event["stack"] = record.stack_info
        return masked(self._render(event))

    def _as_json(self, event: dict[str, Any]) -> str:
        """One object on one line; what JSON does not know is shown as text."""
        return orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS).decode()

    def _as_words(self, event: dict[str, Any]) -> str:
        """For a person, who need not read that there is no request and no release."""
        assert self._console is not None
        shown = {name: value for name, value in event.items() if value is not None}
        return str(self._console(None, event["level"], shown))


def _moment(seconds: float) -> str:
    """A time in UTC with milliseconds."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def choose_format(mode: str) -> None:
    """Bring the formatters in use to the setting `talatat.log_format`; `auto` leaves them as they are."""
    if mode == "auto":
        return
    loggers = [logging.getLogger(), *map(logging.getLogger, list(logging.root.manager.loggerDict))]
    for logger in loggers:
        for handler in logger.handlers:
            if isinstance(handler.formatter, Formatter):
                handler.formatter.choose(mode)
