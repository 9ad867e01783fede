"""The entries and their removals, with triggers that refuse to change what is written."""

import sqlalchemy as sa
from alembic import op

from talatat.db import types as t

revision = "0001_entries"
down_revision = None
requires: dict[str, str] = {}
phase = "expand"

SEAL = ("number", "previous", "digest")


def upgrade() -> None:
    op.create_table("audit_entry", *entry(), sa.PrimaryKeyConstraint("id", name="audit_entry_pk"),
                    sa.UniqueConstraint("number", name="audit_entry_number_uq"))  # fmt: skip
    op.create_index("audit_entry_happened_at_ix", "audit_entry", ["happened_at"])
    op.create_index("audit_entry_actor_id_ix", "audit_entry", ["actor_id"])
    op.create_index("audit_entry_resource_subject_ix", "audit_entry", ["resource", "subject"])
    op.create_table(
        "audit_removal",
        sa.Column("id", t.UUIDv7(), nullable=False),
        sa.Column("removed_at", t.UTCDateTime(), nullable=False),
        sa.Column("first", sa.BigInteger(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="audit_removal_pk"),
        sa.UniqueConstraint("last", name="audit_removal_last_uq"),
    )
    if op.get_bind().dialect.name == "postgresql":
        guard_on_postgresql()
    else:
        guard_on_sqlite()


def downgrade() -> None:
    op.drop_table("audit_entry")
    op.drop_table("audit_removal")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION audit_refuse()")


def entry() -> list[sa.Column]:
    return [
        sa.Column("id", t.UUIDv7(), nullable=False),
        sa.Column("happened_at", t.UTCDateTime(), nullable=False),
        sa.Column("addon", sa.String(100), nullable=False),
        sa.Column("action", sa.String(100), nullable=False),
        sa.Column("outcome", sa.String(20), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("resource", sa.String(200), nullable=True),
        sa.Column("subject", sa.String(200), nullable=True),
        sa.Column("label", sa.String(200), nullable=True),
        sa.Column("before", t.JSONDocument(), nullable=True),
        sa.Column("after", t.JSONDocument(), nullable=True),
        sa.Column("actor_id", sa.String(200), nullable=True),
        sa.Column("actor_name", sa.String(200), nullable=True),
        sa.Column("actor_source", sa.String(100), nullable=True),
        sa.Column("credential", sa.String(200), nullable=True),
        sa.Column("address", sa.String(64), nullable=True),
        sa.Column("agent", sa.String(200), nullable=True),
        sa.Column("request_id", sa.String(128), nullable=True),
        sa.Column("trace_id", sa.String(32), nullable=True),
        sa.Column("method", sa.String(20), nullable=True),
        sa.Column("operation", sa.String(200), nullable=True),
        sa.Column("release", sa.Integer(), nullable=True),
        sa.Column("number", sa.BigInteger(), nullable=True),
        sa.Column("previous", sa.String(64), nullable=True),
        sa.Column("digest", sa.String(64), nullable=True),
    ]


# One function for all: it says no. When it is asked stands in the triggers.
REFUSE = """
CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND TG_TABLE_NAME = 'audit_entry' THEN
        IF EXISTS (SELECT 1 FROM audit_removal WHERE last >= OLD.number) THEN
            RETURN OLD;
        END IF;
    END IF;
    RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'insufficient_privilege';
END $$
"""


def guard_on_postgresql() -> None:
    op.execute(REFUSE)
    op.execute(
        "CREATE TRIGGER audit_entry_keeps BEFORE UPDATE ON audit_entry FOR EACH ROW "
        "WHEN (OLD.number IS NOT NULL OR "
        "(to_jsonb(OLD) - '{number,previous,digest}'::text[]) IS DISTINCT FROM "
        "(to_jsonb(NEW) - '{number,previous,digest}'::text[])) "
        "EXECUTE FUNCTION audit_refuse()"
    )
    op.execute(
        "CREATE TRIGGER audit_entry_stays BEFORE DELETE ON audit_entry FOR EACH ROW "
        "EXECUTE FUNCTION audit_refuse()"
    )
    op.execute(
        "CREATE TRIGGER audit_entry_fills BEFORE TRUNCATE ON audit_entry FOR EACH STATEMENT "
        "EXECUTE FUNCTION audit_refuse()"
    )
    op.execute(
        "CREATE TRIGGER audit_removal_keeps BEFORE UPDATE OR DELETE ON audit_removal FOR EACH ROW "
        "EXECUTE FUNCTION audit_refuse()"
    )
    op.execute(
        "CREATE TRIGGER audit_removal_fills BEFORE TRUNCATE ON audit_removal FOR EACH STATEMENT "
        "EXECUTE FUNCTION audit_refuse()"
    )


def guard_on_sqlite() -> None:
    other = ", ".join(f'"{column.name}"' for column in entry() if column.name not in SEAL)
    seal = ", ".join(f'"{name}"' for name in SEAL)
    for name, table, event, when in (
        ("audit_entry_keeps", "audit_entry", f"UPDATE OF {other}", None),
        ("audit_entry_sealed", "audit_entry", f"UPDATE OF {seal}", "OLD.number IS NOT NULL"),
        ("audit_entry_stays", "audit_entry", "DELETE",
         "NOT EXISTS (SELECT 1 FROM audit_removal WHERE last >= OLD.number)"),
        # INSERT OR REPLACE deletes without asking the trigger above.
        ("audit_entry_fills", "audit_entry", "INSERT",
         "EXISTS (SELECT 1 FROM audit_entry WHERE id = NEW.id OR number = NEW.number)"),
        ("audit_removal_keeps", "audit_removal", "UPDATE", None),
        ("audit_removal_stays", "audit_removal", "DELETE", None),
        ("audit_removal_fills", "audit_removal", "INSERT",
         "EXISTS (SELECT 1 FROM audit_removal WHERE id = NEW.id OR last = NEW.last)"),
    ):  # fmt: skip
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW"
            + (f" WHEN {when}" if when else "")
            + f" BEGIN SELECT RAISE(ABORT, '{table} is append-only: {name}'); END"
        )
