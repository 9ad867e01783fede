"""What comes in and what goes out.

Follows: https://marshmallow.readthedocs.io/en/stable/quickstart.html and
https://marshmallow.readthedocs.io/en/stable/custom_fields.html
"""

from typing import Any

from bench.peers.domain import minor_of, stamp
from marshmallow import Schema, ValidationError, fields, validate, validates


class Moment(fields.AwareDateTime):
    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else stamp(value)


class MoneySchema(Schema):
    amount = fields.String(required=True)
    currency = fields.String(required=True, validate=validate.OneOf(["EUR"]))

    @validates("amount")
    def whole_cents(self, value: str, **kwargs: Any) -> None:
        """Refuse what is no amount."""
        try:
            minor_of(value)
        except ValueError as error:
            raise ValidationError(str(error)) from None


class ProductSchema(Schema):
    id = fields.UUID()
    sku = fields.String()
    title = fields.String()
    supplier = fields.String()
    price = fields.Nested(MoneySchema)
    stock = fields.Integer()
    created_at = Moment()
    updated_at = Moment()


class ProductPatchSchema(Schema):
    stock = fields.Integer(strict=True, required=True, validate=validate.Range(0, 2**31 - 1))


class ListSchema(Schema):
    """What every list takes."""

    limit = fields.Integer(load_default=50, validate=validate.Range(1, 500))
    cursor = fields.String(load_default=None)
    fields_ = fields.String(data_key="fields")


class SearchSchema(ListSchema):
    contains = fields.String(required=True, data_key="title[contains]")
    supplier = fields.String(required=True)
    sort = fields.String(load_default="title", validate=validate.OneOf(["title"]))


class WantedSchema(Schema):
    product_id = fields.UUID(required=True)
    quantity = fields.Integer(
        strict=True, required=True, validate=validate.Range(min=1, max=1_000_000)
    )
    expected_price = fields.Nested(MoneySchema, load_default=None, allow_none=True)


class CheckoutSchema(Schema):
    customer_id = fields.UUID(required=True)
    lines = fields.List(
        fields.Nested(WantedSchema), required=True, validate=validate.Length(1, 1000)
    )


class LineSchema(Schema):
    product_id = fields.UUID()
    sku = fields.String()
    title = fields.String()
    quantity = fields.Integer()
    unit_price = fields.Nested(MoneySchema)
    amount = fields.Nested(MoneySchema)


class OrderSchema(Schema):
    id = fields.UUID()
    customer_id = fields.UUID()
    state = fields.String()
    lines = fields.List(fields.Nested(LineSchema))
    total = fields.Nested(MoneySchema)
    paid_at = Moment()
    shipped_at = Moment()
    cancelled_at = Moment()
    created_at = Moment()


class HistorySchema(Schema):
    id = fields.UUID()
    stock_code = fields.String()
    description = fields.String()
    quantity = fields.Integer()
    unit_price = fields.String()
    amount = fields.String()
    invoiced_at = Moment()
    duplicate = fields.Boolean()


products_schema = ProductSchema(many=True)
product_schema = ProductSchema()
product_patch_schema = ProductPatchSchema()
search_schema = SearchSchema()
list_schema = ListSchema()
checkout_schema = CheckoutSchema()
order_schema = OrderSchema()
histories_schema = HistorySchema(many=True)
