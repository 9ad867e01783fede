"""The shapes of the API: products and categories."""

import re
from typing import Any

import colander

from talatat.schema import types as t
from talatat_catalog.attributes import problem_of

BIGGEST_STOCK = 2**31 - 1
SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def checked_attributes(node: colander.SchemaNode, value: dict[str, Any]) -> None:
    """Accept names to texts, numbers and truth values."""
    if problem := problem_of(value):
        raise colander.Invalid(node, problem)


def storable_price(node: colander.SchemaNode, value: Any) -> None:
    """Accept a price of whole minor units, not negative."""
    try:
        minor = value.minor
    except ValueError as error:
        raise colander.Invalid(node, str(error)) from error
    if minor < 0:
        raise colander.Invalid(node, "a price is not negative")


class EANs(colander.SequenceSchema):
    ean = colander.SchemaNode(colander.String(), validator=colander.Regex(r"\d{8,14}\Z"))
    validator = colander.Length(max=100)


class Slugs(colander.SequenceSchema):
    slug = colander.SchemaNode(colander.String(), validator=colander.Length(1, 100))
    validator = colander.Length(max=100)


class ProductSchema(colander.MappingSchema):
    id = colander.SchemaNode(t.UUID(), read_only=True)
    source_id = colander.SchemaNode(
        colander.String(),
        missing=None,
        validator=colander.Length(1, 100),
        description="The product's own id in the source that it was imported from; unique",
    )
    sku = colander.SchemaNode(
        colander.String(), validator=colander.Length(1, 255), description="The maker's code"
    )
    title = colander.SchemaNode(colander.String(), validator=colander.Length(1, 500))
    description = colander.SchemaNode(
        colander.String(allow_empty=True), missing="", validator=colander.Length(max=20_000)
    )
    ean = EANs(missing=(), description="Its bar codes (EAN, UPC, GTIN)")
    supplier = colander.SchemaNode(
        colander.String(allow_empty=True), missing="", validator=colander.Length(max=200)
    )
    price = colander.SchemaNode(t.Money(), validator=storable_price)
    stock = colander.SchemaNode(
        colander.Int(),
        missing=None,
        validator=colander.Range(0, BIGGEST_STOCK),
        description="How many are there; null where it is not counted",
    )
    categories = Slugs(
        attribute="category_slugs",
        missing=(),
        description="Slugs of the categories that it stands in",
    )
    attributes = colander.SchemaNode(
        t.OpenMap("string", "number", "boolean"),
        missing=colander.drop,
        validator=checked_attributes,
        description="What differs by kind: names to texts, numbers and truth values",
    )
    created_at = colander.SchemaNode(t.Timestamp(), read_only=True)
    updated_at = colander.SchemaNode(t.Timestamp(), read_only=True)


class CategorySchema(colander.MappingSchema):
    id = colander.SchemaNode(t.UUID(), read_only=True)
    slug = colander.SchemaNode(
        colander.String(),
        validator=colander.All(
            colander.Length(1, 100),
            colander.Regex(
                SLUG.pattern + r"\Z", "must be small letters and digits with single hyphens between"
            ),
        ),
    )
    title = colander.SchemaNode(colander.String(), validator=colander.Length(1, 200))
    parent_id = colander.SchemaNode(t.UUID(), missing=None)
    created_at = colander.SchemaNode(t.Timestamp(), read_only=True)
    updated_at = colander.SchemaNode(t.Timestamp(), read_only=True)
