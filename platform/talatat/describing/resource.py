"""A declared resource in OpenAPI: its paths, parameters, bodies and schemas."""

from __future__ import annotations

from collections.abc import Callable
from inspect import cleandoc
from typing import TYPE_CHECKING, Any

from talatat.describing.shapes import content, operation, parameter, ref
from talatat.resources.declaration import Action, actions_of
from talatat.resources.writes import PATCH_TYPES
from talatat.resources.writing.json_patch import CONTENT_TYPE as JSON_PATCH
from talatat.schema.document import Form, json_schema

if TYPE_CHECKING:
    from talatat.resources.bound import BoundResource

Described = tuple[dict[str, Any], dict[str, Any]]

HEADERS = {
    "ETag": {"schema": {"type": "string"}, "description": "For If-Match and If-None-Match"},
    "Location": {"schema": {"type": "string"}, "description": "The URL of the new row"},
    "Link": {"schema": {"type": "string"}, "description": "The pages beside this one"},
}
MEANING = {
    "eq": "is equal to",
    "ne": "is not equal to (or has no value)",
    "lt": "is less than",
    "lte": "is at most",
    "gt": "is greater than",
    "gte": "is at least",
    "in": "is one of these, with commas between them",
    "nin": "is none of these, with commas between them",
    "contains": "contains this text",
    "prefix": "begins with this text",
    "isnull": "has no value (true) or one (false)",
}


def describe_resource(bound: BoundResource) -> Described:
    """(paths, schemas) of one resource."""
    describer = Describer(bound)
    return describer.paths(), describer.schemas()


