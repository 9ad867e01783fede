"""Schemas: names of fields, ids, moments, money, what is open and what is closed."""

from __future__ import annotations

import re

from talatat.testing.conventions.model import Found, rule
from talatat.testing.conventions.reading import PLATFORM, Reading, escaped, kinds, references

SNAKE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
NAME = re.compile(r"[a-z][a-z0-9_-]*(\.[a-z][a-z0-9_-]*)*")
MONEY = re.compile(r"(.*_)?(price|total|fee|balance|revenue)")
MADE = ("id", "created_at", "updated_at")


@rule(
    "schema-addon",
    "Each schema says in x-addon whose it is",
    why="When a field surprises, whoever looks has to know whom to ask.",
    source="API.md, discovery",
)
def schema_addon(reading: Reading) -> Found:
    for name, schema in reading.schemas.items():
        if not schema.get("x-addon"):
            yield f"/components/schemas/{escaped(name)}", "Add x-addon with the addon's name."


@rule(
    "schema-name",
    "Schemas are called as what they show, in lower case with dots",
    why="Generators make classes of the names: `catalog.products` becomes CatalogProducts.",
    source="API.md, discovery",
)
def schema_name(reading: Reading) -> Found:
    for name in reading.schemas:
        if not NAME.fullmatch(name):
            yield f"/components/schemas/{escaped(name)}", f"Write {name!r} in lower case with dots."


@rule(
    "property-snake-case",
    "Fields are snake_case",
    why="One spelling in every addon; generators turn it into what their language likes.",
    source="API.md, path and version; Zalando 118; AIP-140",
)
def property_snake_case(reading: Reading) -> Found:
    for pointer, name, _ in reading.properties:
        if not SNAKE.fullmatch(name):
            better = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[- .]+", "_", name).lower()
            yield pointer, f"Call it {better!r}."


@rule(
    "property-type",
    "Each field that is shown has a type",
    why="A field without one is `any` in every client.",
    source="API.md, ids and types",
    severity="warning",
)
def property_type(reading: Reading) -> Found:
    told = ("type", "$ref", "anyOf", "oneOf", "allOf", "const", "enum")
    for pointer, name, schema in reading.properties_of(reading.in_answers):
        if not any(key in schema for key in told):
            yield pointer, f"Give {name!r} a type; talatat.schema.OpenMap if its names are data."


@rule(
    "property-id",
    "`id` is a UUID in a string",
    why="The server makes ids that sort by time and that nobody can guess or count.",
    source="API.md, ids and types; Zalando 144",
)
def property_id(reading: Reading) -> Found:
    for pointer, name, schema in reading.properties_of(reading.in_answers):
        form = schema.get("format", "uuid" if schema.get("type") == ["string", "null"] else None)
        if name == "id" and (kinds(schema) != ("string",) or form != "uuid"):
            yield pointer, "Use talatat.schema.UUID()."


@rule(
    "property-reference",
    "`<name>_id` is a string",
    why="A number loses digits in clients, and tells how many there are.",
    source="API.md, ids and types",
)
def property_reference(reading: Reading) -> Found:
    for pointer, name, schema in reading.properties:
        if name.endswith("_id") and kinds(schema) not in ((), ("string",)):
            yield pointer, f"Make {name!r} a string: talatat.schema.UUID() for one of ours."


@rule(
    "property-moment",
    "`<name>_at` is a moment: a string of the format date-time",
    why="RFC 3339 in UTC needs no word about zones.",
    source="API.md, ids and types; Zalando 126 and 169",
)
def property_moment(reading: Reading) -> Found:
    for pointer, name, schema in reading.properties:
        if name.endswith("_at") and schema.get("format") != "date-time":
            yield pointer, f"Use talatat.schema.Timestamp() for {name!r}."


@rule(
    "property-moment-name",
    "A moment is called `<name>_at`",
    why="The name says that it is one; `created` could be a day, a person or a truth.",
    source="API.md, ids and types; Zalando 235; AIP-142",
)
def property_moment_name(reading: Reading) -> Found:
    for pointer, name, schema in reading.properties:
        generic = name == "value"  # of whatever field a condition names
        if schema.get("format") == "date-time" and not name.endswith("_at") and not generic:
            yield pointer, f"Call it {name.removesuffix('_time') + '_at'!r}."


