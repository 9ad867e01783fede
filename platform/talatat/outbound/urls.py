"""How a URL has to be written that somebody else may have written.

Parsers of URLs differ where a URL is odd: white space, backslashes, `@`, numbers as hosts. What one of them
checks is then not what another one calls. So odd ones are refused, and all parsers read the same in what
is left.
"""

import re
from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple

MOST = 2000  # characters

SHAPE = re.compile(
    r"(?P<scheme>https?)://"
    r"(?P<host>[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9_])?\.?|\[[0-9A-Fa-f:.]{2,45}\])"
    r"(?::(?P<port>[1-9][0-9]{0,4}))?"
    r"(?P<rest>[/?#][!#-;=?-\[\]_a-z~]*)?",  # printable, without space " < > \ ^ ` { | }
    re.ASCII,
)
# Browsers and C libraries read 0x7f.1, 017700000001 and 2130706433 as 127.0.0.1.
NUMBER = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*")
PORTS = {"http": 80, "https": 443}


class Target(NamedTuple):
    """Where a URL leads: the host in lower case, without brackets and without a dot at its end."""

    scheme: str
    host: str
    port: int


def parse_url(text: str, schemes: tuple[str, ...] = ("https",)) -> Target:
    """Where a URL leads; ValueError, worded for who wrote it, if it is not plainly written."""
    form = f"such as {schemes[-1]}://example.com/path"
    if len(text) > MOST:
        raise ValueError(f"must be a URL of at most {MOST} characters")
    found = SHAPE.fullmatch(text)
    if found is None or found["scheme"] not in schemes:
        raise ValueError(
            f"must be a plain URL {form}: {' or '.join(schemes)}, no name or password, "
            "no spaces, other letters percent-encoded or as xn--"
        )
    host = found["host"].lower().removesuffix(".")
    if not _is_host(host):
        raise ValueError(f"must be a URL of a host name or of a whole IP address, {form}")
    port = int(found["port"] or PORTS[found["scheme"]])
    if port > 65535:
        raise ValueError("must be a URL with a port up to 65535")
    return Target(found["scheme"], host.strip("[]"), port)


def _is_host(host: str) -> bool:
    try:
        if host.startswith("["):
            return bool(IPv6Address(host.strip("[]")))
        labels = host.split(".")
        if NUMBER.fullmatch(labels[-1]):
            return bool(IPv4Address(host))
    except ValueError:
        return False
    return all(0 < len(label) <= 63 for label in labels)
