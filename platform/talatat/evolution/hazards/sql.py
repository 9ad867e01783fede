"""Putting recipes into SQL."""

from __future__ import annotations

from talatat.evolution import quoting
from talatat.evolution.hazards.operations import Constraint
from talatat.evolution.hazards.tokens import tokenize

_LONGEST = 63


def quoted(name: str) -> str:
    """A name as it can stand in a statement, with its schema."""
    return ".".join(_part(part) for part in name.split("."))


def listed(columns: tuple[str, ...] | tuple[str | None, ...]) -> str:
    """Columns, separated by commas."""
    return ", ".join(quoted(column) for column in columns if column)


def made_name(table: str, columns: tuple[str, ...], kind: str) -> str:
    """A name in the platform's convention, short enough."""
    return "_".join([table.rpartition(".")[2], *columns, kind])[-_LONGEST:].lstrip("_")


def concurrently(statement: str) -> str:
    """A CREATE INDEX or DROP INDEX with CONCURRENTLY after the word INDEX."""
    for token in tokenize(statement):
        if token.is_word("INDEX"):
            return f"{statement[: token.end]} CONCURRENTLY{statement[token.end :]}"
    return statement


def foreign_key(table: str, one: Constraint) -> str:
    """ALTER TABLE ... ADD CONSTRAINT ... FOREIGN KEY ... NOT VALID."""
    name = one.name or made_name(table, one.columns, "fk")
    target = f" ({listed(one.target_columns)})" if one.target_columns else ""
    action = "" if one.on_delete == "no action" else f" ON DELETE {one.on_delete.upper()}"
    return (
        f"ALTER TABLE {quoted(table)} ADD CONSTRAINT {quoted(name)} FOREIGN KEY ({listed(one.columns)}) "
        f"REFERENCES {quoted(one.target or '')}{target}{action} NOT VALID"
    )


def check(table: str, name: str, condition: str) -> str:
    """ALTER TABLE ... ADD CONSTRAINT ... CHECK ... NOT VALID."""
    return (
        f"ALTER TABLE {quoted(table)} ADD CONSTRAINT {quoted(name)} CHECK ({condition}) NOT VALID"
    )


def validate(table: str, name: str) -> str:
    """ALTER TABLE ... VALIDATE CONSTRAINT."""
    return f"ALTER TABLE {quoted(table)} VALIDATE CONSTRAINT {quoted(name)}"


def _part(name: str) -> str:
    plain = name[:1].isalpha() or name[:1] == "_"
    if plain and name.isascii() and name == name.lower() and name.replace("_", "").isalnum():
        return name if name not in _RESERVED else f'"{name}"'
    return quoting.quoted(name)


_RESERVED = set(
    """all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate
    collation column concurrently constraint create cross current_catalog current_date current_role
    current_schema current_time current_timestamp current_user default deferrable desc distinct do else end
    except false fetch for foreign freeze from full grant group having ilike in initially inner intersect into
    is isnull join lateral leading left like limit localtime localtimestamp natural not notnull null offset
    on only or order outer overlaps placing primary references returning right select session_user similar
    some symmetric system_user table tablesample then to trailing true union unique user using variadic
    verbose when where window with""".split()
)
