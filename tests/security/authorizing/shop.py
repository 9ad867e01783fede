"""The shop of all addons of this lot on SQLite: people with tokens, and rows that two of them own.

People, roles and tokens are made through the shop's own API, so that what is proven of a narrowed token is
proven of a real one. `admit` changes what the two owners hold; `restore` goes back to the file as it was then.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from talatat.testing import TestSystem, composed
from talatat.testing.authorization import Supply, digest_of
from talatat_accounts.bootstrap import ensure_admin
from talatat_orders import HistoryInvoice, HistoryLine

ROOT = Path(__file__).parents[3]
PASSWORD = "a long enough password"
SETTINGS = {
    "accounts.secret": "file:%(here)s/secret",
    # Hashing as weak as tests may have it: 10 ms instead of 350.
    "accounts.argon2_time_cost": "1",
    "accounts.argon2_memory_cost": "8192",
    "accounts.argon2_parallelism": "1",
    "accounts.login_attempts": "1000000",
    "accounts.login_attempts_address": "1000000",
}
OWNERS = ("owner", "other")
# Written when somebody is refused, or recognised: nothing that was asked for.
NOT_ASKED_FOR = ("talatat_process", "audit_entry", "accounts_token", "accounts_session")


@dataclass
class Shop:
    """A `World` of talatat.testing.authorization."""

    system: TestSystem
    app: Any
    admin: str
    users: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    found: dict[str, str] = field(default_factory=dict)
    _digests: dict[Any, str] = field(default_factory=dict)
    _admitted: Any = None

    @property
    def registry(self) -> Any:
        """The composed registry."""
        return self.system.registry

    def send(self, who: str, method: str, path: str, body: Any = None, status: int = 201) -> Any:
        """The JSON of an answer to whoever bears the token `who`; it must have the status."""
        headers = {"Authorization": f"Bearer {who}"} if who else {}
        ask = getattr(self.system.app, method if body is None else f"{method}_json")
        more = {} if body is None else {"params": body}
        answer = ask(path, headers=headers, status=status, **more)
        return answer.json if answer.body else None

    def token(self, user: str, scopes: Collection[str] | None = None) -> str:
        """A new token of somebody; `scopes` narrow it."""
        body: dict[str, Any] = {"user": user, "password": PASSWORD}
        if scopes is not None:
            body["scopes"] = sorted(scopes)
        return str(self.send("", "post", "/api/accounts/v1/tokens", body)["token"])

    def admit(self, needs: Collection[str]) -> Mapping[str, Mapping[str, str]]:
        """Give both owners roles that hold `needs` and nothing more, and tokens of all kinds."""
        self._copy("opened", back=True)
        for name in OWNERS:
            roles = [f"only:{one}" for one in sorted(needs)]
            path = f"/api/accounts/v1/users/{self.users[name]}"
            self.send(self.admin, "patch", path, {"roles": roles}, 200)
        lacking = sorted(set(self.registry.system.security.permissions) - set(needs))
        bearers = {
            **self.tokens,
            "narrowed": self.token("owner", [next(one for one in lacking if "." in one)]),
            "scoped": self.token("owner", needs),
            "other": self.token("other"),
            "owner": self.token("owner"),
        }
        self._look_up(bearers)
        self._copy("admitted")
        self._admitted = self._written()
        told = {who: {"Authorization": f"Bearer {token}"} for who, token in bearers.items()}
        return {"anonymous": {}, **told}

    def _look_up(self, bearers: Mapping[str, str]) -> None:
        """What has an id of its own each time: a session and a token of the owner."""
        body = {"user": "owner", "password": PASSWORD}
        app = self.system.app
        location = app.post_json("/api/accounts/v1/sessions", body, status=201).location
        app.reset()  # the cookie
        self.found["session"] = str(location).rpartition("/")[2]
        body = {"user": "owner", "password": PASSWORD, "label": "spare"}
        self.found["token"] = self.send("", "post", "/api/accounts/v1/tokens", body)["id"]

    def restore(self) -> None:
        """Put the database back as it was after `admit`, if anything was written."""
        if self._written() != self._admitted:
            self._copy("admitted", back=True)
            self._admitted = self._written()

    @property
    def everybody(self) -> list[str]:
        """What somebody holds who was given nothing."""
        found = self.send(self.tokens["nothing"], "get", "/api/accounts/v1/me", status=200)
        return list(found["permissions"])

    def digest(self) -> str:
        """What the database holds; read again only where something was written to its files."""
        written = self._written()
        if written not in self._digests:
            self._digests.clear()
            self._digests[written] = digest_of(self.system.system.database.engine, NOT_ASKED_FOR)
        return self._digests[written]

    def _written(self) -> tuple[tuple[str, int, int], ...]:
        """Names, sizes and times of the database's files; the index of a log that is empty is none."""
        file = Path(str(self.system.system.database.url.database))
        found = [
            (one.name, one.stat())
            for one in (file, file.with_name(f"{file.name}-wal"))
            if one.exists()
        ]
        return tuple((name, told.st_size, told.st_mtime_ns) for name, told in found if told.st_size)

    def _copy(self, name: str, *, back: bool = False) -> None:
        database = self.system.system.database
        database.dispose()
        file = Path(str(database.url.database))
        kept = file.with_suffix(f".{name}")
        for leftover in file.parent.glob(f"{file.name}-*"):
            leftover.unlink()
        shutil.copyfile(*((kept, file) if back else (file, kept)))


