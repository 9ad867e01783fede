"""The tools of the long checks: how a buyer mends a basket, how figures become a page."""

import json

import figures
import report
from buying import mended, minor


def test_a_buyer_drops_what_is_out_of_stock_and_accepts_a_new_price():
    lines = [
        {"product_id": "a", "quantity": 1, "expected_price": 1},
        {"product_id": "b", "quantity": 2, "expected_price": 2},
        {"product_id": "c", "quantity": 3, "expected_price": 3},
    ]
    errors = [
        {"pointer": "/lines/0", "code": "out_of_stock"},
        {"pointer": "/lines/2", "code": "price_changed"},
    ]
    assert mended(lines, errors) == [lines[1], {"product_id": "c", "quantity": 3}]


def test_amounts_are_read_as_pence():
    assert [minor({"amount": text}) for text in ("12.50", "12.5", "12", "0.07")] == [
        1250,
        1250,
        1200,
        7,
    ]


def test_figures_of_acceptance_runs_become_a_page(tmp_path, monkeypatch):
    monkeypatch.setattr(figures, "FOLDER", tmp_path)
    monkeypatch.setenv("TALATAT_ACCEPT", "1")
    for variant in ("sqlite", "postgresql"):
        figures.keep("replay", variant, "run me", baskets=5000, rate=123.456, good=True)
    page = report.render(report.read(tmp_path))
    assert page.startswith("# ")
    assert "| figure | postgresql | sqlite |" in page
    assert "| baskets | 5,000 | 5,000 |" in page
    assert "| rate | 123.5 | 123.5 |" in page
    assert page.count("    run me") == 1


def test_numbers_grow_with_acceptance_and_can_be_set_by_hand(monkeypatch):
    monkeypatch.delenv("TALATAT_ACCEPT", raising=False)
    assert figures.number("baskets", 300, 5000) == 300
    monkeypatch.setenv("TALATAT_ACCEPT", "1")
    assert figures.number("baskets", 300, 5000) == 5000
    monkeypatch.setenv("TALATAT_BASKETS", "7")
    assert figures.number("baskets", 300, 5000) == 7


def test_usual_runs_are_kept_but_not_shown(tmp_path, monkeypatch):
    monkeypatch.setattr(figures, "FOLDER", tmp_path)
    monkeypatch.delenv("TALATAT_ACCEPT", raising=False)
    figures.keep("replay", "sqlite", "run me", baskets=300)
    assert json.loads((tmp_path / "usual" / "replay-sqlite.json").read_text())["values"]
    assert report.read(tmp_path) == []
