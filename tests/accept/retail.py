"""The retail invoices as a shop: products with a price and a stock, and the baskets that were bought.

Only sales of goods are taken, with a quantity and a price above nothing. A product's price is the one
it was most often sold at. Stock is a share of what the baskets ask for, so that it runs out.
"""

import csv
import io
import lzma
import os
import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from figures import ROOT

from talatat_orders.history.lines import InvoiceLine, LineError, read_line

CURRENCY = "GBP"
FILE = Path("retail") / "online_retail.csv.xz"

Basket = list[tuple[str, int]]


@dataclass(frozen=True)
class Article:
    """A product of the shop: the price in pence, and how many there are."""

    sku: str
    title: str
    price: int
    stock: int


@dataclass(frozen=True)
class Shop:
    """Articles by sku, and baskets of (sku, quantity)."""

    articles: dict[str, Article]
    baskets: list[Basket]


def data_folder() -> Path:
    """Where the real data is: ``TALATAT_DATA``, by default ``../shared/data`` beside the project."""
    return Path(os.environ.get("TALATAT_DATA") or ROOT.parent / "shared" / "data")


def retail_file() -> Path:
    """The invoices. A test that needs them is skipped where they are absent, and fails in CI."""
    path = data_folder() / FILE
    if not path.exists():
        reason = f"{path} is absent: name the data folder in TALATAT_DATA"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return path


def records(path: Path) -> Iterator[dict[str, str]]:
    """The file's rows as they are."""
    with lzma.open(path, "rb") as raw:
        yield from csv.DictReader(io.TextIOWrapper(raw, encoding="utf-8", newline=""))


def sales(path: Path) -> Iterator[InvoiceLine]:
    """Lines of sales of goods, with a description, a quantity and a price."""
    for row in records(path):
        try:
            line = read_line(row)
        except LineError:
            continue
        real = line.goods and line.description and line.quantity > 0 and line.unit_price > 0
        if real and line.kind == "sale":
            yield line


def shop(path: Path, count: int, seed: int, share: Decimal = Decimal("0.6")) -> Shop:
    """``count`` real baskets drawn by ``seed``, in the order in which they were bought.

    Each article has ``share`` of what the baskets ask for, and at least one.
    """
    prices: dict[str, Counter[Decimal]] = defaultdict(Counter)
    titles: dict[str, Counter[str]] = defaultdict(Counter)
    invoices: dict[str, Counter[str]] = defaultdict(Counter)
    for line in sales(path):
        prices[line.stock_code][line.unit_price] += 1
        titles[line.stock_code][line.description or ""] += 1
        invoices[line.invoice_no][line.stock_code] += line.quantity
    numbers = sorted(random.Random(seed).sample(sorted(invoices), count))
    baskets = [list(invoices[number].items()) for number in numbers]
    demand: Counter[str] = Counter()
    for basket in baskets:
        demand.update(dict(basket))
    articles = {
        sku: Article(sku, _usual(titles[sku]), int(_usual(prices[sku]) * 100), max(1, stock))
        for sku, stock in ((sku, int(wanted * share)) for sku, wanted in demand.items())
    }
    return Shop(articles, baskets)


def _usual(counts: Counter[Any]) -> Any:
    return counts.most_common(1)[0][0]
