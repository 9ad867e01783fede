"""`q=` through REST, and the index that follows the products."""

import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from talatat.db import new_id
from talatat_catalog import Product
from talatat_catalog.search.index import rebuild
from talatat_catalog.search.ranking import RANKING, inverse_frequency
from talatat_catalog.search.tables import document, posting


def snapshot(session):
    """All that the index holds, by product, whichever the database."""
    if session.connection().dialect.name == "postgresql":
        rows = session.execute(select(posting.c.product_id, posting.c.term, posting.c.impact))
        return sorted((row.product_id, row.term, row.impact) for row in rows)
    # FTS5 compares its inverted lists with the documents that they were made of.
    session.execute(
        text("INSERT INTO catalog_search (catalog_search, rank) VALUES ('integrity-check', 1)")
    )
    columns = [column for column in document.c if column.name != "id"]
    return sorted(tuple(row) for row in session.execute(select(*columns)))


def assert_index_is_as_rebuilt(catalog):
    with catalog.test.session() as session:
        kept = snapshot(session)
        count = rebuild(session.connection())
        assert snapshot(session) == kept
        assert count == len(session.scalars(select(Product.id)).all())


@pytest.fixture(scope="module")
def lamp(shared):
    shared.product("lamp", title="Lamp")
    return shared


def test_more_telling_words_and_better_fields_come_first(catalog):
    catalog.product("accessory", title="Bag", description="For a laptop, a tablet or a camera")
    catalog.product("laptop", title="Laptop 15 inch")
    catalog.product("bag", title="Laptop bag")
    catalog.product("other", title="Desk lamp")
    assert catalog.skus(q="laptop bag")[0] == "bag"
    assert set(catalog.skus(q="laptop bag")) == {"bag", "laptop", "accessory"}
    assert catalog.skus(q="laptops")[0] in {"laptop", "bag"}
    assert catalog.skus(q="laptops")[-1] == "accessory"


def test_products_are_found_by_everything_that_is_said_of_them(catalog):
    catalog.product(
        "DV7-1211EA",
        title="Notebook",
        supplier="Lumen",
        source_id="4711",
        ean=["0884420588030"],
        description="with a webcam",
        attributes={"colour": "Silver", "touch_screen": True, "bluetooth": False, "size": 17},
    )
    for query in (
        "dv71211ea", "dv7 1211ea", "lumen", "4711", "0884420588030", "webcams", "silver",
        "touch screen",
    ):  # fmt: skip
        assert catalog.skus(q=query) == ["DV7-1211EA"], query
    for query in ("bluetooth", "absent"):
        assert catalog.skus(q=query) == [], query


@pytest.mark.parametrize(
    "query",
    [
        '"lamp', "lamp*", "lamp AND desk", "NOT lamp", "(lamp", "title:lamp", "lamp^2", "-lamp",
        "NEAR(lamp desk, 2)", "lamp' OR '1'='1", "%lamp%", "lamp;--", "l\u00e0mp", "😀 lamp",
        "\\lamp", "{lamp}", ":lamp", "lamp\u0301", "LAMP", "a lamp " * 60,
    ],
)  # fmt: skip
def test_nothing_that_is_typed_is_syntax(lamp, query):
    assert lamp.skus(q=query) == ["lamp"]


@pytest.mark.parametrize("query", ["😀", '"', "the", "*", "%", "\u200b", "日本語", "()"])
def test_what_holds_no_known_word_finds_nothing(lamp, query):
    assert lamp.get(q=query) == {"items": [], "next": None, "prev": None}


def test_pages_of_a_ranking_give_each_product_once(catalog):
    for number in range(25):
        catalog.product(f"p{number:02}", title="lamp " * (1 + number % 3) + "and more " * number)
    seen, page = [], catalog.get(q="lamp", limit=4)
    while True:
        seen += [item["sku"] for item in page["items"]]
        if page["next"] is None:
            break
        page = catalog.get(page["next"])
    assert len(seen) == 25
    assert seen == catalog.skus(q="lamp", limit=100)


