"""What clients know of the shop: read from a file, without a database and without the platform."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Shop:
    """What clients know: who may buy for which customer, what is sold at which price, what is sought."""

    source: str
    products: int
    history: int
    clerk: str
    buyers: list[dict[str, str]]
    goods: list[dict[str, Any]]
    searches: list[list[str]]


def read(path: Path) -> Shop:
    """The shop that a file tells of."""
    kept = json.loads(path.read_text())
    kept.pop("digest", None)
    return Shop(**kept)


def write(path: Path, shop: Shop, digest: str) -> None:
    """Keep it, with the digest of what the shop was made of."""
    path.write_text(json.dumps({"digest": digest, **asdict(shop)}))


def digest_in(path: Path) -> str:
    """The digest in a file; empty where there is none."""
    return str(json.loads(path.read_text()).get("digest", "")) if path.exists() else ""
