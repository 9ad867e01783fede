"""What a person or a machine can do wrong: a clear error, and nothing lost."""

import json
import shutil
import sqlite3
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import pytest

from talatat.cli.main import main
from talatat.evolution.apply.applying import Refused, carry_out_prepared
from talatat.evolution.apply.stale import reasons
from talatat.evolution.graph import EvolutionError
from talatat.evolution.opening import open_database
from talatat.evolution.plan.files import load, save
from talatat.evolution.running.locking import Locked, locked
from talatat.testing.databases import make_database


def test_a_plan_file_that_was_edited_is_refused(grown, operator, tmp_path, capsys):
    operator.apply()
    path = tmp_path / "plan.json"
    save(grown().plan(), str(path))
    document = json.loads(path.read_text())
    document["steps"][0]["statements"] = ["DROP TABLE shelf_book"]
    path.write_text(json.dumps(document))
    assert main(["apply", operator.ini, str(path)]) == 1
    assert "edited after it was written" in capsys.readouterr().err


def test_a_plan_file_that_was_edited_with_its_digest_is_stale(grown, operator, tmp_path):
    operator.apply()
    path = tmp_path / "plan.json"
    save(grown().plan(), str(path))
    document = json.loads(path.read_text())
    document["steps"][0]["statements"] = ["DROP TABLE shelf_book"]
    document["steps"] = document["steps"][:1]
    path.write_text(json.dumps(document))
    with pytest.raises(EvolutionError, match="digest"):
        load(str(path))
    from talatat.evolution.plan.files import from_json

    with pytest.raises(Refused, match="steps are not those"):
        operator.apply(from_json(document))
    assert operator.rows("SELECT count(*) FROM shelf_book") == [(0,)]


def test_a_plan_is_saved_over_an_older_one_and_over_nothing_else(operator, tmp_path, capsys):
    ini = Path(operator.ini).read_text()
    assert main(["plan", operator.ini, "--out", operator.ini]) == 1
    assert "is there already and is no plan" in capsys.readouterr().err
    assert Path(operator.ini).read_text() == ini
    path = tmp_path / "upgrade.plan"
    for _ in range(2):
        assert main(["plan", operator.ini, "--out", str(path)]) == 2
    assert load(str(path)).digest == operator.plan().digest


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 99}', '{"format": 1}'])
def test_a_file_that_is_no_plan_is_told_so(text, operator, tmp_path):
    path = tmp_path / "plan.json"
    path.write_text(text)
    with pytest.raises(EvolutionError, match="cannot be read as a plan"):
        load(str(path))


def test_a_package_that_was_removed_is_told_with_the_line(operator, shelf, capsys):
    operator.apply()
    for old in shelf.folder.glob("*.dist-info"):
        shutil.rmtree(old)
    assert main(["plan", operator.ini]) == 1
    said = capsys.readouterr().err
    assert "test.ini:" in said
    assert "'shelf'" in said


def test_a_package_that_was_downgraded_blocks_with_the_version_to_install(grown, operator, shelf):
    operator.apply()
    grown().apply()
    for path in (shelf.folder / shelf.package("shelf") / "migrations/versions").glob("000[2-5]*"):
        path.unlink()
    (blocker,) = operator.plan().blockers
    assert "database is ahead" in blocker.text
    assert f"pip install '{shelf.prefix}-shelf==1.0'" in blocker.text
    assert "talatat rollback" in blocker.text


def test_a_version_row_without_tables_blocks_and_nothing_is_run(operator):
    operator.apply()
    operator.execute("DROP TABLE shelf_book")
    (blocker,) = operator.plan().blockers
    assert "stands at revision 0001_books" in blocker.text
    assert "shelf_book" in blocker.text


def test_tables_without_a_version_row_block_and_nothing_is_run(operator):
    operator.apply()
    operator.write(1)
    operator.execute("DELETE FROM shelf_alembic_version")
    (blocker,) = operator.plan().blockers
    assert "shelf_book" in blocker.text
    assert "--repair" in blocker.text
    assert operator.rows("SELECT count(*) FROM shelf_book") == [(1,)]


