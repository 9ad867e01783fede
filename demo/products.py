"""The catalogue: a JSON object a line, in the form that `talatat load INI catalog.products` reads."""

import json
from collections.abc import Iterator
from random import Random
from typing import Any

from demo.words import CARE, COLLECTIONS, COLOURS, COUNTRIES, KINDS, MAKERS, Kind

SEED = 1351  # the year before our era in which Amarna was founded, roughly


def products(count: int) -> Iterator[dict[str, Any]]:
    """`count` products, no two with one title; the same for the same count, and for a prefix of it."""
    chance = Random(SEED)
    titles: set[str] = set()
    number = 0
    while number < count:
        product = _product(chance, KINDS[number % len(KINDS)], number)
        if product["title"] not in titles:
            titles.add(product["title"])
            number += 1
            yield product


def lines(count: int) -> Iterator[str]:
    """The same as lines of a file."""
    for product in products(count):
        yield json.dumps(product, ensure_ascii=False) + "\n"


def _product(chance: Random, kind: Kind, number: int) -> dict[str, Any]:
    colour, material = chance.choice(COLOURS), chance.choice(kind.materials)
    size, collection = chance.choice(kind.sizes), chance.choice(COLLECTIONS)
    maker, use = chance.choice(MAKERS), chance.choice(kind.uses)
    return {
        "id": str(700_000 + number),
        "name": sku(number),
        "title": f"{maker} {collection} {kind.noun}, {material}, {colour}, {size}",
        "short_description": (
            f"A {kind.noun.lower()} of {material} in {colour.lower()}, made for {use}. "
            f"From the {collection} collection by {maker}. {chance.choice(CARE)}"
        ),
        "ean": [_ean(chance)],
        "supplier": maker,
        "price": _price(chance, kind),
        "stock": chance.choice((0, 3, 12, 25, 40, 80, 150)),
        "categories": [kind.department, f"{kind.department} / {kind.shelf}"],
        "date_released": f"{chance.randint(2019, 2025)}-{chance.randint(1, 12):02}-01T00:00:00Z",
        "attr_t_colour": colour,
        "attr_t_material": material,
        "attr_t_size": size,
        "attr_t_collection": collection,
        "attr_t_country_of_origin": chance.choice(COUNTRIES),
        "attr_n_weight": float(chance.randint(40, 4000)),
        "attr_b_handmade": chance.random() < 0.6,
    }


def sku(number: int) -> str:
    """The shop's own number of a product: five digits and sometimes a letter for the variant."""
    return f"{20_000 + number // 2:05}{'AB'[number % 2]}"


def _price(chance: Random, kind: Kind) -> int:
    """Cents that end as prices do."""
    low, high = kind.cents
    return round(chance.triangular(low, high, low + (high - low) // 4) / 100) * 100 - 10


def _ean(chance: Random) -> str:
    """Thirteen digits with a right check digit."""
    digits = [2, *(chance.randrange(10) for _ in range(11))]
    total = sum(digit * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return "".join(map(str, [*digits, -total % 10]))
