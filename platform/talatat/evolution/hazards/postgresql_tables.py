"""CREATE TABLE and ALTER TABLE of PostgreSQL as operations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from talatat.evolution.hazards import operations as op
from talatat.evolution.hazards.postgresql_tree import Node, flag, names, nodes, relation, the, walk
from talatat.evolution.hazards.tokens import tokenize

_CONSTRAINTS = {
    "CONSTR_PRIMARY": "primary key",
    "CONSTR_UNIQUE": "unique",
    "CONSTR_EXCLUSION": "exclude",
    "CONSTR_CHECK": "check",
    "CONSTR_FOREIGN": "foreign key",
}
_ACTIONS = {"a": "no action", "r": "restrict", "c": "cascade", "n": "set null", "d": "set default"}
_SERIALS = {"serial": "int4", "serial4": "int4", "bigserial": "int8", "serial8": "int8",
            "smallserial": "int2", "serial2": "int2"}  # fmt: skip
# Functions that give one value for a whole statement: the server reckons them once, and writes no row.
_STABLE = set(
    """now transaction_timestamp statement_timestamp current_setting concat concat_ws format lower upper
    length md5 abs round floor ceil coalesce greatest least to_char to_date to_timestamp to_number trim btrim
    ltrim rtrim replace substr substring left right lpad rpad repeat make_date make_interval make_timestamptz
    date_trunc date_part extract age timezone jsonb_build_object jsonb_build_array json_build_object
    json_build_array to_json to_jsonb array_fill string_to_array int4range int8range numrange daterange
    tstzrange encode decode convert_to sha256 split_part initcap chr ascii reverse current_database
    version txid_current pg_current_xact_id transaction_timestamp current_schema session_user inet_client_addr""".split()
)


def create_table(body: Node, sql: str) -> Iterator[op.Operation]:
    """Read a CreateStmt."""
    columns, constraints = [], []
    for kind, element in map(the, body.get("tableElts", ())):
        if kind == "ColumnDef":
            columns.append(_column(element))
            constraints += _of_column(element, sql)
        elif kind == "Constraint" and element["contype"] in _CONSTRAINTS:
            constraints.append(_constraint(element, sql))
    reads = [relation(the(one)[1]) for one in body.get("inhRelations", ())]
    temporary = body["relation"].get("relpersistence") == "t"
    yield op.CreateTable(
        relation(body["relation"]), tuple(columns), tuple(constraints), temporary, tuple(reads)
    )


def alter_table(body: Node, sql: str) -> Iterator[op.Operation]:
    """Read an AlterTableStmt: one operation for each of its commands."""
    if body.get("objtype") not in {"OBJECT_TABLE", "OBJECT_FOREIGN_TABLE", "OBJECT_MATVIEW"}:
        return
    table = relation(body["relation"])
    for _, command in map(the, body["cmds"]):
        subtype = command["subtype"]
        reader = _COMMANDS.get(subtype)
        if reader is not None:
            yield from reader(table, command, sql)
        else:
            lock = _WEAKER.get(subtype, op.ACCESS)
            yield op.Alter(table, _words(subtype), lock, subtype in _REWRITING)


def _words(subtype: str) -> str:
    """`AT_SetUnLogged` as `SET UN LOGGED`: enough to recognise the command."""
    word = subtype.removeprefix("AT_")
    return "".join(f" {sign}" if sign.isupper() else sign for sign in word).strip().upper()


_REWRITING = {"AT_SetLogged", "AT_SetUnLogged", "AT_SetTableSpace", "AT_SetAccessMethod"}
_WEAKER = {
    "AT_SetStatistics": op.SHARE_UPDATE,
    "AT_SetRelOptions": op.SHARE_UPDATE,
    "AT_ResetRelOptions": op.SHARE_UPDATE,
    "AT_SetOptions": op.SHARE_UPDATE,
    "AT_ResetOptions": op.SHARE_UPDATE,
    "AT_ClusterOn": op.SHARE_UPDATE,
    "AT_DropCluster": op.SHARE_UPDATE,
    "AT_AttachPartition": op.SHARE_UPDATE,
    "AT_EnableTrig": op.SHARE_ROW,
    "AT_EnableTrigAll": op.SHARE_ROW,
    "AT_EnableTrigUser": op.SHARE_ROW,
    "AT_DisableTrig": op.SHARE_ROW,
    "AT_DisableTrigAll": op.SHARE_ROW,
    "AT_DisableTrigUser": op.SHARE_ROW,
}


def _add_column(table: str, command: Node, sql: str) -> Iterator[op.Operation]:
    definition = the(command["def"])[1]
    yield op.AddColumn(table, _column(definition), tuple(_of_column(definition, sql)))


def _drop_column(table: str, command: Node, sql: str) -> Iterator[op.Operation]:
    yield op.DropColumn(table, command["name"], command.get("behavior") == "DROP_CASCADE")


def _alter_type(table: str, command: Node, sql: str) -> Iterator[op.Operation]:
    definition = the(command["def"])[1]
    using = definition.get("raw_default")
    yield op.AlterType(
        table, command["name"], type_name(definition["typeName"]),
        using is not None and not _is_cast_of(using, command["name"]),
        "collClause" in definition,
    )  # fmt: skip


def _is_cast_of(expression: Node, column: str) -> bool:
    """Whether an expression is a column, or that column cast: what the server does by itself."""
    kind, body = the(expression)
    if kind == "TypeCast":
        return _is_cast_of(body["arg"], column)
    return kind == "ColumnRef" and names(body["fields"])[-1:] == [column]


def _default(table: str, command: Node, sql: str) -> Iterator[op.Operation]:
    if "def" in command and not _is_null(command["def"]):
        yield op.Alter(table, "SET DEFAULT", op.ACCESS)
    else:
        yield op.DropDefault(table, command["name"])


def _is_null(expression: Node) -> bool:
    kind, body = the(expression)
    return kind == "A_Const" and bool(body.get("isnull"))


def _set_not_null(table: str, command: Node, sql: str) -> Iterator[op.Operation]:
    yield op.SetNotNull(table, command["name"])


def _add_constraint(table: str, command: Node, sql: str) -> Iterator[op.Operation]:
    yield op.AddConstraint(table, _constraint(the(command["def"])[1], sql))


def _validate(table: str, command: Node, sql: str) -> Iterator[op.Operation]:
    yield op.ValidateConstraint(table, command["name"])


def _drop_constraint(table: str, command: Node, sql: str) -> Iterator[op.Operation]:
    yield op.DropConstraint(table, command["name"], command.get("behavior") == "DROP_CASCADE")


_COMMANDS: dict[str, Callable[[str, Node, str], Iterator[op.Operation]]] = {
    "AT_AddColumn": _add_column,
    "AT_DropColumn": _drop_column,
    "AT_AlterColumnType": _alter_type,
    "AT_ColumnDefault": _default,
    "AT_SetNotNull": _set_not_null,
    "AT_AddConstraint": _add_constraint,
    "AT_ValidateConstraint": _validate,
    "AT_DropConstraint": _drop_constraint,
}


def type_name(body: Node) -> str:
    """A type as the server's catalogue says it: `varchar(20)`, `int4`, `text[]`."""
    path = names(body.get("names", []))
    name = path[-1] if path else "?"
    name = _SERIALS.get(name, name)
    limits = [
        str(constant.get("ival", {}).get("ival", 0))
        for kind, constant in map(the, body.get("typmods", ()))
        if kind == "A_Const"
    ]
    if name == "interval":
        limits = []
    array = "[]" if body.get("arrayBounds") else ""
    return name + (f"({','.join(limits)})" if limits else "") + array


