"""Tokens are narrowed to resources, and say when they were used."""

import sqlalchemy as sa
from alembic import op

from talatat.db import types as t

revision = "0006_tokens"
down_revision = "0005_external_session"
requires: dict[str, str] = {}
phase = "expand"


def upgrade() -> None:
    op.add_column("accounts_token", sa.Column("resources", t.JSONDocument(), nullable=True))
    op.add_column("accounts_token", sa.Column("last_used_at", t.UTCDateTime(), nullable=True))


def downgrade() -> None:
    op.drop_column("accounts_token", "last_used_at")
    op.drop_column("accounts_token", "resources")
