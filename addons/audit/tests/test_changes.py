"""Changes of rows: before and after, right for every way in which a row is written."""

import sqlalchemy as sa

from talatat_audit.models import Entry
from talatat_catalog.models import Product

PRODUCTS = "/api/catalog/v1/products"


def changes(trail, *conditions):
    return [
        (one["action"], one["resource"], one["before"], one["after"])
        for one in trail.entries(*conditions)
    ]


def test_a_create_tells_who_what_when_and_where(trail):
    answer = trail.app.post_json(
        PRODUCTS,
        {"sku": "lamp", "title": "Lamp", "price": {"amount": "12.50", "currency": "EUR"}},
        headers={"User-Agent": "Mozilla/5.0 (tests)", "Request-Id": "made-by-the-client"},
        extra_environ={"REMOTE_ADDR": "192.0.2.7"},
        status=201,
    )
    entry = trail.one(Entry.resource == "catalog.products")
    assert entry["action"] == "create"
    assert entry["addon"] == "catalog"
    assert entry["outcome"] == "succeeded"
    assert entry["subject"] == answer.json["id"]
    assert entry["label"] == "Lamp"
    assert entry["before"] is None
    assert (entry["after"]["sku"], entry["after"]["price_minor"]) == ("lamp", 1250)
    assert (entry["actor_id"], entry["actor_source"]) == ("clerk", "tests")
    assert entry["address"] == "192.0.2.7"
    assert entry["agent"] == "Mozilla/5.0 (tests)"
    assert entry["request_id"] == "made-by-the-client" == answer.headers["Request-Id"]
    assert entry["trace_id"] == answer.headers["traceparent"].split("-")[1]
    assert (entry["method"], entry["operation"]) == ("POST", "catalog.products")


def test_an_update_tells_the_columns_that_changed_and_no_others(trail):
    product = trail.product(stock=3)
    trail.forget()
    trail.app.patch_json(f"{PRODUCTS}/{product}", {"title": "Light", "stock": 3})
    assert changes(trail) == [("update", "catalog.products", {"title": "Lamp"}, {"title": "Light"})]


def test_a_delete_tells_the_whole_row_and_what_went_with_it(trail):
    product = trail.product(loyalty={"points": 5})
    trail.forget()
    trail.app.delete(f"{PRODUCTS}/{product}", status=204)
    found = {one["resource"]: one for one in trail.entries()}
    assert set(found) == {"catalog.products", "loyalty_product"}
    assert {one["action"] for one in found.values()} == {"delete"}
    assert found["catalog.products"]["before"]["title"] == "Lamp"
    assert found["catalog.products"]["after"] is None
    assert found["loyalty_product"]["before"] == {"product_id": product, "points": 5}


def test_nothing_is_told_of_a_write_that_changes_nothing(trail):
    product = trail.product()
    trail.forget()
    trail.app.patch_json(f"{PRODUCTS}/{product}", {"title": "Lamp"})
    assert trail.entries() == []


def test_columns_of_an_extension_are_told_under_its_own_addon(trail):
    product = trail.product(loyalty={"points": 5})
    trail.forget()
    trail.app.patch_json(f"{PRODUCTS}/{product}", {"loyalty": {"points": 9}})
    entry = trail.one()
    assert (entry["addon"], entry["resource"]) == ("loyalty", "loyalty_product")
    assert entry["subject"] == product
    assert (entry["before"], entry["after"]) == ({"points": 5}, {"points": 9})


def test_tables_between_are_told_too(trail):
    trail.app.post_json(
        "/api/catalog/v1/categories", {"slug": "light", "title": "Light"}, status=201
    )
    product = trail.product()
    trail.forget()
    trail.app.patch_json(f"{PRODUCTS}/{product}", {"categories": ["light"]})
    entry = trail.one(Entry.resource == "catalog_product_category")
    assert entry["action"] == "create"
    assert entry["after"]["product_id"] == product
    assert entry["subject"].startswith(f"{product},")


