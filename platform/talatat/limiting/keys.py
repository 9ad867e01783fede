"""Whose count a request adds to: a digest of the account's id, or the network of an address.

What a client writes never becomes a key as it is. An address is REMOTE_ADDR, the connection's own or what
a trusted proxy told the server; headers are not read here. Of IPv6 the first 64 bits count, for that is
what one customer is given. All that is no address shares one key.
"""

from __future__ import annotations

from hashlib import blake2b
from socket import AF_INET, AF_INET6, inet_pton
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyramid.request import Request

    from talatat.security import Identity

NOBODY = "a:none"
_MAPPED = b"\0" * 10 + b"\xff\xff"


def address_key(request: Request) -> str:
    """`a:` and the address in hexadecimal digits: 8 of IPv4, 16 of IPv6."""
    text = request.environ.get("REMOTE_ADDR") or ""
    try:
        return f"a:{inet_pton(AF_INET, text).hex()}"
    except (OSError, ValueError):
        pass
    try:
        packed = inet_pton(AF_INET6, text.partition("%")[0])
    except (OSError, ValueError):
        return NOBODY
    return f"a:{packed[12:].hex() if packed.startswith(_MAPPED) else packed[:8].hex()}"


def principal_key(identity: Identity) -> str:
    """`p:` and a digest: ids are of any length, and of any characters."""
    digest = blake2b(identity.id.encode("utf-8", "surrogatepass"), digest_size=16)
    return f"p:{digest.hexdigest()}"
