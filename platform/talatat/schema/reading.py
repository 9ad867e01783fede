"""Colander schemas compiled to readers of JSON documents.

Colander was made for HTML forms: it takes "12" for an integer, 5 for a string, truncates 1.9,
ignores unknown names and binds pointers to nothing. A reader is compiled once from a schema and
checks what JSON itself says first (types, unknown names, null); then the node's own type,
preparer and validator decide, so everything that an author writes with colander holds. All
faults of a document are collected, each with its JSON pointer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import colander

from talatat.schema.faults import Fault, code_of, escape, fault, faults_of
from talatat.schema.types import JSONType

INVALID: Any = object()
"""What a reader returns after it has added a fault."""

Reader = Callable[[Any, str, list[Fault]], Any]

INT64 = 2**63


def nullable(node: colander.SchemaNode) -> bool:
    """Whether JSON's null is a value of this node: `missing=None` says so, or `nullable=True`."""
    return bool(getattr(node, "nullable", node.missing is None))


def compile_reader(node: colander.SchemaNode) -> Reader:
    """The reader of `node`: (value, pointer, faults) -> Python value or INVALID."""
    if isinstance(node.typ, colander.Mapping):
        return ObjectReader(node)
    if isinstance(node.typ, colander.Sequence):
        return _list_reader(node)
    return _leaf_reader(node)


class ObjectReader:
    """Reads an object: declared names only, unless the mapping says unknown="preserve"."""

    def __init__(self, node: colander.SchemaNode) -> None:
        self.node = node
        self.preserve = node.typ.unknown == "preserve"
        self.fields: dict[str, tuple[colander.SchemaNode, Reader]] = {
            child.name: (child, compile_reader(child)) for child in node.children
        }
        self._pointers = {name: f"/{escape(name)}" for name in self.fields}
        self._writable = {
            name: reader
            for name, (child, reader) in self.fields.items()
            if not getattr(child, "read_only", False)
        }

    def __call__(self, value: Any, pointer: str, faults: list[Fault]) -> Any:
        if value is None and nullable(self.node):
            return None
        result = self.members(value, pointer, faults)
        if result is INVALID:
            return result
        return finish(self.node, result, pointer, faults) if finishes(self.node) else result

    def members(
        self,
        value: Any,
        pointer: str,
        faults: list[Fault],
        partial: bool = False,
        skip: frozenset[str] = frozenset(),
    ) -> Any:
        """The members alone, without the object's own preparer and validator.

        With `partial`, names that are absent stay absent. `skip` are names handled elsewhere.
        """
        if not isinstance(value, dict):
            faults.append(fault(pointer, "type", "must be an object"))
            return INVALID
        before = len(faults)
        result: dict[str, Any] = {}
        for name, given in value.items():
            if name in skip:
                continue
            reader = self._writable.get(name)
            if reader is not None:
                result[name] = reader(given, pointer + self._pointers[name], faults)
            elif name in self.fields:
                faults.append(fault(pointer + self._pointers[name], "read_only", "is read-only"))
            elif self.preserve:
                result[name] = given
            else:
                where = f"{pointer}/{escape(name)}"
                faults.append(fault(where, "unknown", "is not a field of this object"))
        if not partial and not self._writable.keys() <= value.keys():
            self._complete(value, result, pointer, faults)
        return INVALID if len(faults) > before else result

    def _complete(
        self, value: dict[str, Any], result: dict[str, Any], pointer: str, faults: list[Fault]
    ) -> None:
        for name in self._writable:
            if name in value:
                continue
            node = self.fields[name][0]
            if node.required:
                faults.append(fault(f"{pointer}/{escape(name)}", "required", "is required"))
            elif node.missing is not colander.drop:
                result[name] = node.missing


def finishes(node: colander.SchemaNode) -> bool:
    """Whether an object or a list has a say once its parts are read."""
    return node.preparer is not None or node.validator is not None


def finish(node: colander.SchemaNode, value: Any, pointer: str, faults: list[Fault]) -> Any:
    """Run the preparer and the validator of an object or a list whose parts are read."""
    try:
        if node.preparer is not None:
            preparers = [node.preparer] if callable(node.preparer) else node.preparer
            for preparer in preparers:
                value = preparer(value)
        if node.validator is not None:
            node.validator(node, value)
    except colander.Invalid as invalid:
        faults.extend(faults_of(invalid, pointer, by_rule=bool(invalid.children)))
        return INVALID
    return value


def _list_reader(node: colander.SchemaNode) -> Reader:
    item = compile_reader(node.children[0])
    may_be_null = nullable(node)

    def read(value: Any, pointer: str, faults: list[Fault]) -> Any:
        if value is None and may_be_null:
            return None
        if not isinstance(value, list):
            faults.append(fault(pointer, "type", "must be a list"))
            return INVALID
        before = len(faults)
        found = [item(given, f"{pointer}/{at}", faults) for at, given in enumerate(value)]
        if len(faults) > before:
            return INVALID
        return finish(node, found, pointer, faults) if finishes(node) else found

    return read


