"""Searches, expansions, patches and batches at their caps and beyond: an answer or a 4xx, and soon."""

import time

import pytest
from attacking.holding import assert_problem

PRODUCTS = "/api/catalog/v1/products"
HISTORY = "/api/orders/v1/history"
LEAF = {"field": "stock", "op": "gte", "value": 0}


def nested(depth, leaf=LEAF):
    for _ in range(depth - 1):
        leaf = {"not": leaf}
    return leaf


def post(shop, path, body, headers=None):
    began = time.process_time()
    answer = shop.system.app.post(
        path,
        shop.dumps(body),
        headers={**shop.headers("admin"), "Content-Type": "application/json", **(headers or {})},
        expect_errors=True,
    )
    assert time.process_time() - began < 5
    return answer


FINE_TREES = {
    "as deep as may be": nested(8),
    "a hundred conditions": {"or": [LEAF] * 100},
    "two hundred values": {"field": "sku", "op": "in", "value": [str(n) for n in range(200)]},
    "ten conditions of two hundred values": {
        "or": [{"field": "sku", "op": "in", "value": ["a"] * 200}] * 10
    },
    "attributes": {"and": [{"field": f"attributes.{n}", "op": "ne", "value": "1"} for n in range(100)]},
}  # fmt: skip

BAD_TREES = {
    "a hundred conditions of two hundred values": {
        "or": [{"field": "sku", "op": "in", "value": ["a"] * 200}] * 100
    },
    "too deep": nested(9),
    "as deep as a body may be": nested(30),
    "101 conditions": {"or": [LEAF] * 101},
    "10,000 conditions": {"or": [LEAF] * 10_000},
    "10,000 in branches": {"or": [{"and": [LEAF] * 100}] * 100},
    "nothing in it": {},
    "an empty list": {"or": []},
    "a list for a tree": [LEAF],
    "two connectives": {"or": [LEAF], "and": [LEAF]},
    "a connective of no list": {"or": LEAF},
    "a denial of a list": {"not": [LEAF]},
    "an unknown connective": {"xor": [LEAF]},
    "a field that is not there": {"field": "password_hash", "op": "eq", "value": "a"},
    "a field of SQL": {"field": "stock; DROP TABLE catalog_product", "op": "eq", "value": 1},
    "a field that is no text": {"field": ["stock"], "op": "eq", "value": 1},
    "an operator that is not there": {**LEAF, "op": "regexp"},
    "no value": {"field": "stock", "op": "eq"},
    "a value of another type": {**LEAF, "value": "1"},
    "a value that is true": {**LEAF, "value": True},
    "a value that is an object": {**LEAF, "value": {"$gt": 0}},
    "a value beyond 64 bits": {**LEAF, "value": 2**63},
    "201 values": {"field": "sku", "op": "in", "value": ["a"] * 201},
    "no values": {"field": "sku", "op": "in", "value": "a"},
    "a member too many": {**LEAF, "case": False},
    "a price of 1e999999": {"field": "price", "op": "gt", "value": "1e999999 EUR"},
    "an attribute of quotes": {"field": 'attributes.a"b', "op": "eq", "value": "1"},
}


def test_a_tree_at_its_caps_is_answered(shop, nothing_is_stored):
    for name, tree in FINE_TREES.items():
        answer = post(shop, f"{PRODUCTS}:search", {"where": tree})
        assert answer.status_int == 200, f"{name}: {answer.body[:300]!r}"


def test_a_tree_beyond_them_or_of_another_form_is_a_422(shop, nothing_is_stored):
    for name, tree in BAD_TREES.items():
        answer = post(shop, f"{PRODUCTS}:search", {"where": tree})
        assert answer.status_int == 422, f"{name}: {answer.status} {answer.body[:300]!r}"
        assert_problem(answer.status_int, answer.content_type, answer.body, 422)


@pytest.mark.parametrize(
    "expand",
    ["", ",", ".", "a" * 50_000, "product," * 6, "product" + ".product" * 3, "product.product.product",
     "password_hash", "user", "__class__", "invoice.customer.user", "product\0", "*"],
)  # fmt: skip
def test_an_expansion_beyond_its_caps_is_a_400(shop, nothing_is_stored, expand):
    answer = shop.system.app.get(
        HISTORY, {"expand": expand}, headers=shop.headers("admin"), expect_errors=True
    )
    assert_problem(answer.status_int, answer.content_type, answer.body, 400)


def patched(shop, operations):
    row = shop.send("admin", "get", PRODUCTS)["items"][0]["id"]
    began = time.process_time()
    answer = shop.system.app.patch(
        f"{PRODUCTS}/{row}",
        shop.dumps(operations),
        headers={**shop.headers("admin"), "Content-Type": "application/json-patch+json"},
        expect_errors=True,
    )
    assert time.process_time() - began < 5
    return answer


