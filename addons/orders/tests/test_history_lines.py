"""Reading one exported invoice line: what real exports hold is kept, what cannot be read has a code."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talatat_orders.history.lines import COLUMNS, LARGEST, LineError, read_line

GOOD = dict(
    zip(
        COLUMNS,
        (
            "536365",
            "85123A",
            " WHITE HEART ",
            "6",
            "2010-12-01 08:26:00",
            "2.55",
            "17850.0",
            "Eire",
        ),
        strict=True,
    )
)


def with_fields(**changes: str) -> dict[str, str]:
    return {**GOOD, **changes}


def test_a_line_is_read_to_types():
    line = read_line(GOOD)
    assert (line.invoice_no, line.stock_code, line.description) == (
        "536365",
        "85123A",
        "WHITE HEART",
    )
    assert (line.quantity, line.unit_price, line.amount) == (6, Decimal("2.55"), Decimal("15.30"))
    assert line.invoiced_at == datetime(2010, 12, 1, 8, 26, tzinfo=UTC)
    assert (line.customer_no, line.country, line.kind, line.goods) == (
        "17850",
        "Eire",
        "sale",
        True,
    )


@pytest.mark.parametrize(
    ("changes", "name", "value"),
    [
        ({"InvoiceNo": "C536379", "Quantity": "-1"}, "kind", "cancellation"),
        ({"InvoiceNo": "A563186", "UnitPrice": "-11062.06"}, "amount", Decimal("-66372.36")),
        ({"InvoiceNo": "A563186"}, "kind", "adjustment"),
        ({"Quantity": "-80995", "UnitPrice": "2.08"}, "amount", Decimal("-168469.60")),
        ({"UnitPrice": "0.0"}, "amount", Decimal(0)),
        ({"UnitPrice": "0.001"}, "amount", Decimal("0.006")),
        ({"Description": ""}, "description", None),
        ({"CustomerID": ""}, "customer_no", None),
        ({"StockCode": "BANK CHARGES"}, "goods", False),
        ({"StockCode": "gift_0001_20"}, "goods", False),
        ({"StockCode": "POST"}, "goods", False),
        ({"StockCode": "15056BL"}, "goods", True),
        ({"StockCode": "DCGS0076"}, "goods", True),
    ],
)
def test_what_real_exports_hold_is_kept(changes, name, value):
    assert getattr(read_line(with_fields(**changes)), name) == value


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"InvoiceNo": ""}, "bad_invoice"),
        ({"InvoiceNo": "53 65"}, "bad_invoice"),
        ({"StockCode": " "}, "missing_value"),
        ({"StockCode": "9" * 41}, "too_long"),
        ({"Description": "a\x00b"}, "bad_text"),
        ({"InvoiceDate": "yesterday"}, "bad_date"),
        ({"CustomerID": "17850.5"}, "bad_customer"),
        ({"CustomerID": "Smith"}, "bad_customer"),
    ],
)
def test_an_unreadable_field_has_a_code_and_the_lines_amount(changes, code):
    with pytest.raises(LineError) as caught:
        read_line(with_fields(**changes))
    assert (caught.value.code, caught.value.amount) == (code, Decimal("15.30"))


@pytest.mark.parametrize(
    ("changes", "code", "amount"),
    [
        ({"Quantity": "six"}, "bad_quantity", 0),
        ({"Quantity": "1.5"}, "bad_quantity", 0),
        ({"Quantity": "3000000000", "UnitPrice": "0.01"}, "bad_quantity", 30000000),
        ({"UnitPrice": "NaN"}, "bad_price", 0),
        ({"UnitPrice": "1e3"}, "bad_price", 0),
        ({"UnitPrice": "0.00001"}, "price_precision", Decimal("0.00006")),
        ({"UnitPrice": "100000000000000000"}, "amount_too_large", 6 * 10**17),
        ({"UnitPrice": "100000000000000000", "Quantity": "0"}, "amount_too_large", 0),
    ],
)
def test_an_unreadable_number_has_a_code(changes, code, amount):
    with pytest.raises(LineError) as caught:
        read_line(with_fields(**changes))
    assert (caught.value.code, caught.value.amount) == (code, amount)


def test_a_missing_column_and_a_ragged_row_are_named():
    with pytest.raises(LineError, match="Country") as caught:
        read_line({name: value for name, value in GOOD.items() if name != "Country"})
    assert caught.value.code == "missing_column"
    with pytest.raises(LineError, match="9 columns") as caught:
        read_line({**GOOD, "Extra": "x"})
    assert caught.value.code == "column_count"


def test_only_exact_duplicates_share_a_fingerprint():
    assert read_line(GOOD).fingerprint == read_line(dict(GOOD)).fingerprint
    others = {
        read_line(with_fields(**{name: GOOD[name] + " "})).fingerprint for name in COLUMNS
    } | {read_line(GOOD).fingerprint}
    assert len(others) == 9


prices = st.decimals(-(10**6), 10**6, places=4).map(str)
quantities = st.integers(-(2**31) + 1, 2**31 - 1).map(str)
anything = st.text(max_size=30) | st.none() | prices | quantities


@given(quantities, prices)
def test_amounts_are_exact_whatever_the_numbers(quantity, price):
    exact = int(quantity) * Decimal(price)
    try:
        assert read_line(with_fields(Quantity=quantity, UnitPrice=price)).amount == exact
    except LineError as error:
        assert abs(exact) > LARGEST
        assert error.amount == exact


@given(st.fixed_dictionaries(dict.fromkeys(COLUMNS, anything)))
def test_any_text_is_read_or_refused_with_a_code(data):
    try:
        line = read_line(data)
    except LineError as error:
        assert error.code.replace("_", "").isalpha()
    else:
        assert abs(line.amount) <= LARGEST
        assert line.unit_price == round(line.unit_price, 4)


@given(quantities, prices, st.text(max_size=12))
def test_a_refused_line_reports_the_amount_it_would_have_had(quantity, price, customer):
    data = with_fields(Quantity=quantity, UnitPrice=price, CustomerID=customer)
    try:
        amount = read_line(data).amount
    except LineError as error:
        amount = error.amount
    assert amount == int(quantity) * Decimal(price)
