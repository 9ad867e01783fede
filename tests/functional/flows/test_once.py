"""A checkout that is tried, and one that is sent again and again: stock and points are those of one."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import webtest
from sqlalchemy import func, select

from talatat_catalog.models import Product
from talatat_orders.models import Order

CHECKOUT = "/api/orders/v1/orders:checkout"
CUSTOMERS = "/api/orders/v1/customers"
THREADS = 20


def orders_and_stock(site, product):
    with site.session() as session:
        count = session.scalar(select(func.count()).select_from(Order))
        return count, session.get(Product, product).stock


def test_a_checkout_is_tried_and_then_carried_out_once(site, admin, stocked):
    lamp = stocked("L-1", "Lamp", count=5)
    customer = admin.send("post", CUSTOMERS, {"name": "Ann"}, 201)["id"]
    body = {"customer_id": customer, "lines": [{"product_id": lamp, "quantity": 2}]}
    tried = admin.send("post", f"{CHECKOUT}?validate_only=true", body)
    assert tried["lines"][0]["quantity"] == 2
    assert orders_and_stock(site, lamp) == (0, 5)
    headers = {"Authorization": f"Bearer {admin.token}", "Idempotency-Key": "order 1"}
    start = Barrier(THREADS)

    def send(_):
        app = webtest.TestApp(admin.app.app)
        start.wait(60)
        return app.post_json(CHECKOUT, body, headers=headers, expect_errors=True)

    with ThreadPoolExecutor(THREADS) as threads:
        answers = list(threads.map(send, range(THREADS)))
    statuses = Counter(one.status_int for one in answers)
    assert statuses[201] + statuses[409] == THREADS
    assert len({one.body for one in answers if one.status_int == 201}) == 1
    assert orders_and_stock(site, lamp) == (1, 3)
    again = admin.app.post_json(CHECKOUT, body, headers=headers, status=201)
    assert again.headers["Idempotent-Replay"] == "true"
    other = {**body, "lines": [{"product_id": lamp, "quantity": 3}]}
    refused = admin.app.post_json(CHECKOUT, other, headers=headers, status=422)
    assert refused.json["code"] == "idempotency_key_reused"
    tokens = "/api/accounts/v1/tokens"
    refused = admin.app.post_json(tokens, {"label": "x"}, headers=headers, status=400)
    assert refused.json["code"] == "idempotency_key_refused"
    assert orders_and_stock(site, lamp) == (1, 3)
