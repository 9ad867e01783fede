"""Users, groups, grants, sessions, tokens and login attempts."""

import sqlalchemy as sa
from alembic import op

from talatat.db import types as t

revision = "0001_accounts"
down_revision = None
requires: dict[str, str] = {}
phase = "expand"


def upgrade() -> None:
    create_people()
    create_grants()
    create_credentials()


def downgrade() -> None:
    for table in ("attempt", "token", "session", "grant", "membership", "user", "group"):
        op.drop_table(f"accounts_{table}")


def record() -> list[sa.Column]:
    """The columns of every Record; fresh ones each time, for a column belongs to one table."""
    return [
        sa.Column("id", t.UUIDv7(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", t.UTCDateTime(), nullable=False),
        sa.Column("updated_at", t.UTCDateTime(), nullable=False),
    ]


def owner(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    """A row that goes when the row that it belongs to goes."""
    return sa.ForeignKeyConstraint(
        [column], [f"accounts_{target}.id"], name=f"{table}_{column}_fk", ondelete="CASCADE"
    )


def create_people() -> None:
    op.create_table(
        "accounts_group",
        *record(),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("id", name="accounts_group_pk"),
        sa.UniqueConstraint("name", name="accounts_group_name_uq"),
    )
    op.create_table(
        "accounts_user",
        *record(),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("display_name", sa.String(200), nullable=False),
        sa.Column("email", sa.String(254), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("password_hash", sa.String(200), nullable=True),
        sa.Column("password_changed_at", t.UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="accounts_user_pk"),
        sa.UniqueConstraint("name", name="accounts_user_name_uq"),
    )
    op.create_table(
        "accounts_membership",
        sa.Column("user_id", t.UUIDv7(), nullable=False),
        sa.Column("group_id", t.UUIDv7(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "group_id", name="accounts_membership_pk"),
        owner("accounts_membership", "user_id", "user"),
        owner("accounts_membership", "group_id", "group"),
    )
    op.create_index("accounts_membership_group_id_ix", "accounts_membership", ["group_id"])


def create_grants() -> None:
    op.create_table(
        "accounts_grant",
        sa.Column("id", t.UUIDv7(), nullable=False),
        sa.Column("role", sa.String(100), nullable=False),
        sa.Column("addon", sa.String(100), nullable=False),
        sa.Column("user_id", t.UUIDv7(), nullable=True),
        sa.Column("group_id", t.UUIDv7(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="accounts_grant_pk"),
        owner("accounts_grant", "user_id", "user"),
        owner("accounts_grant", "group_id", "group"),
        sa.UniqueConstraint("user_id", "role", name="accounts_grant_user_id_role_uq"),
        sa.UniqueConstraint("group_id", "role", name="accounts_grant_group_id_role_uq"),
        sa.CheckConstraint(
            "(user_id IS NULL) <> (group_id IS NULL)", name=op.f("accounts_grant_one_holder_ck")
        ),
    )


def create_credentials() -> None:
    op.create_table(
        "accounts_session",
        sa.Column("id", t.UUIDv7(), nullable=False),
        sa.Column("user_id", t.UUIDv7(), nullable=False),
        sa.Column("created_at", t.UTCDateTime(), nullable=False),
        sa.Column("seen_at", t.UTCDateTime(), nullable=False),
        sa.Column("expires_at", t.UTCDateTime(), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("agent", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("id", name="accounts_session_pk"),
        owner("accounts_session", "user_id", "user"),
    )
    op.create_table(
        "accounts_token",
        sa.Column("id", t.UUIDv7(), nullable=False),
        sa.Column("user_id", t.UUIDv7(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("label", sa.String(100), nullable=False),
        sa.Column("scopes", t.JSONDocument(), nullable=True),
        sa.Column("created_at", t.UTCDateTime(), nullable=False),
        sa.Column("expires_at", t.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="accounts_token_pk"),
        owner("accounts_token", "user_id", "user"),
        sa.UniqueConstraint("digest", name="accounts_token_digest_uq"),
    )
    op.create_table(
        "accounts_attempt",
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("ends_at", t.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="accounts_attempt_pk"),
    )
    for table, column in (
        ("session", "user_id"),
        ("session", "expires_at"),
        ("token", "user_id"),
        ("token", "expires_at"),
        ("attempt", "ends_at"),
    ):
        op.create_index(f"accounts_{table}_{column}_ix", f"accounts_{table}", [column])
