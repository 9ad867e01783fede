"""What all operations of one resource are told with: its names, its paths, its shown row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talatat.describing.failures import failures
from talatat.describing.headers import headers
from talatat.describing.patterns import PATHS, expanding, sorting
from talatat.describing.shapes import content, operation, parameter, ref
from talatat.resources.declaration import problems_of
from talatat.resources.listing.querying import LONGEST_SEARCH
from talatat.resources.showing.expanding import DEEPEST, MAX_EXPANDED
from talatat.schema.document import json_schema

if TYPE_CHECKING:
    from talatat.resources.bound import BoundResource

Operation = dict[str, Any]
Parameter = dict[str, Any]


class Telling:
    """One resource while it is described. What an operation can fail with follows from what it takes."""

    def __init__(self, bound: BoundResource) -> None:
        self.bound = bound
        self.declaration = bound.declaration
        self.operations = frozenset(bound.declaration.operations)
        self.name = bound.full_name
        self.title = bound.declaration.name
        self.path = bound.path
        self.item_path = bound.path + "/{id}"

    def operation(
        self, name: str, summary: str, responses: dict[str, Any], **more: Any
    ) -> Operation:
        """One operation, with 406 where it answers JSON; see `shapes.operation`.

        Its permission is that of the operation `name`, unless `permission` says another.
        """
        if more.get("unsafe"):
            more.setdefault("problems", problems_of(self.declaration.problems))
        more["deprecated"] = more.get("deprecated") or self.declaration.deprecated
        negotiated = any("content" in one for one in responses.values())
        return operation(
            self.bound.addon,
            f"{self.name}.{name}",
            summary,
            more.pop("permission", None) or self.bound.permission(name),
            {**responses, **(failures(406) if negotiated else {})},
            **more,
        )

    def shown(self, description: str, *names: str) -> dict[str, Any]:
        """A response that shows one row."""
        return {
            "description": description,
            "headers": headers(*names),
            "content": content(ref(self.name)),
        }

    def body(self, form: str, media_type: str = "application/json") -> dict[str, Any]:
        """A body of one of the forms of the resource's schema."""
        return {"required": True, "content": content(ref(f"{self.name}.{form}"), media_type)}

    def limit(self) -> dict[str, Any]:
        """The schema of a `limit`: as many digits as are read; more rows than a page has are not shown."""
        size = self.declaration.page_size
        return {"type": "integer", "minimum": 1, "maximum": 10**18 - 1, "default": size}

    def sort(self) -> dict[str, Any]:
        """The schema of a `sort`. Clients send what a schema calls the default: that would undo a rank."""
        usual = ",".join(self.declaration.default_sort)
        told: dict[str, Any] = {"type": "string", "pattern": sorting(self.bound.queries.sorts)}
        if self.declaration.search:
            return {**told, "x-default": usual, "examples": [usual]}
        return {**told, "default": usual}

    def text(self) -> dict[str, Any]:
        """The schema of what is searched for."""
        return {"type": "string", "maxLength": LONGEST_SEARCH, "pattern": r"\S"}

    def showing(self) -> list[Parameter]:
        """`fields=` and, where there is something to expand, `expand=`: of everything that shows rows."""
        fields = {"type": "string", "pattern": PATHS}
        found = [parameter("fields", fields, "Only these fields: `a,b.c`")]
        if relations := self.bound.plans.relations:
            listed = ", ".join(f"`{name}`" for name in relations)
            text = (
                f"Show the rows that these refer to, in their place: at most {MAX_EXPANDED} of "
                f"{listed}, with commas between them; `a.b` is what `a` refers to, {DEEPEST} deep "
                f"at most"
            )
            schema = {"type": "string", "pattern": expanding(relations, MAX_EXPANDED)}
            found.append(parameter("expand", schema, text))
            found[-1]["example"] = next(iter(relations))
        return found

    def identifier(self) -> Parameter:
        """The `{id}` of the item's path."""
        schema = {"type": "string"}
        if "id" in self.bound.schema:
            schema = json_schema(self.bound.schema["id"])
            schema.pop("readOnly", None)
        return parameter("id", schema, "The id of the row", "path")

    def match(self) -> Parameter:
        """`If-Match`, of writes."""
        found = parameter(
            "If-Match", {"type": "string"}, "Only if the row still has this ETag", "header"
        )
        found["required"] = bool(self.declaration.require_if_match)
        return found


def validate_only() -> Parameter:
    """`validate_only=`, of everything that writes."""
    text = "`true`: do and check everything, answer it with 200 (204), and let nothing of it stay"
    return parameter("validate_only", {"type": "boolean", "default": False}, text)


def none_match() -> Parameter:
    """`If-None-Match`, of reads."""
    return parameter(
        "If-None-Match", {"type": "string"}, "304 if what is shown still has this ETag", "header"
    )


def not_modified() -> dict[str, Any]:
    """The 304 of reads."""
    return {
        "304": {
            "description": "What the client holds is what it would get",
            "headers": headers("ETag"),
        }
    }
