"""What the API shows: a field in two resources of other addons, and the accounts."""

import colander

from talatat.schema import types as t


class ProductPointsFields(colander.MappingSchema):
    """``"loyalty": {"points": 5}`` in catalog.products."""

    points = colander.SchemaNode(
        colander.Int(),
        default=0,
        missing=0,
        validator=colander.Range(0, 1_000_000),
        write_permission="loyalty.adjust",
        description="Points that one piece earns beside its price",
    )


class CustomerPointsFields(colander.MappingSchema):
    """``"loyalty": {"points": 120}`` in orders.customers."""

    points = colander.SchemaNode(
        colander.Int(), read_only=True, description="Points collected so far"
    )


class AccountSchema(colander.MappingSchema):
    id = colander.SchemaNode(t.UUID(), read_only=True)
    customer_id = colander.SchemaNode(t.UUID(), create_only=True)
    points = colander.SchemaNode(
        colander.Int(),
        missing=0,
        validator=colander.Range(-(10**12), 10**12),
        description="Points that can be spent",
    )
    created_at = colander.SchemaNode(t.Timestamp(), read_only=True)
