"""The addon that is upgraded: four releases of it, each a real distribution in a folder of its own.

A process started with one of these folders on its path has that release installed, whatever is applied.
"""

from __future__ import annotations

from pathlib import Path

DISTRIBUTION = "zero-parcels"
PACKAGE = "zero_parcels"

INCLUDE = '''"""Parcels on their way."""

from typing import Any

from zero_parcels.resources import RESOURCES


def includeme(config: Any) -> None:
    """The table of contents of this addon."""
    for resource in RESOURCES:
        config.add_resource(resource)
'''

MODELS = '''"""Parcels."""

from typing import Any

from sqlalchemy import ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from talatat.db import Record, declarative_base

Base = declarative_base("parcels")


class Parcel(Record, Base):
    __tablename__ = "parcels_parcel"

    code: Mapped[str] = mapped_column(String(40))
    weight: Mapped[int] = mapped_column(Integer)
'''

NOTE = "    note: Mapped[str | None] = mapped_column(String(200))\n"
# The release between: it knows the column, and makes nobody fill it.
LABEL = "    label: Mapped[str | None] = mapped_column(String(60))\n"
REQUIRED_LABEL = """    label: Mapped[str] = mapped_column(String(60), default=_label)
"""
LABELLED = """

def _label(context: Any) -> str:
    return f"L-{context.get_current_parameters()['code']}"

"""
EVENT = """

class Event(Record, Base):
    __tablename__ = "parcels_event"

    parcel_id: Mapped[str] = mapped_column(ForeignKey(Parcel.id, ondelete="CASCADE"))
    what: Mapped[str] = mapped_column(String(100))
"""

RESOURCES = '''"""What clients see."""

import colander

from talatat.resources import Resource
from zero_parcels import models


class ParcelSchema(colander.MappingSchema):
    code = colander.SchemaNode(colander.String(), validator=colander.Length(1, 40))
    weight = colander.SchemaNode(colander.Integer(), validator=colander.Range(0, 10**6))


class Parcels(Resource):
    name = "parcels"
    model = models.Parcel
    schema = ParcelSchema
    permissions = {"read": "public", "write": "public"}
    filters = ("code", "weight")
    sorts = ("code",)


RESOURCES = [Parcels]
'''

EVENTS = """

class EventSchema(colander.MappingSchema):
    parcel_id = colander.SchemaNode(colander.String())
    what = colander.SchemaNode(colander.String(), validator=colander.Length(1, 100))


class Events(Resource):
    name = "events"
    model = models.Event
    schema = EventSchema
    permissions = {"read": "public", "write": "public"}
    filters = ("parcel_id",)


RESOURCES.append(Events)
"""

HEAD = '''"""{title}"""

import sqlalchemy as sa
from alembic import op

from talatat.db import types as t
from talatat.db.batches import Batch

revision = "{revision}"
down_revision = {down!r}
requires: dict[str, str] = {{}}
phase = "{phase}"
'''

