"""Products and categories through REST."""

import pytest

from talatat_catalog import Product

PRODUCTS = "/api/catalog/v1/products"
CATEGORIES = "/api/catalog/v1/categories"
LAMP = {
    "source_id": "s1",
    "sku": "L-1",
    "title": "Desk lamp",
    "description": "Bright",
    "ean": ["4006381333931"],
    "supplier": "Lumen",
    "price": {"amount": "12.50", "currency": "EUR"},
    "stock": 3,
    "categories": ["lamps"],
    "attributes": {"colour": "red", "watts": 7.5, "dimmable": True},
}


@pytest.fixture
def lamp(catalog):
    catalog.send("post", CATEGORIES, {"slug": "lamps", "title": "Lamps"}, 201)
    return catalog.send("post", PRODUCTS, LAMP, 201).json


@pytest.fixture(scope="module")
def desk(shared):
    return shared.product("desk")


def test_a_product_has_the_shape_that_clients_rely_on(catalog, lamp):
    shown = catalog.get(f"{PRODUCTS}/{lamp['id']}")
    assert shown == lamp
    assert list(shown)[:11] == [
        "id", "source_id", "sku", "title", "description", "ean", "supplier", "price", "stock",
        "categories", "attributes",
    ]  # fmt: skip
    assert {name: shown[name] for name in LAMP} == LAMP


def test_everybody_may_look_and_only_those_with_the_permission_write(catalog, lamp):
    app = catalog.test.app
    app.get(PRODUCTS, status=200)
    app.get(CATEGORIES, status=200)
    assert app.post_json(PRODUCTS, LAMP, status=401).json["code"] == "unauthorized"
    app.post_json(PRODUCTS, LAMP, headers={"X-Test-Identity": "bob"}, status=403)
    app.delete(f"{PRODUCTS}/{lamp['id']}", headers={"X-Test-Identity": "bob"}, status=403)


def test_a_product_is_changed_and_deleted(catalog, lamp):
    path = f"{PRODUCTS}/{lamp['id']}"
    change = {"price": {"amount": "9.99", "currency": "EUR"}, "categories": [], "stock": None}
    changed = catalog.send("patch", path, change, 200).json
    assert changed | {"updated_at": None} == lamp | change | {"updated_at": None}
    catalog.send("delete", path, status=204)
    catalog.get(path, status=404)


def test_a_source_id_is_unique(catalog, lamp):
    catalog.send("post", PRODUCTS, LAMP | {"categories": []}, 409)


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"price": {"amount": "1.234", "currency": "EUR"}}, "/price"),
        ({"price": {"amount": "-1.00", "currency": "EUR"}}, "/price"),
        ({"stock": -1}, "/stock"),
        ({"ean": ["abc"]}, "/ean/0"),
        ({"sku": ""}, "/sku"),
        ({"attributes": {"a": [1]}}, "/attributes"),
        ({"attributes": {'a"b': 1}}, "/attributes"),
        ({"attributes": {"a": 10**30}}, "/attributes"),
        ({"categories": ["absent"]}, "/categories/0"),
        ({"colour": "red"}, "/colour"),
        ({"created_at": "2026-01-01T00:00:00Z"}, "/created_at"),
    ],
)
def test_what_a_product_cannot_be_is_refused_with_a_pointer(shared, desk, change, pointer):
    problem = shared.send("patch", f"{PRODUCTS}/{desk}", change, 422).json
    assert problem["errors"][0]["pointer"] == pointer


def test_products_are_filtered_and_sorted(catalog):
    for sku, price, stock, supplier in [
        ("A", 500, 1, "X"),
        ("B", 1500, 0, "Y"),
        ("C", 900, 5, "X"),
    ]:
        catalog.product(sku, price_minor=price, stock=stock, supplier=supplier, source_id=f"s{sku}")
    catalog.product("D", price_minor=700, currency="USD")
    assert catalog.skus(sku="A") == ["A"]
    assert catalog.skus(source_id="sB") == ["B"]
    assert catalog.skus(supplier="X", sort="-sku") == ["C", "A"]
    assert catalog.skus(**{"stock[gte]": 1, "supplier[in]": "X,Y", "sort": "stock"}) == ["A", "C"]
    assert catalog.skus(**{"price[lte]": "9.00 EUR", "sort": "price"}) == ["A", "C"]
    assert catalog.skus(sort="-price") == ["B", "C", "D", "A"]


@pytest.mark.parametrize(
    "parameters",
    [
        {"price": "cheap"},
        {"price[lte]": "10"},
        {"price[lte]": "1.999 EUR"},
        {"price[lte]": f"{10**20} EUR"},
        {"price[lte]": "NaN EUR"},
        {"price[lte]": "1e999999999 EUR"},
        {"price[lte]": "1e3 EUR"},
        {"price[lte]": "\u0663 EUR"},
        {"price[lte]": f"{10**15 - 1} CLF"},
        {"stock[gt]": f"{2**31}"},
        {"price[in]": "1 EUR"},
        {"categories[gt]": "a"},
        {"q": " "},
        {"q": "x" * 501},
        {'attributes.a"b': "1"},
        {"colour": "red"},
    ],
)
def test_what_cannot_be_asked_is_a_400(shared, parameters):
    problem = shared.get(status=400, **parameters)
    assert problem["errors"][0]["parameter"]


def test_products_are_found_by_their_categories(catalog):
    for slug in ("lamps", "desks"):
        catalog.send("post", CATEGORIES, {"slug": slug, "title": slug}, 201)
    for sku, slugs in [("A", ["lamps"]), ("B", ["lamps", "desks"]), ("C", [])]:
        catalog.send("post", PRODUCTS, LAMP | {"sku": sku, "source_id": sku, "categories": slugs})
    ordered = {"sort": "sku"}
    assert catalog.skus(categories="lamps", **ordered) == ["A", "B"]
    assert catalog.skus(**{"categories[ne]": "desks"}, **ordered) == ["A", "C"]
    assert catalog.skus(**{"categories[in]": "desks,absent"}, **ordered) == ["B"]
    assert catalog.skus(**{"categories[nin]": "desks,lamps"}, **ordered) == ["C"]
    assert catalog.skus(**{"categories[isnull]": "true"}, **ordered) == ["C"]


def test_a_category_that_goes_leaves_its_products(catalog, lamp):
    (category,) = catalog.get(CATEGORIES)["items"]
    catalog.send("delete", f"{CATEGORIES}/{category['id']}", status=204)
    assert catalog.get(f"{PRODUCTS}/{lamp['id']}")["categories"] == []


@pytest.mark.parametrize("slug", ["Lamps", "a--b", "-a", "a b", "", "ä"])
def test_a_slug_is_small_letters_digits_and_single_hyphens(shared, slug):
    shared.send("post", CATEGORIES, {"slug": slug, "title": "x"}, 422)


def test_stock_is_never_negative_whoever_writes_it(catalog):
    product = catalog.product(stock=1)
    with pytest.raises(Exception, match="stock_not_negative"), catalog.test.session() as session:
        session.get_one(Product, product).stock = -1
