"""`talatat doctor`: packages, files, processes, plans and sleeping data; and what it does when addons fail."""

import json
import shutil
from pathlib import Path

from sqlalchemy import insert

from talatat.cli.main import main
from talatat.composing import load_composition
from talatat.db.types import utcnow
from talatat.evolution import tables
from talatat.evolution.graph import read_graph
from talatat.evolution.migrate import bring_to
from talatat.testing.databases import make_database


def checks(report, part="findings"):
    return {one["check"]: one for one in report[part]}


def test_an_addon_that_cannot_be_imported_leaves_out_its_models_only(on_sqlite, capsys):
    patient = on_sqlite
    folder = patient.addons.folder / patient.addons.package("rating")
    folder.joinpath("__init__.py").write_text("raise RuntimeError('not today')\n")
    patient.sql("ALTER TABLE rating_book ADD COLUMN mine INTEGER")
    report = patient.doctor()
    assert any("models, fields and guaranteed rows of rating" in one and "not today" in one
               for one in report["left_out"])  # fmt: skip
    composing, one = report["findings"]
    assert "rating does not compose" in composing["what"]
    assert f"talatat plan {patient.ini} --without rating" in composing["mend"]
    assert (one["check"], one["name"]) == ("database", "mine")
    assert main(["doctor", patient.ini]) == 2
    assert "? left out: models, fields" in capsys.readouterr().out


def test_packages_that_are_gone_are_told_and_their_tables_looked_at_all_the_same(on_sqlite):
    patient = on_sqlite
    package = patient.addons.package("rating")
    shutil.rmtree(patient.addons.folder / f"{package}-1.0.dist-info")
    shutil.move(patient.addons.folder / package, patient.addons.folder / "elsewhere")
    patient.sql("ALTER TABLE rating_book ADD COLUMN mine INTEGER")
    report = patient.doctor()
    found = checks(report)
    assert (
        "was applied in release 1 and is not installed any more" in found["package-missing"]["what"]
    )
    assert found["database"]["name"] == "mine"
    assert any("rating" in one for one in report["left_out"])


def test_a_package_older_than_what_was_applied_is_told(on_sqlite):
    patient = on_sqlite
    patient.addons.write(
        "rating", {**patient.addons.rating(presence="always")}, requires=("shelf",), version="0.9"
    )
    found = checks(patient.doctor())
    assert "0.9 is installed, but 1.0 was applied in release 1" in found["package-older"]["what"]


def test_a_revision_that_was_edited_after_it_was_applied_is_told(on_sqlite):
    patient = on_sqlite
    path = (
        patient.addons.folder
        / patient.addons.package("shelf")
        / "migrations/versions/0001_books.py"
    )
    path.write_text(path.read_text() + "# edited\n")
    found = checks(patient.doctor())
    assert "this file was edited after it was applied" in found["edited-revision"]["what"]
    assert patient.ini in found["edited-revision"]["mend"]


def test_a_database_that_is_ahead_of_the_packages_is_told_and_compared_by_its_ledger(on_sqlite):
    patient = on_sqlite
    patient.addons.revision("shelf", "0002_more", "op.create_table('shelf_x', sa.Column('id', sa.Integer))",
                            down="0001_books")  # fmt: skip
    patient.apply()
    (
        patient.addons.folder / patient.addons.package("shelf") / "migrations/versions/0002_more.py"
    ).unlink()
    report = patient.doctor()
    (found,) = report["findings"]
    assert found["check"] == "ahead"
    assert "stands at revision '0002_more' there" in found["what"]


def test_an_addon_at_a_revision_that_nobody_knows_is_left_out_of_the_comparison(on_sqlite):
    patient = on_sqlite
    patient.sql("UPDATE rating_alembic_version SET version_num = '0007_unheard_of'")
    report = patient.doctor()
    assert checks(report)["ahead"]["addon"] == "rating"
    assert [
        one for one in report["left_out"] if one.startswith("drift of rating: it stands at 0007")
    ]


