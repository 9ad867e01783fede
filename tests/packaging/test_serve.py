"""`make serve`, as its line in the Makefile runs it, in a folder of its own with a small shop."""

import json
import signal
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
        assert "orders:checkout" not in (shop.folder / "server.log").read_text()
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
        said = shop.run(*command, code=1)
        assert f"something answers on localhost:{port} already" in said
        assert "make serve PORT=" in said
    admin_file.unlink()
    with shop.serving(*command) as (url, lines):
        assert any("var/admin.json is gone" in line and "delete var/" in line for line in lines)


def test_an_interrupted_first_start_says_no_traceback_and_the_next_goes_on(shop):
    command = [shop.python, "-W", "ignore", "-m", "demo", "development.ini", str(free_port())]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=shop.folder, env=shop.environ(), **pipes) as process:
        for line in process.stdout:
            if "Loading" in line:
                process.send_signal(signal.SIGINT)
                break
        try:
            said = "".join(process.communicate(timeout=60))
        finally:
            process.kill()
    assert process.returncode in (1, 130)
    assert "Stopped." in said
    assert "The same command goes on" in said
    assert "Traceback" not in said
    with shop.serving(*command) as (url, _):
        assert len(json_of(f"{url}/api/catalog/v1/products?limit=100")["items"]) == 60


@pytest.mark.parametrize("port", ["abc", "99999"])
def test_what_is_no_port_is_told_before_anything_is_loaded(shop, port):
    said = shop.run(shop.python, "-W", "ignore", "-m", "demo", "development.ini", port, code=1)
    assert said == f"error: PORT={port} is not a port. Give a number from 1 to 65535.\n"
    assert not (shop.folder / "var").exists()


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
