"""The platform's tables: releases, the outbox and the progress of bulk imports."""

import sqlalchemy as sa
from alembic import op

from talatat.db import types as t

revision = "0001_platform"
down_revision = None
requires: dict[str, str] = {}
phase = "expand"
waivers = {"int4-key": "a release every minute fills four bytes in four thousand years"}


def upgrade() -> None:
    op.create_table(
        "talatat_release",
        sa.Column("number", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("made_at", t.UTCDateTime(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("surface", t.JSONDocument(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_table(
        "talatat_outbox",
        sa.Column("id", t.UUIDv7(), nullable=False),
        sa.Column("addon", sa.Text(), nullable=False),
        sa.Column("subscriber", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("payload", t.JSONDocument(), nullable=False),
        sa.Column("created_at", t.UTCDateTime(), nullable=False),
        sa.Column("due_at", t.UTCDateTime(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("talatat_outbox_due_at_id_ix", "talatat_outbox", ["due_at", "id"])
    op.create_table(
        "talatat_load",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("resource", sa.Text(), nullable=False),
        sa.Column("source_digest", sa.Text(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("counts", t.JSONDocument(), nullable=False),
        sa.Column("report_offset", sa.BigInteger(), nullable=False),
        sa.Column("net_total", sa.Text(), nullable=False),
        sa.Column("finished", sa.Boolean(), nullable=False),
        sa.Column("updated_at", t.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def downgrade() -> None:
    op.drop_table("talatat_load")
    op.drop_table("talatat_outbox")
    op.drop_table("talatat_release")