def test_revisions_that_cannot_be_read_leave_out_what_needs_them(on_sqlite):
    patient = on_sqlite
    path = (
        patient.addons.folder
        / patient.addons.package("shelf")
        / "migrations/versions/0001_books.py"
    )
    path.write_text("revision = (\n")
    report = patient.doctor(code=0)
    assert any(one.startswith("revision files against the ledger") for one in report["left_out"])
    assert "models, migrations and database" in report["checks"]


def test_guaranteed_rows_that_are_missing_are_counted(patient):
    patient.sql(
        "INSERT INTO shelf_book (id, version, title, created_at, updated_at) VALUES "
        "('01890000-0000-7000-8000-000000000001', 1, 'Ulysses', '2026-01-01', '2026-01-01')"
    )
    found = checks(patient.doctor())
    assert found["rows-missing"]["what"].startswith(
        "1 rows of shelf_book have no row in rating_book"
    )


def test_sleeping_data_archives_and_keeps_are_told_and_are_no_findings(patient, capsys):
    now = utcnow()
    archive = {"id": "20260101_abc", "addon": "gone", "version": "1.0", "made_at": now, "who": "me",
               "location": "x", "manifest": {}, "state": "kept", "changed_at": now}  # fmt: skip
    keep = {"id": "k1", "addon": "shelf", "revision": "0001_books", "direction": "up",
            "table_name": "shelf_book", "columns": ["old"], "key": ["id"],
            "location": "talatat_kept_k1", "rows": 3, "whole": False, "made_at": now, "state": "kept"}  # fmt: skip
    with patient.connection() as connection:
        connection.execute(insert(tables.archives).values(archive))
        connection.execute(insert(tables.kept).values(keep))
        connection.execute(insert(tables.kept).values({**keep, "id": "k2", "state": "left"}))
    patient.ini = patient.addons.ini("shelf", url=patient.url)
    report = patient.doctor(code=0)
    told = [one["what"] for one in report["information"]]
    assert any("rating not composed (1.0 in the release)" in one for one in told)
    assert any("addon rating sleeps" in one and "1 table, 0 rows" in one for one in told)
    assert any("archive 20260101_abc holds the data of gone 1.0, for 0 days" in one for one in told)
    assert any(
        "keeps 3 rows of shelf_book (old), which shelf 0001_books dropped, for" in one
        for one in told
    )
    assert any("did not get back: other values stood in their way" in one for one in told)
    patient.apply()
    assert main(["doctor", patient.ini]) == 0
    assert "addon rating sleeps since release 2" in capsys.readouterr().out


def test_older_processes_an_unfinished_plan_and_a_lock_that_parts_are_told(on_sqlite, tmp_path):
    patient = on_sqlite
    now = utcnow()
    process = {
        "id": "h:1:1",
        "host": "h",
        "pid": 1,
        "release": 0,
        "started_at": now,
        "seen_at": now,
    }
    plan = {"digest": "d" * 64, "kind": "apply", "document": {"steps": [{}, {}]}, "state": "running",
            "who": "me", "started_at": now}  # fmt: skip
    step = {
        "plan": "d" * 64,
        "step": "shelf:0001",
        "state": "done",
        "progress": {},
        "started_at": now,
    }
    with patient.connection() as connection:
        connection.execute(insert(tables.processes).values(process))
        connection.execute(insert(tables.plans).values(plan))
        connection.execute(insert(tables.journal).values(step))
    lock = {
        "format": 1,
        "release": 1,
        "revisions": {"shelf": ["0000_other"], "archived": ["0001_away"]},
        "packages": {},
        "surface": "x",
    }
    (patient.addons.folder / "test.lock").write_text(json.dumps(lock))
    report = patient.doctor()
    found = checks(report)
    assert "process 1 on h serves release 0" in found["older-process"]["what"]
    assert "1 of 2 steps are done" in found["unfinished-plan"]["what"]
    said = [one["what"] for one in report["findings"] if one["check"] == "lock-file"]
    assert any(
        "the lock file has 0000_other of shelf, the database 0001_books" in one for one in said
    )
    assert not any("archived" in one for one in said), "what sleeps elsewhere is no finding"


