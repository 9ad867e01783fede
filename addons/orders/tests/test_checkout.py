"""The checkout: all of a basket or nothing, at the price that was shown, from stock that is there."""

from sqlalchemy import func, select

from talatat.db import new_id
from talatat.problems import Problem
from talatat.resources.hooks import HookDeclaration, Hooks
from talatat_catalog import return_stock, take_stock
from talatat_orders.events import OrderPlaced
from talatat_orders.models import Order, OrderLine


def errors(answer):
    return [(error["pointer"], error["code"]) for error in answer["errors"]]


def count(shop, model):
    with shop.system.session() as session:
        return session.scalar(select(func.count()).select_from(model))


def price(amount, currency="EUR"):
    return ("expected_price", {"amount": amount, "currency": currency})


def test_an_order_is_placed_with_its_lines_and_total(shop):
    lamp, cup = shop.product("lamp", 1250, 5), shop.product("cup", 399, 20)
    customer = shop.clerk.customer()
    order = shop.clerk.checkout(customer, (lamp, 2, price("12.50")), (cup, 3))
    assert (order["state"], order["customer_id"]) == ("placed", customer)
    assert order["total"] == {"amount": "36.97", "currency": "EUR"}
    assert [
        (line["sku"], line["quantity"], line["amount"]["amount"]) for line in order["lines"]
    ] == [("lamp", 2, "25.00"), ("cup", 3, "11.97")]
    assert (shop.stock(lamp), shop.stock(cup)) == (3, 17)
    again = shop.clerk.get(f"/api/orders/v1/orders/{order['id']}").json
    assert again == order


def test_the_answer_names_the_new_orders_place(shop):
    lamp, customer = shop.product("lamp"), shop.clerk.customer()
    body = {"customer_id": customer, "lines": [{"product_id": lamp, "quantity": 1}]}
    answer = shop.clerk.post("/api/orders/v1/orders:checkout", body, status=201)
    assert answer.headers["Location"].endswith(f"/api/orders/v1/orders/{answer.json['id']}")
    assert answer.headers["ETag"]


def test_what_is_out_of_stock_is_pointed_to_and_nothing_is_taken(shop):
    lamp, cup = shop.product("lamp", stock=5), shop.product("cup", stock=1)
    answer = shop.clerk.checkout(shop.clerk.customer(), (lamp, 5), (cup, 2), status=409)
    assert answer["code"] == "out_of_stock"
    assert errors(answer) == [("/lines/1", "out_of_stock")]
    assert (shop.stock(lamp), shop.stock(cup), count(shop, Order)) == (5, 1, 0)


def test_two_lines_of_one_product_share_its_stock(shop):
    lamp, customer = shop.product("lamp", stock=5), shop.clerk.customer()
    answer = shop.clerk.checkout(customer, (lamp, 3), (lamp, 3), status=409)
    assert errors(answer) == [("/lines/1", "out_of_stock")]
    assert len(shop.clerk.checkout(customer, (lamp, 3), (lamp, 2))["lines"]) == 2
    assert shop.stock(lamp) == 0


def test_a_price_that_changed_is_pointed_to(shop):
    lamp, cup = shop.product("lamp", 1250), shop.product("cup", 399)
    answer = shop.clerk.checkout(
        shop.clerk.customer(),
        (cup, 1),
        (lamp, 1, price("12.49")),
        (lamp, 1, price("12.50", "GBP")),
        status=409,
    )
    assert answer["code"] == "price_changed"
    assert errors(answer) == [("/lines/1", "price_changed"), ("/lines/2", "price_changed")]
    assert count(shop, Order) == 0


def test_both_kinds_of_conflict_are_told_at_once(shop):
    lamp, cup = shop.product("lamp", 1250), shop.product("cup", stock=0)
    customer = shop.clerk.customer()
    answer = shop.clerk.checkout(customer, (lamp, 1, price("1.00")), (cup, 1), status=409)
    assert answer["code"] == "out_of_stock"
    assert set(errors(answer)) == {("/lines/0", "price_changed"), ("/lines/1", "out_of_stock")}


def test_the_same_price_written_differently_is_the_same(shop):
    lamp = shop.product("lamp", 1250)
    shop.clerk.checkout(shop.clerk.customer(), (lamp, 1, price("12.5")))


def test_an_unknown_product_and_customer_are_pointed_to(shop):
    lamp, customer = shop.product("lamp"), shop.clerk.customer()
    answer = shop.clerk.checkout(customer, (lamp, 1), (new_id(), 1), status=422)
    assert (answer["code"], errors(answer)) == (
        "unknown_product",
        [("/lines/1/product_id", "unknown_product")],
    )
    answer = shop.clerk.checkout(new_id(), (lamp, 1), status=422)
    assert errors(answer) == [("/customer_id", "unknown_customer")]
    assert shop.stock(lamp) == 10


