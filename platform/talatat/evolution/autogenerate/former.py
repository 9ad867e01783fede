"""What revisions made, as code that makes it again: for the way down of what a new revision takes away.

There is no model of it any more, only what the shadow database says. A type that has no portable name is
told to the author, and its way down is left for them to write.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from talatat.evolution.autogenerate.layout import Call, Node, call, quoted, several
from talatat.evolution.live import Schema

_TYPES = {
    "uuid": "t.UUIDv7()",
    "char(36)": "t.UUIDv7()",
    "timestamp with time zone": "t.UTCDateTime()",
    "datetime": "t.UTCDateTime()",
    "timestamp without time zone": "sa.DateTime()",
    "timestamp": "sa.DateTime()",
    "jsonb": "t.JSONDocument()",
    "json": "t.JSONDocument()",
    "text": "sa.Text()",
    "varchar": "sa.String()",
    "character varying": "sa.String()",
    "integer": "sa.Integer()",
    "smallint": "sa.SmallInteger()",
    "bigint": "sa.BigInteger()",
    "boolean": "sa.Boolean()",
    "real": "sa.REAL()",
    "float": "sa.Float()",
    "double precision": "sa.Double()",
    "double": "sa.Double()",
    "numeric": "sa.Numeric()",
    "date": "sa.Date()",
    "time": "sa.Time()",
    "time without time zone": "sa.Time()",
    "interval": "sa.Interval()",
    "bytea": "sa.LargeBinary()",
    "blob": "sa.LargeBinary()",
}
_SIZED = (
    (re.compile(r"(?:varchar|character varying)\((\d+)\)"), "sa.String(length={})"),
    (re.compile(r"(?:char|character)\((\d+)\)"), "sa.CHAR(length={})"),
    (re.compile(r"numeric\((\d+), ?(\d+)\)"), "sa.Numeric(precision={}, scale={})"),
)
_KEY = re.compile(
    r"foreign key \((?P<columns>[^)]*)\) references (?P<target>[\w.\"]+) ?\((?P<targets>[^)]*)\)"
    r"(?P<rest>.*)",
    re.IGNORECASE,
)
_CHECK = re.compile(r"check \((?P<sql>.*)\)( not valid)?$", re.IGNORECASE | re.DOTALL)
_COLUMNS = re.compile(r"(?:primary key|unique) \((?P<columns>[^)]*)\)", re.IGNORECASE)
_ACTION = re.compile(r"on (delete|update) (cascade|set null|set default|restrict)", re.IGNORECASE)


class Former:
    """Writes code for what stands in `schema`. `unknown` collects what has no code."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.canonical: Mapping[str, Mapping[str, Any]] = schema.canonical()
        self.unknown: list[str] = []

    def type(self, table: str, name: str) -> str:
        """The type of a column."""
        text = re.sub(r"\s*\(\s*", "(", str(self.canonical[table]["columns"][name]["type"])).lower()
        if text in _TYPES:
            return _TYPES[text]
        for pattern, code in _SIZED:
            if (found := pattern.fullmatch(text)) is not None:
                return code.format(*found.groups())
        self.unknown.append(f"{table}.{name} of type {text}")
        return "sa.Text()"

    def column(self, table: str, name: str, *, nullable: bool | None = None) -> Call:
        """A column; `nullable` says another thing than what stood there."""
        said = self.canonical[table]["columns"][name]
        free = said["nullable"] if nullable is None else nullable
        return call(
            "sa.Column",
            quoted(name),
            self.type(table, name),
            nullable=None if free else "False",
            server_default=self.default(table, name),
        )

    def default(self, table: str, name: str) -> str | None:
        """The default of a column, as SQL."""
        said = self.canonical[table]["columns"][name].get("default")
        made = said is not None and "nextval(" not in str(said)
        return f"sa.text({quoted(str(said))})" if made else None

    def constraint(self, table: str, name: str) -> Call | None:
        """A constraint as `altering` takes it: `table.create_...`; None where it has no code."""
        text = self._text(table, name)
        final = f"op.f({quoted(name)})"
        if found := _KEY.match(text):
            return call(
                "table.create_foreign_key",
                final,
                quoted(_bare(found["target"])),
                _names(found["columns"]),
                _names(found["targets"]),
                **_actions(found["rest"]),
            )
        if found := _CHECK.match(text):
            return call("table.create_check_constraint", final, quoted(found["sql"]))
        if text.lower().startswith("unique") and (found := _COLUMNS.match(text)):
            return call("table.create_unique_constraint", final, _names(found["columns"]))
        self.unknown.append(f"the constraint {name} of {table}")
        return None

    def index(self, table: str, name: str) -> Node:
        """An index: `op.create_index`, or its own SQL where it is over expressions or partial."""
        known = self.schema.tables[table].indexes[name]
        if known.partial or None in known.columns:
            sql = next(one.sql for one in self.schema.objects
                       if one.kind == "index" and one.name == name)  # fmt: skip
            return call("op.execute", quoted(" ".join(sql.split())))
        return call(
            "op.create_index",
            f"op.f({quoted(name)})",
            quoted(table),
            several(quoted(str(one)) for one in known.columns),
            unique="True" if known.unique else None,
        )

    def create_table(self, table: str) -> list[Node]:
        """The statements that make a whole table, its indexes too."""
        said = self.canonical[table]
        parts: list[Node] = [quoted(table)]
        parts += [self.column(table, name) for name in said["columns"]]
        for name in said["constraints"]:
            parts += self._inside(table, name)
        indexes = [self.index(table, name) for name in said["indexes"]]
        return [Call("op.create_table", tuple(parts)), *indexes]

    def kind(self, table: str, name: str) -> str:
        """The kind of a constraint, in Alembic's words."""
        words = {"f": "foreignkey", "c": "check", "u": "unique", "p": "primary"}
        return words.get(self._text(table, name)[:1].lower(), "check")

    def columns(self, table: str, name: str) -> tuple[str, ...]:
        """The columns of a unique constraint or a foreign key."""
        text = self._text(table, name)
        found = _KEY.match(text) or _COLUMNS.match(text)
        return tuple(_split(found["columns"])) if found else ()

    def _inside(self, table: str, name: str) -> list[Node]:
        """A constraint inside of op.create_table."""
        if self.kind(table, name) == "primary":
            found = _COLUMNS.match(self._text(table, name))
            key = _split(found["columns"]) if found else []
            named = f"op.f({quoted(name)})"
            return [call("sa.PrimaryKeyConstraint", *map(quoted, key), name=named)]
        made = self.constraint(table, name)
        if made is None:
            return []
        final, *rest = made.arguments
        if made.name == "table.create_foreign_key":
            target, columns, targets, *options = rest
            assert isinstance(target, str)
            assert isinstance(targets, Call)
            full = several(f"{target[:-1]}.{str(one)[1:]}" for one in targets.arguments)
            return [_with_name("sa.ForeignKeyConstraint", (columns, full), final, options)]
        if made.name == "table.create_unique_constraint":
            assert isinstance(rest[0], Call)
            return [_with_name("sa.UniqueConstraint", rest[0].arguments, final, [])]
        return [_with_name("sa.CheckConstraint", tuple(rest), final, [])]

    def _text(self, table: str, name: str) -> str:
        return str(self.canonical[table]["constraints"][name])


def _with_name(kind: str, before: tuple[Node, ...], name: Node, after: list[Node]) -> Call:
    named = call(kind, *before, name=name)
    return Call(kind, (*named.arguments, *after))


def _actions(text: str) -> dict[str, Node | None]:
    return {f"on{event.lower()}": quoted(action.upper()) for event, action in _ACTION.findall(text)}


def _names(text: str) -> Call:
    return several(quoted(one) for one in _split(text))


def _split(text: str) -> list[str]:
    return [_bare(one) for one in text.split(",") if one.strip()]


def _bare(name: str) -> str:
    return name.strip().rpartition(".")[2].strip('"')