def test_keys_that_veto_or_are_not_indexed_are_told(shelf, sqlite_url, capsys):
    models = """
        from sqlalchemy import ForeignKey
        from sqlalchemy.orm import Mapped, mapped_column
        from talatat.db import declarative_base
        Base = declarative_base("other")
        """
    revision = """
        import sqlalchemy as sa
        from alembic import op
        from talatat.db import types as t
        revision, down_revision = "0001_notes", None
        requires = {"shelf": "0001_books"}
        def upgrade():
            op.create_table(
                "other_note",
                sa.Column("id", sa.Integer, primary_key=True),
                sa.Column("book_id", t.UUIDv7(), sa.ForeignKey("shelf_book.id")),
            )
        """
    files = {"models.py": models, "migrations/versions/0001_notes.py": revision}
    shelf.write("other", files, requires=("shelf",))
    ini = shelf.ini("other", url=sqlite_url)
    database = make_database(sqlite_url)
    bring_to(load_composition(ini), database)
    database.dispose()
    assert main(["doctor", ini, "--json"]) == 2
    found = checks(json.loads(capsys.readouterr().out))
    assert {"foreign-key-restricts", "foreign-key-unindexed"} <= set(found)
    assert "(addon shelf) refuses deletes there" in found["foreign-key-restricts"]["what"]


def test_what_was_left_half_done_on_postgresql_is_told(on_postgresql):
    patient = on_postgresql
    patient.sql(
        "CREATE INDEX shelf_book_half_ix ON shelf_book (title)",
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'shelf_book_half_ix'::regclass",
        "ALTER TABLE shelf_book ADD CONSTRAINT shelf_book_t_ck CHECK (title <> '') NOT VALID",
    )
    found = checks(patient.doctor())
    assert "REINDEX INDEX CONCURRENTLY shelf_book_half_ix" in found["invalid-index"]["mend"]
    assert "VALIDATE CONSTRAINT shelf_book_t_ck" in found["not-validated"]["mend"]


def test_an_ini_that_cannot_be_resolved_leaves_out_every_addon(on_sqlite):
    patient = on_sqlite
    patient.ini = patient.addons.ini("shelf", "shelf", url=patient.url)
    report = patient.doctor()
    assert "listed twice" in checks(report)["composing"]["what"]
    assert any("listed twice" in one for one in report["left_out"])
    assert "models, migrations and database" in report["checks"]


def test_in_development_too_the_doctor_makes_no_file(shelf, tmp_path, capsys):
    development = {"talatat.development": "true", "talatat.secret": f"file:{tmp_path}/var/secret"}
    ini = shelf.ini("shelf", url=f"sqlite:///{tmp_path}/var/none.sqlite", **development)
    assert main(["doctor", ini]) == 0
    assert "not applied yet" in capsys.readouterr().out
    assert not (tmp_path / "var").exists()


def test_nothing_that_composes_and_no_database_still_give_a_report(shelf, tmp_path, capsys):
    ini = shelf.ini("shelf", url=f"sqlite:///{tmp_path}/none.sqlite", **{"shelf.sise": "3"})
    assert main(["doctor", ini, "--json"]) == 2
    report = json.loads(capsys.readouterr().out)
    assert "shelf.sise" in checks(report)["composing"]["what"]
    assert any("every addon" in one for one in report["left_out"])
    assert read_graph(load_composition(ini)).heads("shelf") == ["0001_books"]


def test_a_lock_file_that_cannot_be_read_is_a_finding_with_what_mends_it(on_sqlite):
    lock = Path(on_sqlite.ini).with_suffix(".lock")
    lock.write_text("<<<<\n")
    report = on_sqlite.doctor()
    (found,) = report["findings"]
    assert found["what"] == f"{lock} cannot be read: line 1 is not JSON (Expecting value)."
    assert "or delete it: the next `talatat apply` writes it anew" in found["mend"]
    assert not any("lock file" in one for one in report["left_out"])
    lock.unlink()
    lock.mkdir()
    (found,) = on_sqlite.doctor()["findings"]
    assert found["what"] == f"{lock} is a folder, not the lock file."
    assert found["mend"].startswith("Move it away")
