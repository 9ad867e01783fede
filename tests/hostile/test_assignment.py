"""Mass assignment: no body writes what its schema does not say, whatever the model calls it."""

import sqlalchemy as sa
from attacking.holding import assert_problem

# Names that are attributes of every object, or would be of some other framework's.
USUAL = ["version", "created_at", "updated_at", "owner", "owner_id", "is_admin", "permissions", "_version",
         "__class__", "__dict__", "__table__", "_sa_instance_state", "metadata", "registry", "constructor",
         "__proto__", "$where", "role", "scope", "etag", "deleted"]  # fmt: skip
VALUES = ["2020-01-01T00:00:00Z", 1, None, {"a": 1}, ["a"], "01890a5d-ac96-774b-bcce-b302099a8057"]


def unwritable(bound):
    """Every attribute of the model, and every usual name, that no body may hold."""
    writable = {
        node.name for node in bound.schema.children if not getattr(node, "read_only", False)
    }
    attributes = {attribute.key for attribute in sa.inspect(bound.model).attrs}
    columns = {column.name for column in sa.inspect(bound.model).columns}
    extensions = {one.addon for one in bound.extensions}
    return sorted(({"id", *USUAL} | attributes | columns) - writable - extensions)


def refused(shop, method, path, body, name):
    answer = shop.system.app.request(
        path, method=method, headers={**shop.headers("admin"), "Content-Type": "application/json"},
        body=shop.dumps(body), expect_errors=True,
    )  # fmt: skip
    problem = assert_problem(answer.status_int, answer.content_type, answer.body, 422)
    pointers = [error["pointer"] for error in problem["errors"]]
    assert any(pointer.endswith(f"/{name}") for pointer in pointers), (method, path, name, problem)


def test_no_write_of_any_resource_takes_what_is_not_its_own(shop, nothing_is_stored):
    seen = 0
    for bound in shop.system.system.resources.values():
        operations = set(bound.declaration.operations)
        if not operations & {"create", "replace", "patch"}:
            continue
        rows = shop.send("admin", "get", bound.path)["items"]
        for number, name in enumerate(unwritable(bound)):
            body = {name: VALUES[number % len(VALUES)]}
            if "create" in operations:
                refused(shop, "POST", bound.path, body, name)
                item = {"operation": "create", "body": body}
                refused(shop, "POST", f"{bound.path}:batch", {"items": [item]}, name)
            for method in [
                m for m, o in (("PUT", "replace"), ("PATCH", "patch")) if o in operations
            ]:
                if rows:
                    refused(shop, method, f"{bound.path}/{rows[0]['id']}", body, name)
            seen += 1
    assert seen > 100


def test_extensions_and_actions_take_no_more(shop, nothing_is_stored):
    products, customers = "/api/catalog/v1/products", "/api/orders/v1/customers"
    product = shop.send("admin", "get", products)["items"][0]["id"]
    customer = shop.send("admin", "get", customers)["items"][0]["id"]
    for name in ("product_id", "version", "earned", "loyalty", "__class__"):
        refused(shop, "PATCH", f"{products}/{product}", {"loyalty": {name: 1}}, name)
    refused(shop, "PATCH", f"{customers}/{customer}", {"loyalty": {"points": 10**6}}, "points")
    line = {"product_id": product, "quantity": 1}
    basket = {"customer_id": customer, "lines": [line]}
    checkout = "/api/orders/v1/orders:checkout"
    for name in ("unit_price", "amount", "title", "order_id", "id"):
        refused(shop, "POST", checkout, {**basket, "lines": [{**line, name: 1}]}, name)
    for name in ("state", "total", "total_minor", "placed_by", "paid_at", "id", "lines "):
        refused(shop, "POST", checkout, {**basket, name: 1}, name)


def test_who_may_not_write_a_field_is_told_so_and_writes_nothing(shop, nothing_is_stored):
    customers = shop.send("customer", "get", "/api/orders/v1/customers")["items"]
    for body in ({"name": "A", "user_id": "somebody"}, {"name": "A", "source_id": "1"}):
        answer = shop.system.app.post_json(
            "/api/orders/v1/customers", body, headers=shop.headers("customer"), expect_errors=True
        )
        assert_problem(answer.status_int, answer.content_type, answer.body, 403)
    answer = shop.system.app.patch_json(
        f"/api/orders/v1/customers/{customers[0]['id']}",
        {"user_id": "somebody"},
        headers=shop.headers("customer"),
        expect_errors=True,
    )
    assert_problem(answer.status_int, answer.content_type, answer.body, 403)
