"""The ledger, the journal and the lease of `talatat apply`; processes, archives and what was kept."""

import sqlalchemy as sa
from alembic import op

from talatat.db import types as t

revision = "0002_evolution"
down_revision = "0001_platform"
requires: dict[str, str] = {}
phase = "expand"


def upgrade() -> None:
    for name, kind in (
        ("kind", sa.Text()),
        ("plan", sa.Text()),
        ("note", sa.Text()),
        ("packages", t.JSONDocument()),
    ):
        op.add_column("talatat_release", sa.Column(name, kind, nullable=True))
    op.create_table("talatat_identity", key("id"))
    create_ledger()
    create_plans()
    create_running()
    create_put_away()


def downgrade() -> None:
    for table in ("kept", "archive", "process", "lease", "journal", "plan", "ledger", "identity"):
        op.drop_table(f"talatat_{table}")
    for name in ("packages", "note", "plan", "kind"):
        op.drop_column("talatat_release", name)


def key(name: str) -> sa.Column:
    return sa.Column(name, sa.Text(), primary_key=True, nullable=False)


def text(name: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.Text(), nullable=nullable)


def json(name: str) -> sa.Column:
    return sa.Column(name, t.JSONDocument(), nullable=False)


def moment(name: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, t.UTCDateTime(), nullable=nullable)


def create_ledger() -> None:
    op.create_table(
        "talatat_ledger",
        sa.Column("position", sa.BigInteger(), primary_key=True, autoincrement=False),
        text("addon"), text("revision"), text("direction"), text("phase"),
        json("down"), json("requires"),
        text("version", nullable=True), text("plan", nullable=True),
        text("checksum"), text("text"), text("reversible"),
        moment("started_at"), moment("finished_at"), text("who"),
        sa.Column("lock_wait_ms", sa.BigInteger(), nullable=False),
    )  # fmt: skip


def create_plans() -> None:
    op.create_table(
        "talatat_plan",
        key("digest"), text("kind"), json("document"), text("state"), text("who"),
        moment("started_at"), moment("finished_at", nullable=True),
    )  # fmt: skip
    op.create_table(
        "talatat_journal",
        key("plan"), key("step"), text("state"), json("progress"),
        moment("started_at"), moment("finished_at", nullable=True),
    )  # fmt: skip


def create_running() -> None:
    op.create_table(
        "talatat_lease",
        key("name"), text("holder"), text("host"), sa.Column("pid", sa.Integer(), nullable=False),
        text("command"), text("plan", nullable=True), moment("taken_at"), moment("seen_at"),
    )  # fmt: skip
    op.create_table(
        "talatat_process",
        key("id"), text("host"), sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("release", sa.Integer(), nullable=False), moment("started_at"), moment("seen_at"),
    )  # fmt: skip


def create_put_away() -> None:
    op.create_table(
        "talatat_archive",
        key("id"), text("addon"), text("version", nullable=True), moment("made_at"), text("who"),
        text("location"), json("manifest"), text("state"), moment("changed_at"),
    )  # fmt: skip
    op.create_table(
        "talatat_kept",
        key("id"), text("addon"), text("revision"), text("direction"), text("table_name"),
        json("columns"), json("key"), text("location"),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("whole", sa.Boolean(), nullable=False),
        text("plan", nullable=True), moment("made_at"), text("state"),
    )  # fmt: skip
