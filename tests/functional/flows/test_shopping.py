"""The two flows a shop lives from, over REST: find something, buy it."""

PRODUCTS = "/api/catalog/v1/products"
CUSTOMERS = "/api/orders/v1/customers"
ORDERS = "/api/orders/v1/orders"


def test_a_product_is_found_bought_paid_and_shipped(site, admin, stocked):
    lamp = stocked("L-1", "Desk lamp of brass", 4950, 3, attributes={"material": "brass"})
    stocked("C-1", "Coffee cup", 799, 20)

    found = site.app.get(f"{PRODUCTS}?q=brass+lamp&attributes.material=brass").json["items"]
    assert [product["id"] for product in found] == [lamp]
    assert found[0]["price"] == {"amount": "49.50", "currency": "EUR"}

    customer = admin.send("post", CUSTOMERS, {"name": "Ann"}, 201)["id"]
    line = {"product_id": lamp, "quantity": 2, "expected_price": found[0]["price"]}
    body = {"customer_id": customer, "lines": [line]}
    order = admin.send("post", f"{ORDERS}:checkout?expand=customer,lines.product", body, 201)
    assert (order["state"], order["total"]["amount"]) == ("placed", "99.00")
    assert (order["customer"]["name"], order["lines"][0]["product"]["stock"]) == ("Ann", 1)
    assert site.app.get(f"{PRODUCTS}/{lamp}").json["stock"] == 1

    assert admin.send("post", f"{ORDERS}/{order['id']}:pay")["state"] == "paid"
    assert admin.send("post", f"{ORDERS}/{order['id']}:ship")["state"] == "shipped"
    site.deliver()
    shown = admin.send("get", f"{CUSTOMERS}/{customer}")
    assert shown["loyalty"] == {"points": 99}
    path = f"{ORDERS}?fields=customer.loyalty,lines.product.sku&expand=customer,lines.product"
    assert admin.send("get", path)["items"] == [
        {"customer": {"loyalty": {"points": 99}}, "lines": [{"product": {"sku": "L-1"}}]}
    ]
    site.app.get(f"{path}&count=exact", status=401)
    assert admin.send("get", f"{path}&count=exact")["count"] == 1


def test_filters_of_addons_own_stand_in_the_tree_of_a_search(site, stocked):
    stocked("L-1", "Desk lamp of brass", 4950, attributes={"material": "brass", "height": 30})
    stocked("L-2", "Lamp of steel", 2950, attributes={"material": "steel", "height": 50})
    stocked("C-1", "Coffee cup", 799)
    brass = {"field": "attributes.material", "value": "brass"}
    cheap = {"field": "price", "op": "lt", "value": "30.00 EUR"}
    tall = {"field": "attributes.height", "op": "gt", "value": 40}
    shelved = {"field": "categories", "op": "isnull", "value": False}
    for where, skus in (
        ({"or": [brass, cheap]}, ["C-1", "L-1", "L-2"]),
        ({"not": {"or": [brass, tall]}}, ["C-1"]),
        ({"and": [{"not": brass}, cheap, tall]}, ["L-2"]),
        ({"not": {"and": [{"not": tall}, {"not": shelved}]}}, ["L-2"]),
    ):
        for text, named in (({}, skus), ({"q": "lamp"}, [sku for sku in skus if sku != "C-1"])):
            body = {"where": where, "sort": "sku", "fields": "sku", **text}
            page = site.app.post_json(f"{PRODUCTS}:search", body).json
            assert [one["sku"] for one in page["items"]] == named, (where, text)


def test_a_raised_price_stops_the_checkout_until_the_buyer_agrees(admin, stocked):
    lamp = stocked("L-1", "Lamp", 1000)
    customer = admin.send("post", CUSTOMERS, {"name": "Ann"}, 201)["id"]
    seen = admin.send("get", f"{PRODUCTS}/{lamp}")["price"]
    raised = {"amount": "12.00", "currency": "EUR"}
    admin.send("patch", f"{PRODUCTS}/{lamp}", {"price": raised})
    body = {
        "customer_id": customer,
        "lines": [{"product_id": lamp, "quantity": 1, "expected_price": seen}],
    }
    refused = admin.send("post", f"{ORDERS}:checkout", body, 409)
    assert refused["code"] == "price_changed"
    assert [error["pointer"] for error in refused["errors"]] == ["/lines/0"]
    body["lines"][0]["expected_price"] = raised
    assert admin.send("post", f"{ORDERS}:checkout", body, 201)["total"] == raised


def test_a_cancelled_order_can_be_bought_by_the_next(admin, stocked):
    lamp = stocked("L-1", "Lamp", count=1)
    customer = admin.send("post", CUSTOMERS, {"name": "Ann"}, 201)["id"]
    body = {"customer_id": customer, "lines": [{"product_id": lamp, "quantity": 1}]}
    order = admin.send("post", f"{ORDERS}:checkout", body, 201)
    assert admin.send("post", f"{ORDERS}:checkout", body, 409)["code"] == "out_of_stock"
    admin.send("post", f"{ORDERS}/{order['id']}:cancel")
    admin.send("post", f"{ORDERS}:checkout", body, 201)


def test_the_checkout_takes_a_token_that_may(site, admin, stocked):
    lamp = stocked("L-1", "Lamp")
    customer = admin.send("post", CUSTOMERS, {"name": "Ann"}, 201)["id"]
    body = {"customer_id": customer, "lines": [{"product_id": lamp, "quantity": 1}]}
    refused = site.app.post_json(f"{ORDERS}:checkout", body, status=401)
    assert refused.content_type == "application/problem+json"
    assert "WWW-Authenticate" in refused.headers
    admin.send("get", f"{ORDERS}?limit=1")


def test_a_stale_etag_does_not_pay_an_order(site, admin, stocked):
    lamp = stocked("L-1", "Lamp")
    customer = admin.send("post", CUSTOMERS, {"name": "Ann"}, 201)["id"]
    body = {"customer_id": customer, "lines": [{"product_id": lamp, "quantity": 1}]}
    order = admin.send("post", f"{ORDERS}:checkout", body, 201)
    path = f"{ORDERS}/{order['id']}"
    headers = {"Authorization": f"Bearer {admin.token}"}
    tag = site.app.get(path, headers=headers).headers["ETag"]
    site.app.post(f"{path}:pay", headers={**headers, "If-Match": tag}, status=200)
    site.app.post(f"{path}:cancel", headers={**headers, "If-Match": tag}, status=412)


def test_orders_are_paged_without_gaps(admin, stocked):
    lamp = stocked("L-1", "Lamp", count=100)
    customer = admin.send("post", CUSTOMERS, {"name": "Ann"}, 201)["id"]
    body = {"customer_id": customer, "lines": [{"product_id": lamp, "quantity": 1}]}
    placed = {admin.send("post", f"{ORDERS}:checkout", body, 201)["id"] for _ in range(7)}
    seen, path = [], f"{ORDERS}?limit=3&sort=-created_at"
    while path:
        page = admin.send("get", path)
        seen += [order["id"] for order in page["items"]]
        path = page["next"]
    assert (len(seen), set(seen)) == (7, placed)
