"""Keys ``orders.*`` of the .ini."""

import colander


class OrdersSettings(colander.MappingSchema):
    max_lines = colander.SchemaNode(
        colander.Int(),
        missing=2000,
        validator=colander.Range(1, 5000),
        description="Most lines that one checkout may have",
    )
