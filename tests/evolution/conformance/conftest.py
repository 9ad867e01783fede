"""Addons for the suite to judge: `lamp`, of which every rule holds, and what it stands beside."""

import json

import pytest

ROOM = {
    "__init__.py": """
        from .models import Room
        def includeme(config): pass
        """,
    "models.py": """
        from sqlalchemy import String
        from sqlalchemy.orm import Mapped, mapped_column
        from talatat.db import Record, declarative_base
        Base = declarative_base("room")
        class Room(Record, Base):
            __tablename__ = "room_room"
            title: Mapped[str] = mapped_column(String(50))
        """,
    "migrations/versions/0001_rooms.py": """
        import sqlalchemy as sa
        from alembic import op
        from talatat.db import types as t
        revision, down_revision, phase = "0001_rooms", None, "expand"
        def upgrade():
            op.create_table(
                "room_room",
                sa.Column("id", t.UUIDv7(), primary_key=True),
                sa.Column("version", sa.Integer, nullable=False),
                sa.Column("title", sa.String(50), nullable=False),
                sa.Column("created_at", t.UTCDateTime(), nullable=False),
                sa.Column("updated_at", t.UTCDateTime(), nullable=False),
            )
        def downgrade():
            op.drop_table("room_room")
        """,
}

GARDEN = {
    "__init__.py": """
        def includeme(config):
            config.registry.garden = ["a bed"]
        """,
    "migrations/versions/0001_beds.py": """
        import sqlalchemy as sa
        from alembic import op
        revision, down_revision, phase = "0001_beds", None, "expand"
        def upgrade():
            op.create_table("garden_bed", sa.Column("name", sa.String(50), primary_key=True))
        def downgrade():
            op.drop_table("garden_bed")
        """,
}

LAMP = {
    "__init__.py": '''
        """Lamps."""
        from typing import Any
        from .resources import Lamps
        from .settings import LampSettings
        def includeme(config: Any) -> None:
            """The table of contents."""
            config.add_settings_schema(LampSettings)
            config.add_permission("lamp.read", "See lamps")
            config.add_permission("lamp.write", "Hang and take down lamps")
            config.add_resource(Lamps)
            config.add_route("lamp.page", "/lamps/{id}")
            config.scan(".views")
        ''',
    "models.py": """
        import sqlalchemy as sa
        from sqlalchemy.orm import Mapped, mapped_column
        from talatat.db import Record, declarative_base
        from PKG_room.models import Room
        Base = declarative_base("lamp")
        class Lamp(Record, Base):
            __tablename__ = "lamp_lamp"
            __table_args__ = (sa.CheckConstraint("kind IN ('desk', 'floor')", name="kind"),)
            title: Mapped[str] = mapped_column(sa.String(50))
            kind: Mapped[str] = mapped_column(sa.String(5))
            room_id: Mapped[str | None] = mapped_column(sa.ForeignKey(Room.id, ondelete="SET NULL"), index=True)
            watts: Mapped[int | None]
        """,
    "resources.py": '''
        import colander
        from talatat.resources import Resource
        from talatat.schema import types as t
        from .models import Lamp
        class LampSchema(colander.MappingSchema):
            id = colander.SchemaNode(t.UUID(), read_only=True)
            title = colander.SchemaNode(colander.String(), description="Its name")
            kind = colander.SchemaNode(colander.String(), validator=colander.OneOf(["desk", "floor"]))
            watts = colander.SchemaNode(colander.Integer(), missing=None)
        class Lamps(Resource):
            """All lamps."""
            name = "lamps"
            model = Lamp
            schema = LampSchema
            permissions = {"read": "lamp.read", "write": "lamp.write"}
        ''',
    "settings.py": """
        import colander
        class LampSettings(colander.MappingSchema):
            bright = colander.SchemaNode(
                colander.Int(), missing=3, validator=colander.Range(0, 9), description="How bright")
            colour = colander.SchemaNode(
                colander.String(), missing="warm", validator=colander.OneOf(["warm", "cold"]),
                description="Warm or cold")
        """,
    "views.py": """
        from typing import Any
        from pyramid.view import view_config
        @view_config(route_name="lamp.page", renderer="json", request_method="GET", permission="lamp.read")
        def page(request: Any) -> dict[str, Any]:
            return {"bright": request.registry.system.settings["lamp"].bright}
        """,
    "py.typed": "",
    "migrations/versions/0001_lamps.py": """
        import sqlalchemy as sa
        from alembic import op
        from talatat.db import types as t
        revision, down_revision, phase = "0001_lamps", None, "expand"
        requires = {"room": "0001_rooms"}
        def upgrade():
            op.create_table(
                "lamp_lamp",
                sa.Column("id", t.UUIDv7(), primary_key=True),
                sa.Column("version", sa.Integer, nullable=False),
                sa.Column("title", sa.String(50), nullable=False),
                sa.Column("kind", sa.String(5), nullable=False),
                sa.Column("room_id", t.UUIDv7(), sa.ForeignKey("room_room.id", ondelete="SET NULL"), index=True),
                sa.Column("created_at", t.UTCDateTime(), nullable=False),
                sa.Column("updated_at", t.UTCDateTime(), nullable=False),
                sa.CheckConstraint("kind IN ('desk', 'floor')", name="kind"),
            )
        def downgrade():
            op.drop_table("lamp_lamp")
        """,
    "migrations/versions/0002_watts.py": """
        import sqlalchemy as sa
        from alembic import op
        revision, down_revision, phase = "0002_watts", "0001_lamps", "expand"
        def upgrade():
            op.add_column("lamp_lamp", sa.Column("watts", sa.Integer))
        def downgrade():
            op.drop_column("lamp_lamp", "watts")
        """,
}

METADATA = {"Summary": "Lamps for rooms", "License-Expression": "MIT"}
README = "# Lamps\n\nThey give light.\n"
TESTS = "def test_that_it_gives_light():\n    assert True\n"


class Workshop:
    """Writes `lamp` with something changed: files, lines of its metadata, its README, its tests."""

    def __init__(self, addons):
        self.addons = addons
        addons.write("room", ROOM)
        addons.write("garden", GARDEN)

    def lamp(self, files=(), metadata=(), readme=README, tests=TESTS):
        made = {**LAMP, **dict(files)}
        self.addons.write(
            "lamp", {name: text for name, text in made.items() if text is not None}, ("room",)
        )
        (info,) = self.addons.folder.glob("*_lamp-*.dist-info")
        lines = [
            f"{key}: {value}" for key, value in {**METADATA, **dict(metadata)}.items() if value
        ]
        head = (info / "METADATA").read_text()
        (info / "METADATA").write_text(head + "\n".join(lines) + "\n\n" + readme)
        project = self.addons.folder / "project of lamp"
        (project / "tests").mkdir(parents=True)
        (project / "tests" / "test_lamp.py").write_text(tests)
        (info / "direct_url.json").write_text(json.dumps({"url": project.as_uri()}))

    def changed(self, name, *pairs):
        """A file of lamp with texts replaced."""
        text = LAMP[name]
        for old, new in pairs:
            assert old in text, old
            text = text.replace(old, new)
        return {name: text}


@pytest.fixture
def workshop(addons):
    return Workshop(addons)
