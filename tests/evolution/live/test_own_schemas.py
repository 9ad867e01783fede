"""The schemas of the real addons, read and made again."""

from __future__ import annotations

from talatat.evolution.live import measure, read_schema
from talatat.evolution.shadow import shadow
from talatat.testing import composed

ADDONS = ("catalog", "orders", "loyalty", "audit", "accounts")
SETTINGS = {"accounts.secret": "file:%(here)s/secret"}


def test_the_schema_of_the_real_addons_made_again_has_the_same_fingerprint(
    database_url: str,
) -> None:
    with composed(ADDONS, SETTINGS, database_url) as system:
        with system.system.database.migration_engine.connect() as connection:
            schema = read_schema(connection)
            measured = measure(connection, [*schema.tables, "no_such_table"])
        with (
            shadow(schema.dialect, database_url, like=schema) as engine,
            engine.connect() as connection,
        ):
            again = read_schema(connection)
    assert again.canonical() == schema.canonical()
    assert again.fingerprint == schema.fingerprint
    assert again.tables == schema.tables
    assert measured.keys() == schema.tables.keys()
    assert measured["talatat_release"]["rows"] == 1
