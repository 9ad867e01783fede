"""For each rule an addon that breaks it: `lamp`, with as little changed as will do.

`also` are rules that cannot but fail with it; `beside` is the company that it needs to be seen.
"""

from dataclasses import dataclass, field

REVISION = """
    import sqlalchemy as sa
    from alembic import op
    from talatat.db import types as t
    revision, down_revision, phase = "0003_more", "0002_watts", "{phase}"
    {says}
    def upgrade():
        {up}
    def downgrade():
        {down}
    """


@dataclass
class Broken:
    """Texts to replace in lamp's files, files to add, and the metadata that is another."""

    said: str
    replace: dict = field(default_factory=dict)
    files: dict = field(default_factory=dict)
    metadata: dict = field(default_factory=dict)
    also: frozenset = frozenset()
    beside: tuple = ()
    options: dict = field(default_factory=dict)


def revision(up, down, says="", phase="expand"):
    """One revision more."""
    text = REVISION.format(up=up, down=down, says=says, phase=phase)
    return {"migrations/versions/0003_more.py": text}


def included(line, head=""):
    """A line more in the includeme, and one at the head of its module."""
    pairs = [("config.add_resource(Lamps)", f"config.add_resource(Lamps)\n            {line}")]
    if head:
        pairs.append(("from typing import Any\n", f"from typing import Any\n        {head}\n"))
    return {"__init__.py": pairs}


EVERYBODY = """
    from typing import Any
    from talatat.security import Identity
    class Everybody:
        def identify(self, request: Any) -> Identity | None:
            if request.path.startswith("/lamps/"):
                return Identity(id="x", name="x", source="lamp", permissions=frozenset({"*"}))
            return None
    everybody = Everybody()
    """
LENIENT = """
        class Lenient(colander.Int):
            def deserialize(self, node: object, cstruct: object) -> object:
                try:
                    return super().deserialize(node, cstruct)
                except colander.Invalid:
                    return 3
        class LampSettings"""
BULBS = """op.create_table("lamp_bulb", sa.Column("id", t.UUIDv7(), primary_key=True),
            sa.Column("lamp_id", t.UUIDv7(), sa.ForeignKey("lamp_lamp.id", ondelete="CASCADE"),
                      nullable=False))"""
NOTES = """op.execute("CREATE TABLE lamp_note (id CHAR(36) NOT NULL, room_id CHAR(36), CONSTRAINT lamp_note_pk "
            "PRIMARY KEY (id), CONSTRAINT lamp_note_room_fk FOREIGN KEY (room_id) REFERENCES room_room (id)"
            " ON DELETE CASCADE)")"""
UNNAMED = """op.execute("CREATE TABLE lamp_note (a CHAR(36) NOT NULL, b CHAR(36), UNIQUE (b), "
            "CONSTRAINT lamp_note_pk PRIMARY KEY (a))")"""
STUCK = """op.execute("CREATE TRIGGER lamp_lamp_stuck BEFORE UPDATE OF room_id ON lamp_lamp "
            "WHEN new.room_id IS NULL BEGIN SELECT RAISE(ABORT, 'it hangs there'); END")"""
WATCH = 'op.execute("CREATE TRIGGER lamp_watch AFTER INSERT ON room_room BEGIN SELECT 1; END")'
BESIDE_GARDEN = """if sa.inspect(op.get_bind()).has_table("garden_bed"):
            op.create_index("lamp_lamp_kind_ix", "lamp_lamp", ["kind"])"""
NO_BACK = 'reversible = False; waivers = {{"forward-only": "nobody wants it back", {} }}'
SLOW = """
        from sqlalchemy import func, select
        from sqlalchemy.orm import object_session
        def count(lamp: Lamp) -> int:
            return object_session(lamp).scalar(select(func.count()).select_from(Lamp))
        class LampSchema"""
