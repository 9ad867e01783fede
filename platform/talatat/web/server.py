"""The embedded server: waitress, run by `pserve`, which says when it is ready and stops when asked to.

In an .ini:

    [server:main]
    use = egg:talatat#waitress
    listen = localhost:6543

All of waitress' own options may stand there, and `request_timeout` (60): the seconds after which a request
that is not complete is answered 408. Headers end at 64 KiB and bodies near `talatat.max_body`, unless
`max_request_header_size` and `max_request_body_size` say otherwise. At most 1000 connections are held
(`connection_limit`); what waits for a thread has an end too, see `dispatching`.

`pserve development.ini http_port=7000` listens on another port, and `ready http://localhost:7000` is printed once the sockets accept connections. TERM stops it as
INT does: requests that are running are given five seconds. With `drain_seconds = 10` there, /readyz says
`draining` for so long before, so that whoever sends work sends it elsewhere. An address that cannot be had ends the process
with 1, so that a supervisor sees that it failed.
"""

import gc
import logging
import os
import signal
from collections.abc import Mapping, Set
from difflib import get_close_matches
from threading import Thread, Timer
from typing import Any

from waitress import create_server
from waitress.adjustments import Adjustments
from webob import Request

from talatat.errors import TalatatError, tell_without_traceback
from talatat.limiting import Load
from talatat.system import System
from talatat.web.dispatching import THREADS, Dispatcher
from talatat.web.wire import FRAMING, LONGEST_HEADER, REQUEST_TIMEOUT, limit_channels

log = logging.getLogger(__name__)

ANYWHERE = ("0.0.0.0", "::", "127.0.0.1", "::1", "*")  # noqa: S104  # compared with, not bound
LAST_PORT = 65535
CONNECTIONS = 1000
KNOWN = {"request_timeout", "drain_seconds", *(name for name, _ in Adjustments._params)}


class CannotListen(TalatatError):
    """The address is taken, is not ours or is none; worded with the way out."""


class WrongOptions(TalatatError):
    """The section of the server has a key or a value that no server takes."""


def serve(application: Any, global_config: Mapping[str, str], **options: Any) -> int:
    """Serve until INT or TERM; PasteDeploy calls this with the keys of the server's section.

    Raises `CannotListen` or `WrongOptions`, which Python then prints as one line: pserve would end with 0
    after SystemExit.
    """
    tell_without_traceback()
    check_names(options, global_config, KNOWN)
    if "http_port" in global_config:
        options = moved(options, global_config["http_port"])
    try:
        seconds = float(options.pop("request_timeout", REQUEST_TIMEOUT))
        drain = float(options.pop("drain_seconds", 0))
        options = {**limits(application), **options}
        # `_dispatcher` is how waitress' own tests hand one over; there is no other way.
        server = create_server(application, _dispatcher=dispatcher(application, options), **options)
    except OSError as error:
        address = str(options.get("listen", "the configured address"))
        raise CannotListen(cannot_listen(address, error)) from None
    except ValueError as error:
        raise WrongOptions(
            f"{section(global_config)}: {str(error).rstrip('.')}. Correct the section."
        ) from None
    limit_channels(server, seconds)
    signal.signal(signal.SIGTERM, Stopping(application, drain))
    print(f"ready {url(server)}", flush=True)  # noqa: T201  # what a person waits for
    Thread(target=introduce, args=(application,), name="talatat-introduce", daemon=True).start()
    server.run()
    return 0


def system_of(application: Any) -> System | None:
    """What the application is composed of; None for any other WSGI application."""
    return getattr(getattr(application, "registry", None), "system", None)


def cannot_listen(address: str, error: OSError) -> str:
    """How it is told that an address cannot be had."""
    return (
        f"Cannot listen on {address}: {error.strerror or error}."
        " Stop what listens there, or choose another port: http_port=7000 after the .ini's name."
    )


def check_names(
    options: Mapping[str, Any], global_config: Mapping[str, str], known: Set[str]
) -> None:
    """Raise `WrongOptions` for a key that is not `known`, with the nearest that is."""
    for name in sorted(options.keys() - known):
        near = get_close_matches(name, known, 1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise WrongOptions(
            f"{section(global_config)}: unknown key {name!r}.{hint} Correct the line."
        )


def section(global_config: Mapping[str, str]) -> str:
    """Where the server's options stand, as messages name it."""
    return f"{global_config.get('__file__', 'the .ini')}: [server:main]"


def limits(application: Any) -> dict[str, Any]:
    """How much a request may hold before the application is asked, which answers what is a little more.

    And how many connections there may be: waitress accepts none beyond 100, so that a probe would wait for
    one of them to end.
    """
    found: dict[str, Any] = {
        "max_request_header_size": LONGEST_HEADER,
        "connection_limit": CONNECTIONS,
        "asyncore_use_poll": True,  # select() takes no descriptor above 1023
    }
    system = system_of(application)
    if system is not None:
        found["max_request_body_size"] = system.settings.platform.max_body + FRAMING
    return found


def dispatcher(application: Any, options: Mapping[str, Any]) -> Dispatcher:
    """The threads, and how much may wait for them."""
    threads = int(options.get("threads", THREADS))
    system = system_of(application)
    if system is None:
        return Dispatcher(Load(), threads, 0, 0)
    settings = system.settings.platform
    return Dispatcher(system.load, threads, settings.max_waiting, settings.max_wait)


def introduce(application: Any) -> None:
    """Ask for /readyz once, which makes the process known to its database while nobody calls it yet.

    `talatat apply` waits for processes that it sees before it takes away what they use. All that is composed
    by then lives as long as the process: the collector of garbage need not look at it again and again.
    """
    try:
        Request.blank("/readyz").get_response(application)
    except Exception:
        log.exception("/readyz failed at the start")
    gc.collect()
    gc.freeze()


def moved(options: Mapping[str, Any], port: str) -> dict[str, Any]:
    """The same options with another port in each address; raises `CannotListen` for what is no port."""
    if not is_port(port):
        raise CannotListen(f"http_port={port} is not a port. Give a number from 1 to {LAST_PORT}.")
    if "listen" not in options:
        return {**options, "port": port}
    hosts = (address.rpartition(":")[0] for address in str(options["listen"]).split())
    return {**options, "listen": " ".join(f"{host}:{port}" for host in hosts)}


def is_port(text: str) -> bool:
    """Whether a text is a number that a socket takes; the system itself would wrap a larger one around."""
    return text.isascii() and text.isdecimal() and int(text[:6]) <= LAST_PORT


def url(server: Any) -> str:
    """Where a browser on this machine reaches the server."""
    listening = getattr(server, "effective_listen", None)
    return url_of(*(listening[0] if listening else (server.effective_host, server.effective_port)))


def url_of(host: str, port: int | str) -> str:
    """The URL of an address as a browser on this machine writes it."""
    if host in ANYWHERE:
        host = "localhost"
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


class Stopping:
    """What TERM does: /readyz says `draining` from now on, and after `seconds` the server stops.

    A second TERM stops it at once.
    """

    def __init__(self, application: Any, seconds: float) -> None:
        self._system = system_of(application)
        self._seconds = seconds
        self._asked = False

    def __call__(self, number: int, frame: object) -> None:
        """Handle the signal, in the main thread."""
        if self._asked or not self._seconds:
            raise SystemExit(0)
        self._asked = True
        if self._system is not None:
            self._system.draining = True
        log.info("told to stop: draining for %g s", self._seconds)
        # The signal again: only the main thread can end its loop.
        again = Timer(self._seconds, os.kill, (os.getpid(), number))
        again.daemon = True
        again.start()
