"""What requests cost, by hour, addon, route and method; and which processes have written it."""

import sqlalchemy as sa
from alembic import op

from talatat.db import types as t

revision = "0004_costs"
down_revision = "0003_api"
requires: dict[str, str] = {}
phase = "expand"


def upgrade() -> None:
    op.create_table(
        "talatat_cost",
        key("hour", t.UTCDateTime()),
        key("addon", sa.Text()),
        key("route", sa.Text()),
        key("method", sa.Text()),
        number("requests"),
        number("refused"),
        number("errors"),
        number("retried"),
        number("wall_ns"),
        number("cpu_ns"),
        number("statements"),
        number("slowest_ns"),
    )
    op.create_table(
        "talatat_cost_writer",
        key("hour", t.UTCDateTime()),
        key("process", sa.Text()),
        sa.Column("written_at", t.UTCDateTime(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("talatat_cost_writer")
    op.drop_table("talatat_cost")


def key(name: str, kind: sa.types.TypeEngine) -> sa.Column:
    return sa.Column(name, kind, primary_key=True, nullable=False)


def number(name: str) -> sa.Column:
    return sa.Column(name, sa.BigInteger(), nullable=False)
