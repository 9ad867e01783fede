"""`MoneyOf`: two columns as one property."""

from types import SimpleNamespace

import pytest

from talatat.db import Money, MoneyOf


class Ticket:
    price = MoneyOf("price_minor", "currency", "What it costs.")
    fee = MoneyOf("fee_minor", "order.currency")

    def __init__(self, minor=None, currency=None):
        self.price_minor, self.currency = minor, currency
        self.fee_minor, self.order = 50, SimpleNamespace(currency="JPY")


def test_it_is_read_and_set_as_money():
    ticket = Ticket(1250, "EUR")
    assert ticket.price == Money.from_minor(1250, "EUR")
    ticket.price = Money.written("3.5", "USD")
    assert (ticket.price_minor, ticket.currency) == (350, "USD")


def test_without_an_amount_there_is_no_money():
    assert Ticket().price is None


def test_a_currency_of_somebody_else_is_read_and_not_set():
    ticket = Ticket()
    assert ticket.fee == Money.from_minor(50, "JPY")
    with pytest.raises(AttributeError):
        ticket.fee = Money.from_minor(1, "JPY")


def test_it_tells_what_it_is():
    assert Ticket.price.__doc__ == "What it costs."
    assert Ticket.price.columns == ("price_minor", "currency")
