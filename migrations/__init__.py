"""The Alembic environment, and the revisions of the platform's own tables (`talatat.migrations`)."""
