"""The keys `catalog.*` of an .ini file."""

import colander


def currency_code(node: colander.SchemaNode, value: str) -> None:
    """Accept three capital letters, as ISO 4217 writes currencies."""
    if len(value) != 3 or not (value.isascii() and value.isalpha() and value.isupper()):
        raise colander.Invalid(node, f"{value!r} is not a currency code such as EUR")


class CatalogSettings(colander.MappingSchema):
    """How the catalogue is shown and filled."""

    page_size = colander.SchemaNode(
        colander.Int(),
        missing=20,
        validator=colander.Range(1, 500),
        description="Products on a page for people",
    )
    currency = colander.SchemaNode(
        colander.String(),
        missing="EUR",
        validator=currency_code,
        description="Currency of imported prices that name none",
    )
    default_stock = colander.SchemaNode(
        colander.Int(),
        missing=100,
        validator=colander.Range(min=0),
        description="Stock of a newly imported product whose source names none",
    )