def test_a_batch_has_an_entry_for_each_of_its_rows(trail):
    kept, gone = trail.product(), trail.product()
    trail.forget()
    items = [
        {"operation": "patch", "id": kept, "body": {"title": "Light"}},
        {"operation": "delete", "id": gone},
        {"operation": "create", "body": {"sku": "cup", "title": "Cup",
                                   "price": {"amount": "1.00", "currency": "EUR"}}},
    ]  # fmt: skip
    trail.app.post_json(f"{PRODUCTS}:batch", {"items": items})
    found = [(one["action"], one["subject"]) for one in trail.entries()]
    assert sorted(found)[1:] == [("delete", gone), ("update", kept)]
    assert min(found)[0] == "create"
    assert len({one["request_id"] for one in trail.entries()}) == 1


def test_an_item_of_a_batch_that_failed_leaves_no_entry(trail):
    kept = trail.product()
    trail.forget()
    items = [
        {"operation": "patch", "id": kept, "body": {"title": "Light"}},
        {"operation": "patch", "id": kept, "body": {"title": ""}},
    ]
    trail.app.post_json(f"{PRODUCTS}:batch", {"items": items, "atomic": False}, status=207)
    assert changes(trail) == [("update", "catalog.products", {"title": "Lamp"}, {"title": "Light"})]


def test_a_checkout_tells_the_stock_that_it_took_without_the_orm(trail):
    product = trail.product(stock=10, loyalty={"points": 5})
    customer = trail.app.post_json("/api/orders/v1/customers", {"name": "Ann"}).json["id"]
    trail.forget()
    lines = [{"product_id": product, "quantity": 2}]
    body = {"customer_id": customer, "lines": lines}
    order = trail.app.post_json("/api/orders/v1/orders:checkout", body, status=201).json["id"]
    entry = trail.one(Entry.resource == "catalog.products")
    assert (entry["before"], entry["after"]) == ({"stock": 10}, {"stock": 8})
    assert trail.one(Entry.resource == "orders.orders")["subject"] == order
    line = trail.one(Entry.resource == "orders_order_line")
    assert (line["action"], line["after"]["quantity"]) == ("create", 2)
    assert trail.entries(Entry.resource == "loyalty.accounts") == []


def test_what_is_done_after_the_commit_is_told_of_the_subscriber(trail):
    trail.test.deliver()  # what other tests have left
    product = trail.product(stock=10)
    customer = trail.app.post_json("/api/orders/v1/customers", {"name": "Ann"}).json["id"]
    lines = [{"product_id": product, "quantity": 2}]
    body = {"customer_id": customer, "lines": lines}
    trail.app.post_json("/api/orders/v1/orders:checkout", body, status=201)
    trail.forget()
    trail.test.deliver()
    points = trail.one(Entry.resource == "loyalty_customer")
    assert (points["before"], points["after"]) == ({"points": 0}, {"points": 25})
    account = trail.one(Entry.resource == "loyalty.accounts")
    assert (account["action"], account["actor_source"]) == ("create", "outbox")
    assert account["operation"] == "talatat_loyalty.giving.give_points"


def test_a_rolled_back_request_leaves_no_entry(trail):
    product = trail.product(stock=1)
    customer = trail.app.post_json("/api/orders/v1/customers", {"name": "Ann"}).json["id"]
    trail.forget()
    lines = [{"product_id": product, "quantity": 2}]
    body = {"customer_id": customer, "lines": lines}
    trail.app.post_json("/api/orders/v1/orders:checkout", body, status=409)
    trail.app.patch_json(f"{PRODUCTS}/{product}?validate_only=true", {"title": "Light"})
    assert trail.entries() == []


def test_a_savepoint_that_was_rolled_back_leaves_no_entry(trail):
    product = trail.product()
    trail.forget()
    with trail.test.session() as session:
        row = session.get(Product, product)
        row.title = "One"
        session.flush()
        savepoint = session.begin_nested()
        row.title = "Two"
        session.flush()
        savepoint.rollback()
        session.refresh(row)
        row.supplier = "Three"
    assert changes(trail) == [
        (
            "update",
            "catalog.products",
            {"title": "Lamp", "supplier": ""},
            {"title": "One", "supplier": "Three"},
        )
    ]


