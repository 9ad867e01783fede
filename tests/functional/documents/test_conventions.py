"""The linter finds what breaks a convention, and nothing in what the platform writes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from talatat.openapi import part_of
from talatat.testing.conventions import RULES, findings
from talatat.testing.conventions.page import page

from .breaches import BREACHES

PAGE = Path(__file__).resolve().parents[3] / "docs" / "conventions.md"


@pytest.fixture(scope="session")
def good(document: Any) -> str:
    return json.dumps(part_of(document, "/api/orders/v1/"))


def test_the_composed_document_keeps_every_convention(document: Any) -> None:
    assert [str(one) for one in findings(document)] == []


def test_every_convention_has_a_breach() -> None:
    assert set(BREACHES) == set(RULES)
    assert len(RULES) >= 60


@pytest.mark.parametrize("rule", BREACHES)
def test_a_breach_is_found_and_nothing_else(rule: str, good: str) -> None:
    broken = json.loads(good)
    BREACHES[rule](broken)
    found = findings(broken)
    assert {one.rule for one in found} == {rule}, [str(one) for one in found]
    for one in found:
        assert one.message.endswith("."), one
        assert one.page == f"docs/conventions.md#{rule}"


def test_a_finding_says_where_it_stands_and_whose_it_is(good: str) -> None:
    broken = json.loads(good)
    BREACHES["parameter-description"](broken)
    (one,) = findings(broken)
    assert one.path.startswith("/paths/~1api~1orders~1v1~1customers/get/parameters/")
    assert (one.operation, one.addon) == ("orders.customers.list", "orders")
    assert str(one).startswith("parameter-description: orders.customers.list (/paths/")
    BREACHES["property-money"](broken)
    assert [one.addon for one in findings(broken, only=["property-money"])] == ["orders"]
    assert findings(broken, addon="loyalty") == []
    assert len(findings(broken, addon="orders")) == 2


def test_an_empty_document_is_read_too() -> None:
    assert {one.rule for one in findings({})} == {
        "document-version", "document-info", "document-contact", "document-server",
    }  # fmt: skip


def test_the_page_is_what_the_rules_say_of_themselves() -> None:
    again = "run: python -m talatat.testing.conventions.page > docs/conventions.md"
    assert PAGE.read_text() == page(), again
