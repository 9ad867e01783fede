"""Conditions in trees: the `where` of a search, from JSON to one predicate.

    {"and": [{"field": "stock", "op": "gt", "value": 0},
             {"not": {"or": [{"field": "sku", "op": "prefix", "value": "A"}, ...]}}]}

The conditions are those of the query string: the same names, operators, rights and readers, but
values are typed JSON. `not` is the exact complement: a row that a condition does not find, because
it has no value to compare, is found by its negation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

from talatat.problems import Problem, invalid
from talatat.resources.listing.filters import MAX_VALUES, MAX_VALUES_IN_ALL, Filter
from talatat.resources.listing.reaching import Within, everywhere
from talatat.schema.faults import Fault, escape, fault

DEEPEST = 8
MAX_CONDITIONS = 100

BRANCHES = ("and", "or", "not")
LEAF = ("field", "op", "value")


@dataclass(frozen=True)
class Leaf:
    """One condition, and where it stands in the body."""

    filter: Filter
    op: str
    value: Any
    pointer: str


@dataclass(frozen=True)
class Branch:
    """`and`, `or` or `not` of trees."""

    op: Literal["and", "or", "not"]
    parts: tuple[Tree, ...]


Tree = Leaf | Branch


def leaves_of(tree: Tree) -> Iterator[Leaf]:
    """The conditions of a tree."""
    if isinstance(tree, Leaf):
        yield tree
    else:
        for part in tree.parts:
            yield from leaves_of(part)


def canonical(tree: Tree) -> Any:
    """The tree as nested lists, which the digest of a cursor is made of."""
    if isinstance(tree, Leaf):
        return [tree.filter.name, tree.op, tree.value]
    return [tree.op, *map(canonical, tree.parts)]


def predicate_of(
    tree: Tree, identifier: Any, within: Within = everywhere, negated: bool = False
) -> Any:
    """The predicate of a tree over rows whose id is the column `identifier`.

    Negations are pushed down to the conditions, where they are exact. Problem 422 where a filter of
    the resource's own refuses its value.
    """
    if isinstance(tree, Leaf):
        found = _leaf_predicate(tree, identifier, within)
        return sa.not_(sa.func.coalesce(found, sa.false())) if negated else found
    if tree.op == "not":
        return predicate_of(tree.parts[0], identifier, within, not negated)
    join = sa.and_ if (tree.op == "and") is not negated else sa.or_
    return join(*(predicate_of(part, identifier, within, negated) for part in tree.parts))


def _leaf_predicate(leaf: Leaf, identifier: Any, within: Within) -> Any:
    pointer = f"{leaf.pointer}/value"
    try:
        return leaf.filter.where(identifier, leaf.op, leaf.value, within)
    except ValueError as error:
        raise invalid([fault(pointer, "invalid", str(error))]) from error
    except Problem as problem:  # raised for a parameter of a query string
        raise invalid([fault(pointer, "invalid", str(problem.detail))]) from problem


class TreeReader:
    """Reads one tree; `faults` are what is wrong with it. `find` gives a filter by its name."""

    def __init__(self, find: Callable[[str], Filter | None], known: Sequence[str]) -> None:
        self.find = find
        self.known = known
        self.faults: list[Fault] = []
        self._conditions = 0
        self._values = 0

    def read(self, value: Any, pointer: str) -> Tree | None:
        """The tree in `value`, which stands at `pointer`; None where there are faults."""
        tree = self._tree(value, pointer, 1)
        return None if self.faults else tree

    def _fault(self, pointer: str, code: str, detail: str) -> None:
        self.faults.append(fault(pointer, code, detail))

    def _tree(self, value: Any, pointer: str, depth: int) -> Tree | None:
        if not isinstance(value, dict):
            self._fault(pointer, "type", "must be an object")
        elif depth > DEEPEST:
            self._fault(pointer, "too_deep", f"conditions are nested {DEEPEST} deep at most")
        elif branch := next((name for name in BRANCHES if name in value), None):
            return self._branch(branch, value, pointer, depth)
        else:
            return self._leaf(value, pointer)
        return None

    def _branch(self, op: Any, value: dict[str, Any], pointer: str, depth: int) -> Tree | None:
        for name in value:
            if name != op:
                self._fault(f"{pointer}/{escape(name)}", "unknown", f"cannot stand beside {op!r}")
        inner, below = value[op], f"{pointer}/{op}"
        if op == "not":
            given = [(inner, below)]
        elif isinstance(inner, list) and inner:
            given = [(one, f"{below}/{at}") for at, one in enumerate(inner)]
        else:
            self._fault(below, "type", "must be a list of one condition or more")
            return None
        parts = []
        for one, where in given:
            if self._conditions <= MAX_CONDITIONS:  # beyond that one fault says it all
                part = self._tree(one, where, depth + 1)
                parts += [part] if part is not None else []
        return Branch(op, tuple(parts))

    def _leaf(self, value: dict[str, Any], pointer: str) -> Leaf | None:
        self._conditions += 1
        if self._conditions > MAX_CONDITIONS:
            self._fault(pointer, "too_many", f"is more than {MAX_CONDITIONS} conditions")
            return None
        before = len(self.faults)
        for name in value:
            if name not in LEAF:
                self._fault(f"{pointer}/{escape(name)}", "unknown", "is no member of a condition")
        for name in ("field", "value"):
            if name not in value:
                self._fault(f"{pointer}/{name}", "required", "is required")
        if len(self.faults) > before:
            return None
        found = self._filter(value["field"], f"{pointer}/field")
        op = value.get("op", "eq")
        if found is None:
            return None
        if op not in found.operators:
            listed = ", ".join(found.operators)
            self._fault(f"{pointer}/op", "choice", f"must be one of {listed} for {found.name}")
            return None
        read = self._value(found, op, value["value"], f"{pointer}/value")
        return None if len(self.faults) > before else Leaf(found, op, read, pointer)

    def _filter(self, name: Any, pointer: str) -> Filter | None:
        if not isinstance(name, str):
            self._fault(pointer, "type", "must be a string")
            return None
        found = self.find(name)
        if found is None:
            listed = ", ".join(self.known)
            self._fault(pointer, "choice", f"{name[:80]!r} is no filter here; there are {listed}")
        return found

    def _value(self, found: Filter, op: str, value: Any, pointer: str) -> Any:
        if op not in ("in", "nin"):
            return self._one(found, op, value, pointer)
        if not isinstance(value, list):
            self._fault(pointer, "type", "must be a list")
            return None
        if len(value) > MAX_VALUES:
            self._fault(pointer, "length", f"has more than {MAX_VALUES} values")
            return None
        return [self._one(found, op, one, f"{pointer}/{at}") for at, one in enumerate(value)]

    def _one(self, found: Filter, op: str, value: Any, pointer: str) -> Any:
        self._values += 1
        if self._values == MAX_VALUES_IN_ALL + 1:
            self._fault(pointer, "too_many", f"is more than {MAX_VALUES_IN_ALL} values in all")
        try:
            return found.read_json(op, value)
        except ValueError as error:
            self._fault(pointer, "invalid", str(error))
            return None
