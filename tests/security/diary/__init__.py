"""An addon with fields that take permissions, and rows that have owners, in both of two resources."""

DIARY = {
    "__init__.py": """
        from .resources import Entries, Rooms
        def includeme(config):
            for name in ("read", "create", "write", "pay", "set_pay", "all", "tags"):
                config.add_permission(f"diary.{name}", name)
            config.add_resource(Rooms)
            config.add_resource(Entries)
        """,
    "models.py": """
        import sqlalchemy as sa
        from sqlalchemy.orm import Mapped, mapped_column, relationship
        from talatat.db import Record, UUIDv7, declarative_base
        Base = declarative_base("diary")
        class Room(Record, Base):
            __tablename__ = "diary_room"
            label: Mapped[str]
            owner: Mapped[str]
            rent: Mapped[int]
        class Entry(Record, Base):
            __tablename__ = "diary_entry"
            title: Mapped[str]
            owner: Mapped[str]
            pay: Mapped[int]
            origin: Mapped[str]
            code: Mapped[str | None] = mapped_column(unique=True)
            room_id: Mapped[str | None] = mapped_column(UUIDv7, sa.ForeignKey(Room.id, ondelete="SET NULL"))
            room: Mapped[Room | None] = relationship(Room)
        """,
    "resources.py": """
        import colander
        import sqlalchemy as sa
        from talatat import schema as s
        from talatat.resources import Ranking, Resource, item_action
        from .models import Entry, Room

        class Owned:
            def scope(self, request, query):
                if request.has_permission("diary.all"):
                    return query
                return query.where(self.model.owner == request.identity.id)

            def apply(self, request, row, changes):
                super().apply(request, row, changes)
                row.owner = row.owner or request.identity.id

        class RoomSchema(colander.MappingSchema):
            id = colander.SchemaNode(s.UUID(), read_only=True)
            label = colander.SchemaNode(colander.String())
            rent = colander.SchemaNode(colander.Integer(), missing=0, read_permission="diary.pay")

        class EntrySchema(colander.MappingSchema):
            id = colander.SchemaNode(s.UUID(), read_only=True)
            title = colander.SchemaNode(colander.String(), validator=colander.Length(1, 20))
            pay = colander.SchemaNode(colander.Integer(), missing=0, read_permission="diary.pay",
                                      write_permission="diary.set_pay")
            origin = colander.SchemaNode(colander.String(), missing="?", create_only=True,
                                         read_permission="diary.pay")
            code = colander.SchemaNode(colander.String(), missing=None)
            room_id = colander.SchemaNode(s.UUID(), missing=None)

            def validator(self, node, value):
                if value["title"] == "refused":
                    raise colander.Invalid(node, "no")

        class Rooms(Owned, Resource):
            name = "rooms"
            model = Room
            schema = RoomSchema
            permissions = {"read": "diary.read", "write": "diary.all"}
            filters = ("label", "rent")

        class Entries(Owned, Resource):
            name = "entries"
            model = Entry
            schema = EntrySchema
            permissions = {"read": "diary.read", "create": "diary.create", "write": "diary.write"}
            filters = {**dict.fromkeys(("title", "pay", "origin", "room_id", "room.label", "room.rent")),
                       "earned": Entry.pay}
            sorts = {"title": Entry.title, "pay": Entry.pay, "by_pay": Entry.pay * 2}
            default_sort = ("-pay", "title")
            keeps_deleted = True
            searched = ("title",)

            def search(self, request, text):
                found = sa.select(Entry.id, sa.func.length(Entry.title).label("score"))
                return Ranking(found.where(Entry.title.contains(text)).subquery())

            @item_action("touch", permission="diary.write")
            def touch(self, request, row):
                return row
        """,
    "migrations/versions/0001_diary.py": """
        import sqlalchemy as sa
        from alembic import op
        from talatat.db import types as t
        revision, down_revision, phase = "0001_diary", None, "expand"
        def record():
            return [
                sa.Column("id", t.UUIDv7(), primary_key=True),
                sa.Column("version", sa.Integer, nullable=False),
                sa.Column("created_at", t.UTCDateTime(), nullable=False),
                sa.Column("updated_at", t.UTCDateTime(), nullable=False),
                sa.Column("owner", sa.String, nullable=False),
            ]
        def upgrade():
            op.create_table("diary_room", *record(), sa.Column("label", sa.String, nullable=False),
                            sa.Column("rent", sa.Integer, nullable=False))
            op.create_table(
                "diary_entry", *record(), sa.Column("title", sa.String, nullable=False),
                sa.Column("pay", sa.Integer, nullable=False), sa.Column("origin", sa.String, nullable=False),
                sa.Column("code", sa.String, unique=True),
                sa.Column("room_id", t.UUIDv7(), sa.ForeignKey("diary_room.id", ondelete="SET NULL")),
            )
        """,
}

ENTRIES, ROOMS = "/api/diary/v1/entries", "/api/diary/v1/rooms"


MOODS = {
    "__init__.py": """
        import colander
        from PKG_diary.models import Entry
        from .models import Mood

        class MoodFields(colander.MappingSchema):
            mood = colander.SchemaNode(colander.String(), missing="calm")
            reason = colander.SchemaNode(colander.String(), missing="none", read_permission="diary.pay",
                                         write_permission="diary.set_pay")

        def includeme(config):
            config.extend_model(Entry, Mood, presence="sparse")
            config.extend_resource("diary.entries", MoodFields)
        """,
    "models.py": """
        from sqlalchemy.orm import Mapped
        from talatat.db import Extension, declarative_base, extension_key
        from PKG_diary.models import Entry
        Base = declarative_base("moods")
        class Mood(Extension, Base):
            __tablename__ = "moods_entry"
            entry_id: Mapped[str] = extension_key(Entry)
            mood: Mapped[str]
            reason: Mapped[str]
        """,
    "migrations/versions/0001_moods.py": """
        import sqlalchemy as sa
        from alembic import op
        from talatat.db import types as t
        revision, down_revision, phase = "0001_moods", None, "expand"
        requires = {"diary": "0001_diary"}
        def upgrade():
            op.create_table(
                "moods_entry",
                sa.Column("entry_id", t.UUIDv7(), sa.ForeignKey("diary_entry.id", ondelete="CASCADE"),
                          primary_key=True),
                sa.Column("version", sa.Integer, nullable=False), sa.Column("mood", sa.String, nullable=False),
                sa.Column("reason", sa.String, nullable=False),
            )
        """,
}
"""An addon that adds fields to entries, one of which takes a permission."""
