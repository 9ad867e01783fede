"""`RateLimit-Policy` and `RateLimit`: structured fields (RFC 9651) of draft-ietf-httpapi-ratelimit-headers.

    RateLimit-Policy: "authenticated";q=6000;w=60, "writes";q=3000;w=60
    RateLimit: "authenticated";r=5998;t=41, "writes";r=2999;t=60

`q` in `w` seconds is the quota of a policy; `r` is what is left of it, and may be used within the next `t`
seconds. Every policy that the request counted against is named.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyramid.response import Response

    from talatat.limiting.windows import Taken

POLICY = "RateLimit-Policy"
LIMIT = "RateLimit"


def tell_limits(response: Response, taken: Iterable[Taken]) -> None:
    """Say on an answer what was counted, and what is left."""
    policies, limits = [], []
    for one in taken:
        policies.append(f'"{one.name}";q={one.quota.amount};w={one.quota.seconds}')
        limits.append(f'"{one.name}";r={one.remains};t={one.seconds}')
    if policies:
        response.headers[POLICY] = ", ".join(policies)
        response.headers[LIMIT] = ", ".join(limits)
