"""Replay real baskets through the checkout of a running pserve, against stock that runs out.

    python tests/accept/replay.py --baskets 5000 --clients 16

loads the retail data's products into a fresh database, starts pserve on a private port, and lets client
processes buy at the same time. Then it asks: was there a 5xx, is any stock negative, is every accepted
order there and no other, does every sum hold? Prints the figures; exits 1 with what is wrong.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import figures
import sqlalchemy as sa
from buying import Client, Tally, minor
from retail import CURRENCY, Shop, retail_file, shop
from served import Site, make_site, serving

from talatat_catalog.models import Product
from talatat_orders.models import Order, OrderLine

SEED = 20101201
STALE = 20  # one basket in so many expects a price of yesterday


@dataclass
class Replay:
    """What came of it: the tallies of all clients, and how long they took together."""

    shop: Shop
    tallies: list[Tally]
    seconds: float

    @property
    def accepted(self) -> dict[str, int]:
        return {key: total for tally in self.tallies for key, total in tally.accepted.items()}

    def total(self, name: str) -> Counter[str]:
        """Counts of one kind, ``statuses`` or ``conflicts``, over all clients."""
        found: Counter[str] = Counter()
        for tally in self.tallies:
            found.update(getattr(tally, name))
        return found

    def figures(self) -> dict[str, Any]:
        """Counts and times for people."""
        seconds = sorted(second for tally in self.tallies for second in tally.seconds)
        return {
            "baskets": len(self.shop.baskets),
            "products": len(self.shop.articles),
            "lines asked for": sum(len(basket) for basket in self.shop.baskets),
            "checkouts sent": len(seconds),
            "orders accepted": len(self.accepted),
            "baskets emptied": sum(tally.emptied for tally in self.tallies),
            **{f"status {key}": count for key, count in sorted(self.total("statuses").items())},
            **{f"lines {key}": count for key, count in sorted(self.total("conflicts").items())},
            "checkouts a second": len(seconds) / self.seconds,
            "median ms": 1000 * seconds[len(seconds) // 2],
            "p99 ms": 1000 * seconds[int(len(seconds) * 0.99)],
        }


def replay(folder: Path, database_url: str, baskets: int, clients: int, seed: int) -> list[str]:
    """Do all of it; keeps and prints the figures. Returns what is wrong, nothing where all is well."""
    stocked = shop(retail_file(), baskets, seed)
    site = make_site(folder, database_url, CURRENCY)
    counts = site.load("catalog.products", write_products(folder / "products.jsonl", stocked))
    if counts["loaded"] != len(stocked.articles):
        return [f"products: {counts}"]
    token = site.administrator()["token"]
    ids = product_ids(database_url)
    with serving(site):
        done = run(site, token, stocked, ids, clients)
        with Client(site.url, token) as client:
            wrong = [*strange(done), *missing_orders(client, done)]
    wrong += wrong_rows(database_url, done)
    variant = sa.make_url(database_url).get_backend_name()
    command = f"python tests/accept/replay.py --baskets {baskets} --clients {clients}"
    command += f" --seed {seed}" + ("" if variant == "sqlite" else " --url URL")
    figures.keep("replay", variant, command, **done.figures(), wrong=len(wrong))
    return [f"seed {seed}: {one}" for one in wrong]


def write_products(path: Path, stocked: Shop) -> Path:
    """The articles as the catalogue's loader reads them."""
    with path.open("w", encoding="utf-8") as file:
        for article in stocked.articles.values():
            row = {
                "id": article.sku,
                "name": article.sku,
                "title": article.title,
                "price": article.price,
                "stock": article.stock,
            }
            file.write(json.dumps(row) + "\n")
    return path


def product_ids(database_url: str) -> dict[str, str]:
    """Ids by the code that the source knows a product by."""
    engine = sa.create_engine(database_url)
    try:
        with engine.connect() as connection:
            query = sa.select(Product.source_id, Product.id)
            return {row[0]: row[1] for row in connection.execute(query)}
    finally:
        engine.dispose()


def run(site: Site, token: str, stocked: Shop, ids: dict[str, str], clients: int) -> Replay:
    """Let the clients buy at the same time, each every n-th basket."""
    with Client(site.url, token) as clerk:
        name = {"name": "The replay"}
        status, customer = clerk.request("POST", "/api/orders/v1/customers", name)
    assert status == 201, customer
    bodies = [body(number, stocked, ids) for number in range(len(stocked.baskets))]
    jobs = [
        {
            "url": site.url,
            "token": token,
            "customer_id": customer["id"],
            "baskets": bodies[n::clients],
        }
        for n in range(clients)
    ]
    with ExitStack() as stack:
        buyers = [stack.enter_context(_buyer()) for _ in jobs]
        for buyer in buyers:
            assert buyer.stdout.readline() == "ready\n"
        began = time.perf_counter()
        for buyer, job in zip(buyers, jobs, strict=True):
            json.dump(job, buyer.stdin)
            buyer.stdin.close()
        tallies = [Tally(**json.loads(buyer.stdout.read())) for buyer in buyers]
        return Replay(stocked, tallies, time.perf_counter() - began)


