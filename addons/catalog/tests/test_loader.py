"""`talatat load INI catalog.products`: what a batch makes of what is there."""

import json

import pytest
from sqlalchemy import select

from talatat_catalog import Category, Product
from talatat_catalog.search.index import rebuild


def record(number, **fields):
    given = {"id": f"s{number}", "name": f"N{number}", "title": f"Lamp {number}", "price": 100}
    return given | fields


@pytest.fixture
def load(catalog, tmp_path):
    def run(*records, **options):
        path = tmp_path / "products.jsonl"
        path.write_text("".join(json.dumps(one) + "\n" for one in records))
        counts = catalog.load(path, **options)
        return counts.loaded, counts.merged, counts.rejected

    return run


def rows(catalog, *columns):
    with catalog.test.session(reading=True) as session:
        return [tuple(row) for row in session.execute(select(*columns).order_by(Product.source_id))]


def test_a_second_load_merges_and_changes_nothing(catalog, load):
    records = [record(number, attr_n_watts=number * 1.5) for number in range(5)]
    assert load(*records, batch=2) == (5, 0, 0)
    before = rows(catalog, *Product.__table__.c)
    assert load(*records, batch=2) == (0, 5, 0)
    assert rows(catalog, *Product.__table__.c) == before


def test_a_merge_writes_what_the_record_says_and_leaves_stock_and_categories(catalog, load):
    load(record(1, stock=5, categories=["Home"]))
    with catalog.test.session() as session:
        session.scalars(select(Product)).one().stock = 2
    assert load(record(1, title="Desk", price=250)) == (0, 1, 0)
    (shown,) = catalog.get()["items"]
    assert (shown["title"], shown["stock"], shown["categories"]) == ("Desk", 2, ["home"])
    assert shown["price"] == {"amount": "2.50", "currency": "EUR"}
    assert rows(catalog, Product.version) == [(3,)]
    assert catalog.skus(q="desk") == ["N1"]
    assert catalog.skus(q="lamp") == []
    assert load(record(1, stock=9)) == (0, 1, 0)
    assert rows(catalog, Product.stock) == [(9,)]


def test_a_record_twice_in_one_batch_is_one_product(catalog, load):
    assert load(record(1), record(2), record(1, title="Desk")) == (2, 1, 0)
    assert rows(catalog, Product.title) == [("Desk",), ("Lamp 2",)]
    assert catalog.skus(q="desk") == ["N1"]


def test_a_new_product_has_the_default_stock_unless_the_record_says(catalog, load):
    load(record(1), record(2, stock=0))
    assert rows(catalog, Product.stock) == [(100,), (0,)]


def test_bad_records_are_rejected_with_their_line_and_the_rest_is_loaded(catalog, load, tmp_path):
    report = tmp_path / "report"
    bad = record(2, price="dear")
    assert load(record(1), bad, record(3), report=str(report)) == (2, 0, 1)
    lines = [json.loads(line) for line in report.read_text().splitlines()]
    assert lines[1] == {
        "line": 2,
        "action": "rejected",
        "code": "wrong_price",
        "detail": "price 'dear' is not a whole number of the currency's minor unit (cents)",
    }


def test_a_csv_with_a_bad_row_in_the_middle(catalog, tmp_path):
    path = tmp_path / "products.csv"
    rows_ = [
        "id,name,title,price,attr_n_watts",
        "1,A,Lamp,100,5",
        '2,B,"Desk,200',
        "3,C",
        "4,D,Bed,x,1",
    ]
    path.write_text("\n".join([*rows_, "5,E,Stühle,300,2.5"]) + "\n", encoding="latin-1")
    counts = catalog.load(path)
    assert (counts.loaded, counts.rejected) == (2, 3)
    assert catalog.skus(**{"attributes.watts[gt]": "2", "sort": "sku"}) == ["A", "E"]
    assert catalog.skus(q="stühle") == ["E"]


def test_categories_are_made_from_paths_and_replaced_by_the_next_record(catalog, load):
    load(
        record(1, categories=["Home / Kitchen", "Sale"]),
        record(2, categories=["Home / Kitchen"]),
        record(3, categories=[" / "]),
    )
    with catalog.test.session(reading=True) as session:
        found = {one.slug: one for one in session.scalars(select(Category))}
        assert set(found) == {"home", "home-kitchen", "sale"}
        assert found["home-kitchen"].title == "Kitchen"
        assert found["home-kitchen"].parent_id == found["home"].id
    assert catalog.skus(categories="home-kitchen", sort="sku") == ["N1", "N2"]
    load(record(1, categories=["Sale"]), record(2, categories=[]))
    assert catalog.skus(categories="home-kitchen") == []
    assert catalog.skus(categories="sale") == ["N1"]


def test_the_index_of_loaded_products_is_as_rebuilt(catalog, load):
    load(*(record(number, title=f"Lamp {number} of wi-fi, 1 TB") for number in range(30)), batch=7)
    load(record(3, title="Desk"), record(4, short_description="new"))
    before = [catalog.skus(q=query, limit=100) for query in ("lamp", "desk", "wifi 1tb new")]
    with catalog.test.session() as session:
        assert rebuild(session.connection()) == 30
    assert [
        catalog.skus(q=query, limit=100) for query in ("lamp", "desk", "wifi 1tb new")
    ] == before
    assert before[1] == ["N3"]


def test_the_currency_is_the_settings(database_url, tmp_path):
    from talatat.loading.batches import Load
    from talatat.loading.source import Source
    from talatat.testing import composed

    path = tmp_path / "products.jsonl"
    path.write_text(json.dumps(record(1)) + "\n")
    settings = {"catalog.currency": "SEK", "catalog.default_stock": "0"}
    with composed(["catalog"], settings, database_url) as test:
        Load(test.system, "catalog.products", Source(path)).run()
        (shown,) = test.app.get("/api/catalog/v1/products").json["items"]
    assert shown["price"] == {"amount": "1.00", "currency": "SEK"}
    assert shown["stock"] == 0
