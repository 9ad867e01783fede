"""Addons written by a program: real packages with real metadata, in a folder on the path.

Addon number n is `grownNNN`. From the ninth on each extends the model of one of the first eight, which it
requires: so extensions are spread over eight models.
"""

from __future__ import annotations

import textwrap
from pathlib import Path

EXTENDED = 8

INIT = '''\
"""Addon {name}: what a common addon has."""

from .events import Counted
from .models import {models}

def includeme(config):
    from .events import count
    from .resources import {resources}
    from .settings import Settings

    config.add_settings_schema(Settings)
    config.add_permission("{name}.read", "Read")
    config.add_permission("{name}.write", "Write")
    config.add_subscriber(count, Counted)
{includes}
    config.scan(".views")
'''

MODELS = """\
import datetime as dt
import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column
from talatat.db import Extension, Record, declarative_base, extension_key
{imports}
Base = declarative_base("{name}")

{classes}
"""

MODEL = """\
class Item{number}(Record, Base):
    __tablename__ = "{name}_item{number}"
    title: Mapped[str]
    note: Mapped[str | None]
    amount: Mapped[int] = mapped_column(default=0)
    done: Mapped[bool] = mapped_column(default=False)
    due: Mapped[dt.date | None]

"""

EXTENSION = """\
class Remark(Extension, Base):
    __tablename__ = "{name}_remark"
    item_id: Mapped[str] = extension_key(Item0)
    stars: Mapped[int] = mapped_column(default=3)
"""

RESOURCES = """\
import colander
from talatat.resources import Resource
from .models import {models}

class RemarkFields(colander.MappingSchema):
    stars = colander.SchemaNode(colander.Integer(), missing=3)

{classes}
"""

RESOURCE = '''\
class Items{number}(Resource):
    """Items of {name}."""
    name = "items{number}"
    model = Item{number}
    permissions = {{"read": "public", "write": "{name}.write"}}
    filters = ("title", "amount")
    sorts = ("title",)

'''

EVENTS = '''\
from dataclasses import dataclass
from talatat.events import Event

@dataclass
class Counted(Event):
    """Something was counted."""
    number: int

def count(event):
    """Count it."""
'''

SETTINGS = """\
import colander

class Settings(colander.MappingSchema):
    page = colander.SchemaNode(colander.Integer(), missing=20, description="How many")
    title = colander.SchemaNode(colander.String(), missing="grown", description="Which title")
    strict = colander.SchemaNode(colander.Boolean(), missing=False, description="Whether")
"""

VIEW = '''\
@view_config(route_name="{name}.{number}", permission="public", renderer="json")
def view{number}(request):
    """Answer something small."""
    return {{"addon": "{name}", "id": request.matchdict.get("id")}}

'''

REVISION = """\
import sqlalchemy as sa
from alembic import op
from talatat.db import types as t
revision, down_revision, phase = "0001_items", None, "expand"
requires = {requires!r}

def upgrade():
{body}
"""

TABLE = """\
    op.create_table(
        "{name}_item{number}",
        sa.Column("id", t.UUIDv7(), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("title", sa.String, nullable=False),
        sa.Column("note", sa.String),
        sa.Column("amount", sa.Integer, nullable=False),
        sa.Column("done", sa.Boolean, nullable=False),
        sa.Column("due", sa.Date),
        sa.Column("created_at", t.UTCDateTime(), nullable=False),
        sa.Column("updated_at", t.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="{name}_item{number}_pk"),
    )
"""

TABLE_OF_EXTENSION = """\
    op.create_table(
        "{name}_remark",
        sa.Column("item_id", t.UUIDv7(), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("stars", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("item_id", name="{name}_remark_pk"),
        sa.ForeignKeyConstraint(
            ["item_id"], ["{other}_item0.id"], ondelete="CASCADE", name="{name}_remark_item_id_fk"
        ),
    )
"""


def name_of(number: int) -> str:
    """The name of the addon with this number."""
    return f"grown{number:03}"


def write_addons(
    folder: Path,
    count: int,
    *,
    resources: int = 1,
    routes: int = 10,
    views: int = 5,
    extended: int = EXTENDED,
) -> list[str]:
    """Write so many addons below `folder`, and return their names. Those after the first `extended` extend these."""
    for number in range(count):
        other = name_of(number % extended) if number >= extended else None
        _write(folder, number, other, resources, routes, views)
    return [name_of(number) for number in range(count)]


def _write(
    folder: Path, number: int, other: str | None, resources: int, routes: int, views: int
) -> None:
    name = name_of(number)
    models = ", ".join(f"Item{one}" for one in range(resources))
    package = folder / name
    versions = package / "migrations" / "versions"
    versions.mkdir(parents=True)
    (package / "__init__.py").write_text(_init(name, other, models, resources, routes))
    (package / "models.py").write_text(_models(name, other, resources))
    classes = "".join(RESOURCE.format(name=name, number=one) for one in range(resources))
    (package / "resources.py").write_text(RESOURCES.format(models=models, classes=classes))
    (package / "events.py").write_text(EVENTS)
    (package / "settings.py").write_text(SETTINGS)
    shown = "".join(VIEW.format(name=name, number=one) for one in range(views))
    (package / "views.py").write_text(f"from pyramid.view import view_config\n\n{shown}")
    (versions / "0001_items.py").write_text(_revision(name, other, resources))
    _describe(folder, name, other)


def _init(name: str, other: str | None, models: str, resources: int, routes: int) -> str:
    declared = ", ".join(f"Items{one}" for one in range(resources))
    lines = [
        f'config.add_route("{name}.{one}", "/{name}/pages/{one}/{{id}}")' for one in range(routes)
    ]
    lines += [f"config.add_resource(Items{one})" for one in range(resources)]
    if other:
        lines += [
            f"from {other}.models import Item0",
            "from .models import Remark",
            "from .resources import RemarkFields",
            'config.extend_model(Item0, Remark, presence="sparse")',
            f'config.extend_resource("{other}.items0", RemarkFields)',
        ]
    includes = textwrap.indent("\n".join(lines), "    ")
    return INIT.format(name=name, models=models, resources=declared, includes=includes)


def _models(name: str, other: str | None, resources: int) -> str:
    classes = "".join(MODEL.format(name=name, number=one) for one in range(resources))
    imports = ""
    if other:
        imports = f"from {other}.models import Item0 as Extended\n"
        classes += EXTENSION.format(name=name).replace("(Item0)", "(Extended)")
    return MODELS.format(name=name, imports=imports, classes=classes)


def _revision(name: str, other: str | None, resources: int) -> str:
    body = "".join(TABLE.format(name=name, number=one) for one in range(resources))
    if other:
        body += TABLE_OF_EXTENSION.format(name=name, other=other)
    return REVISION.format(requires={other: "0001_items"} if other else {}, body=body)


def _describe(folder: Path, name: str, other: str | None) -> None:
    """The metadata, as pip would lay it out."""
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    lines = ["Metadata-Version: 2.1", f"Name: {name}", "Version: 1.0"]
    lines += [f"Requires-Dist: {other}"] if other else []
    (info / "METADATA").write_text("\n".join(lines) + "\n")
    (info / "entry_points.txt").write_text(f"[talatat.addons]\n{name} = {name}\n")
