"""Bringing a database to a composition: one transaction a revision, releases, interruptions."""

import threading

import pytest
from sqlalchemy import inspect, text

from talatat.evolution.graph import EvolutionError
from talatat.evolution.migrate import bring_to, pending
from talatat.evolution.readiness import status
from talatat.evolution.running import locking
from talatat.evolution.tables import metadata, releases
from talatat.testing.databases import make_database


@pytest.fixture
def there(shelf, database_url):
    """The composition of shelf on an empty database."""
    database = make_database(database_url)
    yield shelf.composition("shelf", url=database_url), database
    database.dispose()


def tables(database):
    with database.engine.connect() as connection:
        return set(inspect(connection).get_table_names())


def made(database):
    with database.engine.connect() as connection:
        return connection.execute(releases.select().order_by(releases.c.number)).all()


def names(revisions):
    return [str(one) for one in revisions]


def test_an_empty_database_is_brought_to_the_composition_and_then_there_is_nothing_to_do(there):
    composition, database = there
    steps = []
    order = [
        "talatat 0001_platform",
        "talatat 0002_evolution",
        "talatat 0003_api",
        "talatat 0004_costs",
        "shelf 0001_books",
    ]
    assert names(pending(composition, database)) == order
    done = bring_to(composition, database, progress=lambda *step: steps.append(step))
    assert [(str(one), number, total) for one, number, total in steps] == [
        (name, number, len(order)) for number, name in enumerate(order, 1)
    ]
    assert done == [one for one, *_ in steps]
    served = {"outbox", "load", "change", "idempotency", "deprecated_use", "cost", "cost_writer"}
    own = {"talatat_alembic_version", *(f"talatat_{name}" for name in served), *metadata.tables}
    assert tables(database) == own | {"shelf_alembic_version", "shelf_book"}
    assert pending(composition, database) == []
    assert bring_to(composition, database) == []


def test_a_release_is_recorded_when_something_changed_and_only_then(shelf, there):
    composition, database = there
    bring_to(composition, database)
    bring_to(composition, database)
    (first,) = made(database)
    assert first.number == 1
    assert "@" in first.who
    (addon,) = first.surface["addons"]
    assert (addon["name"], addon["version"]) == ("shelf", "1.0")
    assert first.surface["heads"] == {"shelf": ["0001_books"], "talatat": ["0004_costs"]}
    shelf.write("bare", {})
    url = database.url.render_as_string(hide_password=False)
    bring_to(shelf.composition("shelf", "bare", url=url), database)
    assert [one.number for one in made(database)] == [1, 2]
    assert made(database)[1].surface["addons"][1]["name"] == "bare"


def test_a_revision_that_fails_leaves_nothing_of_itself_and_all_that_came_before(shelf, there):
    composition, database = there
    path = shelf.revision("shelf", "0002_broken", """
        op.create_table("shelf_half", sa.Column("id", sa.Integer))
        op.execute("INSERT INTO shelf_nowhere VALUES (1)")
        """, down="0001_books")  # fmt: skip
    with pytest.raises(EvolutionError) as caught:
        bring_to(composition, database)
    said = str(caught.value)
    assert "addon shelf: revision 0002_broken failed" in said
    assert str(path) in said
    assert "talatat apply" in said
    assert "shelf_half" not in tables(database)
    assert names(pending(composition, database)) == ["shelf 0002_broken"]
    assert made(database) == []
    shelf.revision("shelf", "0002_broken", "op.create_table('shelf_half', sa.Column('id', sa.Integer))",
                   down="0001_books")  # fmt: skip
    assert names(bring_to(composition, database)) == ["shelf 0002_broken"]
    assert "shelf_half" in tables(database)


def test_constraints_that_a_revision_does_not_name_get_the_platforms_names(shelf, there):
    composition, database = there
    bring_to(composition, database)
    with database.engine.connect() as connection:
        assert inspect(connection).get_pk_constraint("shelf_book")["name"] == "shelf_book_pk"


