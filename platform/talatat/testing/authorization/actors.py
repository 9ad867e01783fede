"""The actors of a matrix, and an identity source by which they are known where no addon has accounts."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from talatat.security.identity import Identity

ACTORS = ("anonymous", "nothing", "narrowed", "scoped", "other", "owner", "admin")
"""Nobody; somebody who may do nothing; the owner by a token whose scopes lack the permission, and by one
whose scopes have it; the owner of other rows; the owner; somebody who may do everything."""

WITHOUT = ("anonymous", "nothing", "narrowed")

HEADER = "X-Talatat-Actor"

Headers = Mapping[str, str]


class ByHeader:
    """Believes a header: {"id", "permissions", "scopes"}. For compositions of tests only."""

    def identify(self, request: Any) -> Identity | None:
        """The identity that the header describes; None without one."""
        text = request.headers.get(HEADER)
        if not text:
            return None
        told = json.loads(text)
        scopes = told.get("scopes")
        return Identity(
            id=told["id"],
            name=told["id"],
            source="talatat.testing",
            permissions=frozenset(told["permissions"]),
            scopes=None if scopes is None else frozenset(scopes),
        )


def header_of(name: str, permissions: Collection[str], scopes: Any = None) -> Headers:
    """The header by which `ByHeader` knows somebody."""
    told = {"id": name, "permissions": sorted(permissions)}
    if scopes is not None:
        told["scopes"] = sorted(scopes)
    return {HEADER: json.dumps(told)}
