"""${message}."""

import sqlalchemy as sa
from alembic import op

from talatat.db import types as t
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
requires: dict[str, str] = {}  # revisions of other addons: {"catalog": "0003_stock"}
phase = "expand"  # or "data", or "contract"


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    ${downgrades if downgrades else "pass"}
