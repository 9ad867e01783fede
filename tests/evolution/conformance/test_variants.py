"""Other ways to break a rule, and what a revision may do without breaking one."""

import pytest

from talatat.testing.conformance import check

from .broken import included, revision

DROP_NOTE = 'op.drop_table("lamp_note")'
NOTE = """op.execute("CREATE TABLE lamp_note (id CHAR(36) NOT NULL CONSTRAINT lamp_note_pk PRIMARY KEY, "
            "{column}, CONSTRAINT lamp_note_room_fk FOREIGN KEY (room_id) REFERENCES {target})")"""


def note(target, column="room_id CHAR(36)"):
    return revision(NOTE.format(column=column, target=target), DROP_NOTE)


VARIANTS = {
    "restrict": ("foreign-keys", "ON DELETE NO ACTION refuses its owner's deletes", {}, note("room_room (id)")),
    "bound": (
        "foreign-keys", "SET NULL on room_id, which must not be null", {},
        note("room_room (id) ON DELETE SET NULL", "room_id CHAR(36) NOT NULL"),
    ),
    "nobody": ("applies", "leads to the table attic, which no revision makes", {}, note("attic (id) ON DELETE CASCADE")),
    "view": (
        "leaves-alone", "the view lamp_rooms shows room_room", {},
        revision('op.execute("CREATE VIEW lamp_rooms AS SELECT id FROM room_room")',
                 'op.execute("DROP VIEW lamp_rooms")'),
    ),
    "permission": ("own-names", "the permission 'dim'", included("config.add_permission('dim', 'Dim them')"), {}),
    "role": ("own-names", "the role 'dimmer'", included("config.add_role('dimmer', ['lamp.write'])"), {}),
    "key": (
        "own-names", "the setting 'glow.bright'",
        {"settings.py": [("colander.Int(), missing=3,", 'colander.Int(), missing=3, key="glow.bright",')]}, {},
    ),
    "long": (
        "own-tables", "is longer than 63 bytes", {},
        revision(f'op.execute("CREATE TABLE lamp_{"x" * 60} (id CHAR(36))")', f'op.drop_table("lamp_{"x" * 60}")'),
    ),
    "undescribed": (
        "documented", "the resource lamp.lamps has no docstring",
        {"resources.py": [('"""All lamps."""', "")]}, {},
    ),
    "action": (
        "documented", "the action :dim of lamp.lamps has no docstring",
        {"resources.py": [
            ("from talatat.resources import Resource", "from talatat.resources import Resource, item_action"),
            ('"write": "lamp.write"}', ('"write": "lamp.write"}\n            @item_action("dim")\n'
                                       "            def dim(self, request, lamp):\n                return lamp")),
        ]}, {},
    ),
    "title": ("documented", "the permission lamp.dim has no title", included("config.add_permission('lamp.dim')"), {}),
    "description": (
        "settings-declared", "the setting 'bright' has no description",
        {"settings.py": [(', description="How bright"', "")]}, {},
    ),
    "unknown": (
        "settings-refused", "the unknown key lamp.a_key_that_nobody_declares is accepted",
        {"settings.py": [("bright =", ("a_key_that_nobody_declares = colander.SchemaNode(colander.String(), missing='')"
                                      "\n            bright ="))]}, {},
    ),
    "marker": ("typed", "the package has no py.typed", {}, {"py.typed": None}),
    "many": (
        "typed", "and 2 more", {},
        {"more.py": "\n".join(f"def f{number}(a, *b, **c): pass" for number in range(7))},
    ),
    "table": (
        "rows-survive", "the table lamp_lamp is gone with", {},
        revision('op.drop_table("lamp_lamp")', "raise NotImplementedError"),
    ),
    "rows": (
        "rows-survive", "rows of lamp_lamp are gone", {},
        revision('op.execute("DELETE FROM lamp_lamp")', "raise NotImplementedError"),
    ),
    "nowhere": (
        "down-and-up", "it cannot be taken back", {},
        revision("pass", 'op.drop_table("lamp_nowhere")'),
    ),
    "values": (
        "down-and-up", "lamp_lamp.title was", {},
        revision("pass", """op.execute("UPDATE lamp_lamp SET title = 'none'")"""),
    ),
    "left": (
        "down-and-up", "lamp_note is there after it was taken back and not before it", {},
        revision('op.execute("CREATE TABLE IF NOT EXISTS lamp_note (id CHAR(36))")', "pass"),
    ),
    "raises": (
        "operations-answer", "it answers 500, not 200",
        {"resources.py": [("watts = colander", ("loud = colander.SchemaNode(colander.Integer(), read_only=True, "
                           "attribute=lambda lamp: 1 / 0)\n            watts = colander"))]}, {},
    ),
    "scope": (
        "operations-answer", "as lamp.read: it answers 500, not 200",
        {"resources.py": [('"write": "lamp.write"}', ('"write": "lamp.write"}\n'
          "            def scope(self, request, query):\n"
          "                if request.has_permission('lamp.write'):\n                    return query\n"
          "                return query.where(request.identity.nothing)"))]}, {},
    ),
    "stale": (
        "operations-answer", "with a stale ETag: it answers 500, not 412",
        {"resources.py": [('"write": "lamp.write"}', ('"write": "lamp.write"}\n'
          "            def load_options(self, request):\n"
          "                if request.method != 'GET' and 'If-Match' in request.headers:\n"
          "                    raise ValueError\n                return ()"))]}, {},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", VARIANTS)
def test_a_rule_is_broken_in_other_ways_too(workshop, name):
    rule, said, replace, files = VARIANTS[name]
    made = {}
    for file, pairs in replace.items():
        made |= workshop.changed(file, *pairs)
    workshop.lamp({**made, **files})
    (result,) = check("lamp", beside=(), kinds=("sqlite",), only=[rule]).results
    assert result.state == "fail"
    assert any(said in text for text in result.problems), result.problems


def test_metadata_that_says_nothing_is_told(workshop):
    workshop.lamp(metadata={"Summary": ""}, readme="")
    (result,) = check("lamp", beside=(), kinds=("sqlite",), only=["documented"]).results
    assert [text.partition(" (")[0] for text in result.problems] == [
        "the distribution has no summary", "the distribution has no README",
    ]  # fmt: skip


def test_a_licence_may_be_a_classifier(workshop):
    licence = {"License-Expression": "", "Classifier": "License :: OSI Approved :: MIT License"}
    workshop.lamp(metadata=licence)
    (result,) = check("lamp", beside=(), kinds=("sqlite",), only=["documented"]).results
    assert result.state == "pass"


FILLED = {
    "migrations/versions/0003_more.py": """
        from talatat.db.batches import Batch
        revision, down_revision, phase = "0003_more", "0002_watts", "data"
        batches = [Batch("lamp_lamp", set="watts = 40", where="watts IS NULL")]
        reversal = [Batch("lamp_lamp", set="watts = NULL", where="watts = 40")]
        def upgrade():
            pass
        def downgrade():
            pass
        """,
    "migrations/versions/0004_index.py": """
        from alembic import op
        revision, down_revision, phase = "0004_index", "0003_more", "expand"
        transactional = False
        def upgrade():
            op.create_index("lamp_lamp_watts_ix", "lamp_lamp", ["watts"], postgresql_concurrently=True)
        def downgrade():
            op.drop_index("lamp_lamp_watts_ix", "lamp_lamp", postgresql_concurrently=True)
        """,
    "migrations/versions/0005_last.py": """
        revision, down_revision, phase = "0005_last", "0004_index", "expand"
        reversible = False
        waivers = {"forward-only": "nobody wants it back"}
        def upgrade():
            pass
        """,
}


def test_backfills_indexes_built_alone_and_a_reasoned_way_forward_break_nothing(
    workshop, postgresql_server
):
    indexed = ("watts: Mapped[int | None]", "watts: Mapped[int | None] = mapped_column(index=True)")
    workshop.lamp({**workshop.changed("models.py", indexed), **FILLED})
    only = [
        "applies",
        "models-match",
        "down-and-up",
        "reversible",
        "rows-survive",
        "either-order",
        "archived",
        "no-hazard",
    ]
    report = check("lamp", beside=(), only=only)
    assert [
        (one.rule.id, one.problems, one.said) for one in report.results if one.state != "pass"
    ] == []
    (said,) = [one.said for one in report.results if one.rule.id == "reversible"]
    assert said == "0005_last is forward only: nobody wants it back"


# What `talatat revision` writes for a column that is NOT NULL, with a way back for its backfill.
REQUIRED = {
    "migrations/versions/0003_fill.py": FILLED["migrations/versions/0003_more.py"].replace(
        "0003_more", "0003_fill"
    ),
    "migrations/versions/0004_contract.py": """
        from alembic import op
        revision, down_revision, phase = "0004_contract", "0003_fill", "contract"
        def upgrade():
            if op.get_bind().dialect.name == "postgresql":
                op.create_check_constraint(
                    op.f("lamp_lamp_watts_present_ck"), "lamp_lamp", "watts IS NOT NULL",
                    postgresql_not_valid=True)
        def downgrade():
            if op.get_bind().dialect.name == "postgresql":
                op.drop_constraint(
                    op.f("lamp_lamp_watts_present_ck"), "lamp_lamp", type_="check", if_exists=True)
        """,
    "migrations/versions/0005_not_null.py": """
        from alembic import op
        from talatat.db.altering import altering
        revision, down_revision, phase = "0005_not_null", "0004_contract", "contract"
        def upgrade():
            with altering("lamp_lamp") as table:
                table.alter_column("watts", nullable=False)
            if op.get_bind().dialect.name == "postgresql":
                op.drop_constraint(op.f("lamp_lamp_watts_present_ck"), "lamp_lamp", type_="check")
        def downgrade():
            with altering("lamp_lamp") as table:
                table.alter_column("watts", nullable=True)
            if op.get_bind().dialect.name == "postgresql":
                op.execute("ALTER TABLE lamp_lamp ADD CONSTRAINT lamp_lamp_watts_present_ck"
                           " CHECK (watts IS NOT NULL) NOT VALID")
        """,
}


def test_rows_that_an_older_release_wrote_after_a_backfill_are_filled_as_apply_fills_them(
    workshop, postgresql_server
):
    required = ("watts: Mapped[int | None]", "watts: Mapped[int] = mapped_column(default=40)")
    workshop.lamp({**workshop.changed("models.py", required), **REQUIRED})
    report = check("lamp", beside=(), only=["applies", "models-match", "rows-survive"])
    assert [
        (one.rule.id, one.problems, one.said) for one in report.results if one.state != "pass"
    ] == []
