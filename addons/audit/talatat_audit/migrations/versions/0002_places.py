"""SQLite: nothing is written in the place of an entry.

OR REPLACE deletes the row that has the same unique value, and asks no trigger of deletions. The number of the
row itself, `rowid`, is such a value that no column shows, and the seal of one entry may name another's number.
"""

from alembic import op

revision = "0002_places"
down_revision = "0001_entries"
requires: dict[str, str] = {}
phase = "expand"

# When it says no. Of an INSERT that names no rowid NEW.rowid is -1, which no row has.
GUARDS = {
    "audit_entry_moved": (
        "audit_entry",
        "UPDATE",
        (
            "NEW.rowid <> OLD.rowid OR (OLD.number IS NULL AND NEW.number IS NOT NULL AND "
            "EXISTS (SELECT 1 FROM audit_entry WHERE number = NEW.number))"
        ),
    ),
    "audit_entry_placed": (
        "audit_entry",
        "INSERT",
        "EXISTS (SELECT 1 FROM audit_entry WHERE rowid = NEW.rowid)",
    ),
    "audit_removal_placed": (
        "audit_removal",
        "INSERT",
        "EXISTS (SELECT 1 FROM audit_removal WHERE rowid = NEW.rowid)",
    ),
}


def upgrade() -> None:
    if op.get_bind().dialect.name != "sqlite":
        return
    for name, (table, event, when) in GUARDS.items():
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW WHEN {when} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only: {name}'); END"
        )


def downgrade() -> None:
    if op.get_bind().dialect.name != "sqlite":
        return
    for name in GUARDS:
        op.execute(f"DROP TRIGGER {name}")
