"""For each convention one edit that breaks it alone, in the document of the orders' group."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Document = dict[str, Any]
Breach = Callable[[Document], None]

BASE = "/api/orders/v1"
CUSTOMERS, CUSTOMER = f"{BASE}/customers", f"{BASE}/customers/{{id}}"
CHECKOUT, PAY = f"{BASE}/orders:checkout", f"{BASE}/orders/{{id}}:pay"
JSON, MERGE_PATCH = "application/json", "application/merge-patch+json"

BREACHES: dict[str, Breach] = {}


def breaks(rule: str) -> Callable[[Breach], Breach]:
    def take(edit: Breach) -> Breach:
        assert rule not in BREACHES
        BREACHES[rule] = edit
        return edit

    return take


def op(document: Document, method: str, path: str) -> Any:
    return document["paths"][path][method]


def move(old: str, new: str) -> Breach:
    def edit(document: Document) -> None:
        document["paths"][new] = document["paths"].pop(old)

    return edit


def put(value: Any, *where: str) -> Breach:
    """Write `value` at the end of `where`; "-" appends to a list."""

    def edit(document: Document) -> None:
        at = document
        for name in where[:-1]:
            at = at[name]
        if where[-1] == "-":
            at.append(value)
        else:
            at[where[-1]] = value

    return edit


def drop(*where: str) -> Breach:
    def edit(document: Document) -> None:
        at = document
        for name in where[:-1]:
            at = at[name]
        del at[where[-1]]

    return edit


def parameter(name: str, **more: Any) -> Breach:
    """Add a parameter to the list of customers."""
    said = {
        "name": name, "in": "query", "description": "It", "schema": {"type": "string"},
        "example": "a", **more,
    }  # fmt: skip
    return put(said, "paths", CUSTOMERS, "get", "parameters", "-")


def shown(name: str, schema: Any) -> Breach:
    """Add a field to what is shown of an order."""
    return put(schema, "components", "schemas", "orders.orders", "properties", name)


def inline(status: str, edit: Callable[[Any], None]) -> Breach:
    """Let `edit` change the shared response of an error."""

    def change(document: Document) -> None:
        edit(document["components"]["responses"][f"problem_{status}"])

    return change


def response(method: str, path: str, status: str, *where: str) -> tuple[str, ...]:
    return ("paths", path, method, "responses", status, *where)


TEXT = {"type": "string"}

BREACHES |= {
    "path-prefix": move(PAY, "/orders/{id}:pay"),
    "path-group": move(PAY, "/api/shop/v1/orders/{id}:pay"),
    "path-kebab-case": move(PAY, f"{BASE}/orders/{{id}}:payNow"),
    "path-plural": move(PAY, f"{BASE}/order/{{id}}:pay"),
    "path-depth": move(PAY, f"{BASE}/customers/{{id}}/orders/lines/parts:pay"),
    "path-trailing-slash": move(CHECKOUT, f"{BASE}/orders/"),
    "path-no-verbs": move(CHECKOUT, f"{BASE}/orders/search"),
    "operation-id-form": put("orders-pay", "paths", PAY, "post", "operationId"),
    "operation-id-owner": put("shop.orders.pay", "paths", PAY, "post", "operationId"),
    "operation-id-unique": put("orders.orders.ship", "paths", PAY, "post", "operationId"),
    "operation-addon": drop("paths", PAY, "post", "x-addon"),
    "operation-summary": put("x" * 121, "paths", PAY, "post", "summary"),
    "operation-description": put("", "paths", PAY, "post", "description"),
    "operation-tag": put(["orders", "shop"], "paths", PAY, "post", "tags"),
    "operation-permission": drop("paths", PAY, "post", "x-permission"),
    "parameter-description": parameter("colour", description=""),
    "parameter-plain": parameter("colour", schema={"type": "object"}, example={}),
    "parameter-query-name": parameter("Colour"),
    "parameter-operator": parameter("name[like]"),
    "parameter-header-name": parameter("X-Colour", **{"in": "header"}),
    "parameter-unique": parameter("cursor"),
    "parameter-path-required": put(False, "paths", CUSTOMER, "parameters", 0, "required"),  # type: ignore[arg-type]
    "parameter-other-name": parameter("include"),
    "parameter-no-cookie": parameter("colour", **{"in": "cookie"}),
    "body-required": drop("paths", CHECKOUT, "post", "requestBody", "required"),
    "body-closed": drop(
        "components", "schemas", "orders.orders.checkout.body", "additionalProperties"
    ),
    "body-read-only": put(
        True, "components", "schemas", "orders.orders.checkout.body", "properties", "customer_id",
        "readOnly",
    ),
    "response-description": put("", *response("post", PAY, "200", "description")),
    "response-created": drop(*response("post", CHECKOUT, "201", "headers", "Location")),
    "response-empty": put(
        {JSON: {"schema": {"type": "object"}, "example": {}}},
        *response("delete", CUSTOMER, "204", "content"),
    ),
    "response-content": drop(*response("post", PAY, "200", "content")),
    "response-request-id": drop(*response("post", PAY, "200", "headers", "Request-Id")),
    "response-etag": drop(*response("get", CUSTOMER, "304")),
    "schema-addon": drop("components", "schemas", "orders.invoices", "x-addon"),
    "property-snake-case": shown("paidBy", TEXT),
    "property-type": shown("colour", {}),
    "property-id": put(
        {"type": "string"}, "components", "schemas", "orders.invoices", "properties", "id"
    ),
    "property-reference": shown("parent_id", {"type": "integer"}),
    "property-moment": shown("seen_at", TEXT),
    "property-moment-name": shown("seen", {"type": "string", "format": "date-time"}),
    "property-money": shown("unit_price", {"type": "number"}),
    "property-amount": shown(
        "due", {"type": "object", "properties": {"amount": {"type": "number"}, "currency": TEXT}}
    ),
    "enum-open": shown("colour", {"type": "string", "enum": ["red"]}),
    "answer-open": put(False, "components", "schemas", "orders.orders", "additionalProperties"),
    "array-items": shown("colours", {"type": "array"}),
    "schema-null": shown("colour", {"type": "string", "nullable": True}),
    "required-known": put(
        ["colour"], "components", "schemas", "problem", "properties", "errors", "items", "required"
    ),
    "error-problem": inline("404", lambda one: one.update(content={JSON: {"schema": TEXT}})),
    "error-shared": put(
        {"description": "No", "headers": {"Request-Id": {}},
         "content": {"application/problem+json": {"schema": TEXT, "example": "a"}}},
        *response("get", CUSTOMER, "404"),
    ),
    "error-unauthorized": drop(*response("get", CUSTOMER, "401")),
    "error-forbidden": drop(*response("get", CUSTOMER, "403")),
    "error-not-found": drop(*response("get", CUSTOMER, "404")),
    "error-body": drop(*response("post", CUSTOMERS, "415")),
    "error-precondition": drop(*response("patch", CUSTOMER, "412")),
    "error-conflict": drop(*response("delete", CUSTOMER, "409")),
    "error-challenge": inline("401", lambda one: one["headers"].pop("WWW-Authenticate")),
    "error-retry-after": inline("503", lambda one: one["headers"].pop("Retry-After")),
    "error-limited": inline("429", lambda one: one["headers"].pop("RateLimit")),
    "error-code": put(
        {"wrongState": {"status": 409, "description": "No"}}, "paths", PAY, "post", "x-problems"
    ),
    "list-paging": lambda document: _without(document, "cursor"),
    "list-paging-names": parameter("page"),
    "list-sort-name": parameter("order_by"),
    "list-limit": lambda document: _parameter(document, "limit")["schema"].pop("default"),
    "list-link-header": drop(*response("get", CUSTOMERS, "200", "headers", "Link")),
    "security-declared": drop("paths", PAY, "post", "security"),
    "security-permission": put([], "paths", PAY, "post", "security"),
    "security-known": put([{"magic": []}], "paths", PAY, "post", "security"),
    "security-csrf": put([{"cookie": []}], "paths", PAY, "post", "security"),
    "security-query": parameter("access_token"),
    "security-shown": shown("password_hash", TEXT),
    "security-write-only": shown("colour", {"type": "string", "writeOnly": True}),
    "example-body": drop("paths", CHECKOUT, "post", "requestBody", "content", JSON, "example"),
    "example-parameter": lambda document: _parameter(document, "cursor").pop("example"),
    "example-schema": drop("components", "schemas", "orders.invoices", "examples"),
    "example-valid": put(
        [{"id": 5}], "components", "schemas", "orders.invoices", "examples"
    ),
    "document-version": put("3.0.3", "openapi"),
    "document-info": put("", "info", "title"),
    "document-contact": drop("info", "license"),
    "document-server": drop("servers"),
    "document-schemes": drop("components", "securitySchemes", "bearer", "description"),
    "deprecated-only": put({}, *response("post", PAY, "200", "headers", "Sunset")),
    "extension-form": put("A note", "paths", PAY, "post", "note"),
}  # fmt: skip


def _parameter(document: Document, name: str) -> Any:
    found = op(document, "get", CUSTOMERS)["parameters"]
    return next(one for one in found if one["name"] == name)


def _without(document: Document, name: str) -> None:
    found = op(document, "get", CUSTOMERS)["parameters"]
    found.remove(_parameter(document, name))


@breaks("path-parameter-name")
def rename_everywhere(document: Document) -> None:
    item = document["paths"].pop(PAY)
    item["parameters"][0]["name"] = "orderId"
    document["paths"][f"{BASE}/orders/{{orderId}}:pay"] = item


@breaks("path-parameters-told")
def forget_a_placeholder(document: Document) -> None:
    del document["paths"][PAY]["parameters"]


@breaks("path-ambiguous")
def say_a_path_twice(document: Document) -> None:
    item = document["paths"][PAY]
    again = {"post": {**item["post"], "operationId": "orders.orders.pay_again"}}
    document["paths"][f"{BASE}/orders/{{key}}:pay"] = {
        **again, "parameters": [{**item["parameters"][0], "name": "key"}],
    }  # fmt: skip


@breaks("path-action-method")
def act_by_get(document: Document) -> None:
    item = document["paths"][PAY]
    item["get"] = item.pop("post")


@breaks("operation-method")
def tell_of_head(document: Document) -> None:
    item = document["paths"][CUSTOMER]
    item["head"] = {**item["get"], "operationId": "orders.customers.head"}


@breaks("operation-safe-body")
def read_by_a_body(document: Document) -> None:
    body = op(document, "post", CUSTOMERS)["requestBody"]
    operation = op(document, "get", CUSTOMERS)
    operation["requestBody"] = body
    for status in ("413", "415", "422"):
        operation["responses"][status] = op(document, "post", CUSTOMERS)["responses"][status]


@breaks("body-json")
def take_a_form(document: Document) -> None:
    content = op(document, "post", CHECKOUT)["requestBody"]["content"]
    content["multipart/form-data"] = content.pop(JSON)


@breaks("body-patch-type")
def patch_by_json(document: Document) -> None:
    del op(document, "patch", CUSTOMER)["requestBody"]["content"][MERGE_PATCH]


@breaks("body-object")
def take_a_list(document: Document) -> None:
    media = op(document, "post", CHECKOUT)["requestBody"]["content"][JSON]
    media.update(schema={"type": "array", "items": TEXT}, example=["a"])


@breaks("response-success")
def never_succeed(document: Document) -> None:
    del op(document, "post", PAY)["responses"]["200"]


@breaks("response-json")
def show_text(document: Document) -> None:
    content = op(document, "post", PAY)["responses"]["200"]["content"]
    content["text/csv"] = content.pop(JSON)


@breaks("response-object")
def show_a_list(document: Document) -> None:
    media = op(document, "post", PAY)["responses"]["200"]["content"][JSON]
    media.update(schema={"type": "array", "items": TEXT}, example=["a"])


@breaks("response-if-match")
def write_blindly(document: Document) -> None:
    found = op(document, "patch", CUSTOMER)["parameters"]
    found[:] = [one for one in found if one["name"] != "If-Match"]


@breaks("response-idempotent")
def act_twice(document: Document) -> None:
    operation = op(document, "post", PAY)
    operation["parameters"] = [
        one for one in operation["parameters"] if one["name"] != "Idempotency-Key"
    ]


@breaks("deprecated-header")
def deprecate_in_silence(document: Document) -> None:
    op(document, "post", PAY).update({"deprecated": True, "x-deprecated-since": "2026-01-01"})


@breaks("deprecated-since")
def deprecate_some_time(document: Document) -> None:
    operation = op(document, "post", PAY)
    operation["deprecated"] = True
    operation["responses"]["200"]["headers"]["Deprecation"] = {}


@breaks("schema-name")
def name_in_capitals(document: Document) -> None:
    schemas = document["components"]["schemas"]
    schemas["Orders.Extra"] = schemas["orders.invoices"]


@breaks("extension-name")
def add_under_another_name(document: Document) -> None:
    properties = document["components"]["schemas"]["orders.customers"]["properties"]
    properties["bonus"] = properties.pop("loyalty")
    for name in ("orders.customers", "orders.customers.page"):
        document["components"]["schemas"][name]["examples"] = [
            {"items": [], "next": None, "prev": None}
        ]


@breaks("reference-known")
def refer_to_nothing(document: Document) -> None:
    del document["components"]["headers"]["Location"]


@breaks("error-listed")
def never_fail(document: Document) -> None:
    operation = op(document, "post", CHECKOUT)
    operation.pop("requestBody")
    operation.pop("x-problems")
    operation.update({"x-permission": "public", "security": []})
    operation["responses"] = {"201": operation["responses"]["201"]}


@breaks("list-shape")
def leave_prev_out(document: Document) -> None:
    document["components"]["schemas"]["orders.invoices.page"]["required"].remove("prev")


@breaks("list-links")
def never_end(document: Document) -> None:
    page = document["components"]["schemas"]["orders.invoices.page"]
    page["properties"]["next"]["type"] = "string"


@breaks("version-gap")
def skip_a_version(document: Document) -> None:
    document["paths"]["/api/orders/v3/orders/{id}:pay"] = document["paths"].pop(PAY)