def _column(body: Node) -> op.NewColumn:
    kinds = {one["contype"]: one for _, one in map(the, body.get("constraints", ()))}
    path = names(body.get("typeName", {}).get("names", []))
    serial = bool(path) and path[-1] in _SERIALS
    default = None
    if "CONSTR_DEFAULT" in kinds:
        default = _stability(kinds["CONSTR_DEFAULT"].get("raw_expr"))
    bound = {"CONSTR_NOTNULL", "CONSTR_PRIMARY", "CONSTR_IDENTITY"} & set(kinds)
    return op.NewColumn(
        body["colname"],
        type_name(body.get("typeName", {})),
        not (bound or serial),
        default,
        serial or "CONSTR_IDENTITY" in kinds,
        "CONSTR_GENERATED" in kinds,
        "CONSTR_DEFAULT" in kinds and default is None,
        fallible(kinds.get("CONSTR_GENERATED", {}).get("raw_expr")),
    )


def _stability(expression: Node | None) -> str | None:
    """None for NULL, "volatile" where a row's value is reckoned for itself, else "constant"."""
    kind, body = the(expression or {})
    while kind == "TypeCast":
        kind, body = the(body["arg"])
    if kind == "A_Const" and body.get("isnull"):
        return None
    for found, call in nodes(expression):
        if found == "FuncCall" and names(call["funcname"])[-1] not in _STABLE:
            return "volatile"
    return "constant"


