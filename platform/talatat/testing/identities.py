"""An identity source for tests: a header says who asks and what they may do.

with composed(["catalog"], url=database_url) as system:
system.system.security.sources["tests"] = ByHeader()
system.app.delete(path, headers={HEADER: "ann catalog.write"}, status=204)
"""

from __future__ import annotations

from typing import Any

from talatat.security.identity import Identity

HEADER = "X-Test-Identity"


class ByHeader:
    """A name and after it the permissions that it holds; `otherwise` is who asks without the header."""

    def __init__(self, otherwise: str = "") -> None:
        self.otherwise = otherwise

    def identify(self, request: Any) -> Identity | None:
        """The identity in the header; None, which is nobody, where it is empty."""
        name, *permissions = request.headers.get(HEADER, self.otherwise).split() or [""]
        if not name:
            return None
        return Identity(id=name, name=name, source="tests", permissions=frozenset(permissions))
