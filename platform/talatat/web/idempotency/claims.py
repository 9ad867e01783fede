"""What a key stands for. Keys are digested with whose they are, so that nobody meets another's.

The digest of the request is keyed with the key itself, which is kept nowhere: a body may hold a password,
and whoever reads the table shall not try passwords on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from talatat.problems import Problem
from talatat.schema.body import body_limit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyramid.request import Request

HEADER = "Idempotency-Key"
LONGEST = 255
ANONYMOUS = "anonymous"


@dataclass(frozen=True)
class Claim:
    """One request under a key. `identifier` names the key of this principal on this route and path.

    `digest` is of what was sent, `rights` of what the principal may do, on which the answer depends.
    """

    identifier: str
    digest: str
    rights: str

    @property
    def lock(self) -> int:
        """The number of the key's advisory lock."""
        return int.from_bytes(bytes.fromhex(self.identifier)[:8], "big", signed=True)


def claim_of(request: Request, key: str) -> Claim:
    """The claim of a request; Problem 400 for a key that is none."""
    if not key.strip() or len(key) > LONGEST or not (key.isascii() and key.isprintable()):
        raise refusal(
            "idempotency_key_invalid", f"must be 1 to {LONGEST} printable ASCII characters"
        )
    identity = request.identity
    principal = ANONYMOUS if identity is None else f"{identity.source}:{identity.id}"
    route = getattr(getattr(request, "matched_route", None), "name", "")
    security = request.registry.system.security
    rights = "" if identity is None else security.rights_of(identity)
    environ = request.environ
    sent = (request.method, request.path, environ.get("QUERY_STRING", ""), _content_type(request))
    return Claim(
        _digest([principal, route, request.path, key]),
        _digest([*sent, request.body], _digest([key])),
        _digest([rights]),
    )


def is_readable(request: Request) -> bool:
    """Whether the body is within the limit; one that is not is refused by the view, unread."""
    return (request.content_length or 0) <= body_limit(request)


def refusal(code: str, detail: str) -> Problem:
    """400 that points to the header."""
    error = {"header": HEADER, "code": code, "detail": detail}
    return Problem(400, code, f"{HEADER} {detail}", [error])


def _content_type(request: Request) -> str:
    found: Any = request.environ.get("CONTENT_TYPE", "")
    return str(found)


def _digest(parts: Iterable[str | bytes], key: str = "") -> str:
    """A digest of the parts, in which none can be taken for a piece of its neighbour."""
    made = blake2b(key=bytes.fromhex(key), digest_size=32)
    for part in parts:
        data = part if isinstance(part, bytes) else part.encode("utf-8", "surrogateescape")
        made.update(len(data).to_bytes(8, "big") + data)
    return made.hexdigest()
