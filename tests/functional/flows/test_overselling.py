"""Fifty buyers at once: exactly the stock is sold, everybody gets an answer, nobody a 5xx."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import webtest
from sqlalchemy import func, select

from talatat_catalog.models import Product
from talatat_orders.models import OrderLine

CHECKOUT = "/api/orders/v1/orders:checkout"
CUSTOMERS = "/api/orders/v1/customers"
BUYERS = 50


def rush(admin, bodies):
    """Check out all bodies at the same moment; gives the statuses."""
    start = Barrier(len(bodies))
    headers = {"Authorization": f"Bearer {admin.token}"}

    def buy(body):
        app = webtest.TestApp(admin.app.app)
        start.wait(60)
        return app.post_json(CHECKOUT, body, headers=headers, expect_errors=True).status_int

    with ThreadPoolExecutor(len(bodies)) as threads:
        return Counter(threads.map(buy, bodies))


def sold_and_left(site, *products):
    """{product id: (sold, left)}."""
    with site.session() as session:
        sold = select(OrderLine.product_id, func.sum(OrderLine.quantity)).group_by(
            OrderLine.product_id
        )
        found = {key: int(count) for key, count in session.execute(sold)}
        return {key: (found.get(key, 0), session.get(Product, key).stock) for key in products}


def basket(customer, *products):
    return {
        "customer_id": customer,
        "lines": [{"product_id": product, "quantity": 1} for product in products],
    }


def test_fifty_buyers_get_exactly_what_is_there(site, admin, stocked):
    lamp = stocked("L-1", "Lamp", count=17)
    customer = admin.send("post", CUSTOMERS, {"name": "Ann"}, 201)["id"]
    statuses = rush(admin, [basket(customer, lamp)] * BUYERS)
    assert statuses == {201: 17, 409: BUYERS - 17}
    assert sold_and_left(site, lamp) == {lamp: (17, 0)}


def test_baskets_that_overlap_in_opposite_orders_do_not_deadlock(site, admin, stocked):
    products = [stocked(f"P-{n}", f"Product {n}", count=20) for n in range(4)]
    customer = admin.send("post", CUSTOMERS, {"name": "Ann"}, 201)["id"]
    forth, back = basket(customer, *products), basket(customer, *reversed(products))
    statuses = rush(admin, [forth, back] * (BUYERS // 2))
    assert statuses == {201: 20, 409: BUYERS - 20}
    assert set(sold_and_left(site, *products).values()) == {(20, 0)}


def test_one_order_is_cancelled_once_however_many_ask(site, admin, stocked):
    lamp = stocked("L-1", "Lamp", count=5)
    customer = admin.send("post", CUSTOMERS, {"name": "Ann"}, 201)["id"]
    order = admin.send("post", CHECKOUT, basket(customer, lamp), 201)
    headers = {"Authorization": f"Bearer {admin.token}"}
    start = Barrier(10)

    def cancel(_):
        app = webtest.TestApp(admin.app.app)
        start.wait(60)
        path = f"/api/orders/v1/orders/{order['id']}:cancel"
        return app.post(path, headers=headers, expect_errors=True).status_int

    with ThreadPoolExecutor(10) as threads:
        assert Counter(threads.map(cancel, range(10))) == {200: 1, 409: 9}
    with site.session() as session:
        assert session.get(Product, lamp).stock == 5
