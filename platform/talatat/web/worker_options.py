"""What `[server:main]` may say to granian's workers; see `talatat.web.workers`.

Keys that waitress has too are read by waitress' own rules, so that a section keeps its meaning when it
turns from one server to the other.
"""

from __future__ import annotations

import socket
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from waitress.adjustments import Adjustments

from talatat.web.dispatching import THREADS
from talatat.web.server import (
    CONNECTIONS,
    CannotListen,
    WrongOptions,
    cannot_listen,
    check_names,
    moved,
    section,
)
from talatat.web.wire import LONGEST_HEADER, REQUEST_TIMEOUT

OWN = ("workers", "request_timeout", "drain_seconds")
SHARED = (
    "listen", "host", "port", "threads", "connection_limit", "max_request_header_size", "backlog",
    "trusted_proxy", "trusted_proxy_count", "trusted_proxy_headers", "clear_untrusted_proxy_headers",
    "log_untrusted_proxy_headers",
)  # fmt: skip
#: Seconds for requests that are running when a worker is told to stop, as the embedded server gives them.
STOPPING = 5
#: hyper, which reads requests, takes no smaller buffer for their heads.
SMALLEST_HEADER = 8192


@dataclass(frozen=True)
class Options:
    """The section, read. `request_timeout` and `drain` are seconds, `connections` those of one worker."""

    host: str
    port: int
    workers: int
    threads: int
    connections: int
    backlog: int
    longest_header: int
    request_timeout: float
    drain: float
    proxy: Mapping[str, Any]


def read(options: Mapping[str, Any], global_config: Mapping[str, str]) -> Options:
    """Read the section's keys. Raises `WrongOptions`, and `CannotListen` for what is no address."""
    check_names(options, global_config, {*OWN, *SHARED})
    if "http_port" in global_config:
        options = moved(options, global_config["http_port"])
    try:
        return _read(options)
    except ValueError as error:
        raise WrongOptions(
            f"{section(global_config)}: {str(error).rstrip('.')}. Correct the section."
        ) from None


def _read(options: Mapping[str, Any]) -> Options:
    limits = {"connection_limit": CONNECTIONS, "max_request_header_size": LONGEST_HEADER,
              "threads": THREADS}  # fmt: skip
    with (
        warnings.catch_warnings()
    ):  # of a default of trusted_proxy_headers, which the doctor tells of
        warnings.simplefilter("ignore", DeprecationWarning)
        shared = Adjustments(
            **limits | {name: value for name, value in options.items() if name in SHARED}
        )
    workers = _positive("workers", options.get("workers", 1))
    if shared.max_request_header_size < SMALLEST_HEADER:
        raise ValueError(f"max_request_header_size is at least {SMALLEST_HEADER} with granian")
    host, port = _address(str(options.get("listen", "")), shared.listen)
    return Options(
        host=host,
        port=port,
        workers=workers,
        threads=_positive("threads", shared.threads),
        connections=max(1, shared.connection_limit // workers),
        backlog=shared.backlog,
        longest_header=shared.max_request_header_size,
        request_timeout=float(options.get("request_timeout", REQUEST_TIMEOUT)),
        drain=float(options.get("drain_seconds", 0)),
        proxy={
            "trusted_proxy": shared.trusted_proxy,
            "trusted_proxy_count": shared.trusted_proxy_count,
            "trusted_proxy_headers": shared.trusted_proxy_headers,
            "clear_untrusted": shared.clear_untrusted_proxy_headers,
            "log_untrusted": shared.log_untrusted_proxy_headers,
        },
    )


def _positive(name: str, said: Any) -> int:
    try:
        number = int(said)
    except ValueError:
        number = 0
    if number < 1:
        raise ValueError(f"{name} = {said} is not a number from 1 on")
    return number


def _address(said: str, resolved: Any) -> tuple[str, int]:
    """The one address: of a name's several the first of IPv4, which is what a proxy is told."""
    if len(said.split()) > 1:
        raise ValueError(f"granian listens on one address, not on {said}")
    found = sorted(resolved, key=lambda one: one[0] != socket.AF_INET)
    host, port = found[0][3][:2]
    return str(host), int(port)


def check_free(wanted: Options) -> None:
    """Raise `CannotListen` where the address is taken or not ours.

    Workers share a port by SO_REUSEPORT: a second server would share it too, in silence.
    """
    family = socket.AF_INET6 if ":" in wanted.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((wanted.host, wanted.port))
        except OSError as error:
            raise CannotListen(cannot_listen(f"{wanted.host}:{wanted.port}", error)) from None
