"""Who somebody is at an identity provider."""

import sqlalchemy as sa
from alembic import op

from talatat.db import types as t

revision = "0004_external_identity"
down_revision = "0003_second_factor"
requires: dict[str, str] = {}
phase = "expand"


def upgrade() -> None:
    op.create_table(
        "accounts_external_identity",
        sa.Column("id", t.UUIDv7(), nullable=False),
        sa.Column("issuer", sa.String(2000), nullable=False),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("user_id", t.UUIDv7(), nullable=False),
        sa.Column("created_at", t.UTCDateTime(), nullable=False),
        sa.Column("used_at", t.UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="accounts_external_identity_pk"),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["accounts_user.id"],
            name="accounts_external_identity_user_id_fk",
            ondelete="CASCADE",
        ),
        sa.UniqueConstraint(
            "issuer", "subject", name="accounts_external_identity_issuer_subject_uq"
        ),
    )
    op.create_index(
        "accounts_external_identity_user_id_ix", "accounts_external_identity", ["user_id"]
    )


def downgrade() -> None:
    op.drop_table("accounts_external_identity")