LOUD = """
            loud = colander.SchemaNode(colander.Integer(), read_only=True, attribute=lambda lamp: lamp.title)
            watts = colander"""
OTHERS = """
            others = colander.SchemaNode(colander.Integer(), read_only=True, attribute=count)
            watts = colander"""

RING = """@view_config(route_name="lamp.page", renderer="json", request_method="POST", permission="public")
        def ring(request: Any) -> dict[str, Any]:
            return {}
        @view_config("""
ALL = """
        def every(query: Any, name: str, op: str, value: Any) -> Any:
            return query
        class Lamps(Resource)"""

BROKEN = {
    "composes": Broken("No module named", included("", "import PKG_nowhere")),
    "every-order": Broken(
        "composed as room, lamp, garden",
        included("if 'garden' in config.registry.system.composition.by_name: config.registry.garden.append(1)"),
        beside=("garden",),
    ),
    "writes-nothing": Broken(
        "must not write", included("open(__file__ + '.log', 'w').close()")
    ),
    "applies": Broken(
        "0003_more failed", files=revision("""op.execute("UPDATE lamp_lamp SET nothing = 1")""", "pass")
    ),
    "models-match": Broken(
        "left_over",
        files=revision(
            """op.add_column("lamp_lamp", sa.Column("left_over", sa.Integer))""",
            """op.drop_column("lamp_lamp", "left_over")""",
        ),
    ),
    "foreign-keys": Broken(
        "no index begins with room_id",
        files=revision(NOTES, 'op.drop_table("lamp_note")', 'waivers = {"unindexed-foreign-key": "few"}'),
    ),
    "leaves-alone": Broken(
        "room_room differs",
        files=revision(
            WATCH, 'op.execute("DROP TRIGGER lamp_watch")',
            'waivers = {"trigger-on-foreign-table": "why", "foreign-object-touched": "why"}',
        ),
    ),
    "own-names": Broken("the route 'page'", {
        "__init__.py": [('"lamp.page"', '"page"')], "views.py": [('"lamp.page"', '"page"')],
    }),
    "own-tables": Broken(
        "the index lights",
        files=revision(
            """op.execute("CREATE INDEX lights ON lamp_lamp (lower(title))")""",
            """op.execute("DROP INDEX lights")""", 'waivers = {"outside-namespace": "why"}',
        ),
    ),
    "named-constraints": Broken(
        "lamp_note: the constraint unique (b) has no name",
        files=revision(UNNAMED, 'op.drop_table("lamp_note")', 'waivers = {"unnamed-constraint": "why"}'),
    ),
    "settings-refused": Broken("lamp.bright takes whatever", {"settings.py": [
        ("class LampSettings", LENIENT.strip()), ("colander.Int(), missing=3, validator=colander.Range(0, 9)", "Lenient(), missing=3"),
    ]}),
    "permissions": Broken("the route lamp.nowhere", included("config.add_route('lamp.nowhere', '/lamp/nowhere')")),
    "closed": Broken(
        "answers 200 to nobody",
        included("config.add_identity_source('lamp.everybody', 'PKG_lamp.everybody.everybody')"),
        {"everybody.py": EVERYBODY},
    ),
    "careful-source": Broken("loose.py:3: pickle.loads unpickles", files={"loose.py": """
        import pickle
        def read(data: bytes) -> object:
            return pickle.loads(data)
        """.lstrip("\n")}),
    "public-writes": Broken("lets everybody POST /lamps/{id}", {"views.py": [("@view_config(", RING)]}),
    "calls-nobody": Broken("10.0.0.7:80 is called", {"views.py": [
        ("import Any", "import Any\n        import socket"),
        ("return {", 'socket.create_connection(("10.0.0.7", 80), 1)\n            return {'),
    ]}),
    "archived": Broken(
        "lampshade is there still",
        files=revision(
            """op.create_table("lampshade", sa.Column("id", t.UUIDv7(), primary_key=True))""",
            """op.drop_table("lampshade")""", 'waivers = {"outside-namespace": "why"}',
        ),
        also=frozenset({"own-tables"}),
    ),
    "asleep": Broken(
        "delete from room_room: it hangs there",
        files=revision(STUCK, 'op.execute("DROP TRIGGER lamp_lamp_stuck")'),
    ),
    "down-and-up": Broken(
        "cannot be run again",
        files=revision('op.create_index("lamp_lamp_watts_ix", "lamp_lamp", ["watts"])', "pass"),
        replace={"models.py": [("watts: Mapped[int | None]", "watts: Mapped[int | None] = mapped_column(index=True)")]},
    ),
    "reversible": Broken(
        "0003_more.py has no way down",
        files=revision("pass", "raise NotImplementedError"),
    ),
    "rows-survive": Broken(
        "lamp_lamp.title was",
        files=revision(
            """op.execute("UPDATE lamp_lamp SET title = 'a lamp'")""", "raise NotImplementedError",
            NO_BACK.format('"unbatched-update": "few"'),
        ),
    ),
    "either-order": Broken(
        "lamp_lamp differs",
        files=revision(BESIDE_GARDEN, "pass", "waivers = {}"),
        beside=("garden",),
    ),
    "revisions-stand-alone": Broken(
        "0003_more.py",
        files=revision(
            "import PKG_lamp.models", "pass", 'waivers = {"imports-application-models": "why"}'
        ),
    ),
    "no-danger": Broken(
        "danger destructive",
        files=revision(
            'op.drop_column("lamp_lamp", "watts")', "raise NotImplementedError",
            NO_BACK.format(""), "contract",
        ),
        replace={
            "models.py": [("watts: Mapped[int | None]", "")],
            "resources.py": [("watts = colander.SchemaNode(colander.Integer(), missing=None)", "")],
        },
        also=frozenset({"no-hazard"}),
    ),
    "operations-answer": Broken("is not of type integer", {"resources.py": [
        ("watts = colander", LOUD.strip()),
    ]}, also=frozenset({"rest-conventions"})),
    "rest-conventions": Broken("filter-eq", {"resources.py": [
        ("import colander", "from typing import Any\n        import colander"),
        ("class Lamps(Resource)", ALL.strip()),
        ("permissions = {", 'filters = {"title": every}\n            permissions = {'),
    ]}),
    "document-conventions": Broken("Write 'light-up' instead of 'light_up'", {"resources.py": [
        ("import Resource", "import Resource, collection_action"),
        ("class LampSchema", """from typing import Any
        class LampSchema"""),
        ('"write": "lamp.write"}', """"write": "lamp.write"}
            @collection_action("light_up")
            def light_up(self, request: Any) -> None:
                'Light all lamps.'"""),
    ]}),
    "settings-declared": Broken("reads the setting lamp.glow", {"views.py": [
        ("return {", "request.registry.settings.get('lamp.glow')\n            return {"),
    ]}),
    "documented": Broken("the distribution has no licence", metadata={"License-Expression": ""}),
    "tested": Broken("there is no test", options={"tests": ""}),
    "no-hazard": Broken(
        "unindexed-foreign-key",
        files=revision(BULBS, 'op.drop_table("lamp_bulb")'),
        replace={"models.py": [("watts: Mapped[int | None]", """watts: Mapped[int | None]
        class Bulb(Base):
            __tablename__ = "lamp_bulb"
            id: Mapped[str] = mapped_column(primary_key=True)
            lamp_id: Mapped[str] = mapped_column(sa.ForeignKey(Lamp.id, ondelete="CASCADE"))""")]},
    ),
    "typed": Broken("includeme says no type", {"__init__.py": [("config: Any) -> None", "config)")]}),
    "constant-statements": Broken("statements for", {"resources.py": [
        ("class LampSchema", SLOW.strip()),
        ("watts = colander", OTHERS.strip()),
    ]}),
}  # fmt: skip
