"""The one Alembic environment of the platform and of all addons.

`talatat.evolution.running.runner` gives it, in `Config.attributes`, the connection (with its transaction open,
so that tables and version row are committed together) and the addon's own version table.
"""

from alembic import context
from sqlalchemy import MetaData

from talatat.db.base import NAMING_CONVENTION

attributes = context.config.attributes

context.configure(
    connection=attributes["connection"],
    # No tables: only the names of constraints that a revision does not name itself.
    target_metadata=MetaData(naming_convention=NAMING_CONVENTION),
    version_table=attributes["version_table"],
    transactional_ddl=True,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
