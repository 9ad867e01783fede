"""What changed (the change feed), which keys were used (idempotency), and who uses what is deprecated."""

import sqlalchemy as sa
from alembic import op

from talatat.db import types as t

revision = "0003_api"
down_revision = "0002_evolution"
requires: dict[str, str] = {}
phase = "expand"
waivers = {
    "unnamed-constraint": "SQLite counts rows on by a key that stands within its column alone"
}

POSITION = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "talatat_change",
        sa.Column("position", POSITION, primary_key=True, autoincrement=True),
        # PostgreSQL's number of the transaction that wrote it; 0 on SQLite, where one writes at a time.
        sa.Column("transaction_id", sa.BigInteger(), nullable=False),
        text("table_name"),
        text("row_id"),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        moment("changed_at"),
        # Of a deleted row: the last version, and where the resource keeps what was deleted, its values.
        sa.Column("version", sa.BigInteger(), nullable=True),
        sa.Column("kept", t.JSONDocument(), nullable=True),
        sa.UniqueConstraint("table_name", "row_id", name="talatat_change_table_name_row_id_uq"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "talatat_change_table_name_transaction_id_position_ix",
        "talatat_change",
        ["table_name", "transaction_id", "position"],
    )
    op.create_table(
        "talatat_idempotency",
        text("id", primary_key=True),
        text("request_digest"),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("headers", t.JSONDocument(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        moment("created_at"),
        moment("expires_at"),
    )
    op.create_index("talatat_idempotency_expires_at_ix", "talatat_idempotency", ["expires_at"])
    op.create_table(
        "talatat_deprecated_use",
        text("operation", primary_key=True),
        text("client", primary_key=True),
        sa.Column("day", sa.Date(), primary_key=True, nullable=False),
        sa.Column("uses", sa.BigInteger(), nullable=False),
        moment("last_used_at"),
    )


def downgrade() -> None:
    op.drop_table("talatat_deprecated_use")
    op.drop_table("talatat_idempotency")
    op.drop_table("talatat_change")


def text(name: str, primary_key: bool = False) -> sa.Column:
    return sa.Column(name, sa.Text(), primary_key=primary_key, nullable=False)


def moment(name: str) -> sa.Column:
    return sa.Column(name, t.UTCDateTime(), nullable=False)