def test_a_revision_that_fails_half_way_is_undone_and_goes_on_when_it_is_mended(operator, shelf):
    operator.apply()
    operator.write(1)
    shelf.revision("shelf", "0002_half", """
        op.add_column("shelf_book", sa.Column("slug", sa.Text()))
        op.execute("UPDATE shelf_book SET version = 1 / (version - 1)")
        op.execute("INSERT INTO shelf_book (id) VALUES (NULL)")
        """, down="0001_books", reversible=True)  # fmt: skip
    with pytest.raises(EvolutionError, match="0002_half"):
        operator.apply()
    shelf.revision(
        "shelf", "0002_half", 'op.add_column("shelf_book", sa.Column("slug", sa.Text()))',
        down="0001_books", reversible=True,
    )  # fmt: skip
    operator.apply()
    assert operator.rows("SELECT version, slug FROM shelf_book") == [(1, None)]
    assert operator.plan().empty


def test_a_sqlite_file_that_another_process_keeps_locked_is_told_and_left_alone(
    shelf, sqlite_url, operating
):
    operator = operating(shelf.ini("shelf", url=sqlite_url, **{"talatat.db.lock_timeout": "0.1"}))
    operator.apply()
    shelf.revision("shelf", "0002_more", "pass", down="0001_books", reversible=True)
    made = operator.prepare()
    opened = open_database(operator.ini)
    holder = sqlite3.connect(opened.database.url.database, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(EvolutionError, match="holds the write lock"):
        carry_out_prepared(made, patience=0.3)
    holder.execute("ROLLBACK")
    holder.close()
    operator.apply()
    assert operator.plan().empty


FILL = """
    import resource, signal, sys
    sys.path[:0] = sys.argv[3].split(":")
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limit = int(sys.argv[2])
    from talatat.cli.main import main
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    sys.exit(main(["apply", sys.argv[1], "--yes"]))
"""


def test_a_disk_that_fills_up_loses_nothing_and_apply_goes_on_when_there_is_room(
    shelf, sqlite_url, operating, tmp_path
):
    operator = operating(shelf.ini("shelf", url=sqlite_url))
    operator.apply()
    operator.write(*range(20))
    shelf.revision("shelf", "0002_large", """
        op.create_table("shelf_large", sa.Column("id", sa.Integer, primary_key=True), sa.Column("blob", sa.LargeBinary))
        op.execute("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)"
                   " INSERT INTO shelf_large SELECT i, zeroblob(1000) FROM n")
        """, down="0001_books", reversible=True)  # fmt: skip
    file = open_database(operator.ini).database.url.database
    limit = Path(file).stat().st_size + 500_000
    command = [
        sys.executable,
        "-c",
        textwrap.dedent(FILL),
        operator.ini,
        str(limit),
        str(shelf.folder),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done
    assert "Traceback" not in done.stderr
    assert "run" in done.stderr
    with sqlite3.connect(file) as raw:
        assert raw.execute("SELECT count(*) FROM shelf_book").fetchone() == (20,)
        assert raw.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    raw.close()
    operator.apply()
    assert operator.rows("SELECT count(*) FROM shelf_large") == [(3000,)]


MAKE = 'op.execute("CREATE TABLE shelf_more (id INTEGER)")\n'


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (f'{MAKE}op.execute("ROLLBACK")', "may not say ROLLBACK"),
        (f'{MAKE}op.execute("COMMIT")\nop.execute("BEGIN")', "may not say COMMIT"),
        (f"with op.get_context().autocommit_block():\n    {MAKE}", "transactional = False"),
        (f"{MAKE}raise SystemExit(0)", "SystemExit: 0"),
        (f"{MAKE}op.get_bind().engine.connect()", "may not open a connection of its own"),
    ],
)
def test_a_revision_that_would_end_its_transaction_or_the_process_is_refused(
    body, said, operator, shelf
):
    """The version row would say that it ran, and what was put away before it would be gone."""
    operator.apply()
    path = shelf.revision("shelf", "0002_ends", body, down="0001_books", reversible=True)
    with pytest.raises(EvolutionError, match=said) as caught:
        operator.plan()
    assert str(path) in str(caught.value)
    assert operator.rows("SELECT version_num FROM shelf_alembic_version") == [("0001_books",)]


