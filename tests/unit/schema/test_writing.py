"""Answers are JSON, whatever a view hands over."""

from __future__ import annotations

import json
from decimal import Decimal

from talatat.schema.writing import dumps


def test_what_json_does_not_know_is_written_as_text() -> None:
    assert json.loads(dumps({"a": Decimal("1.50"), "ü": None})) == {"a": "1.50", "ü": None}


def test_an_integer_beyond_64_bits_is_written_all_the_same() -> None:
    assert json.loads(dumps({"sum": 10**30, "ü": Decimal(1)})) == {"sum": 10**30, "ü": "1"}