@rule(
    "property-money",
    "Money is an object with amount and currency",
    why="A number has no currency, and loses cents.",
    source="API.md, ids and types; Zalando 173",
)
def property_money(reading: Reading) -> Found:
    for pointer, name, schema in reading.properties:
        found = reading.resolved(schema)
        if MONEY.fullmatch(name) and {"number", "integer"} & set(kinds(found)):
            yield pointer, f"Use talatat.schema.Money() for {name!r}."


@rule(
    "property-amount",
    "An amount is a decimal in a string",
    why="0.1 + 0.2 is not 0.3 in the clients that read JSON numbers.",
    source="API.md, ids and types; Zalando 173",
)
def property_amount(reading: Reading) -> Found:
    for pointer, schema in reading.nodes:
        members = schema.get("properties", {})
        if {"amount", "currency"} <= members.keys() and kinds(members["amount"]) != ("string",):
            yield f"{pointer}/properties/amount", 'Write amounts as "12.50".'


@rule(
    "enum-open",
    "Enumerations that are shown are open",
    why="A new value would break clients that were generated with the old ones.",
    source="API.md, ids and types; Zalando 112",
)
def enum_open(reading: Reading) -> Found:
    for pointer, name, schema in reading.properties_of(reading.in_answers - reading.in_bodies):
        if "enum" in schema or "const" in schema:
            yield pointer, f"Tell the values of {name!r} in its description, or as examples."


@rule(
    "answer-open",
    "An object that is shown may be given more fields",
    why="Within a version things are only added; a closed object forbids that to its readers.",
    source="API.md, path and version; Zalando 111",
)
def answer_open(reading: Reading) -> Found:
    for name in sorted(reading.in_answers - reading.in_bodies):
        schema = reading.schemas.get(name, {})
        if schema.get("additionalProperties") is False and schema.get("x-addon") != PLATFORM:
            yield f"/components/schemas/{escaped(name)}", "Take additionalProperties: false away."


@rule(
    "array-items",
    "A list says what stands in it",
    why="A list of anything is read as a list of nothing.",
    source="OpenAPI 3.1, schema object",
)
def array_items(reading: Reading) -> Found:
    for pointer, schema in reading.nodes:
        if "array" in kinds(schema) and not {"items", "prefixItems"} & schema.keys():
            yield pointer, "Give it items."


@rule(
    "schema-null",
    "What may be null says so by its type",
    why="`nullable` is a word of OpenAPI 3.0, which tools for 3.1 pass over.",
    source="OpenAPI 3.1, schema object",
)
def schema_null(reading: Reading) -> Found:
    for pointer, schema in reading.nodes:
        if "nullable" in schema:
            yield pointer, "Write type: [..., 'null'] instead of nullable."


@rule(
    "required-known",
    "What is required is a field of the object",
    why="A body could never be right.",
    source="JSON Schema 2020-12, required",
)
def required_known(reading: Reading) -> Found:
    for pointer, schema in reading.nodes:
        if "properties" in schema:
            for name in schema.get("required", ()):
                if name not in schema["properties"]:
                    yield pointer, f"Add the field {name!r}, or do not require it."


@rule(
    "extension-name",
    "What another addon adds to a row stands under that addon's name",
    why="Two addons that add `points` would overwrite each other; under a name each has its place.",
    source="API.md, what another addon adds",
)
def extension_name(reading: Reading) -> Found:
    for name, host in reading.schemas.items():
        for field, below in host.get("properties", {}).items():
            if "x-expand" in below or "$ref" not in below:
                continue
            added = reading.resolved(below).get("x-addon", "")
            if added not in ("", PLATFORM, host.get("x-addon"), field):
                pointer = f"/components/schemas/{escaped(name)}/properties/{escaped(field)}"
                yield pointer, f"Call it {added!r}: config.extend_resource does."


@rule(
    "reference-known",
    "Every reference leads somewhere",
    why="A tool that follows it stops.",
    source="OpenAPI 3.1, reference object",
)
def reference_known(reading: Reading) -> Found:
    places = [(one.pointer, one.data) for one in reading.operations]
    for kind, entries in reading.components.items():
        places += [(f"/components/{kind}/{escaped(name)}", one) for name, one in entries.items()]
    for pointer, part in places:
        for name in sorted(set(references(part))):
            if reading.at(name) is None:
                yield pointer, f"Add what {name!r} refers to, or take the reference away."