def test_several_processes_that_migrate_at_once_take_turns(there, database_url):
    composition, _ = there
    outcomes = []

    def migrate():
        database = make_database(database_url)
        try:
            outcomes.append(len(bring_to(composition, database)))
        except Exception as error:
            outcomes.append(error)
        finally:
            database.dispose()

    threads = [threading.Thread(target=migrate) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(outcomes) == 5
    assert len(made(there[1])) == 1


def test_who_waits_too_long_for_the_lock_is_told_who_holds_it(postgresql_url, monkeypatch):
    database = make_database(postgresql_url)
    with database.migration_engine.connect() as one, locking.locked(one):
        other = database.migration_engine.connect()
        with other, pytest.raises(EvolutionError) as caught, locking.locked(other, patience=0.5):
            pytest.fail("two hold the lock")
        pid = one.scalar(text("SELECT pg_backend_pid()"))
    assert f"backend {pid} from 127.0.0.1" in str(caught.value)
    with database.migration_engine.connect() as other, locking.locked(other, patience=0.5):
        pass


def test_on_sqlite_a_locked_database_is_waited_for(sqlite_url):
    database = make_database(sqlite_url, lock_timeout=0.05)
    with database.engine.connect() as holder:
        holder.exec_driver_sql("CREATE TABLE a (id INTEGER)")
        other = database.migration_engine.connect()
        with (
            other,
            pytest.raises(locking.Locked, match="holds the write lock"),
            locking.begun(other, patience=0.3),
        ):
            pytest.fail("two write")
    with database.migration_engine.connect() as other, locking.begun(other, patience=0.3):
        pass


def test_a_rebuilt_parent_on_sqlite_keeps_the_rows_that_refer_to_it(rated_shelf, sqlite_url):
    """Batch mode drops the old table; with foreign keys on that would cascade into every extension."""
    with rated_shelf.composed("rating", url=sqlite_url) as system:
        book = rated_shelf.module("shelf.models").Book
        stars = rated_shelf.module("rating.models").BookRating
        with system.session() as session:
            for n in range(5):
                one = book(title=f"{n}")
                session.add(one)
                stars.ensure(one)
        rated_shelf.revision("shelf", "0002_rebuild", """
            with op.batch_alter_table("shelf_book", recreate="always") as batch:
                batch.add_column(sa.Column("pages", sa.Integer))
            """, down="0001_books")  # fmt: skip
        bring_to(system.system.composition, system.system.database)
        with system.session() as session:
            assert session.scalar(text("SELECT count(*) FROM rating_book")) == 5
            assert session.scalar(text("SELECT count(pages) + count(*) FROM shelf_book")) == 5


def test_a_revision_on_sqlite_that_leaves_foreign_keys_dangling_is_undone(rated_shelf, sqlite_url):
    with rated_shelf.composed("rating", url=sqlite_url) as system:
        book = rated_shelf.module("shelf.models").Book
        with system.session() as session:
            one = book(title="x")
            session.add(one)
            rated_shelf.module("rating.models").BookRating.ensure(one)
        rated_shelf.revision(
            "shelf", "0002_purge", 'op.execute("DELETE FROM shelf_book")', down="0001_books"
        )
        with pytest.raises(
            EvolutionError,
            match="1 rows whose foreign keys lead nowhere: rating_book -> shelf_book",
        ):
            bring_to(system.system.composition, system.system.database)
        with system.session() as session:
            assert session.scalar(text("SELECT count(*) FROM shelf_book")) == 1


def test_a_database_that_is_ahead_is_refused_by_apply_and_told_by_status(shelf, there):
    composition, database = there
    bring_to(composition, database)
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE shelf_alembic_version SET version_num = '0009_future'"))
    for act in (pending, bring_to):
        with pytest.raises(EvolutionError, match="addon shelf stands at revision '0009_future'"):
            act(composition, database)
    with shelf.composed(
        "shelf", url=database.url.render_as_string(hide_password=False), migrate=False
    ) as system:
        seen = status(system.system)
        assert not seen.ok
        assert seen.command is None
        assert "0009_future" in seen.problem


@pytest.mark.parametrize("kind", ["no server", "no database", "no folder"])
def test_a_database_that_cannot_be_reached_is_told_with_the_line_of_the_ini(
    kind, shelf, postgresql_server, tmp_path
):
    url = {
        "no server": "postgresql://postgres:secret@127.0.0.1:1/shop",
        "no database": postgresql_server.url("nowhere"),
        "no folder": f"sqlite:///{tmp_path}/no/folder/test.sqlite",
    }[kind]
    composition = shelf.composition("shelf", url=url)
    for act in (pending, bring_to):
        with pytest.raises(EvolutionError) as caught:
            act(composition, make_database(url))
        said = str(caught.value)
        assert "test.ini:5: the database" in said
        assert "cannot be reached" in said
        assert "+p" not in said  # the driver, which nobody wrote into the .ini
        assert "?." not in said
        assert "correct the line" in said
        assert "secret" not in said


def test_an_error_that_is_not_of_reaching_the_database_is_not_dressed_as_one(there, monkeypatch):
    composition, database = there
    bring_to(composition, database)
    with database.engine.begin() as connection:
        connection.execute(text("DROP TABLE talatat_release"))
        connection.execute(text("CREATE TABLE talatat_release (number INTEGER)"))
    with pytest.raises(Exception, match="surface"):
        bring_to(composition, database)


def test_a_process_without_a_user_name_still_records_who(monkeypatch):
    from talatat.db import origin

    monkeypatch.setattr(origin.getpass, "getuser", lambda: (_ for _ in ()).throw(KeyError("uid")))
    assert origin.who.__wrapped__().partition("@")[0].isdigit()


def test_status_of_a_composed_system_tells_release_and_what_is_missing(shelf, database_url):
    with shelf.composed("shelf", url=database_url) as system:
        assert status(system.system) == status(system.system)
        assert (status(system.system).ok, status(system.system).release) == (True, 1)
        shelf.revision("shelf", "0002_more", "pass", down="0001_books")
        seen = status(system.system)
        assert seen.missing == [{"addon": "shelf", "revision": "0002_more"}]
        assert seen.command == f"talatat apply {system.system.composition.ini.path}"
