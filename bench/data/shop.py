"""The database that every peer works on: Talatat's own tables, made by `talatat apply`, and filled.

It is made once and kept as the template `shop` of the bench's cluster; each run works on a copy, so that
what one run sells is there again for the next. What the load generator has to know of it (tokens,
customers, what to search for) stands in `var/bench/shop.json`.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from bench.data import known
from bench.data.cluster import ROOT, Cluster
from bench.data.known import Shop
from bench.data.products import Source, rows
from psycopg.types.json import Jsonb

from talatat.db.ids import new_id
from talatat_accounts.tokens import digest, new_token

TEMPLATE = "shop"
INI = ROOT / "bench" / "peers" / "talatat" / "talatat.ini"
KNOWN = ROOT / "var" / "bench" / "shop.json"
SECRET = "a secret of the bench, long enough to sign with"
BUYERS = 50
PRODUCTS = 100_000
LINES = 1_000_000
SEARCHES = 60
#: A search reads some hundred rows: the frameworks are measured, not the database.
ROWS_OF_A_SUPPLIER = range(100, 400)
FOUND_AT_LEAST = 25


class Failed(Exception):
    """A step of the bench did not do what it should; the text is what it said."""


def environment(url: str) -> dict[str, str]:
    """What talatat.ini and every peer read: where the database is, and a secret."""
    return {
        **os.environ,
        "DATABASE_URL": url,
        "BENCH_SECRET": SECRET,
        "PYTHONPATH": str(ROOT),
        "PYTHONWARNINGS": "ignore",
    }


def prepare(
    cluster: Cluster,
    products: int = PRODUCTS,
    history: int = LINES,
    say: Callable[[str], None] = print,
) -> Shop:
    """Make the template where it is not there, or made of something else; return what is known of it."""
    wanted = _digest(products, history)
    if TEMPLATE in cluster.names() and known.digest_in(KNOWN) == wanted:
        return known.read(KNOWN)
    began = time.monotonic()
    say(f"Making the shop of {products:,} products and {history:,} invoice lines (once) ...")
    KNOWN.unlink(missing_ok=True)
    url = cluster.create_named(TEMPLATE)
    apply(url)
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        shop = _fill(connection, products, history)
    with cluster.connect(TEMPLATE) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
        connection.execute("VACUUM (FREEZE, ANALYZE)")
    known.write(KNOWN, shop, wanted)
    say(f"The shop was made in {time.monotonic() - began:.0f} s.")
    return shop


def copy(cluster: Cluster, name: str = "bench") -> str:
    """Return the URL of a fresh copy of the shop."""
    return cluster.create_named(name, TEMPLATE)


def apply(url: str) -> None:
    """Make Talatat's tables, as an operator does. Raises Failed with what the command said."""
    command = [str(Path(sys.executable).parent / "talatat"), "apply", str(INI), "--yes"]
    done = subprocess.run(
        command, env=environment(url), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise Failed(f"talatat apply: {done.returncode}\n{done.stdout}{done.stderr}")


def _digest(products: int, history: int) -> str:
    """What the template is made of: the bench's own code, and the addons' migrations."""
    files = sorted((ROOT / "bench" / "data").glob("*.py"))
    files += sorted(ROOT.glob("addons/*/talatat_*/migrations/versions/*.py"))
    files += sorted((ROOT / "migrations" / "versions").glob("*.py"))
    parts = [hashlib.sha256(path.read_bytes()).hexdigest() for path in files]
    return hashlib.sha256(repr((products, history, Source.found(), parts)).encode()).hexdigest()


def _fill(connection: Any, products: int, history: int) -> Shop:
    source = Source.found()
    now = datetime.now(UTC)
    made = [_product(row, now) for row in rows(source, products)]
    _copy(connection, "catalog_product", made)
    buyers, clerk = _people(connection, now)
    _history(connection, made, history, now)
    goods = [
        {"id": row["id"], "price": row["price_minor"], "sku": row["sku"]}
        for row in made[:: max(1, len(made) // 5000)]
    ]
    return Shop(source.name, products, history, clerk, buyers, goods, searches(made))


def _product(row: dict[str, Any], now: datetime) -> dict[str, Any]:
    return {
        "id": new_id(),
        **row,
        "ean": Jsonb(row["ean"]),
        "attributes": Jsonb(row["attributes"]),
        "version": 1,
        "created_at": now,
        "updated_at": now,
    }


def _people(connection: Any, now: datetime) -> tuple[list[dict[str, str]], str]:
    """Buyers with a token and a customer of their own each, and one clerk who sees all."""
    stamps = {"version": 1, "created_at": now, "updated_at": now}
    users, grants, tokens, customers, buyers = [], [], [], [], []
    for number in range(BUYERS + 1):
        role = "orders.buyer" if number < BUYERS else "admin"
        user, token = new_id(), new_token()
        users.append(
            {"id": user, "name": f"bench{number}", "display_name": "", "active": True, **stamps}
        )
        grants.append({"id": new_id(), "role": role, "addon": role[:6], "user_id": user})
        tokens.append(
            {
                "id": new_id(),
                "user_id": user,
                "digest": digest(token),
                "label": "bench",
                "created_at": now,
                "expires_at": now + timedelta(days=3650),
            }
        )
        customers.append(
            {
                "id": new_id(),
                "name": f"Customer {number}",
                "user_id": user,
                "country": "Egypt",
                **stamps,
            }
        )
        buyers.append({"token": token, "customer_id": customers[-1]["id"]})
    for table, found in (
        ("accounts_user", users),
        ("accounts_grant", grants),
        ("accounts_token", tokens),
        ("orders_customer", customers),
    ):
        _copy(connection, table, found)
    return buyers[:BUYERS], buyers[BUYERS]["token"]


def _history(connection: Any, products: list[dict[str, Any]], count: int, now: datetime) -> None:
    """A million lines of former invoices, twenty on each."""
    stamps = {"version": 1, "created_at": now, "updated_at": now}
    invoices = [
        {
            "id": new_id(),
            "invoice_no": str(500_000 + number),
            "kind": "sale",
            "invoiced_at": now - timedelta(minutes=count // 20 - number),
            "country": "Egypt",
            **stamps,
        }
        for number in range(max(1, count // 20))
    ]
    _copy(connection, "orders_history_invoice", invoices)
    lines = (
        {
            "id": new_id(),
            "invoice_id": invoices[number // 20 % len(invoices)]["id"],
            "product_id": (product := products[number * 7919 % len(products)])["id"],
            "source_line": number + 2,
            "stock_code": product["sku"][:40],
            "description": product["title"],
            "goods": True,
            "quantity": 1 + number % 12,
            "unit_price": product["price_minor"] * 100,
            "amount": product["price_minor"] * 100 * (1 + number % 12),
            "invoiced_at": invoices[number // 20 % len(invoices)]["invoiced_at"],
            "fingerprint": number,
            "occurrence": 1,
            "duplicate": False,
            **stamps,
        }
        for number in range(count)
    )
    _copy(connection, "orders_history_line", lines)


def _copy(connection: Any, table: str, found: Any) -> None:
    found = iter(found)
    first = next(found, None)
    if first is None:
        return
    names = list(first)
    statement = f"COPY {table} ({', '.join(names)}) FROM STDIN"
    with connection.cursor() as cursor, cursor.copy(statement) as copying:
        for row in _with(first, found):
            copying.write_row([row[name] for name in names])


def _with(first: Any, rest: Iterator[Any]) -> Iterator[Any]:
    yield first
    yield from rest


def searches(products: list[dict[str, Any]]) -> list[list[str]]:
    """Pairs of a word and a supplier whose products' titles hold it, each with more than one page."""
    by_supplier: dict[str, list[str]] = defaultdict(list)
    for row in products:
        by_supplier[row["supplier"]].append(row["title"])
    found = []
    for supplier, titles in sorted(by_supplier.items()):
        if len(titles) not in ROWS_OF_A_SUPPLIER:
            continue
        words = Counter(word for title in titles for word in set(title.split()) if word.isalpha())
        for word, count in sorted(words.items(), key=lambda pair: (-pair[1], pair[0])):
            if count >= FOUND_AT_LEAST and len(word) > 3 and word != supplier:
                found.append([word, supplier])
                break
    return found[:SEARCHES] or [["a", next(iter(sorted(by_supplier)))]]
