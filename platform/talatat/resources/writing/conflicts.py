"""Constraints that refuse a row, as problems that name the fields.

PostgreSQL says which constraint it was, SQLite which columns; either leads to the fields of the
resource. Nothing else of the database's message goes out.
"""

from __future__ import annotations

import re
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError

from talatat.problems import Problem
from talatat.schema.faults import fault

# SQLSTATE of PostgreSQL and the extended error name of SQLite -> code, what it means for a field.
KINDS = {
    "23505": ("duplicate", "is taken"),
    "23503": ("reference", "refers to nothing, or is still referred to"),
    "23502": ("constraint", "must have a value"),
    "23514": ("constraint", "is refused by a rule of the database"),
    "23P01": ("conflict", "overlaps another row"),
    "SQLITE_CONSTRAINT_UNIQUE": ("duplicate", "is taken"),
    "SQLITE_CONSTRAINT_PRIMARYKEY": ("duplicate", "is taken"),
    "SQLITE_CONSTRAINT_FOREIGNKEY": ("reference", "refers to nothing, or is still referred to"),
    "SQLITE_CONSTRAINT_NOTNULL": ("constraint", "must have a value"),
    "SQLITE_CONSTRAINT_CHECK": ("constraint", "is refused by a rule of the database"),
}
NAMED = re.compile(r"(?P<columns>\w+)_(?P<kind>uq|fk|ck|ix|pk)")
SQLITE_COLUMNS = re.compile(r"constraint failed: (?P<columns>[\w.]+(?:, [\w.]+)*)$")


def problem_of(error: IntegrityError, fields: dict[str, str]) -> Problem:
    """409 for a refused row; `fields` maps "table.column" to the field's JSON pointer."""
    code, meaning = KINDS.get(_kind(error), ("conflict", "contradicts what is stored"))
    pointers = [fields[name] for name in _columns(error, fields) if name in fields]
    errors = [fault(pointer, code, meaning) for pointer in dict.fromkeys(pointers)]
    detail = f"{', '.join(e['pointer'] for e in errors) or 'The row'} {meaning}"
    return Problem(409, code, detail, errors)


def out_of_range(error: StatementError) -> Problem:
    """422 for a value that fits the schema and not the column."""
    return Problem(422, "invalid", "A value is too long or too large to be stored")


def _kind(error: DBAPIError) -> str:
    original: Any = error.orig
    state = getattr(original, "sqlstate", None) or getattr(original, "sqlite_errorname", None)
    return str(state or "")


def _columns(error: IntegrityError, fields: dict[str, str]) -> list[str]:
    """The refused columns as "table.column"."""
    diagnosis = getattr(error.orig, "diag", None)
    if diagnosis is not None:
        table = diagnosis.table_name
        if diagnosis.column_name:
            return [f"{table}.{diagnosis.column_name}"]
        return [f"{table}.{name}" for name in _columns_named_by(diagnosis.constraint_name, fields)]
    match = SQLITE_COLUMNS.search(str(error.orig))
    return match["columns"].split(", ") if match else []


def _columns_named_by(constraint: str | None, fields: dict[str, str]) -> list[str]:
    """The columns in a constraint's name: `<table>_<columns>_uq` (talatat.db.NAMING_CONVENTION)."""
    names = []
    # The longest first, each taken out once it is found: `id` also stands inside of `customer_id`.
    for qualified in sorted(fields, key=len, reverse=True):
        table, _, column = qualified.partition(".")
        inside = NAMED.fullmatch((constraint or "").removeprefix(f"{table}_"))
        if inside is None or not (constraint or "").startswith(f"{table}_"):
            continue
        left = re.sub(rf"(?:^|(?<=_)){re.escape(column)}(?=_|$)", "", inside["columns"], count=1)
        if left != inside["columns"]:
            names.append(column)
            constraint = f"{table}_{left}_{inside['kind']}"
    return names


def pointers_of(model: type[Any], names: dict[str, str], prefix: str = "") -> dict[str, str]:
    """`table.column` -> JSON pointer, for the fields `names` ({attribute: field}) of `model`."""
    found = {}
    for attribute in sa.inspect(model).column_attrs:
        field = names.get(attribute.key)
        column = attribute.columns[0]
        if field is not None and isinstance(column, sa.Column):
            found[f"{column.table.name}.{column.name}"] = f"{prefix}/{field}"
    return found
