"""100,000 products as rows of `catalog_product`: real ones, and variants of them.

The 19,406 real electronics products of Icecat are read from the folder that `TALATAT_DATA` names, or
from `shared/data` beside the checkout. Each is taken several times, as shops have them: in another
colour or pack, under a code of its own, at another price. Where the folder is absent the products of
the demonstration take their place, and the report says so.
"""

from __future__ import annotations

import json
import lzma
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from demo.products import products as invented

from talatat_catalog.reading import RecordError, read_product

ROOT = Path(__file__).resolve().parents[2]
CURRENCY = "EUR"
SEED = 1351
# What a measurement sells must not run out while it is measured.
STOCK = 500_000
COLOURS = ("Black", "White", "Grey", "Blue", "Red", "Silver", "Green")
PACKS = ("", "2-pack", "5-pack", "refurbished", "bulk", "retail box")


@dataclass(frozen=True)
class Source:
    """Where products come from; `name` stands in the report."""

    name: str
    file: Path | None

    @classmethod
    def found(cls) -> Source:
        """The real products where they are, the demonstration's otherwise."""
        folder = Path(os.environ.get("TALATAT_DATA") or ROOT.parent / "shared" / "data")
        file = folder / "icecat" / "products.jsonl.xz"
        if file.exists():
            return cls("Icecat's products (19,406 real ones) and variants of them", file)
        return cls("the demonstration's invented products (TALATAT_DATA names no real ones)", None)

    def records(self, count: int) -> Iterator[dict[str, Any]]:
        """The source's own records, each once."""
        if self.file is None:
            yield from invented(count)
            return
        with lzma.open(self.file, "rt", encoding="utf-8") as lines:
            yield from map(json.loads, lines)


def rows(source: Source, count: int) -> Iterator[dict[str, Any]]:
    """Return `count` rows without id and times, the same for the same source and count."""
    originals = []
    for record in source.records(count):
        try:
            originals.append(read_product(record, CURRENCY))
        except RecordError:  # a handful has no price
            continue
    chance = Random(SEED)
    for number in range(count):
        original = originals[number % len(originals)]
        yield _variant(original, number // len(originals), chance)


def _variant(original: dict[str, Any], generation: int, chance: Random) -> dict[str, Any]:
    row = {name: value for name, value in original.items() if name != "categories"}
    row["stock"] = STOCK
    if generation:
        colour, pack = chance.choice(COLOURS), chance.choice(PACKS)
        row["title"] = " ".join(filter(None, (row["title"][:450], colour, pack)))
        row["sku"] = f"{row['sku'][:240]}-{generation}{colour[:2].upper()}"
        row["source_id"] = f"{row['source_id']}-{generation}"
        row["price_minor"] = max(1, round(row["price_minor"] * chance.uniform(0.8, 1.3)))
    return row
