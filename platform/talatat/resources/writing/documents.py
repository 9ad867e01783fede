"""Bodies of create, replace and patch, read by the schema of a resource with its extensions.

All of them give `changes`: {field: Python value}, and under an extension's name either a dict of its
fields or None, which removes its row. Faults of the whole document are collected into one 422;
fields that this request may not write are a 403.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import colander

from talatat.problems import invalid
from talatat.resources.extensions import ExtensionFields, attribute_of
from talatat.resources.showing.representation import shower
from talatat.resources.writing.differing import REMOVED, difference, writable
from talatat.resources.writing.rights import Rights
from talatat.schema.faults import Fault, escape, fault
from talatat.schema.merge import merge_patch
from talatat.schema.reading import INVALID, ObjectReader, finish, nullable
from talatat.schema.types import JSONType

if TYPE_CHECKING:
    from pyramid.request import Request

Changes = dict[str, Any]

ValueOf = Callable[[colander.SchemaNode, Any, Any], Any]
"""(node, row, given) -> the value that a field is to have, or REMOVED."""


class Documents:
    """Reads the bodies of one resource."""

    def __init__(
        self, schema: colander.SchemaNode, extensions: Sequence[ExtensionFields] = ()
    ) -> None:
        self.schema = schema
        self.reader = ObjectReader(schema)
        self.extensions = {one.addon: one for one in extensions}
        self.skip = frozenset(self.extensions)
        self.rights = Rights(schema, extensions)

    def create(self, request: Request, body: Any) -> Changes:
        """All fields of a new row."""
        return self._whole(request, body, self.reader, None)

    def replace(self, request: Request, body: Any, row: Any) -> Changes:
        """All fields of a row that is there.

        Fields that are set at creation only keep their value, and so do those that this request may not
        see or not write, unless the document names them.
        """
        return self._whole(request, body, self.rights.replacing(request, ""), row)

    def patch(self, request: Request, body: Any, row: Any) -> Changes:
        """The fields that a merge patch (RFC 7396) changes."""
        if not isinstance(body, dict):
            raise invalid([fault("", "type", "must be an object")])
        return self._changed(request, body, row, merged)

    def difference(
        self, request: Request, before: dict[str, Any], after: dict[str, Any], row: Any
    ) -> Changes:
        """The fields that differ between what `row` shows (`before`) and what it is to show."""
        body = difference(before, writable(self.schema, before, after))
        for addon in self.extensions.keys() & body.keys():
            shown, wanted = before.get(addon), body[addon]
            if isinstance(shown, dict) and isinstance(wanted, dict):
                wanted = writable(self.extensions[addon].schema, shown, wanted)
                body[addon] = difference(shown, wanted)
        return self._changed(request, body, row, replaced)

    def _changed(
        self, request: Request, body: dict[str, Any], row: Any, value_of: ValueOf
    ) -> Changes:
        faults: list[Fault] = []
        self.rights.refuse_protected(request, body)
        changes = self._patched(self.reader, body, row, "", faults, value_of)
        for addon, extension in self.extensions.items():
            if addon in body:
                values = self._patch_extension(extension, body[addon], row, faults, value_of)
                changes[addon] = values
        self._refuse_create_only(request, changes, row, faults)
        if not faults and self.schema.validator is not None:
            # A rule about several fields needs them all: what stays is taken from the row.
            finish(self.schema, self._present(row) | changes, "", faults)
        if faults:
            raise invalid(faults)
        return changes

    def _whole(self, request: Request, body: Any, reader: ObjectReader, row: Any) -> Changes:
        faults: list[Fault] = []
        if isinstance(body, dict):
            self.rights.refuse_protected(request, body)
        changes = reader.members(body, "", faults, skip=self.skip)
        for addon, extension in self.extensions.items():
            if isinstance(body, dict) and addon in body:
                values = self._whole_extension(request, extension, body[addon], row, faults)
                if changes is not INVALID:
                    changes[addon] = values
        if changes is not INVALID:
            if row is not None:
                self._refuse_create_only(request, changes, row, faults)
            if not faults and reader is not self.reader:
                # What is not written, because it stays, is there for a rule about several fields.
                finish(self.schema, self._present(row) | changes, "", faults)
            elif not faults:
                changes = finish(self.schema, changes, "", faults)
        if faults:
            raise invalid(faults)
        found: Changes = changes
        return found

    def _whole_extension(
        self,
        request: Request,
        extension: ExtensionFields,
        given: Any,
        row: Any,
        faults: list[Fault],
    ) -> Any:
        pointer = f"/{extension.addon}"
        if given is None:
            return _removed(extension, pointer, faults)
        if row is None or extension.of(row) is None:
            return extension.reader(given, pointer, faults)
        return self.rights.replacing(request, extension.addon)(given, pointer, faults)

    def _patch_extension(
        self,
        extension: ExtensionFields,
        given: Any,
        row: Any,
        faults: list[Fault],
        value_of: ValueOf,
    ) -> Any:
        pointer = f"/{extension.addon}"
        if given is None or given is REMOVED:
            return _removed(extension, pointer, faults)
        current = extension.of(row)
        if current is None:  # the patch makes the row, so it has to be a whole one
            return extension.reader(_new(given, value_of), pointer, faults)
        if not isinstance(given, dict):
            faults.append(fault(pointer, "type", "must be an object"))
            return INVALID
        return self._patched(extension.reader, given, current, pointer, faults, value_of)

    def _patched(
        self,
        reader: ObjectReader,
        body: dict[str, Any],
        row: Any,
        pointer: str,
        faults: list[Fault],
        value_of: ValueOf,
    ) -> Changes:
        wanted: dict[str, Any] = {}
        removed: Changes = {}
        for name, given in body.items():
            node = reader.fields[name][0] if name in reader.fields else None
            value = given if node is None else value_of(node, row, given)
            if node is None or getattr(node, "read_only", False):
                wanted[name] = None if value is REMOVED else value  # the reader words the fault
            elif value is REMOVED and nullable(node):
                wanted[name] = None
            elif value is REMOVED:
                if node.missing in (colander.required, colander.drop):
                    where = f"{pointer}/{escape(name)}"
                    faults.append(fault(where, "required", "cannot be removed"))
                else:
                    removed[name] = node.missing
            else:
                wanted[name] = value
        skip = self.skip if not pointer else frozenset()
        changes = reader.members(wanted, pointer, faults, partial=True, skip=skip)
        return removed if changes is INVALID else changes | removed

    def _present(self, row: Any) -> Changes:
        return {
            node.name: getattr(row, attribute_of(node), None)
            for node in self.schema.children
            if not getattr(node, "read_only", False)
        }

    def _refuse_create_only(
        self, request: Request, changes: Changes, row: Any, faults: list[Fault]
    ) -> None:
        for node in self.schema.children:
            if not getattr(node, "create_only", False) or node.name not in changes:
                continue
            # Whoever may not see the value is refused with any: else they could try until it fits.
            same = changes[node.name] == getattr(row, attribute_of(node))
            if not same or self.rights.is_hidden(request, node):
                detail = "is set when the row is created and stays"
                faults.append(fault(f"/{escape(node.name)}", "create_only", detail))


def merged(node: colander.SchemaNode, row: Any, value: Any) -> Any:
    """What a merge patch's `value` makes of a field of `row`: null removes, objects merge."""
    if value is None:
        return REMOVED
    mergeable = isinstance(node.typ, colander.Mapping | JSONType)
    if not isinstance(value, dict) or not mergeable:
        return value
    current = getattr(row, attribute_of(node), None)
    shown = None if current is None else shower(node)(current)
    return merge_patch(shown, value)


def replaced(node: colander.SchemaNode, row: Any, value: Any) -> Any:
    """What a difference's `value` makes of a field of `row`: itself."""
    return value


def _new(given: Any, value_of: ValueOf) -> Any:
    """A patch of an extension that has no row yet, as the document of a new one."""
    if value_of is merged:
        return merge_patch({}, given)
    if not isinstance(given, dict):
        return given
    return {name: value for name, value in given.items() if value is not REMOVED}


def _removed(extension: ExtensionFields, pointer: str, faults: list[Fault]) -> Any:
    if not extension.sparse:
        faults.append(fault(pointer, "null", "cannot be removed"))
        return INVALID
    return None
