"""`make serve`, as its line in the Makefile runs it, in a folder of its own with a small shop."""

import json
import stat
import subprocess
import sys
import urllib.request

import pytest

from .conftest import ROOT, free_port, json_of

SMALL = {
    "TALATAT_DEMO_PRODUCTS": "60",
    "TALATAT_DEMO_INVOICES": "20",
    "TALATAT_DEMO_ORDERS": "10",
    "PYTHONPATH": str(ROOT),
}


@pytest.fixture
def shop(beside):
    beside.variables |= SMALL
    text = (ROOT / "development.ini").read_text()
    (beside.folder / "development.ini").write_text(text)
    return beside


def test_the_makefile_runs_what_these_tests_run():
    said = subprocess.run(
        ["make", "-n", "serve", "PORT=7001", "INI=other.ini"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "requirements/install.py serve" in said
    assert "python -m demo other.ini 7001" in said


def test_the_first_start_fills_a_shop_and_the_second_only_serves_it(shop):
    port = free_port()
    command = (shop.python, "-W", "ignore", "-m", "demo", "development.ini", port)
    with shop.serving(*command) as (url, lines):
        assert url == f"http://localhost:{port}"
        assert any("catalog.products" in line for line in lines)
        assert json_of(f"{url}/readyz")["status"] == "ok"
        items = json_of(f"{url}/api/catalog/v1/products?limit=100")["items"]
        assert len(items) == 60
        assert items[0]["title"]
        assert items[0]["attributes"]
        assert items[0]["categories"]
        admin_file = shop.folder / "var" / "admin.json"
        admin = json.loads(admin_file.read_text())
        assert set(admin) == {"url", "docs", "user", "password", "token"}
        assert stat.S_IMODE(admin_file.stat().st_mode) == 0o600
        request = urllib.request.Request(
            f"{url}/api/orders/v1/customers", headers={"Authorization": f"Bearer {admin['token']}"}
        )
        with urllib.request.urlopen(request) as response:
            assert json.load(response)["items"]
    with shop.serving(*command) as (url, lines):
        assert not any("Loading" in line for line in lines)
        assert json.loads(admin_file.read_text()) == admin
        assert len(json_of(f"{url}/api/catalog/v1/products?limit=100")["items"]) == 60


def test_a_missing_ini_is_told_without_a_traceback(shop):
    said = shop.run(shop.python, "-W", "ignore", "-m", "demo", "nowhere.ini", "7000", code=1)
    assert "nowhere.ini" in said
    assert "Traceback" not in said


DIGEST = """
from hashlib import sha256
from json import loads
from demo import orders, products
goods, sales = list(products.lines(500)), list(orders.lines(50, 500))
print(len({loads(line)["title"] for line in goods}), sha256("".join(goods + sales).encode()).hexdigest())
"""


def test_the_shop_is_the_same_each_time_and_no_two_titles_are_alike():
    command = [sys.executable, "-c", DIGEST]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    titles, digest = said.split()
    assert titles == "500"
    assert digest.startswith("7faa3364")
