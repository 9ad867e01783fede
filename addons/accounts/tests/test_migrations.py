"""The revisions make what the models say."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

from talatat_accounts.models import Base


def test_the_tables_of_the_revisions_are_those_of_the_models(served):
    def own(name, kind, parents):
        return kind != "table" or (name.startswith("accounts_") and "alembic" not in name)

    with served.system.database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": own})
        assert compare_metadata(context, Base.metadata) == []


def test_every_reference_cascades_and_every_constraint_is_named(served):
    with served.system.database.engine.connect() as connection:
        found = inspect(connection)
        for table in Base.metadata.tables:
            assert found.get_pk_constraint(table)["name"] == f"{table}_pk"
            for key in found.get_foreign_keys(table):
                assert key["name"].startswith(table)
                assert key["options"]["ondelete"] == "CASCADE"
