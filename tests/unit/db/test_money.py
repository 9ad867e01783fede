"""Money: exact, of one currency, never rounded unasked."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talatat.db.money import Money, decimals_of

CURRENCIES = st.sampled_from(["EUR", "GBP", "JPY", "KWD", "CLF"])
UNITS = st.integers(-(10**15), 10**15)


@given(UNITS, CURRENCIES)
def test_minor_units_and_json_come_back_as_they_went(units, currency):
    money = Money.from_minor(units, currency)
    assert money.minor == units
    assert Money.from_json(money.to_json()) == money


@given(UNITS, UNITS, CURRENCIES)
def test_sums_of_money_are_sums_of_minor_units(one, other, currency):
    a, b = Money.from_minor(one, currency), Money.from_minor(other, currency)
    assert (a + b).minor == one + other
    assert (a - b).minor == one - other
    assert (-a).minor == -one
    assert (a * 3).minor == 3 * one
    assert (a < b) is (one < other)
    assert (a <= b) is (one <= other)


@given(st.decimals(-(10**9), 10**9, places=6), CURRENCIES)
def test_rounding_is_to_the_nearest_minor_unit(amount, currency):
    rounded = Money(amount, currency).rounded()
    assert abs(rounded.amount - amount) <= Decimal(1).scaleb(-decimals_of(currency)) / 2
    assert rounded.minor is not None


def test_json_writes_out_the_decimals_of_the_currency():
    assert Money(Decimal("12.5"), "EUR").to_json() == {"amount": "12.50", "currency": "EUR"}
    assert Money(Decimal(12), "JPY").to_json() == {"amount": "12", "currency": "JPY"}
    assert Money(Decimal("1E+3"), "EUR").to_json() == {"amount": "1000.00", "currency": "EUR"}
    assert Money(Decimal("0.0425"), "GBP").to_json() == {"amount": "0.0425", "currency": "GBP"}
    assert str(Money(Decimal(7), "EUR")) == "7.00 EUR"


def test_more_decimals_than_the_currency_has_are_not_rounded_away():
    with pytest.raises(ValueError, match="more than 2 decimals"):
        Money(Decimal("1.005"), "EUR").minor  # noqa: B018


@pytest.mark.parametrize("amount", ["1e60", "-1e99999", "1e499999", "1e999999"])
def test_of_an_amount_that_nothing_holds_no_integer_is_made(amount):
    """It would have as many digits as the exponent says, and take seconds or minutes to make."""
    with pytest.raises(ValueError, match="more than 60 digits"):
        Money(Decimal(amount), "EUR").minor  # noqa: B018


@pytest.mark.parametrize("amount", [Decimal("NaN"), Decimal("Infinity"), 1.5, "1", None])
def test_an_amount_is_a_finite_decimal(amount):
    with pytest.raises(ValueError, match="is not an amount"):
        Money(amount, "EUR")


@pytest.mark.parametrize("currency", ["", "eur", "EURO", None, 978])
def test_a_currency_is_three_capital_letters(currency):
    with pytest.raises(ValueError, match="is not a currency"):
        Money(Decimal(1), currency)


def test_money_of_two_currencies_does_not_add_up():
    with pytest.raises(ValueError, match="not of one currency"):
        Money(Decimal(1), "EUR") + Money(Decimal(1), "USD")
    with pytest.raises(ValueError, match="not of one currency"):
        Money(Decimal(1), "EUR") < 2  # noqa: B015


@pytest.mark.parametrize(
    "value", [None, 12, {}, {"amount": "1"}, {"amount": 1, "currency": "EUR"},
              {"amount": "x", "currency": "EUR"}, {"amount": "1", "currency": "EUR", "more": 1}],
)  # fmt: skip
def test_other_shapes_of_json_are_refused(value):
    with pytest.raises(ValueError, match="money"):
        Money.from_json(value)


@given(UNITS, CURRENCIES)
def test_minor_units_are_shown_as_their_money_is(units, currency):
    assert Money.shown(units, currency) == Money.from_minor(units, currency).to_json()
    plain = Money(Money.from_minor(units, currency).amount, currency)
    assert Money.shown(units, currency) == plain.to_json()


@given(st.from_regex(r"-?[0-9]{1,15}(\.[0-9]{1,4})?", fullmatch=True), CURRENCIES)
def test_a_written_amount_is_its_decimal(amount, currency):
    written, plain = Money.written(amount, currency), Money(Decimal(amount), currency)
    assert written == plain
    assert plain == written
    assert hash(written) == hash(plain)
    if amount.strip("-0."):  # a zero has no sign where it is one of cents
        assert written.to_json() == plain.to_json()


@given(UNITS, UNITS, CURRENCIES, CURRENCIES)
def test_money_is_equal_whichever_way_it_was_made(one, other, mine, theirs):
    a, b = Money.from_minor(one, mine), Money.from_minor(other, theirs)
    assert (a == b) is (one == other and mine == theirs)
    assert (a == Money(b.amount, theirs)) is (a == b)


def test_amounts_of_many_rows_are_shown_as_each_alone():
    amounts = [
        (5, "EUR"),
        (None, "EUR"),
        (1999, "EUR"),
        (-1, "EUR"),
        (1999, "JPY"),
        (123456, "TND"),
    ]
    alone = [
        None if units is None else Money.from_minor(units, code).to_json()
        for units, code in amounts
    ]
    for _ in range(2):  # the second time all currencies are known
        assert Money.all_shown(amounts) == alone
