"""W3C trace context: a request continues the trace that it came with, or begins one.

`traceparent` names the trace and the caller's span in it, `tracestate` is what vendors add. A valid one is
continued: the same trace, a span of our own. An invalid one is as none, and the trace begins here. The
answer carries `traceparent` with our span; every line of the log has `trace_id` and `span_id`. Whoever
calls on, an addon that sends telemetry too, reads `request.trace`.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from talatat.header_names import LOWER

if TYPE_CHECKING:
    from pyramid.config import Configurator
    from pyramid.request import Request
    from pyramid.response import Response

FORM = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.DOTALL)
# Nobody who continues a trace has to carry more than this; what is longer is dropped, whole.
LONGEST_STATE = 512
MOST_MEMBERS = 32
KEY = r"(?:[a-z][a-z0-9_*/-]{0,255}|[a-z0-9][a-z0-9_*/-]{0,240}@[a-z][a-z0-9_*/-]{0,13})"
MEMBER = re.compile(
    rf"({KEY})=([\x20-\x2b\x2d-\x3c\x3e-\x7e]{{0,255}}[\x21-\x2b\x2d-\x3c\x3e-\x7e])"
)
SAMPLED = 0x01
_TOLD = frozenset({"request-id", "traceparent", "tracestate"})
IN_ENVIRON = "talatat.trace"


@dataclass(frozen=True)
class Trace:
    """Where a request stands in a trace: its own span, and its caller's if there is one."""

    trace_id: str
    span_id: str
    parent_id: str | None = None
    sampled: bool = False
    state: str = ""

    @property
    def traceparent(self) -> str:
        """The header that names this span as the parent of what it causes."""
        return f"00-{self.trace_id}-{self.span_id}-{SAMPLED if self.sampled else 0:02x}"


def continued(traceparent: str, tracestate: str = "") -> Trace:
    """A span of our own in the trace that the headers name; in a new trace where they are not valid."""
    parsed = parse(traceparent) if traceparent else None
    if parsed is None:
        drawn = new_id(24)
        return Trace(drawn[:32], drawn[32:]) if _names(drawn) else Trace(new_id(16), new_id(8))
    span_id = new_id(8)
    trace_id, parent_id, sampled = parsed
    return Trace(trace_id, span_id, parent_id, sampled, valid_state(tracestate))


def parse(traceparent: str) -> tuple[str, str, bool] | None:
    """(trace id, parent's span id, sampled) of the header; None where it is not valid.

    Versions to come may say more at the end, and are read as far as this one knows them.
    """
    match = FORM.fullmatch(traceparent.strip(" \t"))
    if match is None:
        return None
    version, trace_id, parent_id, flags, more = match.groups()
    if version == "ff" or (version == "00" and more):
        return None
    if not trace_id.strip("0") or not parent_id.strip("0"):
        return None
    return trace_id, parent_id, bool(int(flags, 16) & SAMPLED)


def valid_state(tracestate: str) -> str:
    """The header's members as they were, without empty ones; nothing where one is not valid."""
    members = [one.strip(" \t") for one in tracestate.split(",") if one.strip(" \t")]
    found = [MEMBER.fullmatch(one) for one in members]
    keys = {match[1] for match in found if match is not None}
    joined = ",".join(members)
    if None in found or len(keys) < len(found):
        return ""
    return joined if len(found) <= MOST_MEMBERS and len(joined) <= LONGEST_STATE else ""


def _names(drawn: str) -> bool:
    """Whether neither of the two ids is all zeros."""
    return bool(drawn[:32].strip("0") and drawn[32:].strip("0"))


def new_id(size: int) -> str:
    """A random id of `size` bytes that is not all zeros."""
    while True:
        made = os.urandom(size).hex()
        if made.strip("0"):
            return made


def trace_of(request: Request) -> Trace:
    """The place of this request in its trace, the same for all attempts to answer it: `request.trace`."""
    environ = request.environ
    known: Trace | None = environ.get(IN_ENVIRON)
    if known is None:
        known = continued(environ.get("HTTP_TRACEPARENT", ""), environ.get("HTTP_TRACESTATE", ""))
        environ[IN_ENVIRON] = known
    return known


def tell(response: Response, request_id: str, trace: Trace) -> None:
    """Let the answer carry the request's id and its trace, whatever a view has put there."""
    kept = [pair for pair in response.headerlist if LOWER[pair[0]] not in _TOLD]
    kept += [("Request-Id", request_id), ("traceparent", trace.traceparent)]
    if trace.state:
        kept.append(("tracestate", trace.state))
    response.headerlist = kept


def includeme(config: Configurator) -> None:
    """Give requests their place: `request.trace`."""
    config.add_request_method(trace_of, "trace", reify=True)
