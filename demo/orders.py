"""Two years of sales: lines of invoices, in the form that `talatat load INI orders.history` reads."""

import csv
import io
from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any

from demo.products import SEED, products
from demo.words import COUNTRIES

COLUMNS = (
    "InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID",
    "Country",
)  # fmt: skip
OPENING = datetime(2024, 1, 2, 9, 0)  # noqa: DTZ001  # exports of shops name no zone
GIVEN_BACK = 0.03
QUANTITIES = (1, 1, 1, 2, 2, 3, 4, 6, 12)


def order_lines(orders: int, catalogue: int) -> Iterator[tuple[Any, ...]]:
    """The lines of `orders` invoices over the first `catalogue` products, in order of time.

    A few products sell best, most customers come back, and some goods are given back later.
    """
    chance = Random(SEED + 1)
    goods = list(products(catalogue))
    homes = [chance.choice(COUNTRIES) for _ in range(max(1, orders // 4))]
    moment = OPENING
    for number in range(orders):
        moment = _next(chance, moment, orders)
        customer = int(len(homes) * chance.random() ** 1.6)
        back = chance.random() < GIVEN_BACK
        for product in _basket(chance, goods):
            quantity = chance.choice(QUANTITIES)
            yield (
                f"{'C' if back else ''}{400_000 + number}", product["name"], product["title"],
                -quantity if back else quantity, moment.isoformat(sep=" "),
                f"{product['price'] / 100:.2f}", 30_000 + customer, homes[customer],
            )  # fmt: skip


def lines(orders: int, catalogue: int) -> Iterator[str]:
    """The same as lines of a CSV file, the names of the columns first."""
    for row in (COLUMNS, *order_lines(orders, catalogue)):
        buffer = io.StringIO()
        csv.writer(buffer, lineterminator="\n").writerow(row)
        yield buffer.getvalue()


def _next(chance: Random, moment: datetime, orders: int) -> datetime:
    """The next sale: evenly over two years, in opening hours."""
    later = moment + timedelta(minutes=chance.expovariate(1) * 2 * 365 * 24 * 60 / orders)
    return later.replace(hour=9 + later.hour % 10, second=0, microsecond=0)


def _basket(chance: Random, goods: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """One to eight different products, the early ones of the catalogue most often."""
    size = min(len(goods), chance.choice((1, 1, 2, 2, 3, 4, 5, 8)))
    picked: set[int] = set()
    while len(picked) < size:
        place = int(len(goods) * chance.random() ** 2)
        if place not in picked:
            picked.add(place)
            yield goods[place]
