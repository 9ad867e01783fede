"""The real catalogue: all of it loads, and its search is as good as promised, on both databases.

It is loaded once for each database and worker.
"""

import json
import lzma
import os
import signal
import subprocess
import sys
import time

import orjson
import pytest
from sqlalchemy import func, select

from talatat.cli.main import main
from talatat.testing import composed
from talatat_catalog import Product
from talatat_catalog.search.evaluation import measure, read_ratings, rest_search

PRODUCTS = 19_406
ATTRIBUTES = 371_405

# One worker loads all of it; the long import of the other tests goes on beside.
pytestmark = pytest.mark.xdist_group("icecat")


@pytest.fixture(scope="module")
def loaded(shared, icecat, tmp_path_factory):
    """(test system, counts, the report's path)."""
    report = tmp_path_factory.mktemp("icecat") / "report.jsonl"
    counts = shared.load(icecat / "products.jsonl.xz", report=str(report))
    return shared.test, counts, report


def test_every_product_loads_with_its_attributes(loaded):
    test, counts, report = loaded
    assert (counts.read, counts.loaded, counts.merged, counts.rejected) == (
        PRODUCTS,
        PRODUCTS,
        0,
        0,
    )
    lines = report.read_bytes().splitlines()
    assert [orjson.loads(line)["line"] for line in lines] == list(range(1, PRODUCTS + 1))
    with test.session(reading=True) as session:
        assert session.scalar(select(func.count()).select_from(Product)) == PRODUCTS
        maps = session.scalars(select(Product.attributes))
        assert sum(map(len, maps)) == ATTRIBUTES


def test_the_first_product_is_as_the_source_has_it(loaded, icecat):
    test, _, _ = loaded
    with lzma.open(icecat / "products.jsonl.xz") as file:
        record = orjson.loads(file.readline())
    parameters = {"source_id": record["id"]}
    (shown,) = test.app.get("/api/catalog/v1/products", parameters).json["items"]
    assert (shown["sku"], shown["title"]) == (record["name"], record["title"])
    assert (shown["ean"], shown["supplier"]) == (record["ean"], record["supplier"])
    assert shown["description"] == record["short_description"]
    assert shown["price"] == {"amount": "49.95", "currency": "EUR"}
    wanted = {name[7:]: value for name, value in record.items() if name.startswith("attr_")}
    assert shown["attributes"] == wanted


def test_the_search_is_as_good_as_promised(loaded, icecat):
    test, _, _ = loaded
    figures = measure(read_ratings(icecat / "ratings.csv"), rest_search(test.app.app))
    assert figures["ndcg@10"] >= 0.73
    assert figures["recall@100"] >= 0.89


def test_real_attributes_are_facets(loaded, icecat):
    test, _, _ = loaded
    with lzma.open(icecat / "products.jsonl.xz") as file:
        sizes = [orjson.loads(line).get("attr_n_display_diagonal") for line in file]
    wanted = sum(size is not None and size >= 17 for size in sizes)
    found, url = 0, "/api/catalog/v1/products?attributes.display_diagonal[gte]=17&limit=500"
    while url:
        page = test.app.get(url).json
        found += len(page["items"])
        url = page["next"]
    assert found == wanted > 100


def test_an_import_killed_again_and_again_goes_on_to_the_same_end(
    icecat, database_url, tmp_path, capfd
):
    """kill -9 at whatever moment it comes, as long as the import is under way."""
    records, batch = 1200, 100
    with lzma.open(icecat / "products.jsonl.xz") as file:
        source = tmp_path / "some.jsonl"
        source.write_bytes(b"".join(next(file) for _ in range(records)))
    report = tmp_path / "report.jsonl"
    with composed(["catalog"], url=database_url) as test:
        arguments = ["load", test.ini, "catalog.products", str(source), "--resume", "--json"]
        arguments += ["--report", str(report), "--batch", str(batch)]
        kills = sum(killed_after(arguments, report, lines) for lines in (1, 400, 800))
        assert kills == 3
        assert main(arguments) == 0
        counts = json.loads(capfd.readouterr().out)
        assert counts["read"] == counts["loaded"] == records
        lines = [orjson.loads(line)["line"] for line in report.read_bytes().splitlines()]
        assert lines == list(range(1, records + 1))
        with test.session(reading=True) as session:
            ids = session.scalars(select(Product.source_id)).all()
        assert len(ids) == len(set(ids)) == records


def killed_after(arguments: list[str], report, lines: int) -> bool:
    """Start the command, kill it once the report has so many lines; whether it was killed."""
    code = "from talatat.cli.main import run; run()"
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", code, *arguments],
        env=dict(os.environ),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while process.poll() is None:
        if report.exists() and report.read_bytes().count(b"\n") >= lines:
            process.kill()
        time.sleep(0.002)
    return process.wait() == -signal.SIGKILL