PATCHES = {
    "copies that double": [{"op": "copy", "from": "", "path": "/attributes/a"}] * 60,
    "copies in lists that double": [{"op": "copy", "from": "/ean", "path": "/ean/-"}] * 100,
    "moved into itself": [{"op": "move", "from": "/attributes", "path": "/attributes/a"}],
    "101 operations": [{"op": "test", "path": "/title", "value": "a"}] * 101,
    "a pointer of 100,000 levels": [{"op": "add", "path": "/a" * 100_000, "value": 1}],
    "an index of 10^400": [{"op": "add", "path": f"/ean/{10**400}", "value": "1"}],
    "a negative index": [{"op": "remove", "path": "/ean/-1"}],
    "an index with zeros": [{"op": "add", "path": "/ean/00", "value": "12345678"}],
    "an index in Arabic digits": [{"op": "add", "path": "/ean/٠", "value": "12345678"}],
    "the whole row taken away": [{"op": "remove", "path": ""}],
    "the whole row as a list": [{"op": "replace", "path": "", "value": []}],
    "a member of Python": [{"op": "add", "path": "/__class__", "value": 1}],
    "the id": [{"op": "replace", "path": "/id", "value": "01890a5d-ac96-774b-bcce-b302099a8057"}],
    "a secret that is copied": [{"op": "copy", "from": "/password_hash", "path": "/title"}],
    "an operation of none": [{"op": "exec", "path": "/title"}],
    "no list": {"op": "add", "path": "/title", "value": 1},
}


def test_a_patch_that_grows_or_climbs_is_refused(shop, nothing_is_stored):
    for name, operations in PATCHES.items():
        answer = patched(shop, operations)
        assert answer.status_int in (409, 422), f"{name}: {answer.status} {answer.body[:300]!r}"
        assert_problem(answer.status_int, answer.content_type, answer.body, answer.status_int)


def creation(number, **members):
    return {
        "operation": "create",
        "body": {
            "sku": f"B-{number}", "title": "B", "price": {"amount": "1.00", "currency": "EUR"}, **members
        },
    }  # fmt: skip


def test_a_batch_whose_item_499_fails_stores_nothing_and_points_to_it(shop, nothing_is_stored):
    items = [creation(number, source_id=f"source {number}") for number in range(500)]
    items[499] = creation(499, stock=-1)
    answer = post(shop, f"{PRODUCTS}:batch", {"items": items})
    problem = assert_problem(answer.status_int, answer.content_type, answer.body, 422)
    assert problem["errors"][0]["pointer"] == "/items/499/body/stock"
    items[499] = creation(
        0, source_id="source 0"
    )  # the database refuses it, after 499 that it took
    answer = post(shop, f"{PRODUCTS}:batch", {"items": items})
    problem = assert_problem(answer.status_int, answer.content_type, answer.body, 409)
    assert problem["errors"][0]["pointer"] == "/items/499/body/source_id"


@pytest.mark.parametrize(
    "body",
    [{}, [], {"items": None}, {"items": {}}, {"items": [creation(n) for n in range(501)]},
     {"items": [None]}, {"items": [[]]}, {"items": ["create"]}, {"items": [{"operation": "drop"}]},
     {"items": [{"operation": "batch", "body": {"items": []}}]}, {"items": [creation(1)], "atomic": "no"},
     {"items": [creation(1)], "validate_only": True}, {"items": [{**creation(1), "path": "/api/x"}]},
     {"items": [{"operation": "patch", "body": {"title": "a"}}]},
     {"items": [{"operation": "delete", "id": "../customers/1"}]},
     {"items": [{"operation": "delete", "id": 1}]}, {"items": [{"operation": "delete", "id": None}]},
     {"items": [{**creation(1), "if_match": 1}]}, {"items": [{**creation(1), "if_match": "a" * 100_000}]}],
)  # fmt: skip
def test_a_batch_of_another_form_is_refused(shop, nothing_is_stored, body):
    answer = post(shop, f"{PRODUCTS}:batch", body)
    assert_problem(answer.status_int, answer.content_type, answer.body, 404, 412, 413, 422)


def test_keys_of_odd_forms_are_refused_and_a_key_with_another_body_too(shop):
    def create(key, sku="K-1"):
        return post(shop, PRODUCTS, creation(0, sku=sku)["body"], {"Idempotency-Key": key})

    for key in ("", " ", "a" * 256, "a" * 50_000):
        answer = create(key)
        assert_problem(answer.status_int, answer.content_type, answer.body, 400)
    first, again = create("one"), create("one")
    assert first.status_int == again.status_int == 201
    assert first.json == again.json
    other = create("one", sku="K-2")
    assert_problem(other.status_int, other.content_type, other.body, 422)
    assert len(shop.send("admin", "get", f"{PRODUCTS}?sku[prefix]=K-")["items"]) == 1
