"""Which rows a PostgreSQL statement writes, and whether their number grows with the table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from talatat.evolution.hazards import operations as op
from talatat.evolution.hazards.postgresql_tree import Node, names, nodes, relation, the, walk

# What of a table picks one row: sets of columns, or None where the table is not known.
Keys = Callable[[str], Sequence[frozenset[str]] | None]

_WRITING = {"InsertStmt": "insert", "UpdateStmt": "update", "DeleteStmt": "delete",
            "MergeStmt": "merge"}  # fmt: skip
# What is taken for a key in a table that is not known.
_LIKELY = (frozenset({"id"}),)
_AGGREGATES = {"count", "sum", "min", "max", "avg", "bool_or", "bool_and"}


def writes(kind: str, body: Node, keys: Keys) -> Iterator[op.Operation]:
    """Every table that a statement writes, in its common table expressions too."""
    ctes = {one["ctename"]: one["ctequery"] for one in walk({kind: body}, "CommonTableExpr")}
    bounds = Bounds(keys, ctes)
    for found, one in nodes({kind: body}):
        if found in _WRITING:
            yield bounds.write(_WRITING[found], one)
        elif found == "CopyStmt" and one.get("is_from"):
            yield op.Write(relation(one["relation"]), "insert", bounded=True)


def reads(tree: Any) -> tuple[str, ...]:
    """The tables that a query reads; names of its own common table expressions are none."""
    own = {one["ctename"] for one in walk(tree, "CommonTableExpr")}
    found = [relation(one) for one in walk(tree, "RangeVar")]
    return tuple(dict.fromkeys(name for name in found if name not in own))


def constants(wrapped: Node) -> Iterator[str]:
    """The constants below a node, as texts."""
    for one in walk(wrapped, "A_Const"):
        for kind, value in one.items():
            if kind == "boolval":
                yield str(value.get("boolval", False)).lower()
            elif kind in {"ival", "fval", "sval"}:
                yield str(value.get(kind, 0 if kind == "ival" else ""))


@dataclass(frozen=True)
class Bounds:
    """Judges conditions and queries of one statement. `ctes` are its common table expressions."""

    keys: Keys
    ctes: dict[str, Node]

    def write(self, kind: str, body: Node) -> op.Write:
        """One INSERT, UPDATE, DELETE or MERGE, with whether its rows are few."""
        table = relation(body["relation"])
        if kind == "insert":
            source = the(body.get("selectStmt", {}))[1]
            return op.Write(table, kind, not source or self.few(source))
        if kind == "merge":
            return op.Write(table, kind, self.source(body["sourceRelation"]))
        where = body.get("whereClause")
        sources = [*body.get("fromClause", ()), *body.get("usingClause", ())]
        small = frozenset(name for one in sources if self.source(one) for name in _aliases(one))
        bounded = where is not None and self.condition(where, self.of(table), small)
        return op.Write(table, kind, bounded, where is not None)

    def of(self, table: str) -> Sequence[frozenset[str]]:
        """The keys of a table; `ctid` is one of every table."""
        known = self.keys(table)
        return (*(_LIKELY if known is None else known), frozenset({"ctid"}))

    def source(self, source: Node) -> bool:
        """Whether what stands in a FROM yields few rows."""
        kind, body = the(source)
        if kind == "RangeVar" and body["relname"] in self.ctes:
            inner, query = the(self.ctes[body["relname"]])
            rest = {key: value for key, value in self.ctes.items() if key != body["relname"]}
            narrower = Bounds(self.keys, rest)
            if inner == "SelectStmt":
                return narrower.few(query)
            return inner in _WRITING and narrower.write(_WRITING[inner], query).bounded
        if kind == "RangeSubselect":
            return self.few(the(body["subquery"])[1])
        if kind == "JoinExpr":
            return self.source(body["larg"]) and self.source(body["rarg"])
        return kind == "RangeFunction" and not any(True for _ in walk(source, "ColumnRef"))

    def few(self, query: Node) -> bool:
        """Whether a query yields a number of rows that does not grow with any table."""
        if "limitCount" in query or "valuesLists" in query:
            return True
        if query.get("op", "SETOP_NONE") != "SETOP_NONE":
            return self.few(query["larg"]) and self.few(query["rarg"])
        sources = query.get("fromClause", ())
        if _one_row(query) or all(self.source(one) for one in sources):
            return True
        kind, body = the(sources[0])
        where = query.get("whereClause")
        if where is None or len(sources) != 1 or kind != "RangeVar":
            return False
        return self.condition(where, self.of(relation(body)), frozenset())

    def condition(self, where: Node, keys: Sequence[frozenset[str]], small: frozenset[str]) -> bool:
        """Whether a condition holds for few rows of a table with these keys."""
        kind, body = the(where)
        if kind == "BoolExpr" and body["boolop"] == "OR_EXPR":
            return all(self.condition(one, keys, small) for one in body["args"])
        parts = body["args"] if kind == "BoolExpr" and body["boolop"] == "AND_EXPR" else [where]
        fixed = frozenset(name for one in parts for name in self._fixed(one, small))
        if any(key <= fixed | _ranges(parts) for key in keys):
            return True
        return len(parts) > 1 and any(self.condition(one, keys, small) for one in parts)

    def _fixed(self, part: Node, small: frozenset[str]) -> Iterator[str]:
        """The columns to which one part of a conjunction gives a few values."""
        kind, body = the(part)
        of_query = kind == "SubLink" and body.get("subLinkType") == "ANY_SUBLINK"
        if of_query and self.few(the(body["subselect"])[1]):
            yield from _column(body.get("testexpr", {}))
        if kind != "A_Expr" or names(body["name"]) != ["="]:
            return
        left, right = body.get("lexpr", {}), body.get("rexpr", {})
        if body["kind"] == "AEXPR_IN":
            yield from _column(left)
        if body["kind"] in {"AEXPR_OP", "AEXPR_OP_ANY"}:
            yield from _column(left) if self._value(right, small) else ()
            yield from _column(right) if self._value(left, small) else ()

    def _value(self, node: Node, small: frozenset[str]) -> bool:
        """Whether an expression has few values: constants, a query of few rows, a source of few."""
        kind, body = the(node)
        if kind == "ColumnRef":
            return names(body["fields"])[0] in small
        if kind == "SubLink":
            return self.few(the(body["subselect"])[1])
        return not any(True for _ in walk(node, "ColumnRef"))


def _column(node: Node) -> Iterator[str]:
    """The column that an expression is, or the columns of a row."""
    kind, body = the(node)
    if kind == "ColumnRef":
        yield from names(body["fields"])[-1:]
    if kind == "RowExpr":
        for one in body.get("args", ()):
            yield from _column(one)


def _aliases(source: Node) -> Iterator[str]:
    _, body = the(source)
    alias = body.get("alias", {}).get("aliasname") or body.get("relname")
    if alias:
        yield alias


def _one_row(query: Node) -> bool:
    """Aggregates without a GROUP BY give one row."""
    calls = [names(one["funcname"])[-1] for one in walk(query.get("targetList", []), "FuncCall")]
    return "groupClause" not in query and any(name in _AGGREGATES for name in calls)


def _ranges(parts: Sequence[Node]) -> set[str]:
    """The columns that the parts of a conjunction hold below a value: new keys are larger than old ones."""
    found: set[str] = set()
    for kind, body in map(the, parts):
        if kind != "A_Expr" or any(True for _ in walk(body.get("rexpr", {}), "ColumnRef")):
            continue
        below = body["kind"] == "AEXPR_OP" and names(body["name"])[-1] in {"<", "<="}
        if below or body["kind"] == "AEXPR_BETWEEN":
            found.update(_column(body.get("lexpr", {})))
    return found
