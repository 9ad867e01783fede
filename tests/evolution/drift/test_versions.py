"""`talatat doctor`: version rows that do not fit the tables, and when --repair writes them."""

from sqlalchemy import text

from talatat.cli.main import main

from .conftest import SECOND


def rows(patient, addon="shelf"):
    with patient.connection() as connection:
        return list(connection.scalars(text(f"SELECT version_num FROM {addon}_alembic_version")))


def version_rows(report):
    return [one for one in report["findings"] if one["check"] == "version-row"]


def test_a_version_row_that_is_missing_is_written_when_the_tables_are_exactly_one_revisions(
    patient,
):
    patient.addons.revision("shelf", "0002_pages", SECOND, down="0001_books")
    patient.sql("DROP TABLE shelf_alembic_version")
    report = patient.doctor()
    (one,) = report["findings"]
    assert (
        "its version row is missing, but its tables are exactly those of 0001_books" in one["what"]
    )
    assert rows_are_gone(patient)
    told = patient.doctor("--repair", code=0)
    assert told["repaired"][0]["repair"] == "0001_books"
    assert rows(patient) == ["0001_books"]
    assert patient.doctor(code=0)["findings"] == []
    patient.apply()
    assert rows(patient) == ["0002_pages"]


def rows_are_gone(patient):
    with patient.connection() as connection:
        kinds = "sqlite_master" if patient.url.startswith("sqlite") else "pg_class"
        column = "name" if patient.url.startswith("sqlite") else "relname"
        found = text(f"SELECT count(*) FROM {kinds} WHERE {column} = 'shelf_alembic_version'")
        return connection.scalar(found) == 0


def test_a_version_row_of_another_revision_is_put_right_and_the_ledger_with_it(patient, capsys):
    patient.addons.revision("shelf", "0002_pages", SECOND, down="0001_books")
    patient.apply()
    patient.sql("UPDATE shelf_alembic_version SET version_num = '0001_books'")
    assert "says 0001_books, but its tables are exactly those of 0002_pages" in patient.doctor()[
        "findings"][0]["what"]  # fmt: skip
    assert main(["doctor", patient.ini, "--repair"]) == 0
    assert "+ shelf: version row 0002_pages written" in capsys.readouterr().out
    assert rows(patient) == ["0002_pages"]
    # And the other way: the row is ahead of the tables.
    patient.sql("DROP TABLE shelf_more")
    patient.doctor("--repair", code=0)
    assert rows(patient) == ["0001_books"]
    with patient.connection() as connection:
        said = connection.execute(
            text(
                "SELECT direction FROM talatat_ledger WHERE revision = '0002_pages' ORDER BY position"
            )
        )
        assert list(said.scalars())[-1] == "down"
    patient.apply()
    assert patient.doctor(code=0)["findings"] == []


def test_a_version_row_without_tables_is_told_and_not_repaired(patient):
    patient.sql("DROP TABLE rating_book")
    (one,) = version_rows(patient.doctor("--repair"))
    assert "addon rating has a version row (0001_ratings) and no table of its own" in one["what"]
    assert "DELETE FROM rating_alembic_version" in one["mend"]
    assert rows(patient, "rating") == ["0001_ratings"]


def test_tables_of_no_revision_or_of_several_are_left_to_people(patient):
    patient.addons.revision("shelf", "0002_nothing", "pass", down="0001_books")
    patient.sql("DROP TABLE shelf_alembic_version")
    (one,) = version_rows(patient.doctor("--repair"))
    assert "its tables are those of 0001_books as well as of 0002_nothing" in one["what"]
    assert "talatat history" in one["mend"]
    patient.sql("ALTER TABLE shelf_book ADD COLUMN mine INTEGER")
    (one,) = version_rows(patient.doctor("--repair"))
    assert "those of none of its revisions" in one["what"]
