"""From a source's record to a product's columns."""

import pytest

from talatat_catalog.reading import RecordError, read_product

ICECAT = {
    "id": "3920564",
    "name": "006R90321",
    "title": " Xerox toner ",
    "ean": ["0095205603217"],
    "img_high": "http://images.example/1.jpg",
    "date_released": "2009-12-10T00:00:00Z",
    "supplier": "Xerox",
    "price": 4995,
    "attr_t_type": "Original",
    "attr_n_quantity_per_pack": 6.0,
    "attr_b_recycled": False,
}


def test_a_record_of_icecat_is_read_as_it_is():
    assert read_product(ICECAT, "EUR") == {
        "source_id": "3920564",
        "sku": "006R90321",
        "title": "Xerox toner",
        "description": "",
        "supplier": "Xerox",
        "ean": ["0095205603217"],
        "attributes": {"type": "Original", "quantity_per_pack": 6.0, "recycled": False},
        "price_minor": 4995,
        "currency": "EUR",
    }


def test_a_row_of_csv_gives_the_same_from_texts():
    row = {
        "source_id": "1", "sku": "A", "title": "T", "ean": "123|456", "price": "4995",
        "currency": "USD", "stock": "7", "categories": "Home / Kitchen; Home",
        "attr_n_width": "1.5", "attr_b_dim": "yes", "attr_t_colour": "red", "attr_n_depth": "",
    }  # fmt: skip
    read = read_product(row, "EUR")
    assert read["ean"] == ["123", "456"]
    assert (read["price_minor"], read["currency"], read["stock"]) == (4995, "USD", 7)
    assert read["categories"] == ["Home / Kitchen", "Home"]
    assert read["attributes"] == {"width": 1.5, "dim": True, "colour": "red"}


def test_the_shape_of_the_api_is_read_too():
    shown = {
        "source_id": "1", "sku": "A", "title": "T", "description": "D", "stock": 0,
        "price": {"amount": "12.50", "currency": "JPY"}, "attributes": {"a": 1},
    }  # fmt: skip
    with pytest.raises(RecordError, match="more than 0 decimals of JPY"):
        read_product(shown, "EUR")
    read = read_product(shown | {"price": {"amount": "12.50", "currency": "USD"}}, "EUR")
    assert (read["price_minor"], read["currency"], read["stock"]) == (1250, "USD", 0)
    assert read["attributes"] == {"a": 1}


def test_a_name_in_two_types_loses_neither_value():
    record = ICECAT | {"attr_b_height": True, "attr_n_height": 110.0, "attr_t_height": "tall"}
    attributes = read_product(record, "EUR")["attributes"]
    assert attributes["height"] == 110.0
    assert attributes["height_flag"] is True
    assert attributes["height_text"] == "tall"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"id": None}, "missing_field"),
        ({"title": "  "}, "missing_field"),
        ({"title": "x" * 501}, "too_long"),
        ({"title": "a\x00b"}, "nul_character"),
        ({"title": ["x"]}, "wrong_type"),
        ({"price": None}, "missing_field"),
        ({"price": -1}, "wrong_price"),
        ({"price": 49.95}, "wrong_price"),
        ({"price": "49.95"}, "wrong_price"),
        ({"price": True}, "wrong_price"),
        ({"price": 2**63}, "wrong_price"),
        ({"price": {"amount": 1}}, "wrong_price"),
        ({"price": {"amount": "-1.00", "currency": "EUR"}}, "wrong_price"),
        ({"currency": "eur"}, "wrong_price"),
        ({"stock": -1}, "wrong_stock"),
        ({"stock": "many"}, "wrong_stock"),
        ({"ean": {"a": 1}}, "wrong_type"),
        ({"ean": ["\x00"]}, "wrong_value"),
        ({"attributes": "{"}, "wrong_attributes"),
        ({"attributes": [1]}, "wrong_attributes"),
        ({"attributes": {"a": {}}}, "wrong_attributes"),
        ({"attr_n_width": "wide"}, "wrong_attributes"),
        ({"attr_n_width": "NaN"}, "wrong_attributes"),
        ({"attr_b_dim": "perhaps"}, "wrong_attributes"),
    ],
)
def test_what_cannot_be_a_product_is_rejected_with_a_code(change, code):
    with pytest.raises(RecordError) as rejected:
        read_product(ICECAT | change, "EUR")
    assert rejected.value.code == code
    assert str(rejected.value)
