"""PostgreSQL's statements, read by PostgreSQL's own parser (pgparse binds libpg_query).

The parser is imported when the first statement is read. What is no statement of a migration (queries,
comments, grants) yields the rows that it writes, if any, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from talatat.evolution.hazards import operations as op
from talatat.evolution.hazards import postgresql_rows as rows
from talatat.evolution.hazards.model import HazardsError
from talatat.evolution.hazards.postgresql_names import long_names
from talatat.evolution.hazards.postgresql_tables import alter_table, create_table, fallible
from talatat.evolution.hazards.postgresql_tree import (
    Node,
    flag,
    names,
    relation,
    strings,
    the,
    walk,
)
from talatat.evolution.hazards.tokens import tokenize

_LOCK_MODES = dict(enumerate(op.LOCKS, 1))


def _unknown(_table: str) -> None:
    return None


def parse(sql: str, keys: rows.Keys = _unknown) -> list[op.Parsed]:
    """Read one text; it may hold several statements. `keys` tells what picks one row of a table.

    Raises HazardsError where the text does not parse.
    """
    import pgparse

    if "\0" in sql:
        raise HazardsError("the statement holds a NUL character, which PostgreSQL refuses")
    try:
        trees = pgparse.parse(sql)
    except pgparse.PGQueryError as error:
        numbered = placeholders(sql)
        if numbered != sql:
            return parse(numbered, keys)
        line = sql.count("\n", 0, max(error.position - 1, 0)) + 1
        raise HazardsError(f"line {line} of the statement: {error.message}") from error
    except RecursionError:
        return [op.Parsed(sql, (op.Opaque(None, "a statement nested too deeply to be read"),))]
    return [_parsed(sql, tree, keys) for tree in trees]


def placeholders(sql: str) -> str:
    """The driver's parameters, `%s` and `%(name)s`, as PostgreSQL's own: `$1`."""
    tokens = list(tokenize(sql))
    parts, end, number = [], 0, 0
    for place, token in enumerate(tokens):
        words = [one.text for one in tokens[place : place + 5]]
        long = 0
        if words[:2] == ["%", "("] and words[3:5] == [")", "s"]:
            long = 5
        elif words[:2] == ["%", "s"]:
            long = 2
        if long:
            number += 1
            parts += [sql[end : token.start], f"${number}"]
            end = tokens[place + long - 1].end
    return "".join([*parts, sql[end:]])


def _parsed(whole: str, tree: Node, keys: rows.Keys) -> op.Parsed:
    data = whole.encode()
    start = tree.get("stmt_location", 0)
    length = tree.get("stmt_len", 0) or len(data) - start
    sql = data[start : start + length].decode(errors="replace")
    kind, body = the(tree["stmt"])
    try:
        texts = frozenset(strings(tree["stmt"]))
        found = (*_operations(kind, body, whole), *rows.writes(kind, body, keys))
    except RecursionError:
        texts = frozenset()
        found = (op.Opaque(None, "a statement nested too deeply to be read"),)
    return op.Parsed(sql.strip(), found, texts, long_names(sql))


def _operations(kind: str, body: Node, sql: str) -> Iterator[op.Operation]:
    reader = _READERS.get(kind)
    if reader is not None:
        yield from reader(body, sql)


def _index(body: Node, sql: str) -> Iterator[op.Operation]:
    elements = [the(one)[1] for one in body.get("indexParams", ())]
    yield op.CreateIndex(
        relation(body["relation"]), body.get("idxname"), tuple(one.get("name") for one in elements),
        flag(body, "unique"), flag(body, "concurrent"), "whereClause" in body,
        any(fallible(one.get("expr")) for one in elements) or fallible(body.get("whereClause")),
    )  # fmt: skip


_ON_TABLES = {"OBJECT_TRIGGER", "OBJECT_RULE", "OBJECT_POLICY"}


def _drop(body: Node, sql: str) -> Iterator[op.Operation]:
    kind = _word(body["removeType"])
    cascade = body.get("behavior") == "DROP_CASCADE"
    for one in body["objects"]:
        path = names(one)
        if body["removeType"] == "OBJECT_INDEX":
            yield op.DropIndex(None, path[-1], flag(body, "concurrent"))
        elif body["removeType"] in _ON_TABLES:
            yield op.Drop(_dotted(path[:-1]), kind, path[-1], cascade)
        else:
            table = _dotted(path) if body["removeType"] in _TABLES else None
            yield op.Drop(table, kind, _dotted(path), cascade)


_TABLES = {"OBJECT_TABLE", "OBJECT_FOREIGN_TABLE"}
_RENAMES = {"OBJECT_TABCONSTRAINT": "constraint", "OBJECT_ATTRIBUTE": "column"}


def _rename(body: Node, sql: str) -> Iterator[op.Operation]:
    kind = _RENAMES.get(body["renameType"], _word(body["renameType"]))
    table = relation(body["relation"]) if "relation" in body else None
    old = body.get("subname") or table or _dotted(names(body.get("object", {})))
    if kind in {"index", "sequence"}:
        table = None
    yield op.Rename(table, kind, old, body["newname"])


def _move(body: Node, sql: str) -> Iterator[op.Operation]:
    if "relation" in body and body["objectType"] in _TABLES:
        yield op.MoveTable(relation(body["relation"]), body["newschema"])


def _reindex(body: Node, sql: str) -> Iterator[op.Operation]:
    quietly = any(the(one)[1].get("defname") == "concurrently" for one in body.get("params", ()))
    kind = body["kind"]
    target = relation(body["relation"]) if "relation" in body else body.get("name", "")
    yield op.Reindex(target if kind == "REINDEX_OBJECT_TABLE" else None, target, quietly)


def _vacuum(body: Node, sql: str) -> Iterator[op.Operation]:
    if not flag(body, "is_vacuumcmd"):
        return
    full = any(the(one)[1].get("defname") == "full" for one in body.get("options", ()))
    yield op.Vacuum(None)
    for one in body.get("rels", ()) if full else ():
        table = relation(the(one)[1]["relation"])
        yield op.Alter(table, "VACUUM FULL", op.ACCESS, rewrites=True)


def _cluster(body: Node, sql: str) -> Iterator[op.Operation]:
    if "relation" in body:
        yield op.Alter(relation(body["relation"]), "CLUSTER", op.ACCESS, rewrites=True)


def _refresh(body: Node, sql: str) -> Iterator[op.Operation]:
    quietly = flag(body, "concurrent")
    lock = op.EXCLUSIVE if quietly else op.ACCESS
    table = relation(body["relation"])
    yield op.Alter(table, "REFRESH MATERIALIZED VIEW", lock, not quietly, concurrently=quietly)


def _truncate(body: Node, sql: str) -> Iterator[op.Operation]:
    cascade = body.get("behavior") == "DROP_CASCADE"
    for one in body["relations"]:
        yield op.Truncate(relation(the(one)[1]), cascade)


def _lock(body: Node, sql: str) -> Iterator[op.Operation]:
    for one in body["relations"]:
        yield op.Lock(relation(the(one)[1]), _LOCK_MODES[body["mode"]])


def _set(body: Node, sql: str) -> Iterator[op.Operation]:
    if body.get("name") == "lock_timeout":
        values = [text for one in body.get("args", ()) for text in rows.constants(one)]
        on = body["kind"] == "VAR_SET_VALUE" and any(value.strip("0msin") for value in values)
        yield op.SetTimeout(None, on, flag(body, "is_local"))
    if body["kind"] == "VAR_RESET_ALL":
        yield op.SetTimeout(None, False, False)


def _transaction(body: Node, sql: str) -> Iterator[op.Operation]:
    word = body["kind"].removeprefix("TRANS_STMT_")
    if word in {"BEGIN", "START"}:
        yield op.Transaction(None, "begin")
    elif word in {"COMMIT", "ROLLBACK"}:
        yield op.Transaction(None, "end")


def _on_table(kind: str, name: str) -> Callable[[Node, str], Iterator[op.Operation]]:
    def read(body: Node, sql: str) -> Iterator[op.Operation]:
        yield op.Attach(relation(body.get("relation") or body["table"]), kind, body[name])

    return read


def _view(body: Node, sql: str) -> Iterator[op.Operation]:
    yield op.Create(None, "view", relation(body["view"]), rows.reads(body["query"]))


def _create_as(body: Node, sql: str) -> Iterator[op.Operation]:
    into = body["into"]["rel"]
    if body["objtype"] == "OBJECT_MATVIEW":
        yield op.Create(None, "materialized view", relation(into), rows.reads(body["query"]))
    else:
        temporary = into.get("relpersistence") == "t"
        yield op.CreateTable(relation(into), temporary=temporary, reads=rows.reads(body["query"]))


def _select(body: Node, sql: str) -> Iterator[op.Operation]:
    if "intoClause" in body:
        into = body["intoClause"]["rel"]
        yield op.CreateTable(relation(into), temporary=into.get("relpersistence") == "t",
                             reads=rows.reads(body))  # fmt: skip
    for call in walk(body, "FuncCall"):
        if names(call["funcname"])[-1:] == ["set_config"]:
            values = [text for one in call.get("args", ()) for text in rows.constants(one)]
            if values[:1] == ["lock_timeout"]:
                local = values[2:] == ["true"]
                yield op.SetTimeout(None, bool(values[1].strip("0msin")), local)


def _named(kind: str, field: str) -> Callable[[Node, str], Iterator[op.Operation]]:
    def read(body: Node, sql: str) -> Iterator[op.Operation]:
        value = body[field]
        if isinstance(value, str):
            name = value
        else:
            name = relation(value) if isinstance(value, dict) else _dotted(names(value))
        yield op.Create(None, kind, name)

    return read


def _enum(body: Node, sql: str) -> Iterator[op.Operation]:
    name = _dotted(names(body["typeName"]))
    if "oldVal" in body:
        yield op.Rename(None, "enum value", f"{name}.{body['oldVal']}", body["newVal"])
    else:
        yield op.AddEnumValue(None, name, body["newVal"])


def _opaque(what: str) -> Callable[[Node, str], Iterator[op.Operation]]:
    def read(body: Node, sql: str) -> Iterator[op.Operation]:
        yield op.Opaque(None, what)

    return read


def _comment(body: Node, sql: str) -> Iterator[op.Operation]:
    path = names(body["object"]) if "object" in body else []
    if body["objtype"] == "OBJECT_TABLE":
        yield op.Alter(_dotted(path), "COMMENT", op.SHARE_UPDATE)
    elif body["objtype"] in {"OBJECT_COLUMN", "OBJECT_TABCONSTRAINT", "OBJECT_TRIGGER"}:
        yield op.Alter(_dotted(path[:-1]), "COMMENT", op.SHARE_UPDATE)


def _grant(body: Node, sql: str) -> Iterator[op.Operation]:
    if body.get("objtype") == "OBJECT_TABLE":
        for one in body.get("objects", ()):
            if "RangeVar" in one:
                yield op.Alter(relation(one["RangeVar"]), "GRANT", None)


def _word(constant: str) -> str:
    word = constant.removeprefix("OBJECT_").lower()
    return {"matview": "materialized view", "foreign_table": "table"}.get(word, word)


def _dotted(path: list[str]) -> str:
    return ".".join(path[1:] if path[:1] == ["public"] and len(path) > 1 else path)


_READERS: dict[str, Callable[[Node, str], Iterator[op.Operation]]] = {
    "CreateStmt": create_table,
    "AlterTableStmt": alter_table,
    "IndexStmt": _index,
    "DropStmt": _drop,
    "RenameStmt": _rename,
    "AlterObjectSchemaStmt": _move,
    "ReindexStmt": _reindex,
    "VacuumStmt": _vacuum,
    "ClusterStmt": _cluster,
    "RefreshMatViewStmt": _refresh,
    "TruncateStmt": _truncate,
    "LockStmt": _lock,
    "VariableSetStmt": _set,
    "TransactionStmt": _transaction,
    "CreateTrigStmt": _on_table("trigger", "trigname"),
    "CreatePolicyStmt": _on_table("policy", "policy_name"),
    "RuleStmt": _on_table("rule", "rulename"),
    "ViewStmt": _view,
    "CreateTableAsStmt": _create_as,
    "SelectStmt": _select,
    "CreateSeqStmt": _named("sequence", "sequence"),
    "CreateEnumStmt": _named("type", "typeName"),
    "CompositeTypeStmt": _named("type", "typevar"),
    "CreateRangeStmt": _named("type", "typeName"),
    "CreateDomainStmt": _named("domain", "domainname"),
    "CreateFunctionStmt": _named("function", "funcname"),
    "CreateSchemaStmt": _named("schema", "schemaname"),
    "AlterEnumStmt": _enum,
    "DoStmt": _opaque("an anonymous block (DO)"),
    "CallStmt": _opaque("a procedure (CALL)"),
    "CommentStmt": _comment,
    "GrantStmt": _grant,
}
