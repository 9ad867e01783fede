"""The shop that is fuzzed: the real addons with a little of everything in SQLite, and who uses it.

A run begins with the same database, byte for byte: `Shop.restore` puts back the file that `filled` kept.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from talatat.testing import TestSystem, composed
from talatat_accounts.bootstrap import ensure_admin
from talatat_orders import HistoryInvoice, HistoryLine

ADDONS = ("accounts", "catalog", "orders", "loyalty")
PASSWORD = "a long enough password"
SETTINGS = {
    "accounts.secret": "file:%(here)s/secret",
    # Hashing as weak as tests may have it: 10 ms instead of 350.
    "accounts.argon2_time_cost": "1",
    "accounts.argon2_memory_cost": "8192",
    "accounts.argon2_parallelism": "1",
    # Guessing is what a fuzzer does all day; the brake on it has tests of its own.
    "accounts.login_attempts": "1000000",
    "accounts.login_attempts_address": "1000000",
    "accounts.login_attempts_user": "1000000",
}
# Who asks, with the roles that addons declare; `admin` is the platform's own.
ROLES = {
    "anonymous": None,
    "customer": ("orders.buyer",),
    "clerk": ("orders.clerk", "accounts.manager"),
    "admin": ("admin",),
}


@dataclass
class Shop:
    """The composed application as WSGI, with a token for each role."""

    system: TestSystem
    app: Any
    tokens: dict[str, str] = field(default_factory=dict)
    kept: Path | None = None
    _ended: bool = False

    def __call__(self, environ: dict[str, Any], start: Any) -> Any:
        """Answer a request; after one that ended the token of its role begin anew."""
        # The client of schemathesis reads no compressed answers, whatever it says.
        environ.pop("HTTP_ACCEPT_ENCODING", None)
        known = environ.get("HTTP_AUTHORIZATION", "").removeprefix("Bearer ")
        if self._ended:
            self._ended = False
            self.restore()

        def told(status: str, *rest: Any) -> Any:
            self._ended = known in self.tokens.values() and status.startswith("401")
            return start(status, *rest)

        return self.app(environ, told)

    def headers(self, role: str) -> dict[str, str]:
        """What authenticates a request of `role`."""
        token = self.tokens.get(role)
        return {"Authorization": f"Bearer {token}"} if token else {}

    def send(self, role: str, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        """The JSON of an answer to `role`, which must have `status`."""
        send = getattr(self.system.app, method if body is None else f"{method}_json")
        options = {} if body is None else {"params": body}
        answer = send(path, headers=self.headers(role), status=status, **options)
        return answer.json if answer.body else None

    @staticmethod
    def dumps(document: Any) -> bytes:
        """JSON as a client writes it."""
        return json.dumps(document).encode("utf-8")

    @property
    def file(self) -> Path:
        """The database."""
        return Path(str(self.system.system.database.url.database))

    def keep(self) -> None:
        """Keep the database as it is now."""
        self.system.system.database.dispose()
        self.kept = self.file.with_suffix(".kept")
        shutil.copyfile(self.file, self.kept)

    def restore(self) -> None:
        """Put the kept database back."""
        assert self.kept is not None
        self.system.system.database.dispose()
        for leftover in self.file.parent.glob(f"{self.file.name}-*"):
            leftover.unlink()
        shutil.copyfile(self.kept, self.file)


@contextmanager
def filled(addons: tuple[str, ...] = ADDONS) -> Iterator[Shop]:
    """Compose the shop, fill it through its own API, and keep its database."""
    with composed(addons, settings=SETTINGS) as system:
        shop = Shop(system, system.config.make_wsgi_app())
        made = ensure_admin(system.system)
        assert made is not None
        shop.tokens["admin"] = made.token
        for role, roles in ROLES.items():
            if roles and role != "admin":
                _hire(shop, role, roles)
        _stock(shop)
        _history(shop)
        system.deliver()
        shop.keep()
        yield shop


def _hire(shop: Shop, role: str, roles: tuple[str, ...]) -> None:
    user = {"name": role, "password": PASSWORD, "roles": list(roles)}
    shop.send("admin", "post", "/api/accounts/v1/users", user, 201)
    login = {"user": role, "password": PASSWORD}
    made = shop.send("nobody", "post", "/api/accounts/v1/tokens", login, 201)
    shop.tokens[role] = made["token"]


def _stock(shop: Shop) -> None:
    shop.send("admin", "post", "/api/catalog/v1/categories", {"slug": "ink", "title": "Ink"}, 201)
    products = [
        shop.send(
            "admin",
            "post",
            "/api/catalog/v1/products",
            {
                "sku": f"INK-{number}",
                "title": f"Ink number {number}",
                "price": {"amount": f"{number}.50", "currency": "EUR"},
                "stock": 100 * number,
                "categories": ["ink"],
                "attributes": {"colour": "blue", "millilitres": 30 * number, "new": number == 1},
                "loyalty": {"points": number} if number == 1 else None,
            },
            201,
        )
        for number in (1, 2, 3)
    ]
    for role in ("customer", "clerk"):
        body = {"name": f"The {role}", "email": f"{role}@shop.example", "country": "Egypt"}
        customer = shop.send(role, "post", "/api/orders/v1/customers", body, 201)
        lines = [{"product_id": products[0]["id"], "quantity": 2}]
        basket = {"customer_id": customer["id"], "lines": lines}
        shop.send(role, "post", "/api/orders/v1/orders:checkout", basket, 201)


def _history(shop: Shop) -> None:
    at = datetime(2011, 12, 9, 12, 50, tzinfo=UTC)
    with shop.system.session() as session:
        invoice = HistoryInvoice(invoice_no="581587", kind="sale", invoiced_at=at, country="France")
        session.add(invoice)
        session.flush()
        session.add(
            HistoryLine(
                invoice_id=invoice.id, source_line=1, stock_code="22138", description="BAKING SET",
                goods=True, quantity=3, unit_price=Decimal("4.95"), amount=Decimal("14.85"),
                invoiced_at=at, fingerprint=1, occurrence=1, duplicate=False,
            )
        )  # fmt: skip
