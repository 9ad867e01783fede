"""Second factors of logins, with their recovery codes."""

import sqlalchemy as sa
from alembic import op

from talatat.db import types as t

revision = "0003_second_factor"
down_revision = "0002_session_proof"
requires: dict[str, str] = {}
phase = "expand"


def upgrade() -> None:
    op.create_table(
        "accounts_second_factor",
        sa.Column("user_id", t.UUIDv7(), nullable=False),
        sa.Column("seed", sa.Text(), nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.Column("created_at", t.UTCDateTime(), nullable=False),
        sa.Column("confirmed_at", t.UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("user_id", name="accounts_second_factor_pk"),
        owner("accounts_second_factor"),
    )
    op.create_table(
        "accounts_recovery_code",
        sa.Column("user_id", t.UUIDv7(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "digest", name="accounts_recovery_code_pk"),
        owner("accounts_recovery_code"),
    )


def downgrade() -> None:
    op.drop_table("accounts_recovery_code")
    op.drop_table("accounts_second_factor")


def owner(table: str) -> sa.ForeignKeyConstraint:
    """A row that goes with its user."""
    return sa.ForeignKeyConstraint(
        ["user_id"], ["accounts_user.id"], name=f"{table}_user_id_fk", ondelete="CASCADE"
    )