def _leaf_reader(node: colander.SchemaNode) -> Reader:
    plain = type(node).deserialize is colander.SchemaNode.deserialize and not node.preparer
    if plain and type(node.typ).deserialize is JSONType.deserialize:
        return _json_reader(node)
    read, same = _colander_reader(node), _same(node.typ)
    return _same_reader(node, same, read) if plain and same is not None else read


def _colander_reader(node: colander.SchemaNode) -> Reader:
    may_be_null = nullable(node)
    check = _json_check(node.typ)
    deserialize = node.deserialize
    limits = getattr(node, "storable", ())  # what the column holds, see derive.limit_by_column

    def read(value: Any, pointer: str, faults: list[Fault]) -> Any:
        if value is None:
            if may_be_null:
                return None
            if not isinstance(node.typ, JSONType):
                faults.append(fault(pointer, "null", "must not be null"))
                return INVALID
        if complaint := check(value):
            faults.append(fault(pointer, "type", complaint))
            return INVALID
        try:
            found = deserialize(value)
            if value == "" and found is node.missing and node.validator is not None:
                node.validator(node, value)  # colander asks it nothing about what it takes for null
        except colander.Invalid as invalid:
            faults.extend(faults_of(invalid, pointer))
            return INVALID
        if found is colander.drop:  # what colander takes for "nothing", such as an empty string
            faults.append(fault(pointer, "required", "must not be empty"))
            return INVALID
        return found if found is None else _held(node, found, limits, pointer, faults)

    return read


def _same_reader(node: colander.SchemaNode, same: type[Any], otherwise: Reader) -> Reader:
    """The same for values of which colander makes themselves: `same` is their class."""
    check = _json_check(node.typ)
    limits = getattr(node, "storable", ())

    def read(value: Any, pointer: str, faults: list[Fault]) -> Any:
        if type(value) is not same or not value or check(value):
            return otherwise(value, pointer, faults)
        try:
            if node.validator is not None:
                node.validator(node, value)
        except colander.Invalid as invalid:
            faults.extend(faults_of(invalid, pointer))
            return INVALID
        return _held(node, value, limits, pointer, faults) if limits else value

    return read


def _same(typ: Any) -> type[Any] | None:
    """The Python type whose values, empty ones aside, this type of colander's leaves as they are."""
    if type(typ) is colander.Integer:
        return int
    return str if type(typ) is colander.String and typ.encoding is None else None


def _json_reader(node: colander.SchemaNode) -> Reader:
    """The same for one of our types, as `SchemaNode.deserialize` goes about it where the value is there."""
    may_be_null, from_json = nullable(node), node.typ.from_json
    limits = getattr(node, "storable", ())

    def read(value: Any, pointer: str, faults: list[Fault]) -> Any:
        if value is None and may_be_null:
            return None
        try:
            found = from_json(value)
        except ValueError as error:
            faults.extend(faults_of(colander.Invalid(node, str(error)), pointer))
            return INVALID
        try:
            if node.validator is not None:
                node.validator(node, found)
        except colander.Invalid as invalid:
            faults.extend(faults_of(invalid, pointer))
            return INVALID
        return _held(node, found, limits, pointer, faults) if limits else found

    return read


def _held(node: Any, value: Any, limits: Any, pointer: str, faults: list[Fault]) -> Any:
    """`value`, unless the column cannot hold it."""
    for limit in limits:
        try:
            limit(node, value)
        except colander.Invalid as invalid:
            (found,) = faults_of(invalid, pointer)
            faults.append(found | {"code": code_of(limit)})
            return INVALID
    return value


def _json_check(typ: Any) -> Callable[[Any], str]:
    """What JSON type a colander type takes: a function that words the complaint, or ''."""
    for kinds, check in _CHECKS:
        if isinstance(typ, kinds):
            return check
    return _anything


def _anything(value: Any) -> str:
    return ""


def _string(value: Any) -> str:
    return "" if isinstance(value, str) else "must be a string"


def _integer(value: Any) -> str:
    whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    if isinstance(value, bool) or not whole:
        return "must be an integer"
    return "" if -INT64 <= value < INT64 else "must fit into 64 bits"


def _number(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "must be a number"
    return ""


def _decimal(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | str):
        return "must be a decimal in a string"
    return ""


def _boolean(value: Any) -> str:
    return "" if isinstance(value, bool) else "must be true or false"


def _list(value: Any) -> str:
    return "" if isinstance(value, list) else "must be a list"


_CHECKS: tuple[tuple[Any, Callable[[Any], str]], ...] = (
    (JSONType, _anything),
    (colander.Integer, _integer),
    (colander.Decimal, _decimal),
    (colander.Float, _number),
    (colander.Boolean, _boolean),
    ((colander.String, colander.DateTime, colander.Date, colander.Time, colander.Enum), _string),
    ((colander.Set, colander.List, colander.Tuple), _list),
)
