"""The keys `audit.*`."""

import colander


class AuditSettings(colander.MappingSchema):
    """How long entries are kept, and how soon they are sealed."""

    keep_days = colander.SchemaNode(
        colander.Int(),
        missing=400,
        validator=colander.Range(0, 100_000),
        description="Days that entries are kept by `talatat audit INI --remove-old`; 0 is for ever",
    )
    seal_seconds = colander.SchemaNode(
        colander.Int(),
        missing=60,
        validator=colander.Range(0, 86_400),
        description="Seconds after which an entry is sealed into the chain; 0 leaves that to commands",
    )