def test_a_revision_file_that_ends_the_process_is_told_with_its_line(operator, shelf):
    operator.apply()
    path = shelf.revision("shelf", "0002_ends", "pass", down="0001_books")
    path.write_text(path.read_text() + "raise SystemExit(0)\n")
    with pytest.raises(EvolutionError, match=r"0002_ends\.py:\d+\): SystemExit"):
        operator.plan()


def test_a_plan_shows_what_a_revision_does_to_the_version_table_of_another_addon(operator, shelf):
    operator.apply()
    statement = "DELETE FROM talatat_alembic_version"
    shelf.revision("shelf", "0002_other", f'op.execute("{statement}")', down="0001_books")
    (step,) = operator.plan().steps
    assert step.statements == (statement,)


@pytest.mark.parametrize(
    "change",
    [
        {"accepted": [{}]},
        {"blockers": [{"text": 5}]},
        {"surface": []},
        {"packages": None},
        {"measured": 7},
    ],
)
def test_a_plan_file_with_values_of_another_kind_is_told_so(change, operator, tmp_path):
    path = tmp_path / "plan.json"
    path.write_text(json.dumps({**operator.plan().as_json(), **change}))
    with pytest.raises(EvolutionError, match="cannot be read as a plan"):
        load(str(path))


def test_what_stands_where_the_lock_of_an_sqlite_file_belongs_is_told(shelf, sqlite_url, operating):
    operator = operating(shelf.ini("shelf", url=sqlite_url))
    file = Path(f"{open_database(operator.ini).database.url.database}-apply.lock")
    file.mkdir()
    with pytest.raises(EvolutionError, match=r"apply\.lock: .*move it away"):
        operator.apply()
    file.rmdir()
    operator.apply()


def test_a_plan_that_failed_and_is_wanted_no_more_is_ended_by_the_next_apply(
    operator, shelf, capsys, monkeypatch
):
    """Archive, restore and purge wait for it, and `talatat apply` had nothing to do."""
    operator.apply()
    path = shelf.revision("shelf", "0002_more", "pass", down="0001_books", reversible=True)

    def stop(*told):
        raise KeyboardInterrupt

    with pytest.raises(EvolutionError, match="stopped"):
        operator.apply(progress=stop)
    path.unlink()
    monkeypatch.setenv("PYTHONPATH", str(shelf.folder))
    assert main(["apply", operator.ini]) == 0
    assert (
        "Nothing to do: the database is at the composition (release 1)." in capsys.readouterr().out
    )
    states = "SELECT DISTINCT state FROM talatat_plan ORDER BY state"
    assert operator.rows(states) == [("done",), ("superseded",)]


@pytest.mark.parametrize("name", ["x'y", 'x"y', "x%s", "x:y", "x{y}"])
def test_a_version_table_with_any_name_can_be_read(name, operator):
    operator.apply()
    quoted = f"{name}_alembic_version".replace('"', '""')
    with operator.connection() as connection:
        for statement in (
            f'CREATE TABLE "{quoted}" (version_num INTEGER)',
            f'INSERT INTO "{quoted}" VALUES (7), (NULL)',
        ):
            connection.exec_driver_sql(statement, execution_options={"no_parameters": True})
        connection.commit()
    plan = operator.plan()
    assert (plan.base.heads[name], plan.steps) == (["7"], ())


