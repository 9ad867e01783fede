"""Points: shown in other addons' resources, given once for an order, taken back with it."""

import pytest
from sqlalchemy import event, func, select

from talatat.testing import composed
from talatat.testing.identities import ByHeader
from talatat_catalog.models import Product
from talatat_loyalty import CustomerPoints, ProductPoints
from talatat_loyalty.giving import give_points, take_back_points
from talatat_loyalty.models import Account, Entry
from talatat_orders import OrderCancelled, OrderPlaced

ORDERS = "/api/orders/v1/orders"
ACCOUNTS = "/api/loyalty/v1/accounts"


def buy(shop, customer, product, quantity=2):
    body = {"customer_id": customer, "lines": [{"product_id": product, "quantity": quantity}]}
    return shop.app.post_json(f"{ORDERS}:checkout", body, status=201).json


def collected(shop, customer):
    return shop.app.get(f"/api/orders/v1/customers/{customer}").json["loyalty"]


def accounts(shop, customer):
    return shop.app.get(f"{ACCOUNTS}?customer_id={customer}").json["items"]


def happened(kind, order, request, key):
    event = kind(order, "", 2500, "EUR")
    object.__setattr__(event, "request", request)
    object.__setattr__(event, "key", key)
    return event


def cancelled(shop, order):
    shop.app.post(f"{ORDERS}/{order}:cancel", status=200)
    with shop.request() as request:
        take_back_points(happened(OrderCancelled, order, request, "cancelled"))


def test_points_are_shown_with_products_and_customers(shop, lamp, customer):
    assert shop.app.get(f"/api/catalog/v1/products/{lamp}").json["loyalty"] == {"points": 5}
    assert collected(shop, customer) == {"points": 0}
    page = shop.app.get("/api/catalog/v1/products").json["items"]
    assert [item["loyalty"] for item in page] == [{"points": 5}]


def test_only_products_that_earn_points_have_a_row(shop, lamp):
    cup = Product(sku="cup", title="Cup", price_minor=100, currency="EUR")
    path = f"/api/catalog/v1/products/{cup.id}"
    with shop.session() as session:
        session.add(cup)
        session.flush()
        assert ProductPoints.of(cup) is None
        assert ProductPoints.of(session.get(Product, lamp)).points == 5
    assert shop.app.get(path).json["loyalty"] == {"points": 0}


def test_points_of_a_product_take_their_own_permission(shop, lamp):
    path = f"/api/catalog/v1/products/{lamp}"
    headers = {"X-Test-Identity": "ann catalog.read catalog.write"}
    shop.app.patch_json(path, {"loyalty": {"points": 9}}, headers=headers, status=403)
    shop.app.patch_json(path, {"title": "Light"}, headers=headers)


def test_collected_points_are_not_written_by_hand(shop, customer):
    path = f"/api/orders/v1/customers/{customer}"
    shop.app.patch_json(path, {"loyalty": {"points": 9}}, status=422)


def test_an_order_earns_points_once_it_is_committed(shop, lamp, customer):
    buy(shop, customer, lamp, 2)
    assert collected(shop, customer) == {"points": 0}
    assert shop.deliver() == 1
    assert collected(shop, customer) == {"points": 25 + 2 * 5}
    assert [one["points"] for one in accounts(shop, customer)] == [35]


def test_points_add_up_over_orders(shop, lamp, customer):
    for _ in range(3):
        buy(shop, customer, lamp, 1)
    shop.deliver()
    assert collected(shop, customer) == {"points": 3 * (12 + 5)}
    assert len(accounts(shop, customer)) == 1


def test_an_event_that_comes_twice_counts_once(shop, lamp, customer):
    order = buy(shop, customer, lamp)
    for _ in range(3):
        with shop.request() as request:
            give_points(happened(OrderPlaced, order["id"], request, "the-same"))
    assert collected(shop, customer) == {"points": 35}
    with shop.session() as session:
        assert session.scalar(select(func.count()).select_from(Entry)) == 1


def test_a_cancelled_order_gives_its_points_back(shop, lamp, customer):
    order = buy(shop, customer, lamp)
    shop.deliver()
    shop.app.post(f"{ORDERS}/{order['id']}:cancel")
    shop.deliver()
    assert collected(shop, customer) == {"points": 0}
    assert [one["points"] for one in accounts(shop, customer)] == [0]


def test_an_order_cancelled_before_its_points_came_earns_none(shop, lamp, customer):
    order = buy(shop, customer, lamp)
    shop.app.post(f"{ORDERS}/{order['id']}:cancel")
    shop.deliver()
    assert collected(shop, customer) == {"points": 0}
    assert accounts(shop, customer) == []


def test_the_receipt_of_orders_shows_the_points(shop, lamp, customer):
    order = buy(shop, customer, lamp)
    shop.deliver()
    page = shop.app.get(f"/orders/{order['id']}/receipt", status=200).text
    assert "This order earns 35 points; you have collected 35 so far." in page
    assert "25.00 EUR" in page


