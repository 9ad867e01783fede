"""Revisions are gone through as `talatat apply` and `talatat rollback` do, and judged as their plans do."""

import pytest

from talatat.testing.conformance import check

# What `talatat revision` writes for a column that comes under a new name, NOT NULL and with a check.
CALLED_POWER = {
    "0003_power": """
        import sqlalchemy as sa
        from alembic import op
        revision, down_revision, phase = "0003_power", "0002_watts", "expand"
        def upgrade():
            op.add_column("lamp_lamp", sa.Column("power", sa.Integer))
        def downgrade():
            op.drop_column("lamp_lamp", "power")
        """,
    "0004_check": """
        from alembic import op
        from talatat.db.altering import altering
        revision, down_revision, phase = "0004_check", "0003_power", "expand"
        def upgrade():
            with altering("lamp_lamp") as table:
                table.create_check_constraint(
                    op.f("lamp_lamp_power_ck"), "power >= 0", postgresql_not_valid=True)
        def downgrade():
            with altering("lamp_lamp") as table:
                table.drop_constraint(op.f("lamp_lamp_power_ck"), type_="check")
        """,
    "0005_valid": """
        from alembic import op
        revision, down_revision, phase = "0005_valid", "0004_check", "expand"
        def upgrade():
            if op.get_bind().dialect.name == "postgresql":
                op.execute("ALTER TABLE lamp_lamp VALIDATE CONSTRAINT lamp_lamp_power_ck")
        def downgrade():
            pass
        """,
    "0006_fill": """
        from talatat.db.batches import Batch
        revision, down_revision, phase = "0006_fill", "0005_valid", "data"
        batches = [Batch("lamp_lamp", set="power = coalesce(watts, 0)", where="power IS NULL")]
        def upgrade():
            pass
        def downgrade():
            pass
        """,
    "0007_contract": """
        import sqlalchemy as sa
        from alembic import op
        revision, down_revision, phase = "0007_contract", "0006_fill", "contract"
        def upgrade():
            op.drop_column("lamp_lamp", "watts")
            if op.get_bind().dialect.name == "postgresql":
                op.create_check_constraint(
                    op.f("lamp_lamp_power_present_ck"), "lamp_lamp", "power IS NOT NULL",
                    postgresql_not_valid=True)
        def downgrade():
            if op.get_bind().dialect.name == "postgresql":
                op.drop_constraint(
                    op.f("lamp_lamp_power_present_ck"), "lamp_lamp", type_="check", if_exists=True)
            op.add_column("lamp_lamp", sa.Column("watts", sa.Integer))
        """,
    "0008_valid": """
        from alembic import op
        revision, down_revision, phase = "0008_valid", "0007_contract", "contract"
        def upgrade():
            if op.get_bind().dialect.name == "postgresql":
                op.execute("ALTER TABLE lamp_lamp VALIDATE CONSTRAINT lamp_lamp_power_present_ck")
        def downgrade():
            pass
        """,
    "0009_not_null": """
        from alembic import op
        from talatat.db.altering import altering
        revision, down_revision, phase = "0009_not_null", "0008_valid", "contract"
        def upgrade():
            with altering("lamp_lamp") as table:
                table.alter_column("power", nullable=False)
            if op.get_bind().dialect.name == "postgresql":
                op.drop_constraint(op.f("lamp_lamp_power_present_ck"), "lamp_lamp", type_="check")
        def downgrade():
            with altering("lamp_lamp") as table:
                table.alter_column("power", nullable=True)
            if op.get_bind().dialect.name == "postgresql":
                op.execute("ALTER TABLE lamp_lamp ADD CONSTRAINT lamp_lamp_power_present_ck"
                           " CHECK (power IS NOT NULL) NOT VALID")
        """,
}
# Where a contract revision stands a release ends: what comes after it meets the columns before it.
RELEASED = """
    revision, down_revision, phase = "0003_released", "0002_watts", "contract"
    def upgrade():
        pass
    def downgrade():
        pass
    """
FILLED_LATER = """
    from talatat.db.batches import Batch
    revision, down_revision, phase = "0004_fill", "0003_released", "data"
    batches = [Batch("lamp_lamp", set="watts = 40", where="watts IS NULL")]
    def upgrade():
        pass
    def downgrade():
        pass
    """