# (revision, phase, title, what else it says and does), in their order; a release has the first ones.
REVISIONS = [
    ("0001_parcels", "expand", "Parcels.", """

def upgrade() -> None:
    op.create_table(
        "parcels_parcel",
        sa.Column("id", t.UUIDv7(), primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("code", sa.String(40), nullable=False, index=True),
        sa.Column("weight", sa.Integer, nullable=False),
        sa.Column("note", sa.String(200), nullable=True),
        sa.Column("created_at", t.UTCDateTime(), nullable=False),
        sa.Column("updated_at", t.UTCDateTime(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("parcels_parcel")
"""),
    ("0002_label", "expand", "Parcels bear a label.", """

def upgrade() -> None:
    op.add_column("parcels_parcel", sa.Column("label", sa.String(60), nullable=True))


def downgrade() -> None:
    op.drop_column("parcels_parcel", "label")
"""),
    ("0003_labels", "data", "Those that had none are given one.", """batches = [
    Batch("parcels_parcel", set="label = 'L-' || code", where="label IS NULL")
]
reversal: list[Batch] = []


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
"""),
    ("0004_label_index", "expand", "Labels are looked for.", """transactional = False


def upgrade() -> None:
    op.create_index(
        "ix_parcels_parcel_label", "parcels_parcel", ["label"], postgresql_concurrently=True
    )


def downgrade() -> None:
    op.drop_index("ix_parcels_parcel_label", "parcels_parcel", postgresql_concurrently=True)
"""),
    ("0005_label_given", "contract", "No parcel without a label from here on.", """

def upgrade() -> None:
    op.execute(
        "ALTER TABLE parcels_parcel ADD CONSTRAINT parcels_parcel_label_given"
        " CHECK (label IS NOT NULL) NOT VALID"
    )


def downgrade() -> None:
    op.execute("ALTER TABLE parcels_parcel DROP CONSTRAINT parcels_parcel_label_given")
"""),
    ("0006_label_valid", "contract", "Nor any from before.", """

def upgrade() -> None:
    op.execute("ALTER TABLE parcels_parcel VALIDATE CONSTRAINT parcels_parcel_label_given")


def downgrade() -> None:
    pass
"""),
    ("0007_label_required", "contract", "The column says so itself.", """

def upgrade() -> None:
    op.alter_column("parcels_parcel", "label", existing_type=sa.String(60), nullable=False)
    op.execute("ALTER TABLE parcels_parcel DROP CONSTRAINT parcels_parcel_label_given")


def downgrade() -> None:
    op.execute(
        "ALTER TABLE parcels_parcel ADD CONSTRAINT parcels_parcel_label_given"
        " CHECK (label IS NOT NULL) NOT VALID"
    )
    op.alter_column("parcels_parcel", "label", existing_type=sa.String(60), nullable=True)
"""),
    ("0008_no_note", "contract", "The note that nobody wrote goes.", """

def upgrade() -> None:
    op.drop_column("parcels_parcel", "note")


def downgrade() -> None:
    op.add_column("parcels_parcel", sa.Column("note", sa.String(200), nullable=True))
"""),
    ("0009_events", "expand", "What happened to a parcel.", """

def upgrade() -> None:
    op.create_table(
        "parcels_event",
        sa.Column("id", t.UUIDv7(), primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column(
            "parcel_id",
            t.UUIDv7(),
            sa.ForeignKey("parcels_parcel.id", ondelete="CASCADE"),
            nullable=False,
            index=True,
        ),
        sa.Column("what", sa.String(100), nullable=False),
        sa.Column("created_at", t.UTCDateTime(), nullable=False),
        sa.Column("updated_at", t.UTCDateTime(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("parcels_event")
"""),
    ("0010_weight_index", "expand", "Parcels are found by their weight.", """transactional = False


def upgrade() -> None:
    op.create_index(
        "ix_parcels_parcel_weight", "parcels_parcel", ["weight"], postgresql_concurrently=True
    )


def downgrade() -> None:
    op.drop_index("ix_parcels_parcel_weight", "parcels_parcel", postgresql_concurrently=True)
"""),
]  # fmt: skip

# For each release: how many revisions it has, and what its models and resources are.
RELEASES = {
    "1.0": (1, MODELS + NOTE, RESOURCES),
    "1.1": (2, MODELS + NOTE + LABEL, RESOURCES),
    "1.2": (8, MODELS.replace("\n\nclass Parcel", LABELLED + "\nclass Parcel") + REQUIRED_LABEL, RESOURCES),
    "1.3": (9, MODELS.replace("\n\nclass Parcel", LABELLED + "\nclass Parcel") + REQUIRED_LABEL + EVENT,
            RESOURCES + EVENTS),
    "1.4": (10, MODELS.replace("\n\nclass Parcel", LABELLED + "\nclass Parcel") + REQUIRED_LABEL + EVENT,
            RESOURCES + EVENTS),
}  # fmt: skip


def write_release(folder: Path, version: str) -> Path:
    """Install one release into a folder of its own; return the folder, for PYTHONPATH."""
    count, models, resources = RELEASES[version]
    site = folder / f"site-{version}"
    package = site / PACKAGE
    versions = package / "migrations" / "versions"
    versions.mkdir(parents=True)
    (package / "__init__.py").write_text(INCLUDE)
    (package / "models.py").write_text(models)
    (package / "resources.py").write_text(resources)
    down = None
    for revision, phase, title, body in REVISIONS[:count]:
        head = HEAD.format(title=title, revision=revision, down=down, phase=phase)
        (versions / f"{revision}.py").write_text(head + body)
        down = revision
    info = site / f"{PACKAGE}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {DISTRIBUTION}\nVersion: {version}\nRequires-Dist: talatat\n"
    )
    (info / "entry_points.txt").write_text(f"[talatat.addons]\nparcels = {PACKAGE}\n")
    return site