def _buyer() -> Any:
    command = [sys.executable, str(Path(__file__).with_name("buying.py"))]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def body(number: int, stocked: Shop, ids: dict[str, str]) -> list[dict[str, Any]]:
    """One basket's lines, with the prices that the buyer was shown."""
    stale = 1 if number % STALE == 0 else 0
    return [
        {
            "product_id": ids[sku],
            "quantity": quantity,
            "expected_price": {
                "amount": f"{(price := stocked.articles[sku].price + stale) // 100}.{price % 100:02}",
                "currency": CURRENCY,
            },
        }
        for sku, quantity in stocked.baskets[number]
    ]


def strange(done: Replay) -> list[str]:
    """Answers that are neither an order nor a conflict; among them every 5xx."""
    found = [one for tally in done.tallies for one in tally.strange]
    settled = len(done.accepted) + sum(tally.emptied for tally in done.tallies)
    if settled + len(found) != len(done.shop.baskets):
        found.append(f"{len(done.shop.baskets)} baskets were sent, {settled} were settled")
    return found + [
        f"nobody met {code}: the replay proves nothing"
        for code in ("out_of_stock", "price_changed")
        if not done.total("conflicts")[code]
    ]


def missing_orders(client: Client, done: Replay) -> list[str]:
    """Page through all orders over REST: exactly the accepted ones, with the totals that were told."""
    path = "/api/orders/v1/orders?limit=500&fields=id,total"
    shown: dict[str, int] = {}
    while path:
        status, page = client.request("GET", path)
        if status != 200:
            return [f"GET {path}: {status} {page}"]
        shown.update({row["id"]: minor(row["total"]) for row in page["items"]})
        path = (page["next"] or "").removeprefix(client.url)
    if shown != done.accepted:
        lost, extra = done.accepted.keys() - shown.keys(), shown.keys() - done.accepted.keys()
        return [f"orders lost: {sorted(lost)[:5]}, unknown: {sorted(extra)[:5]}, or totals differ"]
    return []


def wrong_rows(database_url: str, done: Replay) -> list[str]:
    """Ask the database itself: stock, what was sold, and every order's sum."""
    engine = sa.create_engine(database_url)
    try:
        with engine.connect() as connection:
            return [
                *_wrong_stock(connection, done.shop),
                *_wrong_sums(connection, sum(done.accepted.values())),
            ]
    finally:
        engine.dispose()


def _wrong_stock(connection: sa.Connection, stocked: Shop) -> list[str]:
    sold = dict(
        connection.execute(
            sa.select(OrderLine.sku, sa.func.sum(OrderLine.quantity)).group_by(OrderLine.sku)
        ).all()
    )
    left = dict(connection.execute(sa.select(Product.source_id, Product.stock)).all())
    wrong = [f"{sku}: stock {stock}" for sku, stock in left.items() if stock < 0]
    return wrong + [
        f"{sku}: {article.stock} there, {sold.get(sku, 0)} sold, {left[sku]} left"
        for sku, article in stocked.articles.items()
        if article.stock - int(sold.get(sku, 0)) != left[sku]
    ]


def _wrong_sums(connection: sa.Connection, accepted: int) -> list[str]:
    amounts = sa.select(
        OrderLine.order_id,
        sa.func.sum(OrderLine.amount_minor).label("lines"),
        sa.func.sum(OrderLine.quantity * OrderLine.unit_price_minor).label("exact"),
    ).group_by(OrderLine.order_id)
    sums = amounts.subquery()
    query = sa.select(sa.func.count()).select_from(
        sa.outerjoin(Order, sums, sums.c.order_id == Order.id)
    )
    unequal = sa.or_(
        sums.c.lines.is_(None), sums.c.lines != Order.total_minor, sums.c.exact != Order.total_minor
    )
    wrong = connection.scalar(query.where(unequal))
    total = connection.scalar(sa.select(sa.func.sum(Order.total_minor))) or 0
    found = [f"{wrong} orders whose lines do not sum to their total"] if wrong else []
    if int(total) != accepted:
        found.append(f"orders sum to {total}, accepted were {accepted}")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--baskets", type=int, default=300)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--url", help="a fresh PostgreSQL database; a new SQLite file if left out")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = chosen.url or f"sqlite:///{folder}/replay.sqlite"
        wrong = replay(Path(folder), url, chosen.baskets, chosen.clients, chosen.seed)
    for one in wrong:
        print(one, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
