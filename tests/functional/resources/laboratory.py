"""`lab`: an addon with columns of every type, properties of every kind, and a scope for each request.

`PKG_lab.scopes.SCOPES` are the scopes: a request names one in `X-Scope`, and whose rows it wants in `X-Who`.
"""

from __future__ import annotations

from .identity import BY_ROLE

LAB = {
    "__init__.py": """
        from .resources import Far, Items, Odd
        from .security import Source

        def includeme(config):
            config.add_permission("lab.cost", "See what items cost us")
            config.add_role("owner", ["lab.cost"])
            config.add_identity_source("lab.role", Source())
            config.add_resource(Items)
            config.add_resource(Odd)
            config.add_resource(Far)
        """,
    "security.py": BY_ROLE,
    "models.py": """
        import datetime as dt
        import enum
        from decimal import Decimal
        from typing import Any
        import sqlalchemy as sa
        from sqlalchemy.ext.hybrid import hybrid_property
        from sqlalchemy.orm import Mapped, column_property, deferred, mapped_column, query_expression, relationship
        from talatat.db import Encrypted, JSONDocument, Money, Record, Scaled, UTCDateTime, UUIDv7
        from talatat.db import declarative_base

        Base = declarative_base("lab")

        class Grade(enum.Enum):
            low = "low"
            high = "high"

        class Shelf(Record, Base):
            __tablename__ = "lab_shelf"
            label: Mapped[str] = mapped_column(sa.String(20))
            owner: Mapped[str] = mapped_column(sa.String(20))

        def who_of(item):
            return item.owner or item.code

        class Item(Record, Base):
            __tablename__ = "lab_item"
            NOTHING = None
            name: Mapped[str] = mapped_column(sa.String(60))
            owner: Mapped[str] = mapped_column(sa.String(20), default="")
            code: Mapped[str | None] = mapped_column(sa.String(20))
            rank: Mapped[int | None] = mapped_column(sa.Integer)
            row: Mapped[int] = mapped_column(sa.BigInteger, default=0)
            weight: Mapped[float | None] = mapped_column(sa.Float)
            ratio: Mapped[Decimal | None] = mapped_column(sa.Numeric(12, 3))
            size: Mapped[Decimal | None] = mapped_column(Scaled(2))
            sold_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
            day: Mapped[dt.date | None] = mapped_column(sa.Date)
            hour: Mapped[dt.time | None] = mapped_column(sa.Time)
            active: Mapped[bool | None] = mapped_column(sa.Boolean)
            grade: Mapped[Grade | None] = mapped_column(sa.Enum(Grade, native_enum=False, length=8))
            details: Mapped[Any] = mapped_column(JSONDocument)
            sealed: Mapped[str | None] = mapped_column(Encrypted("lab.sealed"))
            cost: Mapped[int] = mapped_column(default=0)
            long: Mapped[str | None] = deferred(mapped_column(sa.Text))
            price_minor: Mapped[int] = mapped_column(sa.BigInteger, default=0)
            currency: Mapped[str] = mapped_column(sa.CHAR(3), default="EUR")
            shelf_id: Mapped[str | None] = mapped_column(UUIDv7, sa.ForeignKey(Shelf.id, ondelete="SET NULL"))
            shelf: Mapped[Shelf | None] = relationship(Shelf)
            parts: Mapped[list["Part"]] = relationship(lambda: Part, viewonly=True)
            doubled: Mapped[int | None] = column_property(rank * 2)
            distance: Mapped[int | None] = query_expression()

            @property
            def price(self):
                return Money.from_minor(self.price_minor, self.currency)

            @hybrid_property
            def loud(self):
                return self.name.upper()

            @loud.inplace.expression
            @classmethod
            def _loud(cls):
                return sa.func.upper(cls.name, type_=sa.String())

            def __str__(self):
                return f"item {self.name}"

            @property
            def title(self):
                return f"{self}"

            @property
            def kind_of_row(self):
                return type(self).__tablename__

            @property
            def table_name(self):
                return self.__table__.name

            @property
            def shelf_label(self):
                return self.shelf.label if self.shelf else None

            @property
            def swallowed(self):
                try:
                    return who_of(self)
                except Exception:
                    return "nobody"

            @property
            def asked(self):
                return getattr(self, "owner", "nobody")

            @property
            def nothing(self):
                return self.NOTHING

            @property
            def broken(self):
                return 10 // self.row

        class Part(Record, Base):
            __tablename__ = "lab_part"
            item_id: Mapped[str] = mapped_column(UUIDv7, sa.ForeignKey(Item.id, ondelete="CASCADE"))
            name: Mapped[str] = mapped_column(sa.String(20))
        """,
    "scopes.py": """
        import sqlalchemy as sa
        from sqlalchemy.orm import aliased, with_loader_criteria, with_parent
        from .models import Item, Part, Shelf

        Other, Place = aliased(Item), aliased(Shelf)

        def cte(query, who):
            mine = sa.select(Shelf.id).where(Shelf.owner == who).cte("mine")
            return query.where(Item.shelf_id.in_(sa.select(mine.c.id)))

        def on_shelf(query, who):
            shelf = Shelf(id="00000000-0000-7000-8000-00000000000" + ("1" if who == "ann" else "2"))
            return query.where(Item.shelf == shelf)

        SCOPES = {
            "owner": lambda query, who: query.where(Item.owner == who),
            "not": lambda query, who: query.where(Item.owner != who, Item.rank.is_not(None)),
            "between": lambda query, who: query.where(Item.rank.between(-1 if who == "ann" else 0, 1)),
            "in": lambda query, who: query.where(Item.owner.in_([who, "cat"] if who == "ann" else [who])),
            "relation": lambda query, who: query.where(Item.shelf.has(owner=who)),
            "join": lambda query, who: query.join(Item.shelf).where(Shelf.owner == who),
            "join_bare": lambda query, who: query.join(Shelf).where(Shelf.owner == who),
            "join_from": lambda query, who: query.select_from(sa.join(Item, Shelf)).where(Shelf.owner == who),
            "join_and": lambda query, who: query.join(Item.shelf.of_type(Place).and_(Place.owner == who)),
            "outer": lambda query, who: query.outerjoin(Item.shelf).where(
                sa.or_(Shelf.owner == who, Shelf.id.is_(None))),
            "product": lambda query, who: query.where(Item.shelf_id == Shelf.id, Shelf.owner == who),
            "twice": lambda query, who: query.join(Item.parts).where(Part.name != who),
            "distinct": lambda query, who: query.join(Item.parts).where(Part.name != who).distinct(),
            "groups": lambda query, who: query.join(Item.parts).where(Part.name != who).group_by(Item.id),
            "exists": lambda query, who: query.where(
                sa.exists().where(Other.name == Item.name, Other.id != Item.id, Other.owner == who)),
            "cte": cte,
            "object": on_shelf,
            "lambda": lambda query, who: query.where(lambda: Item.owner == who),
            "text": lambda query, who: query.where(sa.text("lab_item.owner = :who").bindparams(who=who)),
            "words": lambda query, who: query.where(sa.text("lab_item.owner = '%s'" % who)),
            "named": lambda query, who: query.where(Item.owner == sa.bindparam("who", who)),
            "called": lambda query, who: query.where(Item.owner == sa.bindparam("who", callable_=lambda: who)),
            "spelled": lambda query, who: query.where(sa.func.lower(Item.owner) == sa.func.lower(who)),
            "escaped": lambda query, who: query.where(Item.owner.contains(who[:2], escape="\\\\")),
            "mine": lambda query, who: query.where(
                sa.text("lab_item.owner = current_setting('lab.who', true)")),
            "translated": lambda query, who: query.where(Item.owner == who).execution_options(
                schema_translate_map={None: "no_such_schema"} if who == "eve" else {}),
            "limit": lambda query, who: query.where(Item.owner == who).limit(1),
            "options": lambda query, who: query.options(with_loader_criteria(Item, Item.owner == who)),
            "nothing": lambda query, who: query.where(sa.false()),
        }
        """,
    "resources.py": """
        import json
        import colander
        import sqlalchemy as sa
        from sqlalchemy.orm import with_expression
        from talatat import schema as s
        from talatat.db import new_id
        from talatat.resources import Ranking, Resource, collection_action
        from talatat.resources.reads import get_row, list_rows
        from .models import Item
        from .scopes import SCOPES

        def node(typ, **told):
            return colander.SchemaNode(typ, missing=None, **told)

        class ItemSchema(colander.MappingSchema):
            id = colander.SchemaNode(s.UUID(), read_only=True)
            again = colander.SchemaNode(s.UUID(), read_only=True, attribute="id")
            name = colander.SchemaNode(colander.String())
            owner = node(colander.String())
            code = node(colander.String())
            rank = node(colander.Integer())
            row = node(colander.Integer())
            weight = node(colander.Float())
            ratio = node(s.Decimal())
            size = node(s.Decimal())
            sold_at = node(s.Timestamp())
            made = colander.SchemaNode(colander.DateTime(), read_only=True, attribute="sold_at")
            day = node(colander.Date())
            hour = node(colander.Time())
            active = node(colander.Boolean())
            grade = colander.SchemaNode(colander.String(), read_only=True,
                attribute=lambda item: item.grade and item.grade.value)
            details = colander.SchemaNode(s.AnyJSON(), missing=None)
            sealed = node(colander.String(), secret=False)
            cost = node(colander.Integer(), read_permission="lab.cost")
            long = node(colander.String())
            price = colander.SchemaNode(s.Money(), read_only=True)
            shelf_id = node(s.UUID())
            doubled = colander.SchemaNode(colander.Integer(), read_only=True)
            loud = colander.SchemaNode(colander.String(), read_only=True)
            nothing = colander.SchemaNode(colander.String(), read_only=True)
            created_at = colander.SchemaNode(s.Timestamp(), read_only=True)

        class Items(Resource):
            name, model, schema = "items", Item, ItemSchema
            permissions = {"read": "public", "write": "lab.cost"}
            filters = {**dict.fromkeys(["name", "code", "rank", "weight", "ratio", "size", "sold_at", "day", "hour",
                "active", "shelf_id", "shelf.owner", "doubled", "loud"]),
                "late": Item.rank < sa.bindparam("least", callable_=lambda: Items.least, type_=sa.Integer()),
                "own": lambda query, name, op, value: query.where(Item.owner == value)}
            sorts = {**dict.fromkeys(["name", "rank", "weight", "size", "sold_at", "code", "active", "doubled"]),
                "score": Item.rank}
            open_maps = {"details": lambda query, name, op, value: query.where(
                Item.details[name].as_string() == value)}
            least = 0

            def scope(self, request, query):
                name = request.headers.get("X-Scope")
                return SCOPES[name](query, request.headers.get("X-Who", "ann")) if name else query

            searched = ("name",)

            def search(self, request, text):
                score = sa.func.length(Item.name).label("score")
                return Ranking(sa.select(Item.id, score).where(Item.name.contains(text)).subquery())

            @collection_action("make", permission="public")
            def make(self, request):
                '''Make an item, change it, and read it each time, before anything is written.'''
                bound = request.registry.system.resources["lab.items"]
                item = Item(id=new_id(), name="new", row=0, cost=0, price_minor=0, currency="EUR", owner="")
                request.db.add(item)
                request.matchdict["id"] = item.id
                listed = json.loads(list_rows(bound, request).body)["items"]
                item.name = "newer"
                got = json.loads(get_row(bound, request).body)
                return {"listed": [one["name"] for one in listed], "got": got["name"]}

        def item(name, typ=colander.String, **told):
            return colander.SchemaNode(typ(), read_only=True, name=name, **told)

        class OddSchema(colander.MappingSchema):
            id = colander.SchemaNode(s.UUID(), read_only=True)
            title = item("title")
            whole = item("whole", attribute=lambda item: str(item))
            truth = item("truth", colander.Boolean, attribute=lambda item: bool(item))
            kind_of_row = item("kind_of_row")
            table_name = item("table_name")
            shelf_label = item("shelf_label")
            swallowed = item("swallowed")
            asked = item("asked")
            nothing = item("nothing")
            broken = item("broken", colander.Integer)
            distance = item("distance", colander.Integer)

        class Odd(Resource):
            name, model, schema = "odd", Item, OddSchema
            permissions = {"read": "public", "write": "lab.cost"}
            sorts = ("name",)

        class Far(Odd):
            name = "far"

            def load_options(self, request):
                return (with_expression(Item.distance, Item.rank + 100),)
        """,
    "migrations/versions/0001_lab.py": """
        import sqlalchemy as sa
        from alembic import op
        from talatat.db import types as t
        revision, down_revision, phase = "0001_lab", None, "expand"

        def record():
            return [
                sa.Column("id", t.UUIDv7(), primary_key=True),
                sa.Column("version", sa.Integer, nullable=False),
                sa.Column("created_at", t.UTCDateTime(), nullable=False),
                sa.Column("updated_at", t.UTCDateTime(), nullable=False),
            ]

        def upgrade():
            op.create_table("lab_shelf", *record(), sa.Column("label", sa.String(20), nullable=False),
                            sa.Column("owner", sa.String(20), nullable=False))
            op.create_table(
                "lab_item", *record(),
                sa.Column("name", sa.String(60), nullable=False),
                sa.Column("owner", sa.String(20), nullable=False),
                sa.Column("code", sa.String(20)),
                sa.Column("rank", sa.Integer),
                sa.Column("row", sa.BigInteger, nullable=False),
                sa.Column("weight", sa.Float),
                sa.Column("ratio", sa.Numeric(12, 3)),
                sa.Column("size", t.Scaled(2)),
                sa.Column("sold_at", t.UTCDateTime()),
                sa.Column("day", sa.Date),
                sa.Column("hour", sa.Time),
                sa.Column("active", sa.Boolean),
                sa.Column("grade", sa.String(8)),
                sa.Column("details", t.JSONDocument()),
                sa.Column("sealed", sa.Text),
                sa.Column("cost", sa.Integer, nullable=False),
                sa.Column("long", sa.Text),
                sa.Column("price_minor", sa.BigInteger, nullable=False),
                sa.Column("currency", sa.CHAR(3), nullable=False),
                sa.Column("shelf_id", t.UUIDv7(), sa.ForeignKey("lab_shelf.id", ondelete="SET NULL"), index=True),
            )
            op.create_table("lab_part", *record(),
                sa.Column("item_id", t.UUIDv7(), sa.ForeignKey("lab_item.id", ondelete="CASCADE"), index=True,
                          nullable=False),
                sa.Column("name", sa.String(20), nullable=False))
        """,
}