def test_a_product_without_counted_stock_never_runs_out(shop):
    ebook = shop.product("ebook", stock=None)
    shop.clerk.checkout(shop.clerk.customer(), (ebook, 1_000_000))
    assert shop.stock(ebook) is None


def test_an_order_has_one_currency(shop):
    lamp, cup = shop.product("lamp"), shop.product("cup", currency="GBP")
    answer = shop.clerk.checkout(shop.clerk.customer(), (lamp, 1), (cup, 1), status=422)
    assert errors(answer) == [("/lines/1", "mixed_currencies")]


def test_a_total_too_large_to_be_shown_is_refused(shop):
    gold = shop.product("gold", price=10**9, stock=None)
    customer = shop.clerk.customer()
    answer = shop.clerk.checkout(customer, (gold, 1_000_000), status=422)
    assert answer["code"] == "total_too_large"
    order = shop.clerk.checkout(customer, (gold, 999_999))
    assert order["total"]["amount"] == "9999990000000.00"


def test_baskets_that_are_empty_negative_or_too_long_are_refused(shop):
    lamp, customer = shop.product("lamp"), shop.clerk.customer()
    assert shop.clerk.checkout(customer, status=422)["code"] == "invalid"
    for quantity in (0, -1, 1.5, "1", 10**7, None):
        answer = shop.clerk.checkout(customer, (lamp, quantity), status=422)
        assert answer["errors"][0]["pointer"] == "/lines/0/quantity"


def test_a_basket_may_have_as_many_lines_as_the_setting_says(shop):
    shop.system.system.settings["orders"].max_lines = 3
    lamp, customer = shop.product("lamp"), shop.clerk.customer()
    answer = shop.clerk.checkout(customer, *[(lamp, 1)] * 4, status=422)
    assert (answer["code"], errors(answer)) == ("too_many_lines", [("/lines", "too_many_lines")])


def test_a_basket_of_any_length_takes_the_same_statements(shop):
    customer = shop.clerk.customer()
    few = [(shop.product(f"few-{n}"), 1) for n in range(2)]
    many = [(shop.product(f"many-{n}"), 1) for n in range(40)]
    statements = [
        count_statements(shop, lambda b=b: shop.clerk.checkout(customer, *b)) for b in (few, many)
    ]
    assert statements[0] == statements[1]


def count_statements(shop, act):
    from sqlalchemy import event

    seen = []
    engine = shop.system.system.database.engine

    def note(connection, cursor, statement, parameters, context, executemany):
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        act()
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return len(seen)


def test_a_hook_may_refuse_an_order_before_stock_is_taken(shop):
    def refuse(request, order, body):
        raise Problem(409, "conflict", f"No {len(order.lines)} lines on Sundays.")

    hook_into(shop, "before_create", refuse)
    lamp, customer = shop.product("lamp"), shop.clerk.customer()
    assert shop.clerk.checkout(customer, (lamp, 1), status=409)["code"] == "conflict"
    assert shop.stock(lamp) == 10


def test_a_hook_is_called_with_the_placed_order(shop):
    seen = []
    hook_into(shop, "after_create", lambda request, order, body: seen.append(order.id))
    order = shop.clerk.checkout(shop.clerk.customer(), (shop.product("lamp"), 1))
    assert seen == [order["id"]]


def test_what_a_hook_takes_of_a_product_is_missing_for_the_order(shop):
    lamp, customer = shop.product("lamp", stock=5), shop.clerk.customer()
    hook_into(shop, "before_create", lambda request, *_: take_stock(request, {lamp: 2}))
    shop.clerk.checkout(customer, (lamp, 3))
    assert shop.stock(lamp) == 0
    with shop.system.session() as session:
        return_stock(session, {lamp: 4})
    answer = shop.clerk.checkout(customer, (lamp, 3), status=409)
    assert errors(answer) == [("/lines/0", "out_of_stock")]
    assert shop.stock(lamp) == 4


def hook_into(shop, event, function):
    orders = shop.system.system.resources["orders.orders"]
    orders.hooks = Hooks([HookDeclaration("orders.orders", event, function, None)])


def test_subscribers_hear_of_a_placed_order_inside_the_transaction(shop):
    heard = []
    shop.system.registry.registerHandler(heard.append, (OrderPlaced,))
    lamp, customer = shop.product("lamp", 250), shop.clerk.customer()
    order = shop.clerk.checkout(customer, (lamp, 2))
    (event,) = heard
    assert (event.order_id, event.customer_id, event.total_minor, event.currency) == (
        order["id"],
        customer,
        500,
        "EUR",
    )


def test_an_order_outlives_its_products(shop):
    lamp = shop.product("lamp")
    order = shop.clerk.checkout(shop.clerk.customer(), (lamp, 1))
    with shop.system.session() as session:
        from talatat_catalog.models import Product

        session.delete(session.get(Product, lamp))
    line = shop.clerk.get(f"/api/orders/v1/orders/{order['id']}").json["lines"][0]
    assert (line["product_id"], line["title"]) == (None, "The lamp")
    assert count(shop, OrderLine) == 1
