"""Two at once: operators, processes that serve, sessions that hold locks."""

import json
import os
import subprocess
import sys
import threading

import pytest
from sqlalchemy import insert, text

from talatat.cli.main import main
from talatat.db.types import utcnow
from talatat.evolution.apply.applying import Refused
from talatat.evolution.graph import EvolutionError
from talatat.evolution.opening import open_database
from talatat.evolution.plan.files import save
from talatat.evolution.running.locking import Locked, locked
from talatat.evolution.tables import processes


def test_of_two_operators_one_applies_and_the_other_is_told_that_the_plan_moved(grown, operator):
    operator.apply()
    operator.write(*range(10))
    plan = grown().prepare()
    outcomes = []

    def apply():
        from talatat.evolution.apply.applying import carry_out_prepared

        try:
            outcomes.append(carry_out_prepared(plan))
        except EvolutionError as error:
            outcomes.append(error)

    threads = [threading.Thread(target=apply) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    errors = [one for one in outcomes if isinstance(one, Exception)]
    assert len(errors) == 1
    assert isinstance(errors[0], Refused)
    assert "somebody else changed the database" in str(errors[0])
    assert operator.plan().empty


def test_of_several_that_apply_when_they_start_all_end_well(grown, operator, shelf):
    """As containers do: whoever was slower looks again, and finds nothing left."""
    operator.apply()
    operator.write(*range(10))
    grown()
    code = "import sys; from talatat.cli.main import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-W", "ignore", "-c", code, "apply", operator.ini, "--yes"]
    started = [
        subprocess.Popen(
            command,
            env={**os.environ, "PYTHONPATH": str(shelf.folder)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(3)
    ]
    said = [one.communicate(timeout=120)[0] for one in started]
    assert [one.returncode for one in started] == [0, 0, 0], said
    assert sum("Done: " in one for one in said) == 1, said
    assert sum("Nothing to do" in one for one in said) == 2, said
    assert operator.plan().empty


def test_json_is_no_yes_and_a_saved_plan_accepts_what_it_was_made_with(
    grown, operator, shelf, tmp_path, capsys, monkeypatch
):
    operator.apply()
    monkeypatch.setenv("PYTHONPATH", str(shelf.folder))
    grown()
    path = str(tmp_path / "a.plan")
    save(operator.plan(), path)
    assert main(["apply", operator.ini, "--json"]) == 3
    said = capsys.readouterr()
    assert json.loads(said.out)["steps"]
    assert "Say --yes" in said.err
    assert main(["apply", operator.ini, path, "--accept", "shelf:0002_slug"]) == 1
    assert "--accept has no say over a saved plan" in capsys.readouterr().err
    assert not operator.plan().empty


def test_who_waits_too_long_is_told_who_holds_the_lease(grown, operator):
    operator.apply()
    grown()
    made = operator.prepare()
    with (
        open_database(operator.ini).database.migration_engine.connect() as holder,
        locked(holder),
        pytest.raises(Locked, match=r"another process has been changing this database"),
    ):
        operator.apply(made.plan, patience=0.3)
    assert not operator.plan().empty
    operator.apply()


def test_contract_steps_wait_for_processes_of_older_releases_and_for_these_only(grown, operator):
    operator.apply()
    operator.write(1, 2, 3)
    now = utcnow()
    old = {
        "id": "web1:1:1",
        "host": "web1",
        "pid": 1,
        "release": 1,
        "started_at": now,
        "seen_at": now,
    }
    with operator.connection() as connection:
        connection.execute(insert(processes).values(old))
        connection.commit()
    grown()
    done = operator.apply()
    assert (done.release, [one.name for one in done.waiting]) == (2, ["0005_no_title"])
    assert done.processes[0]["host"] == "web1"
    # The older release goes on writing, without the new column.
    operator.write(4)
    operator.execute("UPDATE talatat_process SET release = 2")
    rest = operator.plan()
    assert [one.name for one in rest.steps] == ["0005_no_title"]
    done = operator.apply(rest)
    assert (done.release, done.waiting) == (None, ())
    assert operator.rows("SELECT slug FROM shelf_book ORDER BY id") == [
        (f"title {n}",) for n in (1, 2, 3, 4)
    ]
    assert operator.plan().empty


NOTE = 'op.add_column("shelf_book", sa.Column("note", sa.Text()))'


def test_a_session_that_holds_a_lock_is_named_and_nothing_waits_behind_for_long(shelf, impatient):
    impatient.apply()
    shelf.revision("shelf", "0002_note", NOTE, down="0001_books", reversible=True)
    with impatient.connection() as holder:
        holder.execute(text("LOCK TABLE shelf_book IN ROW EXCLUSIVE MODE"))
        pid = holder.scalar(text("SELECT pg_backend_pid()"))
        said = f"backend {pid} .* holds RowExclusiveLock on shelf_book"
        with pytest.raises(EvolutionError, match=said):
            impatient.apply()
        holder.rollback()
    impatient.apply()
    assert impatient.plan().empty


def test_a_step_gets_its_lock_as_soon_as_the_session_lets_it_go(shelf, on_postgresql):
    on_postgresql.apply()
    shelf.revision("shelf", "0002_note", NOTE, down="0001_books", reversible=True)
    with on_postgresql.connection() as holder:
        holder.execute(text("LOCK TABLE shelf_book IN ROW EXCLUSIVE MODE"))
        release = threading.Timer(1.0, holder.rollback)
        # Making the plan takes a second itself: the time begins with the step.
        on_postgresql.apply(progress=lambda *told: release.start())
        release.join()
    query = "SELECT lock_wait_ms FROM talatat_ledger WHERE revision = '0002_note'"
    ((waited,),) = on_postgresql.rows(query)
    assert waited > 0