def extra(addon: str, presence: str) -> dict[str, str]:
    """An addon that extends items; a request with `X-Scope: <addon>` is narrowed by its own table."""
    return {
        "__init__.py": f"""
            import colander
            from PKG_lab.models import Item
            from PKG_lab.scopes import SCOPES
            from .models import Extra

            class ExtraFields(colander.MappingSchema):
                filters = ("points",)
                points = colander.SchemaNode(colander.Integer(), missing=7)
                note = colander.SchemaNode(colander.String(), missing=None)
                hidden = colander.SchemaNode(colander.String(), missing=None, read_permission="lab.cost")
                twice = colander.SchemaNode(colander.Integer(), read_only=True,
                    attribute=lambda extra: extra.points and extra.points * 2)

            SCOPES["{addon}"] = lambda query, who: query.join(Extra, Extra.item_id == Item.id).where(
                Extra.points > (1 if who == "ann" else 2))

            def includeme(config):
                config.extend_model(Item, Extra, presence={presence!r})
                config.extend_resource("lab.items", ExtraFields)
            """,
        "models.py": f"""
            from sqlalchemy.orm import Mapped, mapped_column
            from talatat.db import Extension, declarative_base, extension_key
            from PKG_lab.models import Item
            Base = declarative_base("{addon}")
            class Extra(Extension, Base):
                __tablename__ = "{addon}_item"
                item_id: Mapped[str] = extension_key(Item)
                points: Mapped[int] = mapped_column(default=0)
                note: Mapped[str | None]
                hidden: Mapped[str | None]
            """,
        "migrations/versions/0001_extra.py": f"""
            import sqlalchemy as sa
            from alembic import op
            from talatat.db import types as t
            revision, down_revision, phase = "0001_extra", None, "expand"
            requires = {{"lab": "0001_lab"}}
            def upgrade():
                op.create_table(
                    "{addon}_item",
                    sa.Column("item_id", t.UUIDv7(), sa.ForeignKey("lab_item.id", ondelete="CASCADE"),
                              primary_key=True),
                    sa.Column("version", sa.Integer, nullable=False),
                    sa.Column("points", sa.Integer, nullable=False),
                    sa.Column("note", sa.String),
                    sa.Column("hidden", sa.String),
                )
            """,
    }
