"""States of orders, and who sees whose."""

import pytest

ORDERS = "/api/orders/v1/orders"
BUYER = ("orders.read", "orders.checkout")


@pytest.fixture
def order(shop):
    lamp = shop.product("lamp", stock=5)
    placed = shop.clerk.checkout(shop.clerk.customer(), (lamp, 2), (lamp, 1))
    return {**placed, "lamp": lamp}


def move(shop, order, verb, status=200):
    return shop.clerk.post(f"{ORDERS}/{order['id']}:{verb}", status=status).json


def test_an_order_is_paid_and_shipped(shop, order):
    paid = move(shop, order, "pay")
    assert paid["state"] == "paid"
    assert paid["paid_at"].endswith("Z")
    shipped = move(shop, order, "ship")
    assert (shipped["state"], shipped["paid_at"]) == ("shipped", paid["paid_at"])


def test_cancelling_returns_the_stock_once(shop, order):
    assert shop.stock(order["lamp"]) == 2
    assert move(shop, order, "cancel")["state"] == "cancelled"
    assert shop.stock(order["lamp"]) == 5
    assert move(shop, order, "cancel", status=409)["code"] == "wrong_state"
    assert shop.stock(order["lamp"]) == 5


def test_a_paid_order_can_be_cancelled_a_shipped_one_cannot(shop, order):
    move(shop, order, "pay")
    move(shop, order, "ship")
    answer = move(shop, order, "cancel", status=409)
    assert (answer["code"], shop.stock(order["lamp"])) == ("wrong_state", 2)
    assert "paid or placed" in answer["detail"]


def test_an_order_is_not_shipped_before_it_is_paid(shop, order):
    assert move(shop, order, "ship", status=409)["code"] == "wrong_state"


def test_orders_are_neither_created_nor_changed_past_the_checkout(shop, order):
    shop.clerk.post(ORDERS, {"state": "paid"}, status=405)
    shop.clerk.patch(f"{ORDERS}/{order['id']}", {"state": "paid"}, status=405)


def test_moving_an_order_takes_the_permission_to_write(shop, order):
    reader = shop.person("reader", "orders.read", "orders.read_all", "orders.checkout")
    assert reader.post(f"{ORDERS}/{order['id']}:pay", status=403).json["code"] == "forbidden"


def test_orders_can_be_filtered_and_sorted(shop, order):
    customer = order["customer_id"]
    items = shop.clerk.get(f"{ORDERS}?customer_id={customer}&state=placed&sort=-created_at").json
    assert [item["id"] for item in items["items"]] == [order["id"]]
    assert shop.clerk.get(f"{ORDERS}?state=paid").json["items"] == []


def test_buyers_see_their_own_customers_and_orders_only(shop):
    lamp = shop.product("lamp")
    ann, bob = shop.person("ann", *BUYER), shop.person("bob", *BUYER)
    customer = ann.customer(name="Ann")
    order = ann.checkout(customer, (lamp, 1))
    assert ann.get(f"{ORDERS}/{order['id']}").json["id"] == order["id"]
    assert bob.get(ORDERS).json["items"] == []
    bob.get(f"{ORDERS}/{order['id']}", status=404)
    bob.get(f"/api/orders/v1/customers/{customer}", status=404)
    assert bob.checkout(customer, (lamp, 1), status=422)["code"] == "unknown_customer"
    assert [one["id"] for one in shop.clerk.get(ORDERS).json["items"]] == [order["id"]]


def test_a_buyer_cannot_link_a_customer_to_somebody_else(shop):
    ann = shop.person("ann", *BUYER)
    ann.post("/api/orders/v1/customers", {"name": "x", "user_id": "bob"}, status=403)


def test_an_order_placed_by_a_clerk_is_seen_by_the_customers_user(shop):
    lamp = shop.product("lamp")
    order = shop.clerk.checkout(shop.clerk.customer(user_id="ann"), (lamp, 1))
    ann = shop.person("ann", "orders.read")
    assert [one["id"] for one in ann.get(ORDERS).json["items"]] == [order["id"]]


def test_a_customer_with_orders_is_not_deleted(shop, order):
    path = f"/api/orders/v1/customers/{order['customer_id']}"
    answer = shop.system.app.delete(
        path, headers={"X-Test-Identity": "clerk *"}, expect_errors=True
    )
    assert (answer.status_int, answer.json["code"]) == (409, "reference")


def test_the_receipt_shows_lines_and_total(shop, order):
    page = shop.clerk.get(f"/orders/{order['id']}/receipt", status=200)
    assert page.content_type == "text/html"
    assert "30.00 EUR" in page.text
    assert "The lamp" in page.text


def test_the_receipt_of_another_is_not_found(shop, order):
    shop.person("bob", *BUYER).get(f"/orders/{order['id']}/receipt", status=404)
    shop.clerk.get("/orders/nonsense/receipt", status=404)


def test_the_receipt_names_no_customer_whom_the_buyer_may_not_see(shop):
    ann = shop.clerk.customer(name="Ann Other", user_id=None)
    bob = shop.person("bob", *BUYER)
    order = bob.checkout(ann, (shop.product("lamp"), 1))
    bob.get(f"/api/orders/v1/customers/{ann}", status=404)
    assert "Ann" not in bob.get(f"/orders/{order['id']}/receipt", status=200).text
    assert "for Ann Other:" in shop.clerk.get(f"/orders/{order['id']}/receipt", status=200).text


def test_the_receipt_escapes_what_people_wrote(shop):
    lamp = shop.product("lamp")
    order = shop.clerk.checkout(shop.clerk.customer(name="<b>Ann</b>"), (lamp, 1))
    assert "<b>Ann</b>" not in shop.clerk.get(f"/orders/{order['id']}/receipt").text
