"""What comes in.

Follows: https://cornice.readthedocs.io/en/latest/schema.html#using-colander
"""

from typing import Any
from uuid import UUID

import colander
from bench.peers.domain import minor_of


class UUIDType(colander.SchemaType):
    def deserialize(self, node: Any, cstruct: Any) -> Any:
        if cstruct is colander.null:
            return colander.null
        try:
            return UUID(cstruct)
        except (ValueError, AttributeError, TypeError):
            raise colander.Invalid(node, "is not a UUID") from None


def whole_cents(node: Any, value: str) -> None:
    """Refuse what is no amount."""
    try:
        minor_of(value)
    except ValueError as error:
        raise colander.Invalid(node, str(error)) from None


class MoneySchema(colander.MappingSchema):
    amount = colander.SchemaNode(colander.String(), validator=whole_cents)
    currency = colander.SchemaNode(colander.String(), validator=colander.OneOf(["EUR"]))


class WantedSchema(colander.MappingSchema):
    product_id = colander.SchemaNode(UUIDType())
    quantity = colander.SchemaNode(
        colander.Int(strict=True), validator=colander.Range(1, 1_000_000)
    )
    expected_price = MoneySchema(missing=None)


class LinesSchema(colander.SequenceSchema):
    line = WantedSchema()
    validator = colander.Length(1, 1000)


class CheckoutSchema(colander.MappingSchema):
    customer_id = colander.SchemaNode(UUIDType())
    lines = LinesSchema()


class ProductPatchSchema(colander.MappingSchema):
    stock = colander.SchemaNode(colander.Int(strict=True), validator=colander.Range(0, 2**31 - 1))


class ListSchema(colander.MappingSchema):
    limit = colander.SchemaNode(colander.Int(), missing=50, validator=colander.Range(1, 500))
    cursor = colander.SchemaNode(colander.String(), missing=None)
    fields = colander.SchemaNode(colander.String(), missing=None)


class SearchSchema(ListSchema):
    contains = colander.SchemaNode(colander.String(), name="title[contains]")
    supplier = colander.SchemaNode(colander.String())
    sort = colander.SchemaNode(
        colander.String(), missing="title", validator=colander.OneOf(["title"])
    )