BOUND_LATER = """
    from alembic import op
    from talatat.db.altering import altering
    revision, down_revision, phase = "0004_check", "0003_released", "expand"
    def upgrade():
        with altering("lamp_lamp") as table:
            table.create_check_constraint(op.f("lamp_lamp_watts_ck"), "watts >= 0")
    def downgrade():
        with altering("lamp_lamp") as table:
            table.drop_constraint(op.f("lamp_lamp_watts_ck"), type_="check")
    """
DROPPED = """
    import sqlalchemy as sa
    from alembic import op
    revision, down_revision, phase = "0003_dropped", "0002_watts", "contract"
    def upgrade():
        op.drop_column("lamp_lamp", "watts")
    def downgrade():
        op.add_column("lamp_lamp", sa.Column("watts", sa.Integer))
    """
EMPTIED = DROPPED.replace('op.drop_column("lamp_lamp", "watts")', "PASS").replace(
    'op.add_column("lamp_lamp", sa.Column("watts", sa.Integer))', "pass"
)


def files(**revisions):
    return {f"migrations/versions/{name}.py": text for name, text in revisions.items()}


def problems(*only, kinds=("sqlite",), **options):
    report = check("lamp", beside=(), kinds=kinds, only=only, **options)
    return {one.rule.id: one.problems or one.said for one in report.results if one.state != "pass"}


def called_power(workshop):
    """The files of lamp whose watts are called power."""
    return {
        **workshop.changed(
            "models.py",
            ("watts: Mapped[int | None]", "power: Mapped[int] = mapped_column(default=0)"),
            ('name="kind"),)', 'name="kind"), sa.CheckConstraint("power >= 0", name="power"))'),
        ),
        **workshop.changed("resources.py", ("watts =", "power =")),
        **files(**CALLED_POWER),
    }


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_column_under_a_new_name_passes_as_talatat_revision_writes_it(workshop, request, kind):
    if kind == "postgresql":
        request.getfixturevalue("postgresql_server")
    workshop.lamp(called_power(workshop))
    asked = (
        "applies", "models-match", "down-and-up", "rows-survive", "archived", "no-danger", "no-hazard",
    )  # fmt: skip
    assert problems(*asked, kinds=(kind,)) == {}


def test_a_column_that_is_dropped_and_kept_comes_back_and_is_no_danger(workshop):
    workshop.lamp(files(**{"0003_dropped": DROPPED}))
    assert problems("down-and-up", "no-danger") == {}


def test_rows_that_are_deleted_are_not_kept_and_stay_a_danger(workshop):
    gone = EMPTIED.replace("PASS", """op.execute("DELETE FROM lamp_lamp")""")
    workshop.lamp(files(**{"0003_dropped": gone}))
    found = problems("down-and-up", "no-danger")
    assert "all rows of lamp_lamp are deleted" in found["no-danger"][0]
    assert "rows of lamp_lamp are gone" in found["down-and-up"][0]


def test_what_a_backfill_leaves_in_a_column_of_the_release_before_is_told(workshop):
    workshop.lamp(files(**{"0003_released": RELEASED, "0004_fill": FILLED_LATER}))
    (told,) = problems("down-and-up")["down-and-up"]
    assert "0004_fill: lamp_lamp.watts was None and is 40" in told


def test_a_check_that_binds_the_release_before_is_told(workshop):
    workshop.lamp(files(**{"0003_released": RELEASED, "0004_check": BOUND_LATER}))
    (told,) = problems("no-danger")["no-danger"]
    assert "0004_check: danger contract-in-expand" in told


def test_rows_that_no_release_writes_are_told_with_the_way_to_say_others(workshop):
    files = called_power(workshop)
    fill = "migrations/versions/0006_fill.py"
    files[fill] = files[fill].replace("coalesce(watts, 0)", "watts")
    had = ('sa.Column("watts", sa.Integer)', 'sa.Column("watts", sa.Integer, server_default="60")')
    workshop.lamp({**files, **workshop.changed("migrations/versions/0002_watts.py", had)})
    (told,) = problems("applies")["applies"]
    assert "NOT NULL constraint failed" in told
    assert "say values that one writes: --rows FILE, or conformance(..., rows=...)." in told
    assert problems("applies", rows={"lamp_lamp": {"watts": 60}}) == {}