def test_the_index_follows_each_change(catalog):
    product = catalog.product("p", title="red lamp")
    path = f"/api/catalog/v1/products/{product}"
    catalog.send("patch", path, {"title": "green lamp"}, 200)
    assert catalog.skus(q="red") == []
    assert catalog.skus(q="green") == ["p"]
    assert_index_is_as_rebuilt(catalog)
    catalog.send("delete", path, status=204)
    with catalog.test.session() as session:
        assert snapshot(session) == []


def test_a_row_deleted_past_the_orm_takes_its_part_of_the_index_along(catalog):
    catalog.product("a", title="lamp")
    catalog.product("b", title="lamp")
    with catalog.test.session() as session:
        session.execute(text("DELETE FROM catalog_product WHERE sku = 'a'"))
    assert catalog.skus(q="lamp") == ["b"]
    assert_index_is_as_rebuilt(catalog)


def test_a_change_that_is_rolled_back_leaves_the_index(catalog):
    catalog.product("a", title="red lamp")
    with catalog.test.session() as session, session.begin_nested() as savepoint:
        session.scalars(select(Product)).one().title = "green lamp"
        session.flush()
        savepoint.rollback()
    assert catalog.skus(q="red") == ["a"]
    assert_index_is_as_rebuilt(catalog)


def test_a_sale_writes_nothing_to_the_index(catalog, request):
    product = catalog.product("a", title="red lamp")
    with catalog.test.session() as session:
        before = snapshot(session)
        # Were the document written, its terms would be there again.
        index = document if "sqlite" in request.node.name else posting
        session.execute(index.delete())
        session.get_one(Product, product).stock -= 1
        session.flush()
        assert snapshot(session) == []
        assert before


def test_writers_at_the_same_time_leave_an_index_as_rebuilt(catalog):
    ids = [catalog.product(f"p{number}", title=f"start {number}") for number in range(4)]

    def write(number):
        for step in range(6):
            path = f"/api/catalog/v1/products/{ids[(number + step) % 4]}"
            catalog.send("patch", path, {"title": f"writer {number} step {step}"})

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert catalog.skus(q="start") == []
    assert_index_is_as_rebuilt(catalog)


WORDS = st.lists(st.sampled_from("lamp desk red wi-fi 17 1 tb käse 😀".split()), max_size=5)
TEXTS = WORDS.map(" ".join)
EDITS = st.lists(
    st.tuples(
        st.sampled_from(["add", "change", "delete", "sell"]),
        st.integers(0, 5),
        TEXTS,
        st.dictionaries(st.sampled_from(["a", "b_c"]), TEXTS | st.booleans() | st.integers(0, 9)),
    ),
    max_size=12,
)


@settings(
    max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(edits=EDITS)
def test_after_any_edits_the_index_is_as_rebuilt(catalog, edits):
    with catalog.test.session() as session:
        session.execute(text("DELETE FROM catalog_product"))
        ids = []
        for what, number, words, attributes in edits:
            if what == "add":
                product = Product(
                    id=new_id(), sku=f"s{number}", title=words, description=words[::-1],
                    price_minor=1, currency="EUR", stock=9, attributes=attributes,
                )  # fmt: skip
                session.add(product)
                ids.append(product.id)
            elif ids:
                product = session.get_one(Product, ids[number % len(ids)])
                if what == "delete":
                    session.delete(product)
                    ids.remove(product.id)
                elif what == "change":
                    product.title, product.attributes = words, attributes
                else:
                    product.stock -= 1 if product.stock else 0
            session.flush()
    assert_index_is_as_rebuilt(catalog)


@given(st.lists(st.integers(1, 1000), min_size=2, max_size=2, unique=True).map(sorted))
def test_a_rarer_term_tells_more(counts):
    rare, common = counts
    assert inverse_frequency(1000, rare) > inverse_frequency(1000, common) > 0


@given(st.integers(1, 50), st.integers(1, 500))
def test_an_impact_grows_with_occurrences_shrinks_with_length_and_stays_under_one(count, length):
    def impact(occurrences, words):
        lengths = dict.fromkeys(RANKING.fields, words)
        terms = {name: [] for name in RANKING.fields} | {"description": ["lamp"] * occurrences}
        return RANKING.impacts(terms, lengths)["lamp"]

    assert 0 < impact(count, length) < impact(count + 1, length) < 1
    assert impact(count, length + 1) < impact(count, length)
