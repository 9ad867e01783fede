"""Calls to other servers: the one way to an address that stands in a setting, or that a client sent.

    from talatat.outbound.client import client

    with client(request.registry.system, seconds=5) as calls:
        answer = calls.get(url)            # an `httpx.Client`

A URL can lead inside: to this machine, to its network, to the cloud's metadata. So a name is resolved once,
each of its addresses is judged, and the connection goes to the address that was judged: no way of writing an
address, and no name that changes in between, leads past it. Public addresses may be called over https. The
setting `talatat.outbound.allow` lists what may be called besides. Redirects, bytes and seconds are limited
in all; each redirect is judged like a first call.

urls         how a URL has to be written, so that everybody reads the same in it
addresses    which addresses are public, and what the setting allows besides
streams      connections to judged addresses, within a budget of seconds and bytes
client       `httpx` over these; imported by those who call, for it takes a while
errors       OutboundRefused: not called; OutboundFailed: called, and it did not end well
"""

from talatat.outbound.addresses import Allowed, allowed_entries
from talatat.outbound.errors import OutboundError, OutboundFailed, OutboundRefused
from talatat.outbound.urls import Target, parse_url

__all__ = [
    "Allowed",
    "OutboundError",
    "OutboundFailed",
    "OutboundRefused",
    "Target",
    "allowed_entries",
    "parse_url",
]
