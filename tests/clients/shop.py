"""The composition of the demonstration, served by pserve on SQLite, with goods that a search can find."""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from talatat.testing import TestSystem, composed
from talatat.testing.servers import free_port
from talatat_accounts.bootstrap import ensure_admin
from talatat_catalog.models import Product

ADDONS = ("accounts", "catalog", "orders", "loyalty")
SETTINGS = {
    "accounts.secret": "file:%(here)s/secret",
    # Hashing as weak as tests may have it: 10 ms instead of 350.
    "accounts.argon2_time_cost": "1",
    "accounts.argon2_memory_cost": "8192",
    "accounts.argon2_parallelism": "1",
}
SERVER = "\n[server:main]\nuse = egg:talatat#waitress\nlisten = 127.0.0.1:{port}\n"
PATIENCE = 60
MAKER = "Brass & Sons"  # a value that a URL has to quote


@dataclass(frozen=True)
class Shop:
    """A server with one administrator, and the ids of two products: plenty of the one, three of the other."""

    url: str
    user: str
    password: str
    plenty: str
    few: str

    def document(self) -> bytes:
        """What stands at /api/openapi.json, as a client's author gets it."""
        with urllib.request.urlopen(f"{self.url}/api/openapi.json", timeout=30) as answer:
            return answer.read()


@contextmanager
def serving() -> Iterator[Shop]:
    """Run the shop as a process of its own until the block ends."""
    with composed(ADDONS, settings=SETTINGS) as system:
        admin = ensure_admin(system.system)
        assert admin is not None
        plenty, few = stock(system)
        port = free_port()
        with Path(system.ini).open("a") as ini:
            ini.write(SERVER.format(port=port))
        url = f"http://127.0.0.1:{port}"
        log = system.folder / "pserve.log"
        # Coverage of a process that serves is measured by tests/hostile.
        unmeasured = {k: v for k, v in os.environ.items() if not k.startswith("COVERAGE_")}
        with log.open("wb") as out:
            server = subprocess.Popen(
                [str(Path(sys.executable).parent / "pserve"), system.ini],
                cwd=system.folder, stdout=out, stderr=subprocess.STDOUT,
                env={**unmeasured, "PYTHONWARNINGS": "ignore"},
            )  # fmt: skip
        try:
            wait(url, server, log)
            yield Shop(url, admin.user, admin.password, plenty, few)
        finally:
            server.terminate()
            server.wait(PATIENCE)


def stock(system: TestSystem) -> tuple[str, str]:
    """37 lamps of one maker from 11 to 47 EUR, and what a search for them has to pass over."""
    lamps = [
        Product(
            sku=f"L-{euros}", title=f"Lamp of brass, {euros}", supplier=MAKER,
            price_minor=euros * 100, currency="EUR", stock=1000, attributes={"material": "brass"},
        )
        for euros in range(11, 48)
    ]  # fmt: skip
    others = [
        Product(sku="L-X", title="Lamp of tin", supplier="Tin", price_minor=3000, currency="EUR"),
        Product(sku="C-1", title="Cup", supplier=MAKER, price_minor=800, currency="EUR", stock=3),
    ]
    found = (lamps[0].id, others[1].id)
    with system.session() as session:
        session.add_all([*lamps, *others])
    return found


def wait(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    """Until the server is ready; AssertionError with its log where it ends or takes too long."""
    give_up = time.monotonic() + PATIENCE
    while True:
        try:
            with urllib.request.urlopen(f"{url}/readyz", timeout=5) as answer:
                assert json.load(answer)["status"] == "ok"
                return
        except (urllib.error.URLError, OSError):
            assert server.poll() is None, log.read_text()
            assert time.monotonic() < give_up, log.read_text()
            time.sleep(0.05)