# Functions and operators that fail for no value of their types.
_TOTAL = set(
    """lower upper coalesce length char_length octet_length md5 concat trim btrim ltrim rtrim reverse initcap
    greatest least nullif to_tsvector jsonb_typeof date_part extract""".split()
)
_PARTIAL_SIGNS = {"+", "-", "*", "/", "%", "^"}


def fallible(expression: Any) -> bool:
    """Whether an expression may fail for some values of its columns: overflow, division, a cast."""
    for kind, body in nodes(expression or {}):
        if kind == "FuncCall" and names(body["funcname"])[-1] not in _TOTAL:
            return True
        if kind == "A_Expr" and set(names(body["name"])) & _PARTIAL_SIGNS:
            return True
        if kind == "TypeCast" and the(body["arg"])[0] != "A_Const" and not _to_text(body):
            return True
    return False


def _to_text(cast: Node) -> bool:
    return type_name(cast["typeName"]) in {"text", "varchar"}


def _of_column(body: Node, sql: str) -> list[op.Constraint]:
    return [
        _constraint(one, sql, body["colname"])
        for _, one in map(the, body.get("constraints", ()))
        if one["contype"] in _CONSTRAINTS
    ]


def _constraint(body: Node, sql: str, column: str | None = None) -> op.Constraint:
    """A table's constraint, or the one that stands at `column`."""
    kind = _CONSTRAINTS.get(body["contype"], "other")
    own = names(body.get("keys") or body.get("fk_attrs") or [])
    if kind == "exclude":
        own = _excluded(body)
    expression: Any = body.get("raw_expr")
    if kind == "check":
        own = _columns_of(expression)
    return op.Constraint(
        kind,
        (column,) if column and kind != "check" else tuple(own),
        body.get("conname"),
        relation(body["pktable"]) if "pktable" in body else None,
        tuple(names(body.get("pk_attrs", []))),
        _ACTIONS.get(body.get("fk_del_action", "a"), "no action"),
        flag(body, "initially_valid") or not flag(body, "skip_validation"),
        body.get("indexname"),
        _not_null(expression) if kind == "check" else None,
        _condition(sql, body.get("location", 0)) if kind == "check" else None,
        column is not None,
        the(expression or {})[0] == "NullTest",
    )


def _excluded(body: Node) -> list[str]:
    """The columns that an exclusion keeps distinct; none where it compares by more than equality."""
    pairs = [the(one)[1]["items"] for one in body.get("exclusions", ())]
    if any(names(signs) != ["="] or "name" not in the(element)[1] for element, signs in pairs):
        return []
    return [the(element)[1]["name"] for element, _ in pairs]


def _columns_of(expression: Any) -> list[str]:
    found = [names(one["fields"])[-1:] for one in walk(expression, "ColumnRef")]
    return list(dict.fromkeys(name for path in found for name in path))


def _not_null(expression: Node | None) -> str | None:
    """The column of which a condition says that it is not null, among other things it may say."""
    kind, body = the(expression or {})
    if kind == "BoolExpr" and body.get("boolop") == "AND_EXPR":
        found = [name for one in body["args"] if (name := _not_null(one))]
        return found[0] if found else None
    if kind == "NullTest" and body.get("nulltesttype") == "IS_NOT_NULL":
        inner, field = the(body["arg"])
        return names(field["fields"])[-1] if inner == "ColumnRef" else None
    return None


def _condition(sql: str, location: int) -> str | None:
    """The text in parentheses after CHECK, at or after a place counted in bytes."""
    start = len(sql.encode()[:location].decode(errors="ignore"))
    rest = sql[start:]
    depth, opened, seen = 0, 0, False
    for token in tokenize(rest):
        seen = seen or token.is_word("CHECK")
        if not seen or token.text not in "()" or token.kind != "sign":
            continue
        depth += 1 if token.text == "(" else -1
        if depth == 1 and token.text == "(":
            opened = token.end
        if depth == 0:
            return rest[opened : token.start].strip()
    return None
