"""Old and new processes beside each other: who may serve which database."""

import pytest
from sqlalchemy import text

from talatat.cli.load import require_database
from talatat.errors import TalatatError
from talatat.evolution.apply.applying import apply_plan
from talatat.evolution.readiness import status
from talatat.testing.databases import make_database


def test_what_waits_to_be_taken_away_does_not_keep_a_new_process_from_serving(
    releases, database_url
):
    releases.bring(database_url)
    releases.release("1.1", second="contract")
    with releases.composed(database_url, migrate=False) as new:
        assert new.app.get("/readyz", status=200).json["missing"] == []
        assert new.app.get("/page", status=200).text == "served"


def test_what_a_needed_revision_stands_on_is_needed_whatever_its_phase(releases, database_url):
    releases.bring(database_url)
    releases.release("1.1", second="contract", third="data", fourth="contract")
    with releases.composed(database_url, migrate=False) as new:
        ready = new.app.get("/readyz", status=503).json
        assert ready["status"] == "not_applied"
        assert [one["revision"] for one in ready["missing"]] == ["second", "third"]
        assert ready["command"] == f"talatat apply {new.ini}"


def test_an_old_process_is_started_again_on_a_database_that_was_added_to(releases, database_url):
    releases.bring(database_url)
    releases.release("1.1", second="expand", third="data")
    releases.bring(database_url)
    releases.install("1.0", without=["second", "third"])
    with releases.composed(database_url, migrate=False) as old:
        assert old.app.get("/page", status=200).text == "served"
        assert old.system.release == 1
        assert old.app.get("/readyz", status=200).json["release"] == 1


def test_an_old_process_is_refused_what_was_taken_away_and_told_what_to_install(
    releases, database_url
):
    releases.bring(database_url)
    releases.release("1.1", second="expand", third="contract")
    releases.bring(database_url)
    releases.release("1.2", fourth="expand")
    releases.bring(database_url)
    releases.install("1.0", without=["second", "third", "fourth"])
    command = f'pip install "{releases.addons.prefix}-pages==1.1"'
    with releases.composed(database_url, migrate=False) as old:
        answer = old.app.get("/page", headers={"Accept": "application/json"}, status=503).json
        assert answer["code"] == "superseded"
        assert answer["command"] == command
        assert answer["beyond"] == [{"addon": "pages", "revision": "third", "version": "1.1"}]
        ready = old.app.get("/readyz", status=503).json
        assert (ready["status"], ready["release"], ready["command"]) == ("superseded", 1, command)
        with pytest.raises(TalatatError, match=r"contracted by pages third \(of pages 1\.1\)"):
            require_database(old.system, old.ini)


def test_a_revision_that_neither_the_package_nor_the_ledger_knows_is_refused(
    releases, database_url
):
    releases.bring(database_url)
    database = make_database(database_url)
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE pages_alembic_version SET version_num = 'elsewhere'"))
    database.dispose()
    with releases.composed(database_url, migrate=False) as system:
        seen = status(system.system)
        assert "pages stands at revision 'elsewhere'" in seen.problem
        assert system.app.get("/readyz", status=503).json["status"] == "unavailable"


def test_without_a_ledger_a_database_that_is_ahead_is_refused(releases, database_url):
    releases.release("1.1", second="expand")
    releases.bring(database_url)
    releases.install("1.0", without=["second"])
    database = make_database(database_url)
    with database.engine.begin() as connection:
        connection.execute(text("DROP TABLE talatat_ledger"))
    database.dispose()
    with releases.composed(database_url, migrate=False) as system:
        assert "the database is ahead" in status(system.system).problem


def test_the_way_back_makes_the_release_newer_for_those_who_serve_it(releases, database_url):
    """Release 3 is release 1 again: an old process that goes on serves it."""
    releases.bring(database_url)
    with releases.composed(database_url, migrate=False) as old:
        assert old.app.get("/readyz").json["release"] == 1
        releases.release("1.1", second="expand")
        releases.bring(database_url)
        assert old.app.get("/readyz").json["release"] == 1
        database = make_database(database_url)
        with database.engine.begin() as connection:
            connection.execute(
                text(
                    "INSERT INTO talatat_release (number, made_at, who, surface)"
                    " SELECT 3, made_at, who, surface FROM talatat_release WHERE number = 1"
                )
            )
        database.dispose()
        assert old.app.get("/readyz").json["release"] == 3


def test_a_composition_that_is_no_release_serves_the_newest_that_it_knows(releases, database_url):
    releases.bring(database_url)
    releases.release("1.1", second="expand")
    releases.bring(database_url)
    releases.release("1.1.post1")  # mended by hand: the same revisions, another version
    with releases.composed(database_url, migrate=False) as system:
        assert status(system.system).release == 2
    releases.install("0.9", without=["second"])
    with releases.composed(database_url, migrate=False) as system:
        assert status(system.system).release == 1


def test_releases_that_differ_in_settings_alone_are_told_apart(addons, database_url):
    """An operator sees which processes were not restarted after a setting was changed."""
    addons.write(
        "greeter",
        {
            "__init__.py": """
                import colander
                class Settings(colander.MappingSchema):
                    greeting = colander.SchemaNode(colander.String(), missing="Hello")
                def includeme(config):
                    config.add_settings_schema(Settings)
                """
        },
    )
    changed = {"greeter.greeting": "Good day"}
    apply_plan(addons.ini("greeter", url=database_url))
    with addons.composed("greeter", url=database_url, migrate=False) as before:
        assert before.app.get("/readyz", status=200).json["release"] == 1
        assert apply_plan(addons.ini("greeter", url=database_url, **changed)).release == 2
        assert before.app.get("/readyz", status=200).json["release"] == 1
        with addons.composed("greeter", url=database_url, migrate=False, settings=changed) as after:
            assert after.app.get("/readyz", status=200).json["release"] == 2


def test_files_of_a_newer_release_do_not_make_a_process_newer(releases, database_url):
    """`pip install` replaces the files under a process that was started before and not yet asked."""
    releases.bring(database_url)
    with releases.composed(database_url, migrate=False) as old:
        old.system.guard.remember()
        releases.release("1.1", second="expand")
        assert old.app.get("/page", status=200).text == "served"
        releases.bring(database_url)
        assert old.app.get("/readyz", status=200).json["release"] == 1


def test_revisions_that_cannot_be_read_are_told_and_stop_no_process(releases, database_url, caplog):
    with releases.composed(database_url) as system:
        path = releases.addons.revision("pages", "wrong", "pass", phase="nonsense")
        system.system.guard.remember()
        assert "is none of expand, data, contract" in caplog.text
        assert system.app.get("/readyz", status=503).json["status"] == "unavailable"
        path.unlink()
        assert system.app.get("/readyz", status=200)
