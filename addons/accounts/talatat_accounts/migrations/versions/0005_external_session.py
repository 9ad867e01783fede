"""Which sessions began at an identity provider.

A revision of its own: it locks the sessions, and that of the identities locks the users.
"""

import sqlalchemy as sa
from alembic import op

from talatat.db import types as t

revision = "0005_external_session"
down_revision = "0004_external_identity"
requires: dict[str, str] = {}
phase = "expand"


def upgrade() -> None:
    op.create_table(
        "accounts_external_session",
        sa.Column("session_id", t.UUIDv7(), nullable=False),
        sa.Column("provider", sa.String(31), nullable=False),
        sa.PrimaryKeyConstraint("session_id", name="accounts_external_session_pk"),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["accounts_session.id"],
            name="accounts_external_session_session_id_fk",
            ondelete="CASCADE",
        ),
    )


def downgrade() -> None:
    op.drop_table("accounts_external_session")
