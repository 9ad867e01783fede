"""`talatat doctor`: where models, migrations and database part, thing by thing, and what mends it."""

from talatat.cli.main import main

from .conftest import SECOND


def keyed(report, check):
    return {(one["table"], one["kind"], one["name"]): one
            for one in report["findings"] if one["check"] == check}  # fmt: skip


def test_a_system_that_was_applied_and_left_alone_is_clean(patient, capsys):
    report = patient.doctor(code=0)
    assert report["findings"] == []
    assert report["left_out"] == []
    assert "models, migrations and database" in report["checks"]
    assert main(["doctor", patient.ini]) == 0
    assert "No findings in" in capsys.readouterr().out


def test_what_the_models_alone_say_wants_a_revision(patient, shelf):
    book = (shelf.folder / shelf.package("shelf") / "models.py").read_text()
    shelf.write("shelf", {"models.py": book.replace("title: Mapped[str]", "name: Mapped[str]")})
    found = keyed(patient.doctor(), "models")
    assert set(found) == {("shelf_book", "column", "name"), ("shelf_book", "column", "title")}
    new = found["shelf_book", "column", "name"]
    assert new["says"]["migrations"] is None
    assert new["says"]["database"] is None
    assert new["says"]["models"]["nullable"] is False
    assert f"talatat revision {patient.ini} shelf" in new["mend"]


def test_what_was_changed_by_hand_is_told_with_the_sql_that_puts_it_back(patient, capsys):
    patient.addons.revision("shelf", "0002_pages", SECOND, down="0001_books")
    patient.apply()
    patient.sql(
        "CREATE TABLE shelf_mine (a INTEGER)",
        "CREATE INDEX shelf_book_mine_ix ON shelf_book (created_at)",
        "DROP INDEX shelf_more_pages_ix",
        "ALTER TABLE shelf_book DROP COLUMN title",
        "ALTER TABLE rating_book ADD COLUMN more INTEGER",
    )
    report = patient.doctor()
    found = keyed(report, "database")
    assert set(found) == {
        ("shelf_mine", "table", "shelf_mine"),
        ("shelf_book", "index", "shelf_book_mine_ix"),
        ("shelf_more", "index", "shelf_more_pages_ix"),
        ("shelf_book", "column", "title"),
        ("rating_book", "column", "more"),
    }
    assert (
        found["shelf_more", "index", "shelf_more_pages_ix"]["says"]["models"] == "made in SQL alone"
    )
    assert keyed(report, "models") == {}
    assert main(["doctor", patient.ini]) == 2
    out = capsys.readouterr().out
    assert "column title of shelf_book is not as its revisions made it" in out
    assert "database:" in out
    on_sqlite = patient.url.startswith("sqlite")
    lost = found.pop(("shelf_book", "column", "title")) if on_sqlite else None
    for one in found.values():
        patient.sql(*one["mend"].removeprefix("put it back: ").rstrip(";").split("; "))
    if lost is not None:
        # A column that must have a value cannot be added to a table in place.
        assert "talatat.db.altering" in lost["mend"]
        assert set(keyed(patient.doctor(), "database")) == {("shelf_book", "column", "title")}
    else:
        assert patient.doctor(code=0)["findings"] == []


def test_a_column_of_another_type_and_a_constraint_are_put_back_where_the_database_can(patient):
    if patient.url.startswith("sqlite"):
        patient.sql(
            "ALTER TABLE shelf_book RENAME COLUMN title TO other",
            "ALTER TABLE shelf_book ADD COLUMN title INTEGER",
            "ALTER TABLE shelf_book DROP COLUMN other",
        )
        (one,) = keyed(patient.doctor(), "database").values()
        assert "talatat.db.altering" in one["mend"]
        return
    patient.sql(
        "ALTER TABLE shelf_book ALTER COLUMN title TYPE text, ALTER COLUMN title DROP NOT NULL, "
        "ALTER COLUMN title SET DEFAULT 'x'",
        "ALTER TABLE rating_book DROP CONSTRAINT rating_book_book_id_fk",
        "ALTER TABLE rating_book ADD CONSTRAINT mine CHECK (stars > 0)",
        "CREATE FUNCTION rating_nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "CREATE TRIGGER rating_mine BEFORE INSERT ON rating_book FOR EACH ROW EXECUTE FUNCTION rating_nothing()",
    )
    found = keyed(patient.doctor(), "database")
    assert {name for _, _, name in found} >= {
        "title",
        "rating_book_book_id_fk",
        "mine",
        "rating_mine",
    }
    for (_, kind, _), one in found.items():
        if kind != "table":
            patient.sql(*one["mend"].removeprefix("put it back: ").rstrip(";").split("; "))
    assert {kind for _, kind, _ in keyed(patient.doctor(), "database")} <= {"table"}


def test_what_models_and_database_agree_on_without_a_revision_is_told_as_such(patient, shelf):
    book = (shelf.folder / shelf.package("shelf") / "models.py").read_text()
    more = book + "    extra: Mapped[int | None]\n"
    shelf.write("shelf", {"models.py": more})
    patient.sql("ALTER TABLE shelf_book ADD COLUMN extra INTEGER")
    (one,) = patient.doctor()["findings"]
    assert one["mend"].startswith("the models say the same as the database.")
    assert "Then write the revision" in one["mend"]


def test_pending_revisions_are_no_drift(patient):
    patient.addons.revision("rating", "0002_wait", "op.create_table('rating_x', sa.Column('id', sa.Integer))",
                            down="0001_ratings")  # fmt: skip
    report = patient.doctor(code=0)
    (told,) = [one for one in report["information"] if one["check"] == "pending"]
    assert "rating 0002_wait" in told["what"]


def test_before_anything_was_applied_models_and_migrations_are_compared(
    rated_shelf, sqlite_url, capsys
):
    ini = rated_shelf.ini("rating", url=sqlite_url)
    assert main(["doctor", ini, "--json"]) == 0
    assert main(["doctor", ini]) == 0
    assert "revisions are not applied yet" in capsys.readouterr().out
