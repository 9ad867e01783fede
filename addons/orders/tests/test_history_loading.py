"""``talatat load orders.history``: every line has one fate, whatever the file and however often."""

import csv
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from talatat.loading.batches import Load
from talatat.loading.source import Source
from talatat_orders.history.lines import COLUMNS
from talatat_orders.models import Customer, HistoryInvoice, HistoryLine

HEART = ("536365", "85123A", "WHITE HEART", "6", "2010-12-01 08:26:00", "2.55", "17850.0", "Eire")
CUP = ("536366", "22632", "CUP", "2", "2010-12-01 08:28:00", "1.85", "", "Eire")
BACK = ("C536379", "85123A", "WHITE HEART", "-1", "2010-12-01 09:41:00", "2.55", "17850.0", "Eire")
DEBT = ("A563186", "B", "Adjust bad debt", "1", "2011-08-12 14:51:00", "-11062.06", "", "UK")
POST = ("536367", "POST", "", "1", "2010-12-01 08:45:00", "0.001", "12583.0", "France")
BAD = ("536368", "21730", "JAR", "six", "2010-12-01 08:50:00", "4.25", "17850.0", "Eire")


@pytest.fixture
def load(shop, tmp_path):
    """Write lines to a file and load it: {read, loaded, merged, rejected, net_total}."""
    counter = iter(range(100))

    def run(*lines, **options):
        path = tmp_path / f"lines-{next(counter)}.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([COLUMNS, *lines])
        return Load(shop.system.system, "orders.history", Source(path), **options).run()

    return run


def fates(counts):
    return counts.loaded, counts.merged, counts.rejected


def rows(shop, query):
    with shop.system.session(reading=True) as session:
        return [tuple(row) for row in session.execute(query)]


def test_what_real_exports_hold_is_kept_exactly(shop, load):
    counts = load(HEART, CUP, BACK, DEBT, POST)
    assert fates(counts) == (5, 0, 0)
    assert counts.net_total == Decimal("15.30") + Decimal("3.70") - Decimal("2.55") + Decimal(
        "-11062.06"
    ) + Decimal("0.001")
    query = select(func.sum(HistoryLine.amount))
    assert rows(shop, query) == [(counts.net_total,)]
    kinds = select(HistoryInvoice.invoice_no, HistoryInvoice.kind).order_by(HistoryInvoice.kind)
    assert {kind for _, kind in rows(shop, kinds)} == {"sale", "cancellation", "adjustment"}
    assert rows(shop, select(HistoryLine.goods).where(HistoryLine.stock_code == "POST")) == [
        (False,)
    ]


def test_exact_duplicates_are_kept_and_flagged(shop, load):
    assert fates(load(HEART, CUP, HEART, HEART)) == (4, 0, 0)
    query = select(HistoryLine.source_line, HistoryLine.duplicate).order_by(HistoryLine.source_line)
    assert rows(shop, query) == [(2, False), (3, False), (4, True), (5, True)]


def test_a_bad_row_in_the_middle_is_rejected_and_the_rest_loaded(shop, load, tmp_path):
    report = tmp_path / "report.jsonl"
    counts = load(HEART, BAD, CUP, report=str(report))
    assert fates(counts) == (2, 0, 1)
    assert counts.net_total == Decimal("19.00")
    assert '"code":"bad_quantity"' in report.read_text().splitlines()[1]


def test_loading_again_merges_every_line(shop, load):
    lines = (HEART, CUP, HEART, BACK, POST)
    load(*lines)
    counts = load(*lines, batch=2)
    assert fates(counts) == (0, 5, 0)
    assert counts.net_total == Decimal("31.751")
    assert rows(shop, select(func.count()).select_from(HistoryLine)) == [(5,)]
    assert rows(shop, select(func.count()).select_from(Customer)) == [(2,)]


def test_a_file_with_new_lines_anywhere_adds_only_those(shop, load):
    load(HEART, CUP, HEART)
    assert fates(load(BACK, HEART, CUP, HEART, HEART, POST)) == (3, 3, 0)
    assert rows(shop, select(func.count()).where(HistoryLine.duplicate)) == [(2,)]


def test_a_batch_size_changes_nothing(shop, load):
    lines = (HEART, HEART, CUP, HEART, BACK, CUP, BAD, HEART)
    assert fates(load(*lines, batch=1)) == (7, 0, 1)
    assert fates(load(*lines, batch=3)) == (0, 7, 1)


def test_an_interrupted_load_goes_on_without_losing_or_doubling_a_duplicate(shop, tmp_path):
    path = tmp_path / "lines.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([COLUMNS, HEART, CUP, HEART, HEART, CUP, POST, HEART])
    system, source = shop.system.system, Source(path)

    def stop(progress, source):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Load(system, "orders.history", source, batch=3).run(stop)
    assert rows(shop, select(func.count()).select_from(HistoryLine)) == [(3,)]
    counts = Load(system, "orders.history", Source(path), resume=True, batch=2).run()
    assert fates(counts) == (7, 0, 0)
    occurrences = select(HistoryLine.occurrence).where(HistoryLine.stock_code == "85123A")
    assert sorted(rows(shop, occurrences)) == [(1,), (2,), (3,), (4,)]


def test_lines_of_one_invoice_share_its_head_and_customers_are_made_once(shop, load):
    other = (*HEART[:1], "71053", *HEART[2:])
    load(HEART, other, BACK, batch=1)
    assert len(rows(shop, select(HistoryInvoice.id))) == 2
    assert rows(shop, select(Customer.source_id, Customer.country)) == [("17850", "Eire")]


def test_codes_of_the_catalogue_are_linked_in_any_case(shop, load):
    heart, cup = shop.product("85123A"), shop.product("22632")
    lower = (*HEART[:1], "85123a", *HEART[2:])
    load(HEART, lower, CUP, POST)
    query = select(HistoryLine.product_id).order_by(HistoryLine.source_line)
    assert rows(shop, query) == [(heart,), (heart,), (cup,), (None,)]


def test_history_is_shown_to_those_who_may_read_all(shop, load):
    load(HEART, CUP, HEART)
    page = shop.clerk.get("/api/orders/v1/history?stock_code=85123A&duplicate=true").json
    (line,) = page["items"]
    assert (line["unit_price"], line["amount"], line["quantity"]) == ("2.5500", "15.3000", 6)
    invoices = shop.clerk.get("/api/orders/v1/invoices?invoice_no=536365").json["items"]
    assert invoices[0]["id"] == line["invoice_id"]
    shop.person("ann", "orders.read").get("/api/orders/v1/history", status=403)
