"""Every code of a problem stands under one status."""

from __future__ import annotations

from talatat.codes import CODE_OF_STATUS, CODES, CODES_OF_STATUS


def test_every_code_stands_under_exactly_one_status() -> None:
    listed = [code for codes in CODES_OF_STATUS.values() for code in codes]
    assert sorted(listed) == sorted(CODES)


def test_the_code_of_an_exception_without_one_is_the_first_of_its_status() -> None:
    assert {status: codes[0] for status, codes in CODES_OF_STATUS.items()} == CODE_OF_STATUS
