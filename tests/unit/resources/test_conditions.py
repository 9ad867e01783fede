"""ETags are compared as RFC 9110 says."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from talatat.problems import Problem
from talatat.resources.showing import conditions


class Base(DeclarativeBase):
    pass


class Line(Base):
    __tablename__ = "line"
    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str]


def request(**headers: str) -> Any:
    return SimpleNamespace(
        environ={f"HTTP_{name.upper()}": value for name, value in headers.items()}
    )


def test_an_etag_is_versions_and_a_digest_of_what_is_shown() -> None:
    one, other = conditions.etag("3.1", b"a"), conditions.etag("3.1", b"b")
    assert one != other
    assert one.startswith('"3.1-')
    assert one.endswith('"')


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", False),
        ('"a"', True),
        ('"b", "a"', True),
        ('W/"a"', True),
        ("*", True),
        ('"ab"', False),
        ("a", False),
    ],
)
def test_if_none_match_compares_weakly(header: str, expected: bool) -> None:
    assert conditions.not_modified(request(if_none_match=header), '"a"') is expected


@pytest.mark.parametrize("header", ['"3-aa"', '"3-bb"', '"3"', '"1-x", "3-y"', "*"])
def test_if_match_compares_the_versions(header: str) -> None:
    conditions.check_match(conditions.preconditions_of(request(if_match=header)), "3")


@pytest.mark.parametrize("header", ['"4-aa"', 'W/"3-aa"', "3-aa", '"33-aa"', '""'])
def test_if_match_refuses_all_else(header: str) -> None:
    with pytest.raises(Problem) as raised:
        conditions.check_match(
            conditions.preconditions_of(request(if_match=header)), "3", lambda: ({"a": 1}, '"3-x"')
        )
    assert raised.value.code == 412
    assert raised.value.extra == {"current": {"a": 1}, "current_etag": '"3-x"'}


def test_nothing_is_shown_of_a_row_whose_preconditions_hold() -> None:
    def current() -> Any:
        raise AssertionError("it was shown")

    conditions.check_match(conditions.preconditions_of(request(if_match='"3-x"')), "3", current)


def test_where_there_is_no_row_if_match_fails_and_if_none_match_holds() -> None:
    conditions.check_match(conditions.preconditions_of(request(if_none_match="*")), None)
    with pytest.raises(Problem):
        conditions.check_match(conditions.preconditions_of(request(if_match="*")), None)


def test_a_row_without_a_version_has_an_etag_of_its_values() -> None:
    one = conditions.versions_of(Line(id=1, text="a"))
    assert one == conditions.versions_of(Line(id=1, text="a"))
    assert one != conditions.versions_of(Line(id=1, text="b"))