def test_several_flushes_of_one_row_are_one_entry(trail):
    with trail.test.session() as session:
        row = Product(sku="a", title="One", price_minor=1, currency="EUR")
        session.add(row)
        session.flush()
        row.title = "Two"
    entry = trail.one()
    assert (entry["action"], entry["after"]["title"]) == ("create", "Two")
    trail.forget()
    with trail.test.session() as session:
        row = session.merge(row)
        row.title = "Three"
        session.flush()
        row.title = "Two"
        session.flush()
    assert trail.entries() == []


def test_a_row_that_came_and_went_in_one_transaction_is_none(trail):
    with trail.test.session() as session:
        row = Product(sku="a", title="One", price_minor=1, currency="EUR")
        session.add(row)
        session.flush()
        session.delete(row)
    assert trail.entries() == []


def test_a_value_that_was_never_loaded_is_known_all_the_same(trail):
    product = trail.product(stock=4)
    trail.forget()
    with trail.test.session() as session:
        row = session.get(Product, product)
        session.expire(row, ["title"])
        row.title = "Light"
    assert changes(trail) == [("update", "catalog.products", {"title": "Lamp"}, {"title": "Light"})]


def test_statements_past_the_orm_are_told_row_by_row(trail):
    first, second, other = (trail.product(supplier=name) for name in ("x1", "x1", "x2"))
    trail.forget()
    with trail.test.session() as session:
        session.execute(
            sa.update(Product).where(Product.supplier == "x1").values(title=Product.title + "!")
        )
        session.execute(sa.delete(Product).where(Product.supplier == "x2"))
    found = {one["subject"]: (one["action"], one["after"]) for one in trail.entries()}
    assert found == {
        first: ("update", {"title": "Lamp!"}),
        second: ("update", {"title": "Lamp!"}),
        other: ("delete", None),
    }


def test_what_sql_computes_is_told_as_it_came_out(trail):
    product = trail.product(stock=4)
    trail.forget()
    with trail.test.session() as session:
        row = session.get(Product, product)
        row.stock = Product.stock + 3
    assert changes(trail) == [("update", "catalog.products", {"stock": 4}, {"stock": 7})]


def test_more_rows_than_one_would_read_are_told_as_one_statement(trail, monkeypatch):
    monkeypatch.setattr("talatat_audit.capturing.statements.MOST", 1)
    for _ in range(3):
        trail.product(supplier="many")
    trail.forget()
    with trail.test.session() as session:
        session.execute(
            sa.update(Product).where(Product.supplier == "many").values(supplier="some")
        )
        session.execute(sa.text("DELETE FROM catalog_product WHERE supplier = 'some'"))
    updated, deleted = trail.entries()
    assert (updated["action"], updated["subject"], updated["after"]["rows"]) == ("update", None, 3)
    assert updated["after"]["statement"].startswith("UPDATE catalog_product SET")
    assert (deleted["action"], deleted["after"]["rows"]) == ("delete", 3)


def test_an_upsert_tells_what_it_made_and_what_it_changed(trail):
    with trail.test.session() as session:
        insert = getattr(sa.dialects, trail.test.system.database.dialect).insert
        session.add(Product(sku="a", source_id="u1", title="One", price_minor=1, currency="EUR"))
        session.flush()
    trail.forget()
    rows = [
        {"sku": "a", "source_id": name, "title": "Two", "price_minor": 1, "currency": "EUR"}
        for name in ("u1", "u2")
    ]
    with trail.test.session() as session:
        statement = insert(Product)
        statement = statement.on_conflict_do_update(
            index_elements=[Product.source_id], set_={"title": statement.excluded.title}
        )
        session.execute(statement, rows)
    changed, made = sorted(trail.entries(), key=lambda one: one["action"], reverse=True)
    assert (changed["before"], changed["after"]) == ({"title": "One"}, {"title": "Two"})
    assert (made["action"], made["after"]["source_id"]) == ("create", "u2")
    with trail.test.session() as session:
        session.execute(sa.delete(Product).where(Product.source_id.in_(["u1", "u2"])))


def test_long_values_are_cut_and_told_by_their_digest(trail):
    trail.product(description="x" * 5000)
    told = trail.one(Entry.resource == "catalog.products")["after"]["description"]
    assert (told["characters"], len(told["cut"]), len(told["sha256"])) == (5000, 2000, 64)
