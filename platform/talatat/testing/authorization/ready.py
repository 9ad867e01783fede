"""What a request is before somebody sends it, and whose rows it may be about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from talatat.testing.rest.sending import Headers, Sent


@dataclass(frozen=True)
class Ready:
    """A request that only lacks who sends it. `mine` and `theirs` are the ids to look for in a list."""

    method: str
    target: str
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    mine: frozenset[str] = frozenset()
    theirs: frozenset[str] = frozenset()

    def sent(self, who: Headers) -> Sent:
        """The request of somebody."""
        import orjson

        headers = {"Accept": "application/json", **who}
        content = b""
        if self.body is not None:
            raw = isinstance(self.body, bytes)
            content = self.body if raw else orjson.dumps(self.body)
            headers["Content-Type"] = "application/json"
        return Sent(self.method, self.target, {**headers, **self.headers}, content)


@dataclass(frozen=True)
class Owned:
    """Ids of the rows of one resource: the owner's, those of the other owner, and all."""

    mine: tuple[str, ...]
    theirs: tuple[str, ...]
    all: tuple[str, ...]


def a_file(asset: str) -> str:
    """The path of a file below a folder of assets."""
    from pyramid.path import AssetResolver

    folder = Path(AssetResolver().resolve(asset).abspath())
    found = next(
        one for one in sorted(folder.rglob("*")) if one.is_file() and one.name[0] not in "._"
    )
    return found.relative_to(folder).as_posix()
