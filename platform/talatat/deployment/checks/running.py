"""How the process runs: for whom, with which limits, as whom, on what, and where it says so."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator, Mapping
from datetime import date

from pyramid.settings import asbool

from talatat.deployment.case import Deployment, is_local
from talatat.deployment.check import Found, NotChecked

DEBUGGING = (
    "debug_all", "debug_authorization", "debug_notfound", "debug_routematch", "debug_templates",
    "reload_all", "reload_templates", "reload_assets", "reload_resources",
)  # fmt: skip
TOOLBAR = "pyramid_debugtoolbar"
LARGE_BODY = 64 * 1024 * 1024
LONG_REQUEST = 300
# The last day on which each Python gets fixes: https://devguide.python.org/versions/
PYTHONS = {
    (3, 11): date(2027, 10, 31),
    (3, 12): date(2028, 10, 31),
    (3, 13): date(2029, 10, 31),
    (3, 14): date(2030, 10, 31),
}
LEVELS = ("CRITICAL", "FATAL")


def development(case: Deployment) -> Iterator[Found]:
    """`talatat.development = true` makes secrets, and changes a database by itself at the start.

    It is for one person's machine: the database is there, and nobody else reaches the process.
    """
    if not case.development:
        return
    cure = case.in_app(
        "talatat.development = false; begin with config/production.ini for others' use"
    )
    if case.sqlite is None and not all(is_local(one) for one in database_hosts(case)):
        yield Found(f"development uses the database of another machine, {case.url.host}", cure)
    if case.server is not None and case.server.waitress and case.server.beyond:
        yield Found(
            f"development listens on {', '.join(case.server.beyond)}, which other machines reach",
            case.in_server("listen = localhost:6543"),
        )


def database_hosts(case: Deployment) -> list[str | None]:
    """The hosts of a PostgreSQL URL: one, or several in its query."""
    said = case.url.query.get("host") or case.url.host or case.environ.get("PGHOST") or None
    several = [said] if said is None or isinstance(said, str) else list(said)
    return [part for one in several for part in (one.split(",") if one else [None])]


def debug(case: Deployment) -> Iterator[Found]:
    """Pyramid's `pyramid.debug_*` tell clients why they were refused; `pyramid.reload_*` read files anew.

    They are looked for in the .ini and in the environment (`PYRAMID_DEBUG_ALL`).
    """
    for name in DEBUGGING:
        key, variable = f"pyramid.{name}", f"PYRAMID_{name.upper()}"
        if asbool(case.settings.raw.get(key)):
            yield Found(f"{key} is on ({case.ini.at(key)})", f"delete the line {key}")
        if asbool(case.environ.get(variable)):
            yield Found(
                f"{variable} is on in the environment", f"unset {variable} where it is started"
            )


def debug_toolbar(case: Deployment) -> Iterator[Found]:
    """`pyramid_debugtoolbar` shows settings, requests and a console to whoever reaches it."""
    composed = {one.package for one in case.registry.system.composition.addons}
    included = case.settings.raw.get("pyramid.includes", "").split()
    if TOOLBAR in composed or TOOLBAR in included:
        yield Found(
            "pyramid_debugtoolbar is composed",
            "take it out of talatat.addons and pyramid.includes; keep it in an .ini of development",
        )


def tracebacks(case: Deployment) -> Iterator[Found]:
    """`expose_tracebacks` of the server sends the traceback of a failure to the client."""
    if case.server is not None and case.server.truth("expose_tracebacks"):
        yield Found(
            "tracebacks are sent to clients",
            case.in_server("expose_tracebacks = false (or delete the line)"),
        )


def python_version(case: Deployment) -> Iterator[Found]:
    """A Python that gets no more fixes keeps the holes that are found from then on."""
    until = PYTHONS.get(sys.version_info[:2])
    if until is None:
        raise NotChecked(f"the doctor does not know until when {platform.python_version()} is kept")
    if case.today > until:
        yield Found(
            f"Python {platform.python_version()} has had no fixes since {until}",
            f"make the virtual environment anew with Python {max(PYTHONS)[0]}.{max(PYTHONS)[1]}",
        )


def root(case: Deployment) -> Iterator[Found]:
    """Code of an addon can do whatever the user can, as whom the process runs; root can do everything.

    The processes that serve the database from this machine are looked at, not the doctor's own.
    """
    users = case.serving
    if not users:
        raise NotChecked("no process serves this database from this machine now")
    for pid, user in users.items():
        if user == 0:
            yield Found(
                f"process {pid} serves as root",
                "start it as a user of its own: User=talatat in config/talatat.service, "
                "or setpriv --reuid=talatat --regid=talatat --clear-groups pserve ...",
            )


def server(case: Deployment) -> Iterator[Found]:
    """The embedded server refuses messages that two servers read in two ways, and requests that drip in.

    Another one has rules of its own.
    """
    if case.server is None:
        raise NotChecked(f"{case.ini.shown} has no [server:main]")
    if not case.server.embedded:
        yield Found(
            f"{case.server.use} does not have the limits of the embedded server",
            case.in_server("use = egg:talatat#waitress"),
        )


def threads(case: Deployment) -> Iterator[Found]:
    """A thread that gets no connection to the database waits, and then answers 503."""
    if case.server is None or not case.server.waitress:
        raise NotChecked("how many requests are answered at once is not known")
    number = int(case.server.text("threads") or 4)
    settings = case.settings.platform
    room = settings.pool_size + settings.max_overflow
    if number > room:
        yield Found(
            f"{number} threads share {room} connections to the database",
            case.in_app(f"talatat.db.pool_size = {number - settings.max_overflow}")
            if number - settings.max_overflow > 0
            else case.in_server(f"threads = {room}"),
        )


def limits(case: Deployment) -> Iterator[Found]:
    """What a request may take bounds what one client can make a process hold: memory, threads, time.

    Looked at are `talatat.limits`, `talatat.max_body` (64 MiB at most), and the server's `request_timeout` (300 seconds at
    most), `max_request_body_size` and `max_request_header_size`.
    """
    if not case.settings.value("talatat.limits"):
        yield Found(
            "nobody's requests are counted and limited",
            case.in_app("talatat.limits = on (or delete the line)"),
        )
    body = case.settings.platform.max_body
    if body > LARGE_BODY:
        yield Found(
            f"a body of {body} bytes is taken, all of it into memory",
            case.in_app("talatat.max_body = 1048576"),
        )
    if case.server is None or not case.server.waitress:
        return
    timeout = float(case.server.text("request_timeout") or 60)
    if case.server.embedded and not 0 < timeout <= LONG_REQUEST:
        yield Found(
            f"a request may take {timeout:g} seconds to come in",
            case.in_server("request_timeout = 60 (or delete the line)"),
        )
    for name, most in (("max_request_body_size", body + 1024 * 1024), ("max_request_header_size", 1024 * 1024)):  # fmt: skip
        if int(case.server.text(name) or 0) > most:
            yield Found(
                f"the server's {name} is {case.server.text(name)} bytes, more than the application takes",
                case.in_server(f"delete {name}: the application's own limit is used then"),
            )


def logs(case: Deployment) -> Iterator[Found]:
    """A failure is answered with a number (`request_id`), and told in the log alone.

    An .ini without logging sections logs to standard error. One with such sections has to give the root
    logger a handler, and a level that lets errors through.
    """
    if case.section("loggers") is None:
        return
    said: Mapping[str, str] = case.section("logger_root") or {}
    if not said.get("handlers", "").strip():
        yield Found(
            "errors are logged nowhere: the root logger has no handler",
            f"in [logger_root] of {case.ini.shown}: handlers = stderr",
        )
    if said.get("level", "").strip().upper() in LEVELS:
        yield Found(
            f"errors are not logged: the root logger's level is {said['level'].strip()}",
            f"in [logger_root] of {case.ini.shown}: level = WARNING",
        )


def on_addon_error(case: Deployment) -> Iterator[Found]:
    """With `quarantine` a system starts without an addon that fails, and without what it guarded.

    An addon that must not be missing declares itself critical; for all others somebody has to look at
    /readyz.
    """
    if case.settings.platform.on_addon_error == "quarantine":
        yield Found(
            "an addon that fails is left out, whatever it guards",
            case.in_app("talatat.on_addon_error = stop (or delete the line)"),
        )
