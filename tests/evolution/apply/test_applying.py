"""A plan is carried out as it said, once, and what it takes away is kept."""

import sys

import pytest
from sqlalchemy import inspect

from talatat.evolution.apply.applying import Refused
from talatat.evolution.graph import EvolutionError
from talatat.evolution.opening import open_database
from talatat.evolution.plan.files import from_json

STEPS = [
    "talatat:0001_platform",
    "talatat:0002_evolution",
    "talatat:0003_api",
    "talatat:0004_costs",
    "shelf:0001_books",
]


def keys(steps):
    return [one.key for one in steps]


def test_an_empty_database_is_planned_applied_and_then_there_is_nothing_to_do(operator):
    plan = operator.plan()
    assert (plan.exit_code, keys(plan.steps)) == (2, STEPS)
    assert any(one.startswith("CREATE TABLE shelf_book") for one in plan.steps[-1].statements)
    done = operator.apply()
    assert (done.release, keys(done.steps)) == (1, STEPS)
    again = operator.plan()
    assert (again.exit_code, again.steps, again.changes) == (0, (), ())


def test_expand_data_and_contract_are_run_in_order_and_what_is_dropped_is_kept(grown, operator):
    operator.apply()
    operator.write(*range(50))
    plan = grown().plan()
    assert keys(plan.steps) == [
        "shelf:0002_slug", "shelf:0003_fill_slug", "shelf:0004_slug_index", "shelf:0005_no_title"
    ]  # fmt: skip
    assert plan.steps[3].reversibility == "restorable"
    assert plan.steps[0].measured["shelf_book"]["rows"] == 50
    operator.apply(plan)
    assert operator.rows("SELECT count(*) FROM shelf_book WHERE slug LIKE 'title %'") == [(50,)]
    ((where, rows),) = operator.rows("SELECT location, rows FROM talatat_kept")
    assert rows == 50
    assert operator.rows(f"SELECT count(*) FROM {where} WHERE title LIKE 'Title %'") == [(50,)]
    assert operator.plan().empty


def test_an_index_that_a_kill_left_invalid_is_built_again(grown, operator):
    operator.apply()
    opened = open_database(operator.ini)
    if opened.dialect != "postgresql":
        pytest.skip("SQLite builds indexes in transactions")
    operator.write(*range(5))
    grown()
    # What a build that was cancelled leaves: it is made by letting a unique one fail.
    with operator.connection() as raw:
        alone = raw.execution_options(isolation_level="AUTOCOMMIT")
        for name in ("shelf_book_slug_ix", "shelf_by_somebody_else"):
            with pytest.raises(Exception, match="could not create unique index"):
                alone.exec_driver_sql(
                    f"CREATE UNIQUE INDEX CONCURRENTLY {name} ON shelf_book (version)"
                )
    operator.apply()
    with operator.connection() as connection:
        indexes = {
            one["name"]: one["unique"] for one in inspect(connection).get_indexes("shelf_book")
        }
    assert indexes["shelf_book_slug_ix"] is False
    assert "shelf_by_somebody_else" in indexes, "it may be being built just now"


def test_a_saved_plan_is_refused_when_anything_moved_since(grown, operator, shelf):
    operator.apply()
    plan = from_json(grown().plan().as_json())
    operator.execute("CREATE INDEX shelf_by_hand ON shelf_book (version)")
    with pytest.raises(Refused, match="schema of the database was changed"):
        operator.apply(plan)
    operator.execute("DROP INDEX shelf_by_hand")
    shelf.revision("shelf", "0006_more", "pass", down="0005_no_title")
    with pytest.raises(Refused, match="stale"):
        operator.apply(plan)


def test_a_plan_for_another_database_is_refused(grown, operator, shelf, tmp_path):
    operator.apply()
    plan = grown().plan()
    operator.ini = shelf.ini("shelf", url=f"sqlite:///{tmp_path}/other.sqlite")
    with pytest.raises(Refused, match="made for the database"):
        operator.apply(plan)


def test_a_migration_that_was_edited_after_it_was_applied_blocks_the_plan(operator, shelf):
    operator.apply()
    path = shelf.folder / shelf.package("shelf") / "migrations/versions/0001_books.py"
    path.write_text(path.read_text() + "\nMORE = 1\n")
    plan = operator.plan()
    assert plan.exit_code == 3
    assert "edited after it was applied" in plan.blockers[0].text
    with pytest.raises(Refused, match="edited"):
        operator.apply()


