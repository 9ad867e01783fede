"""The shapes of the API: what customers, orders and invoices look like, and what a checkout sends."""

import colander

from talatat.schema import types as t
from talatat_orders.states import STATES


class Identified(colander.MappingSchema):
    id = colander.SchemaNode(t.UUID(), read_only=True)


class CustomerSchema(Identified):
    name = colander.SchemaNode(colander.String(), validator=colander.Length(1, 200))
    email = colander.SchemaNode(
        colander.String(),
        missing=None,
        validator=colander.All(colander.Length(max=254), colander.Email()),
    )
    country = colander.SchemaNode(colander.String(), missing=None, validator=colander.Length(1, 80))
    user_id = colander.SchemaNode(
        colander.String(),
        missing=None,
        validator=colander.Length(1, 64),
        write_permission="orders.write",
        description="The identity whose own customer this is",
    )
    source_id = colander.SchemaNode(
        colander.String(),
        missing=None,
        validator=colander.Length(1, 40),
        write_permission="orders.write",
        description="The customer's number in an imported source",
    )
    created_at = colander.SchemaNode(t.Timestamp(), read_only=True)
    updated_at = colander.SchemaNode(t.Timestamp(), read_only=True)


class LineSchema(colander.MappingSchema):
    product_id = colander.SchemaNode(t.UUID(), missing=None)
    sku = colander.SchemaNode(colander.String(), missing=None)
    title = colander.SchemaNode(colander.String())
    quantity = colander.SchemaNode(colander.Int())
    unit_price = colander.SchemaNode(t.Money())
    amount = colander.SchemaNode(t.Money())


class LinesSchema(colander.SequenceSchema):
    line = LineSchema()


class OrderSchema(Identified):
    """All of it is read only: an order is made by a checkout and changed by its transitions."""

    customer_id = colander.SchemaNode(t.UUID(), read_only=True)
    state = colander.SchemaNode(colander.String(), read_only=True, validator=colander.OneOf(STATES))
    lines = LinesSchema(read_only=True)
    total = colander.SchemaNode(t.Money(), read_only=True)
    paid_at = colander.SchemaNode(t.Timestamp(), missing=None, read_only=True)
    shipped_at = colander.SchemaNode(t.Timestamp(), missing=None, read_only=True)
    cancelled_at = colander.SchemaNode(t.Timestamp(), missing=None, read_only=True)
    created_at = colander.SchemaNode(t.Timestamp(), read_only=True)


class WantedSchema(colander.MappingSchema):
    product_id = colander.SchemaNode(t.UUID())
    quantity = colander.SchemaNode(colander.Int(), validator=colander.Range(1, 1_000_000))
    expected_price = colander.SchemaNode(
        t.Money(),
        missing=None,
        description="The price that the buyer was shown; another price now is a 409",
    )


class BasketSchema(colander.SequenceSchema):
    line = WantedSchema()
    validator = colander.Length(1, 5000)


class CheckoutSchema(colander.MappingSchema):
    customer_id = colander.SchemaNode(t.UUID())
    lines = BasketSchema()


class InvoiceSchema(Identified):
    invoice_no = colander.SchemaNode(colander.String(), read_only=True)
    kind = colander.SchemaNode(colander.String(), read_only=True)
    invoiced_at = colander.SchemaNode(t.Timestamp(), read_only=True)
    customer_id = colander.SchemaNode(t.UUID(), missing=None, read_only=True)
    country = colander.SchemaNode(colander.String(), missing=None, read_only=True)


class HistoryLineSchema(Identified):
    invoice_id = colander.SchemaNode(t.UUID(), read_only=True)
    product_id = colander.SchemaNode(t.UUID(), missing=None, read_only=True)
    source_line = colander.SchemaNode(colander.Int(), read_only=True)
    stock_code = colander.SchemaNode(colander.String(), read_only=True)
    description = colander.SchemaNode(colander.String(), missing=None, read_only=True)
    goods = colander.SchemaNode(colander.Bool(), read_only=True)
    quantity = colander.SchemaNode(colander.Int(), read_only=True)
    unit_price = colander.SchemaNode(t.Decimal(), read_only=True)
    amount = colander.SchemaNode(t.Decimal(), read_only=True)
    invoiced_at = colander.SchemaNode(t.Timestamp(), read_only=True)
    duplicate = colander.SchemaNode(
        colander.Bool(), read_only=True, description="An exact repetition of an earlier line"
    )
