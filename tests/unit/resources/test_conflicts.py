"""What the two databases say of a refused row is told alike."""

from __future__ import annotations

import sqlite3
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from talatat.resources.writing.conflicts import problem_of

FIELDS = {
    "shop_thing.code": "/code",
    "shop_thing.colour_code": "/colour",
    "shop_thing.box_id": "/box_id",
    "shop_thing.id": "/id",
}


def sqlite(name: str, message: str) -> IntegrityError:
    original = sqlite3.IntegrityError(message)
    original.sqlite_errorname = name
    return IntegrityError("INSERT", {}, original)


def postgresql(
    state: str, constraint: str | None = None, column: str | None = None
) -> IntegrityError:
    class Original(Exception):
        sqlstate = state
        diag = SimpleNamespace(
            table_name="shop_thing", constraint_name=constraint, column_name=column
        )

    return IntegrityError("INSERT", {}, Original())


@pytest.mark.parametrize(
    ("error", "code", "pointers"),
    [
        (sqlite("SQLITE_CONSTRAINT_UNIQUE", "UNIQUE constraint failed: shop_thing.code"), "duplicate", ["/code"]),
        (sqlite("SQLITE_CONSTRAINT_UNIQUE", "UNIQUE constraint failed: shop_thing.code, shop_thing.box_id"),
         "duplicate", ["/code", "/box_id"]),
        (sqlite("SQLITE_CONSTRAINT_FOREIGNKEY", "FOREIGN KEY constraint failed"), "reference", []),
        (sqlite("SQLITE_CONSTRAINT_NOTNULL", "NOT NULL constraint failed: shop_thing.code"), "constraint", ["/code"]),
        (sqlite("SQLITE_CONSTRAINT_TRIGGER", "no"), "conflict", []),
        (postgresql("23505", "shop_thing_code_uq"), "duplicate", ["/code"]),
        (postgresql("23505", "shop_thing_colour_code_uq"), "duplicate", ["/colour"]),
        (postgresql("23505", "shop_thing_code_box_id_uq"), "duplicate", ["/box_id", "/code"]),
        (postgresql("23503", "shop_thing_box_id_fk"), "reference", ["/box_id"]),
        (postgresql("23502", column="code"), "constraint", ["/code"]),
        (postgresql("23514", "shop_thing_positive_ck"), "constraint", []),
        (postgresql("99999"), "conflict", []),
    ],
)  # fmt: skip
def test_a_constraint_is_told_with_its_fields(error: Any, code: str, pointers: list[str]) -> None:
    problem = problem_of(error, FIELDS)
    assert (problem.code, problem.problem_code) == (409, code)
    assert [one["pointer"] for one in problem.errors] == pointers
    assert "shop_thing" not in problem.detail
