"""What can go wrong with a call to another server.

The texts may be shown to whoever made the request. So they name no address: else anybody could ask this
server what the names of its network mean. The log names it.
"""


class OutboundError(Exception):
    """A call that was not made, or did not end well; `str()` says it for people."""


class OutboundRefused(OutboundError):
    """The URL may not be called from here."""


class OutboundFailed(OutboundError):
    """The other server is away, too slow, says too much, or what is no HTTP."""