def test_the_receipt_tells_no_points_of_a_customer_whom_the_buyer_may_not_see(shop, lamp, customer):
    buy(shop, customer, lamp)
    shop.deliver()
    bob = {"X-Test-Identity": "bob orders.read orders.checkout"}
    body = {"customer_id": customer, "lines": [{"product_id": lamp, "quantity": 1}]}
    order = shop.app.post_json(f"{ORDERS}:checkout", body, headers=bob, status=201).json["id"]
    page = shop.app.get(f"/orders/{order}/receipt", headers=bob, status=200).text
    assert "This order earns 17 points." in page
    assert "collected" not in page


def test_the_most_points_of_the_most_pieces_are_counted(shop, lamp, customer):
    path = f"/api/catalog/v1/products/{lamp}"
    shop.app.patch_json(path, {"stock": 10**6, "loyalty": {"points": 10**6}})
    order = buy(shop, customer, lamp, 10**6)
    earned = 10**12 + 12_500_000
    assert f"earns {earned} points" in shop.app.get(f"/orders/{order['id']}/receipt").text
    assert shop.deliver() == 1
    assert collected(shop, customer) == {"points": earned}


def test_an_order_cancelled_while_its_points_are_given_keeps_none(postgresql_url):
    """On SQLite one writes at a time."""
    with composed(["catalog", "orders", "loyalty"], url=postgresql_url) as shop:
        shop.system.security.sources["tests"] = ByHeader("clerk *")
        product = {"sku": "lamp", "title": "Lamp", "price": {"amount": "12.50", "currency": "EUR"}}
        lamp = shop.app.post_json("/api/catalog/v1/products", product, status=201).json["id"]
        customer = shop.app.post_json("/api/orders/v1/customers", {"name": "Ann"}).json["id"]
        order = buy(shop, customer, lamp)
        crossing = [cancelled]

        @event.listens_for(shop.system.database.engine, "before_cursor_execute")
        def crossed(connection, cursor, statement, *_):
            if crossing and "FOR NO KEY UPDATE" in statement and "orders_customer" in statement:
                crossing.pop()(shop, order["id"])

        with shop.request() as request:
            give_points(happened(OrderPlaced, order["id"], request, "placed"))
        assert not crossing
        assert collected(shop, customer) == {"points": 0}


def test_accounts_are_adjusted_and_found_by_points(shop, lamp, customer):
    made = shop.app.post_json(ACCOUNTS, {"customer_id": customer, "points": 100}, status=201).json
    changed = shop.app.patch_json(f"{ACCOUNTS}/{made['id']}", {"points": 60}).json
    assert changed["points"] == 60
    found = shop.app.get(f"{ACCOUNTS}?points[gte]=60&sort=-points").json["items"]
    assert [one["id"] for one in found] == [made["id"]]
    shop.app.post_json(ACCOUNTS, {"customer_id": customer}, status=409)


def test_customers_see_their_own_account_only(shop, lamp):
    own = {"name": "Ann", "user_id": "ann"}
    ann = shop.app.post_json("/api/orders/v1/customers", own).json["id"]
    bob = shop.app.post_json("/api/orders/v1/customers", {"name": "Bob"}).json["id"]
    for customer in (ann, bob):
        buy(shop, customer, lamp)
    shop.deliver()
    headers = {"X-Test-Identity": "ann loyalty.read"}
    found = shop.app.get(ACCOUNTS, headers=headers).json["items"]
    assert [one["customer_id"] for one in found] == [ann]


def test_imported_customers_have_their_row(shop, tmp_path):
    from talatat.loading.batches import Load
    from talatat.loading.source import Source
    from talatat_orders.models import Customer

    path = tmp_path / "lines.csv"
    path.write_text(
        "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
        "536365,85123A,HEART,6,2010-12-01 08:26:00,2.55,17850.0,Eire\n"
    )
    Load(shop.system, "orders.history", Source(path)).run()
    with shop.session() as session:
        customer = session.scalars(select(Customer)).one()
        assert CustomerPoints.of(customer).points == 0


@pytest.mark.parametrize("table", [Account, Entry, CustomerPoints])
def test_loyalty_never_stands_in_the_way_of_a_deletion(shop, lamp, customer, table):
    from talatat_orders.models import Customer, Order

    order = buy(shop, customer, lamp)
    shop.deliver()
    with shop.session() as session:
        session.delete(session.get(Order, order["id"]))
        session.flush()
        session.delete(session.get(Customer, customer))
    with shop.session() as session:
        assert session.scalar(select(func.count()).select_from(table)) == 0


def test_customers_from_before_loyalty_have_their_row_once_it_is_composed(database_url, somebody):
    from talatat.testing import composed
    from talatat_orders.models import Customer

    customer = Customer(name="Ann")
    path = f"/api/orders/v1/customers/{customer.id}"
    with composed(["catalog", "orders"], url=database_url) as before, before.session() as session:
        session.add(customer)
    with composed(["catalog", "orders", "loyalty"], url=database_url) as after:
        after.system.security.sources["tests"] = somebody
        assert after.app.get(path).json["loyalty"] == {"points": 0}