def test_a_table_that_the_user_of_the_url_may_not_read_is_told(shelf, postgresql_url, operating):
    operator = operating(shelf.ini("shelf", url=postgresql_url))
    operator.apply()
    operator.execute(
        "DROP ROLE IF EXISTS talatat_stranger",
        "CREATE ROLE talatat_stranger LOGIN",
        "GRANT USAGE ON SCHEMA public TO talatat_stranger",
    )
    operator.ini = shelf.ini("shelf", url=postgresql_url.replace("postgres@", "talatat_stranger@"))
    with pytest.raises(EvolutionError, match=r"refused to be read: permission denied for table"):
        operator.plan()
    operator.ini = shelf.ini("shelf", url=postgresql_url)
    operator.execute("DROP OWNED BY talatat_stranger", "DROP ROLE talatat_stranger")


def test_a_database_file_that_is_reached_by_another_name_has_one_lock(sqlite_url, tmp_path):
    file = Path(sqlite_url.removeprefix("sqlite:///"))
    file.touch()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "name.sqlite").symlink_to(file)
    one = make_database(sqlite_url)
    other = make_database(f"sqlite:///{tmp_path}/other/name.sqlite")
    with (
        one.migration_engine.connect() as first,
        other.migration_engine.connect() as second,
        locked(first),
        pytest.raises(Locked, match="another process"),
        locked(second, patience=0.1),
    ):
        pass
    one.dispose()
    other.dispose()


@pytest.mark.parametrize("name", ["", "../../0002", "a b'c", "0002/more"])
def test_an_id_of_a_revision_that_is_no_name_is_refused(name, operator, shelf):
    """`talatat rollback` writes the texts of revisions to files of that name."""
    path = shelf.revision("shelf", "0002_more", "pass", down="0001_books", reversible=True)
    path.write_text(path.read_text().replace("'0002_more'", repr(name)))
    with pytest.raises(EvolutionError, match="is no name of letters") as caught:
        operator.plan()
    assert str(path) in str(caught.value)


def test_a_plan_for_another_composition_of_the_same_database_says_which_packages_differ(operator):
    saved = operator.plan()
    other = replace(saved, packages={**saved.packages, "rating": "1.0"})
    said = "; ".join(reasons(other, saved))
    assert said == "other packages are installed or composed: rating"


def test_an_accepted_name_that_no_step_has_is_told_and_one_that_ran_is_not(operator, shelf):
    operator.apply()
    shelf.revision("shelf", "0002_more", "pass", down="0001_books", reversible=False)
    plan = operator.plan(accept=["shelf:0001_books", "shelf:0002_moer"])
    said = [one for one in plan.measured["warnings"] if "--accept" in one]
    assert said == [
        "--accept shelf:0002_moer names no step of this plan. Did you mean shelf:0002_more?"
    ]


def test_a_lock_file_that_is_a_link_stays_one(operator, tmp_path):
    operator.apply()
    lock = Path(operator.ini).with_suffix(".lock")
    elsewhere = tmp_path / "elsewhere.lock"
    lock.rename(elsewhere)
    lock.symlink_to(elsewhere)
    elsewhere.write_text('{"format": 1}')
    made = operator.prepare()
    carry_out_prepared(made)
    assert lock.is_symlink()
    assert "shelf" in elsewhere.read_text()


@pytest.mark.parametrize("command", ["plan", "apply", "doctor", "history"])
def test_a_file_that_is_no_sqlite_database_is_to_be_restored(
    command, shelf, operating, sqlite_url, capsys
):
    operator = operating(shelf.ini("shelf", url=sqlite_url))
    path = Path(open_database(operator.ini).database.url.database)
    path.write_text("garbage" * 1000)
    assert main([command, operator.ini]) == 1
    said = capsys.readouterr().err
    assert f"{path} is not an SQLite database, or is damaged: file is not a database." in said
    assert "Restore it from the backup, or name another file in the line." in said
    assert "Make its folder" not in said
