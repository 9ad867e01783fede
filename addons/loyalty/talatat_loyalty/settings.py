"""Keys ``loyalty.*`` of the .ini."""

import colander


class LoyaltySettings(colander.MappingSchema):
    points_per_unit = colander.SchemaNode(
        colander.Int(),
        missing=1,
        validator=colander.Range(0, 1000),
        description="Points for each whole unit of the currency (EUR, GBP) that an order costs",
    )
