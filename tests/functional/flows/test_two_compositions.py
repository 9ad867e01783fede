"""Two compositions in two processes on one database: neither disturbs the other."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

from tests.functional.flows.conftest import SETTINGS

from talatat.composing import compose, load_composition
from talatat.evolution.migrate import bring_to
from talatat.testing.composed import write_ini
from talatat.testing.servers import free_port
from talatat_accounts.bootstrap import ensure_admin

PSERVE = "from pyramid.scripts.pserve import main; main()"


def call(base: str, token: str, method: str, path: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    with urlopen(Request(base + path, data, headers, method=method), timeout=30) as answer:
        text = answer.read()
    return json.loads(text) if text else None


@contextmanager
def served(ini: str) -> Iterator[str]:
    """A real pserve on a free port; gives its address."""
    port = free_port()
    path = Path(ini)
    path.write_text(path.read_text() + f"\n[server:main]\nuse = egg:waitress#main\nport = {port}\n")
    process = subprocess.Popen([sys.executable, "-W", "ignore", "-c", PSERVE, ini])
    try:
        base = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 60
        while True:
            try:
                with urlopen(f"{base}/readyz", timeout=5):
                    break
            except URLError:
                assert process.poll() is None, "pserve ended"
                assert time.monotonic() < deadline, "pserve does not answer"
                time.sleep(0.2)
        yield base
    finally:
        process.terminate()
        process.wait(30)


def test_a_process_without_loyalty_and_one_with_it_share_a_database(
    database_url: str, tmp_path: Path
):
    inis = {}
    for name, addons in {
        "small": ("accounts", "catalog", "orders"),
        "whole": ("accounts", "catalog", "orders", "loyalty"),
    }.items():
        folder = tmp_path / name
        folder.mkdir()
        inis[name] = write_ini(folder, addons, database_url, SETTINGS)
    system = compose(load_composition(inis["whole"])).registry.system
    bring_to(system.composition, system.database)
    credentials = ensure_admin(system)
    system.database.dispose()
    assert credentials is not None
    with ExitStack() as stack:
        small, whole = (stack.enter_context(served(inis[name])) for name in ("small", "whole"))
        price = {"amount": "10.00", "currency": "EUR"}
        product = {"sku": "A1", "title": "Lamp", "price": price, "stock": 5}
        made = call(
            whole,
            credentials.token,
            "POST",
            "/api/catalog/v1/products",
            {**product, "loyalty": {"points": 7}},
        )
        path = f"/api/catalog/v1/products/{made['id']}"
        assert made["loyalty"] == {"points": 7}
        seen = call(small, credentials.token, "GET", path)
        assert "loyalty" not in seen
        assert seen["title"] == "Lamp"
        call(small, credentials.token, "PATCH", path, {"title": "Old lamp"})
        again = call(whole, credentials.token, "GET", path)
        assert (again["title"], again["loyalty"]) == ("Old lamp", {"points": 7})
        groups = {
            base: [one["name"] for one in call(base, credentials.token, "GET", "/api")["groups"]]
            for base in (small, whole)
        }
        assert "loyalty" in groups[whole]
        assert "loyalty" not in groups[small]
        # The sleeping addon's row does not stand in the way of the owner, and goes with its parent.
        call(small, credentials.token, "DELETE", path)
        listed = call(whole, credentials.token, "GET", "/api/catalog/v1/products")
        assert listed["items"] == []