class Describer:
    """Writes the paths and schemas of one resource."""

    def __init__(self, bound: BoundResource) -> None:
        self.bound = bound
        self.declaration = bound.declaration
        self.name = bound.full_name
        self.title = bound.declaration.name

    def paths(self) -> dict[str, Any]:
        """The collection, the items and the actions."""
        collection: dict[str, Any] = {}
        item: dict[str, Any] = {}
        makers: dict[str, tuple[dict[str, Any], str, Callable[[], dict[str, Any]]]] = {
            "list": (collection, "get", self._list),
            "create": (collection, "post", self._create),
            "get": (item, "get", self._get),
            "replace": (item, "put", self._replace),
            "patch": (item, "patch", self._patch),
            "delete": (item, "delete", self._delete),
        }
        for name, (where, method, make) in makers.items():
            if name in self.declaration.operations:
                where[method] = make()
        found = {}
        if collection:
            found[self.bound.path] = collection
        if item:
            found[self._item_path] = {"parameters": [self._id()], **item}
        for action in actions_of(self.declaration):
            path, described = self._action(action)
            found[path] = described
        return found

    @property
    def _item_path(self) -> str:
        return self.bound.path + "/{id}"

    def _id(self) -> dict[str, Any]:
        schema = {"type": "string"}
        if "id" in self.bound.schema:
            schema = json_schema(self.bound.schema["id"])
            schema.pop("readOnly", None)
        return parameter("id", schema, "The id of the row", "path")

    def _operation(
        self, name: str, summary: str, responses: dict[str, Any], **more: Any
    ) -> dict[str, Any]:
        return operation(
            self.bound.addon,
            f"{self.name}.{name}",
            summary,
            more.pop("permission", None) or self.bound.permission(name),
            responses,
            **more,
        )

    def _list(self) -> dict[str, Any]:
        page = {"description": "A page", "headers": _headers("ETag", "Link")}
        page["content"] = content(ref(f"{self.name}.page"))
        return self._operation(
            "list",
            f"List {self.title}",
            {"200": page, "304": {"description": "Not modified"}},
            description=cleandoc(self.declaration.__doc__ or ""),
            parameters=[*self._list_parameters(), _none_match()],
        )

    def _list_parameters(self) -> list[dict[str, Any]]:
        queries, resource = self.bound.queries, self.declaration
        limit = {"type": "integer", "minimum": 1, "default": resource.page_size}
        sorts = ", ".join(sorted(queries.sorts))
        found = [
            parameter("limit", limit, f"Rows on a page; {resource.max_page_size} are the most"),
            parameter("cursor", {"type": "string"}, "From `next` or `prev` of another page"),
            parameter(
                "sort",
                {"type": "string", "default": ",".join(resource.default_sort)},
                f"Names with commas between them, `-` before one turns it: {sorts}",
            ),
            _fields(),
        ]
        if resource.search:
            found.append(
                parameter("q", {"type": "string", "minLength": 1}, "Full text; best first")
            )
        for one in queries.filters.values():
            for op in one.operators:
                name = one.name if op == "eq" else f"{one.name}[{op}]"
                schema = one.schema_of(op)
                found.append(parameter(name, schema, f"Only where `{one.name}` {MEANING[op]}"))
        return found

    def _create(self) -> dict[str, Any]:
        return self._operation(
            "create",
            f"Create one of {self.title}",
            {
                "200": self._shown("The row as it would be, of `validate_only`"),
                "201": self._shown("The new row", "ETag", "Location"),
            },
            unsafe=True,
            parameters=[_fields(), _validate_only()],
            requestBody=self._body("create"),
        )

    def _get(self) -> dict[str, Any]:
        return self._operation(
            "get",
            f"Get one of {self.title}",
            {"200": self._shown("The row", "ETag"), "304": {"description": "Not modified"}},
            parameters=[_fields(), _none_match()],
        )

    def _replace(self) -> dict[str, Any]:
        responses = {"200": self._shown("The row", "ETag")}
        if "create" in self.declaration.operations:
            responses["201"] = self._shown("The new row", "ETag", "Location")
        return self._operation(
            "replace",
            f"Replace one of {self.title}, or create it under this id",
            responses,
            unsafe=True,
            parameters=[_fields(), _validate_only(), self._match()],
            requestBody=self._body("replace"),
        )

    def _patch(self) -> dict[str, Any]:
        schema = ref(f"{self.name}.patch")
        schemas = dict.fromkeys(PATCH_TYPES, schema) | {JSON_PATCH: ref("json_patch")}
        body = {
            "required": True,
            "content": {name: {"schema": one} for name, one in schemas.items()},
        }
        return self._operation(
            "patch",
            f"Change fields of one of {self.title} (JSON Merge Patch or JSON Patch)",
            {"200": self._shown("The row", "ETag")},
            unsafe=True,
            parameters=[_fields(), _validate_only(), self._match()],
            requestBody=body,
        )

    def _delete(self) -> dict[str, Any]:
        return self._operation(
            "delete",
            f"Delete one of {self.title}",
            {"204": {"description": "Deleted"}},
            unsafe=True,
            parameters=[_validate_only(), self._match()],
        )

    def _action(self, action: Action) -> tuple[str, dict[str, Any]]:
        on_item = action.level == "item"
        path = f"{self._item_path if on_item else self.bound.path}:{action.verb}"
        description = cleandoc(action.description)
        if action.problems:
            listed = "\n".join(f"- `{code}`: {text}" for code, text in action.problems.items())
            description += f"\n\nProblems beside the usual ones:\n\n{listed}"
        parameters = [_fields(), _validate_only(), *([self._match()] if on_item else ())]
        more: dict[str, Any] = {"parameters": parameters}
        if action.body is not None:
            schema = {**json_schema(action.body(), "create"), "x-addon": self.bound.addon}
            more["requestBody"] = {"required": True, "content": content(schema)}
        if action.response is not None:
            shown: dict[str, Any] = {**json_schema(action.response()), "x-addon": self.bound.addon}
        else:
            shown = ref(self.name)
        answer: dict[str, Any] = {"description": "Done", "content": content(shown)}
        answers = {str(action.status): answer}
        if 200 < action.status < 300 and action.status != 204:
            tried = "What would be answered, of `validate_only`"
            answers = {"200": {**answer, "description": tried}, **answers}
        if action.status == 201:
            answers["201"] = {**answer, "headers": _headers("ETag", "Location")}
        described = self._operation(
            action.verb,
            action.description.partition("\n")[0] or f"{action.verb} {self.title}",
            answers,
            unsafe=True,
            permission=action.permission or self.bound.permission("write"),
            description=description,
            **more,
        )
        found = {"post": described}
        return path, {"parameters": [self._id()], **found} if on_item else found

    def _shown(self, description: str, *headers: str) -> dict[str, Any]:
        return {
            "description": description,
            "headers": _headers(*headers),
            "content": content(ref(self.name)),
        }

    def _body(self, form: Form) -> dict[str, Any]:
        return {"required": True, "content": content(ref(f"{self.name}.{form}"))}

    def _match(self) -> dict[str, Any]:
        found = parameter(
            "If-Match", {"type": "string"}, "Only if the row still has this ETag", "header"
        )
        found["required"] = bool(self.declaration.require_if_match)
        return found

    def schemas(self) -> dict[str, Any]:
        """The schemas of the resource: what is shown, its bodies, a page."""
        operations = set(self.declaration.operations)
        found = {self.name: self._schema("read")}
        forms: tuple[Form, ...] = ("create", "replace", "patch")
        for form in forms:
            if form in operations:
                found[f"{self.name}.{form}"] = self._schema(form)
        if "list" in operations:
            found[f"{self.name}.page"] = {
                "type": "object",
                "x-addon": self.bound.addon,
                "required": ["items", "next", "prev"],
                "properties": {
                    "items": {"type": "array", "items": ref(self.name)},
                    "next": {"type": ["string", "null"], "format": "uri"},
                    "prev": {"type": ["string", "null"], "format": "uri"},
                },
            }
        for one in self.bound.extensions:
            found[f"{self.name}.{one.addon}"] = _extension(one, "read")
            for form in forms:
                if form in operations:
                    found[f"{self.name}.{form}.{one.addon}"] = _extension(one, form)
        return found

    def _schema(self, form: Form) -> dict[str, Any]:
        schema = json_schema(self.bound.schema, form)
        schema["x-addon"] = self.bound.addon
        for one in self.bound.extensions:
            name = self.name if form == "read" else f"{self.name}.{form}"
            below: dict[str, Any] = ref(f"{name}.{one.addon}")
            if form != "read" and one.sparse:
                below = {"anyOf": [below, {"type": "null"}]}
            schema["properties"][one.addon] = below
        return schema


def _extension(extension: Any, form: Form) -> dict[str, Any]:
    return {**json_schema(extension.schema, form), "x-addon": extension.addon}


def _headers(*names: str) -> dict[str, Any]:
    return {name: HEADERS[name] for name in names}


def _fields() -> dict[str, Any]:
    return parameter("fields", {"type": "string"}, "Only these fields: `a,b.c`")


def _validate_only() -> dict[str, Any]:
    text = "`true`: do and check everything, answer it with 200 (204), and let nothing of it stay"
    return parameter("validate_only", {"type": "boolean", "default": False}, text)


def _none_match() -> dict[str, Any]:
    return parameter(
        "If-None-Match", {"type": "string"}, "304 if what is shown still has this ETag", "header"
    )