@contextmanager
def opened() -> Iterator[Shop]:
    """Compose all addons, and let two people buy."""
    addons = sorted(one.parent.name for one in ROOT.glob("addons/*/pyproject.toml"))
    with composed([*addons, "authorizing.roles"], settings=SETTINGS) as system:
        made = ensure_admin(system.system)
        assert made is not None
        shop = Shop(system, system.config.make_wsgi_app(), made.token)
        for name in (*OWNERS, "idle", "boss"):
            roles = ["admin"] if name == "boss" else []
            body = {"name": name, "password": PASSWORD, "roles": roles}
            shop.users[name] = shop.send(made.token, "post", "/api/accounts/v1/users", body)["id"]
        shop.send(made.token, "post", "/api/accounts/v1/groups", {"name": "clerks"})
        _stock(shop)
        for name in OWNERS:
            _buy(shop, name)
        _history(shop)
        system.deliver()
        shop.tokens = {"nothing": shop.token("idle"), "admin": shop.token("boss")}
        shop._copy("opened")
        yield shop


def _stock(shop: Shop) -> None:
    ask = shop.send
    ink = ask(shop.admin, "post", "/api/catalog/v1/categories", {"slug": "ink", "title": "Ink"})
    below = {"slug": "blue", "title": "Blue", "parent_id": ink["id"]}
    ask(shop.admin, "post", "/api/catalog/v1/categories", below)
    for number in (1, 2, 3):
        body = {
            "sku": f"INK-{number}",
            "title": f"Ink number {number}",
            "price": {"amount": f"{number}.50", "currency": "EUR"},
            "stock": 1_000_000,
            "categories": ["ink"],
        }
        made = ask(shop.admin, "post", "/api/catalog/v1/products", body)
        shop.found.setdefault("product", made["id"])


def _buy(shop: Shop, name: str) -> None:
    """Two customers, one of whom has ordered: an order in each state from which something can be done."""
    user = {"user_id": shop.users[name]}
    customers = [
        shop.send(shop.admin, "post", "/api/orders/v1/customers", {"name": f"{name} {at}", **user})
        for at in (1, 2)
    ]
    lines = [{"product_id": shop.found["product"], "quantity": 2}]
    basket = {"customer_id": customers[0]["id"], "lines": lines}
    orders = [
        shop.send(shop.admin, "post", "/api/orders/v1/orders:checkout", basket) for _ in range(2)
    ]
    shop.send(shop.admin, "post", f"/api/orders/v1/orders/{orders[0]['id']}:pay", status=200)
    shop.found.setdefault("order", orders[0]["id"])


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


def supplies(shop: Shop) -> dict[str, Supply]:
    """What no document tells: a password, a form, an id that is no resource's."""
    login = {"user": "owner", "password": PASSWORD}
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    proof = {**form, "Cookie": "talatat_csrf=proof"}
    shown = f"user=owner&password={PASSWORD.replace(' ', '+')}&csrf_token=proof".encode()
    return {
        "talatat.group_openapi": Supply({"addon": "orders", "version": 1}),
        "talatat.docs.problem": Supply({"code": "forbidden"}),
        "orders.receipt": Supply({"id": lambda: shop.found["order"]}),
        "POST accounts.login": Supply(body=shown, headers=proof),
        "POST accounts.logout": Supply(body=b"", headers=form),
        "accounts.session": Supply({"id": lambda: shop.found["session"]}),
        "accounts.user_tokens": Supply({"id": lambda: shop.users["owner"]}),
        "accounts.token": Supply({"id": lambda: shop.found["token"]}),
        "POST accounts.sessions": Supply(body=login),
        "POST accounts.tokens": Supply(body=login),
        "accounts.password": Supply(body={"current": PASSWORD, "new": "another long password"}),
    }