def test_a_revision_that_sends_other_statements_than_were_planned_is_stopped_before_it_does(
    operator, shelf
):
    """The statements depend on rows: the shadow has none, the live table has one."""
    operator.apply()
    operator.write(1)
    shelf.revision("shelf", "0002_depends", """
        if op.get_bind().exec_driver_sql("SELECT count(*) FROM shelf_book").scalar():
            op.execute("DELETE FROM shelf_book")
        """, down="0001_books")  # fmt: skip
    with pytest.raises(Exception, match="not the one that was planned"):
        operator.apply()
    assert operator.rows("SELECT count(*) FROM shelf_book") == [(1,)]


@pytest.mark.parametrize(("stopped", "release"), [(2, 1), (4, 2)])
def test_a_plan_that_was_begun_is_refused_while_something_has_to_be_mended_first(
    grown, operator, stopped, release
):
    """The plan made now is blocked and has no steps: that does not mean that none are left."""
    operator.apply()
    plan = grown().plan()

    def stop(step, number, total, rows):
        if number == stopped:
            raise KeyboardInterrupt

    with pytest.raises(EvolutionError, match="stopped"):
        operator.apply(plan, progress=stop)
    operator.execute("ALTER TABLE shelf_book RENAME TO lost_book")
    with pytest.raises(Refused, match=r"shelf_book.*Nothing was changed"):
        operator.apply(plan)
    assert operator.rows("SELECT max(number) FROM talatat_release") == [(release,)]
    operator.execute("ALTER TABLE lost_book RENAME TO shelf_book")
    assert keys(operator.apply(plan).steps) == keys(plan.steps)[stopped - 1 :]


def test_what_a_function_is_called_for_is_planned_and_what_it_drops_is_kept(
    shelf, postgresql_url, operating
):
    operator = operating(shelf.ini("shelf", url=postgresql_url))
    operator.apply()
    operator.write(1)
    shelf.revision("shelf", "0002_tidy", """
        op.execute("CREATE FUNCTION shelf_tidy() RETURNS void LANGUAGE plpgsql AS"
                   " 'BEGIN ALTER TABLE shelf_book DROP COLUMN title; END'")
        """, down="0001_books", reversible=True)  # fmt: skip
    operator.apply()
    shelf.revision(
        "shelf", "0003_run", 'op.execute("SELECT shelf_tidy()")', down="0002_tidy", reversible=True
    )
    (step,) = operator.plan().steps
    assert step.statements == ("SELECT shelf_tidy()",)
    assert [(one["table"], one["columns"]) for one in step.keeps] == [("shelf_book", ["title"])]
    operator.apply(accept=(step.key,))
    ((where,),) = operator.rows("SELECT location FROM talatat_kept")
    assert operator.rows(f"SELECT title FROM {where}") == [("Title 1",)]


def test_a_table_that_is_made_after_something_was_taken_away_may_be_missing_until_then(
    grown, operator, shelf
):
    """The release is recorded before anything is taken away; it promises no table before its revision ran."""
    operator.apply()
    operator.write(1)
    grown()
    models = shelf.folder / shelf.package("shelf") / "models.py"
    models.write_text(models.read_text() + LATE)
    for name in [name for name in sys.modules if name.startswith(shelf.package("shelf"))]:
        del sys.modules[name]
    create = 'op.create_table("shelf_late", sa.Column("id", sa.Integer, primary_key=True))'
    shelf.revision("shelf", "0006_late", create, down="0005_no_title")
    plan = operator.plan()

    def stop(step, number, total, rows):
        if step.name == "0006_late":
            raise KeyboardInterrupt

    with pytest.raises(EvolutionError, match="stopped"):
        operator.apply(plan, progress=stop)
    assert operator.rows("SELECT max(number) FROM talatat_release") == [(2,)]
    assert keys(operator.plan().steps) == ["shelf:0006_late"]
    assert keys(operator.apply(plan).steps) == ["shelf:0006_late"]
    operator.execute("DROP TABLE shelf_late")
    assert ["shelf_late" in one.text for one in operator.plan().blockers] == [True]


LATE = """
from sqlalchemy.orm import Mapped, mapped_column

class Late(Base):
    __tablename__ = "shelf_late"
    id: Mapped[int] = mapped_column(primary_key=True)
"""


def test_guaranteed_rows_are_made_after_their_table_wherever_that_is_made(
    grown, operator, shelf, database_url
):
    """Here it stands behind a contract step of what it extends."""
    operator.apply()
    operator.write(1, 2)
    grown()
    shelf.revision("shelf", "0006_later", "pass", down="0005_no_title")
    files = shelf.rating(presence="always")
    path = "migrations/versions/0001_ratings.py"
    files[path] = files[path].replace("0001_books", "0006_later")
    shelf.write("rating", files, requires=("shelf",))
    operator.ini = shelf.ini("rating", url=database_url)
    operator.apply(accept=("rating:0001_ratings",))
    assert operator.rows("SELECT stars FROM rating_book") == [(3,), (3,)]
