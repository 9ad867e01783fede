"""Which hosts this system answers for: `talatat.hosts`, before anything else looks at a request.

Links, `Location`, the servers of the OpenAPI document and the origin that CSRF compares with are made of
the request's host. So a host that a client makes up is refused: 421, or 400 for what is no host at all.
In an .ini:

    talatat.hosts = shop.example *.shop.example 192.0.2.7 [2001:db8::7] admin.example:8443

A name without a port stands for each port. In development, where the list is empty, the machine's own
names and addresses are answered for: a page elsewhere cannot reach it under a name of its own (DNS
rebinding). Elsewhere an empty list answers everybody, and `talatat doctor` says so. The probes are
answered whatever host they name: they are asked for by address, and their answers hold no link.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Collection
from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING

from talatat.problems import PROBES, Problem, response_of
from talatat.settings.hosts import ANY

if TYPE_CHECKING:
    from pyramid.config import Configurator
    from pyramid.registry import Registry
    from pyramid.request import Request
    from pyramid.response import Response

Handler = Callable[["Request"], "Response"]

AUTHORITY = re.compile(
    r"(?P<host>\[[0-9a-f:.]{2,45}\]|[a-z0-9_](?:[a-z0-9._-]{0,253}[a-z0-9_])?)\.?(?::(?P<port>[0-9]{1,5}))?"
)
LAST_PORT = 65535
MOST_REMEMBERED = 256


class Hosts:
    """What is answered for; in development, with nothing listed, this machine."""

    def __init__(self, listed: Collection[str], *, development: bool = False) -> None:
        self.here = development and not listed
        self.exact = frozenset(one for one in listed if not one.startswith("*"))
        self.below = tuple(one.removeprefix("*") for one in listed if one.startswith("*."))
        self.anybody = ANY in listed or not (listed or development)
        plain = [one for one in listed if not one.startswith("*")]
        # What a refusal's own link names: never what the client made up.
        self.first = plain[0] if plain else "localhost"
        self._known: dict[str, str] = {}

    def answered(self, said: str) -> str:
        """The host as it is used from here on; Problem 421 for another's, 400 for what is no host."""
        found = self._known.get(said)
        if found is not None:
            return found
        try:
            host, port = _parted(said)
        except ValueError:
            raise Problem(400, "bad_request", "Host is not the name of one host") from None
        if not self._is_ours(host, port):
            raise Problem(
                421,
                "misdirected_request",
                f"{said} is not a host of this system. Its operator lists hosts in talatat.hosts.",
            )
        found = f"{host}:{port}" if port is not None else host
        if len(self._known) < MOST_REMEMBERED:  # ports and spellings are the client's choice
            self._known[said] = found
        return found

    def _is_ours(self, host: str, port: int | None) -> bool:
        if self.anybody or host in self.exact or f"{host}:{port}" in self.exact:
            return True
        return host.endswith(self.below) or (self.here and _is_this_machine(host))


def _parted(said: str) -> tuple[str, int | None]:
    """Host and port in one spelling. ValueError for what is no host."""
    match = AUTHORITY.fullmatch(said.lower())
    if match is None:
        raise ValueError(said)
    host, port = match["host"], match["port"]
    if host.startswith("["):
        host = f"[{IPv6Address(host[1:-1])}]"
    if port is not None and not 0 < int(port) <= LAST_PORT:
        raise ValueError(said)
    return host, None if port is None else int(port)


def _is_this_machine(host: str) -> bool:
    """Whether nobody elsewhere can have made a host's name point here: it is an address, or local."""
    if host == "localhost" or host.endswith(".localhost") or host == socket.gethostname().lower():
        return True
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def hosts_tween_factory(handler: Handler, registry: Registry) -> Handler:
    """Refuse requests for hosts that are not ours."""
    platform = registry.system.settings.platform
    hosts = Hosts(platform.hosts, development=platform.development)

    def hosts_tween(request: Request) -> Response:
        environ = request.environ
        try:
            environ["HTTP_HOST"] = hosts.answered(environ.get("HTTP_HOST", ""))
        except Problem as problem:
            environ["HTTP_HOST"] = hosts.first
            if environ.get("PATH_INFO") not in PROBES:
                return response_of(request, problem)
        return handler(request)

    return hosts_tween


def includeme(config: Configurator) -> None:
    """Add the tween, where not everybody is answered."""
    platform = config.registry.system.settings.platform
    if not Hosts(platform.hosts, development=platform.development).anybody:
        config.add_tween("talatat.web.hosts.hosts_tween_factory")
