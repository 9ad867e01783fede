"""When the person behind a session last proved who they are."""

import sqlalchemy as sa
from alembic import op

from talatat.db import types as t

revision = "0002_session_proof"
down_revision = "0001_accounts"
requires: dict[str, str] = {}
phase = "expand"


def upgrade() -> None:
    # Sessions that are there have none, and so are asked for the password before what is sensitive.
    op.add_column("accounts_session", sa.Column("authenticated_at", t.UTCDateTime(), nullable=True))


def downgrade() -> None:
    op.drop_column("accounts_session", "authenticated_at")
