"""`talatat rollback`: schema and data as they were, with the older package installed or none at all."""

from __future__ import annotations

import io
import itertools
import json
import os
import shutil
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, insert

from talatat.db.types import utcnow
from talatat.evolution.apply.applying import Refused, carry_out_prepared
from talatat.evolution.graph import EvolutionError
from talatat.evolution.opening import open_database
from talatat.evolution.rollback import plan_rollback, roll_back
from talatat.evolution.tables import processes

FIRST = "INSERT INTO shop_good VALUES (1, 'Lamp', 'bright'), (2, 'Rope', NULL)"


def grow(town):
    """Release 1.0, 1.1 and 2.0, each with rows that users wrote."""
    town.apply()
    town.execute(FIRST)
    town.at_first = town.schema
    town.release("1.1")
    town.execute(
        "UPDATE shop_good SET slug = 'my-rope' WHERE id = 2",
        "INSERT INTO shop_good (id, name, note, slug) VALUES (3, 'Urn', 'old', 'urn')",
        "INSERT INTO shop_tag VALUES (1, 1, 'light'), (2, 3, 'clay')",
    )
    town.second = town.schema
    town.release("2.0")
    town.execute(
        "INSERT INTO shop_good (id, name, slug) VALUES (4, 'Key', 'key')",
        "UPDATE shop_good SET slug = 'vase' WHERE id = 3",
    )
    town.third = town.schema
    return town


@pytest.fixture
def grown(town):
    """On SQLite."""
    return grow(town)


def test_going_back_and_forth_again_ends_in_the_same_schema_and_the_same_rows(either, capsys):
    grown = grow(either)
    goods, tags = grown.goods, grown.rows("SELECT * FROM shop_tag ORDER BY id")
    grown.install("1.0")
    grown.forget()
    assert grown.rollback("--to", "1") == 0
    assert grown.imported == []
    assert "is as release 1 left it, and that is release 4 now" in capsys.readouterr().out
    assert grown.schema == grown.at_first
    # Notes of rows that nobody changed are back; the reversal of 0003 says what the others are.
    assert grown.goods == [
        (1, "Lamp", "bright"),
        (2, "Rope", "was my-rope"),
        (3, "Urn", "was vase"),
        (4, "Key", "was key"),
    ]
    assert ("left", 2) in grown.rows("SELECT state, rows FROM talatat_kept")
    assert grown.prepare().plan.empty
    lock = json.loads(Path(grown.ini).with_suffix(".lock").read_text())
    assert (lock["release"], lock["revisions"]["shop"]) == (4, ["0001_goods"])
    grown.release("2.0")
    assert grown.schema == grown.third
    assert grown.rows("SELECT id, name, slug FROM shop_good ORDER BY id") == goods
    assert grown.rows("SELECT * FROM shop_tag ORDER BY id") == tags
    assert grown.prepare().plan.empty


def test_each_rollback_goes_one_release_further_and_then_there_is_none(grown, capsys):
    assert grown.rollback() == 0
    assert grown.schema == grown.second
    assert grown.rollback() == 0
    assert grown.schema == grown.at_first
    assert grown.rollback() == 1
    said = capsys.readouterr().err
    assert "release 5 is release 1 again, and nothing else was before release 1. " in said
    assert "--to N names another release: 2, 3, 4; talatat history" in said
    assert grown.rollback("--to", "3") == 3, "that is forward, which takes the packages"
    assert "release 3 is ahead of the database" in capsys.readouterr().out
    assert grown.rollback("--to", "1") == 0
    assert "Nothing to do" in capsys.readouterr().out


def test_the_first_release_has_nothing_before_it(town, capsys):
    town.apply()
    assert town.rollback() == 1
    said = capsys.readouterr().err
    assert "there is nothing to go back to: nothing else was before release 1; talatat his" in said
    assert town.rollback("--to", "7") == 1
    assert "there is no release 7 to go back to. The database has release 1;" in (
        capsys.readouterr().err
    )


def test_no_package_need_be_installed(grown, capsys):
    grown.uninstall()
    assert grown.rollback("--to", "2", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert [one["revision"] for one in told["applied"]] == ["0005_no_note", "0004_title"]
    pin = f"{grown.addons.prefix}-shop==1.1"
    assert told["afterwards"]["install"] == f"pip install '{pin}'"
    assert grown.schema == grown.second
    assert grown.rows("SELECT note FROM shop_good ORDER BY id") == [
        ("bright",),
        (None,),
        ("old",),
        (None,),
    ]


def test_files_that_were_squashed_or_have_diverged_do_not_stand_in_the_way(grown):
    folder = grown.addons.folder / grown.addons.package("shop") / "migrations" / "versions"
    for path in folder.glob("*.py"):
        path.unlink()
    (folder / "0001_other.py").write_text("this is no Python")
    assert grown.rollback("--to", "1") == 0
    assert grown.schema == grown.at_first


def test_the_plan_is_shown_and_asked_about_first(grown, capsys):
    assert grown.run("rollback", grown.ini, "--to", "1") == 3
    shown = capsys.readouterr()
    assert "Rollback of" in shown.out
    assert "0005_no_note" in shown.out
    assert "nobody to ask" in shown.err
    assert grown.schema == grown.third
    opened = open_database(grown.ini)
    plan = plan_rollback(opened, 1)
    assert [(step.name, step.reversibility) for step in plan.steps] == [
        ("0005_no_note", "reversible"),
        ("0004_title", "reversible"),
        ("0003_fill", "reversible"),
        ("0002_slug", "restorable"),
    ]
    assert plan.digest == plan_rollback(opened, 1).digest
    opened.database.dispose()


def test_what_goes_forward_only_blocks_before_anything_is_changed(grown, capsys):
    grown.release("3.0")
    before = grown.goods
    assert grown.rollback("--to", "1") == 3
    assert "shop 0006_forward: goes forward only" in capsys.readouterr().out
    assert grown.goods == before
    assert grown.schema == grown.third


def test_what_builds_on_what_goes_is_kept_and_comes_back_with_it(either, capsys):
    grown = grow(either)
    grown.install("2.0", "shelf")
    grown.declare("shop", "shelf")
    grown.apply()
    grown.execute(
        "INSERT INTO shelf_good VALUES (1, 'top')", "INSERT INTO shelf_tag VALUES (2, 'red')"
    )
    whole = grown.schema
    assert grown.rollback("--to", "1") == 0
    told = capsys.readouterr().out
    assert ".ini:" in told
    assert "delete shelf from talatat.addons" in told
    assert grown.rows("SELECT * FROM shelf_good") == [(1, "top")], "it sleeps with its tables"
    assert grown.rows("SELECT version_num FROM shelf_alembic_version") == [("0001_shelves",)]
    assert "shelf_tag" not in grown.schema
    assert "shelf_good" in grown.schema
    grown.apply()
    assert grown.schema == whole
    assert grown.rows("SELECT * FROM shelf_tag") == [(2, "red")]
    assert grown.rows("SELECT state FROM talatat_kept WHERE addon = 'shelf'") == [("put_back",)]


def test_an_addon_taken_out_or_archived_since_is_to_be_listed_again(town, capsys):
    town.install("1.0", "shelf")
    town.declare("shop", "shelf")
    town.apply()
    town.execute(FIRST, "INSERT INTO shelf_good VALUES (2, 'low')")
    drop = "op.drop_column('shelf_good', 'place')"
    town.addons.revision("shelf", "0002_bare", drop, "0001_shelves", phase="contract")
    town.apply()
    town.declare("shop")
    town.apply()
    assert town.rollback() == 0
    assert "add shelf to talatat.addons" in capsys.readouterr().out
    assert town.rows("SELECT * FROM shelf_good") == [(2,)]
    town.apply()
    assert town.run("archive", town.ini, "shelf") == 0
    assert town.rollback("--to", "2") == 0
    assert "its data lies in archive" in town.rows("SELECT document FROM talatat_plan")[-1][0]
    assert town.rollback("--to", "1") == 3
    assert "whose packages could not bring it back" in capsys.readouterr().out
    number = town.rows("SELECT id FROM talatat_archive")[0][0]
    assert town.run("purge", town.ini, "shelf", "--archive", number, "--yes") == 0
    assert town.rows("SELECT state FROM talatat_kept") == [("purged",)]
    assert town.run("rollback", town.ini, "--to", "1") == 3
    assert "its data was purged since" in capsys.readouterr().out


def test_an_archive_of_a_later_revision_is_brought_back_before_its_addon_can_go_back(town):
    town.install("2.0")
    town.install("1.0", "shelf")
    town.declare("shop", "shelf")
    town.apply()
    town.install("2.0", "shelf")
    town.apply()
    town.declare("shop")
    town.apply()
    assert town.run("archive", town.ini, "shelf") == 0
    town.declare("shop", "shelf")
    town.install("1.0", "shelf")
    with pytest.raises(AssertionError, match="made at revision 0002_tags"):
        town.prepare()
    assert town.rollback("--to", "1") == 3
    town.install("2.0", "shelf")
    town.apply()
    assert town.rollback("--to", "1") == 0
    town.install("1.0", "shelf")
    assert town.prepare().plan.empty


def test_what_is_refused_changes_nothing(grown, capsys):
    with grown.connection() as connection:
        now = utcnow()
        row = {"id": "a", "host": "web1", "pid": 7, "release": 3, "started_at": now, "seen_at": now}
        connection.execute(insert(processes).values(row))
        connection.commit()
    assert grown.rollback() == 3
    assert "process 7 on web1 (release 3)" in capsys.readouterr().err
    change = "UPDATE talatat_ledger SET text = {} WHERE revision = '0004_title'"
    grown.execute(change.format("text || 'x = 1'"))
    assert grown.rollback("--while-serving") == 1
    assert "was changed in the database" in capsys.readouterr().err
    grown.execute(change.format("replace(text, 'x = 1', '')"))
    opened = open_database(grown.ini)
    plan = plan_rollback(opened)
    with pytest.raises(Refused, match="has moved since"):
        roll_back(opened, 1, plan=plan, while_serving=True)
    opened.database.dispose()
    assert grown.schema == grown.third
    assert grown.rollback("--while-serving") == 0
    grown.execute("DELETE FROM talatat_ledger WHERE revision = '0003_fill'")
    assert grown.rollback("--while-serving", "--json") == 3
    assert "of which the ledger has no text" in capsys.readouterr().out


def test_a_database_without_a_release_has_nothing_to_go_back_to(town, capsys):
    assert town.rollback() == 1
    assert "has no release yet" in capsys.readouterr().err
    town.apply()
    assert town.rollback("--to", "9") == 1
    assert "there is no release 9 to go back to" in capsys.readouterr().err


def test_a_rollback_that_was_killed_goes_on_when_it_is_run_again(either):
    grown = grow(either)
    opened = open_database(grown.ini)
    child = os.fork()
    if child == 0:

        def die(step, number, total, rows):
            if step.name == "0003_fill":
                os._exit(9)

        roll_back(opened, 1, progress=die)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    assert grown.rows("SELECT count(*) FROM talatat_release") == [(3,)]
    done = roll_back(opened, 1)
    opened.database.dispose()
    assert [step.name for step in done.steps] == ["0003_fill", "0002_slug"]
    assert grown.schema == grown.at_first
    assert grown.rows("SELECT note FROM shop_good ORDER BY id") == [
        ("bright",),
        ("was my-rope",),
        ("was vase",),
        ("was key",),
    ]


def half_way(town):
    """An apply that was stopped before it recorded a release."""
    town.apply()
    town.at_first = town.schema
    town.install("1.1")

    def stop(step, number, total, rows):
        if step.name == "0003_fill":
            raise KeyboardInterrupt

    with pytest.raises(EvolutionError, match="stopped"):
        carry_out_prepared(town.prepare(), progress=stop)
    return town


@pytest.mark.parametrize(("before", "words"), [(grow, ("--to", "1")), (half_way, ())])
def test_killed_at_any_commit_it_is_done_once_it_was_run_again(town, tmp_path, before, words):
    path, saved = town.url.removeprefix("sqlite:///"), tmp_path / "saved.sqlite"
    before(town)
    shutil.copy(path, saved)
    last = town.rows("SELECT max(number) FROM talatat_release")[0][0]
    for number in itertools.count(1):
        shutil.copy(saved, path)
        if not killed_at_commit(number, town.rollback, *words):
            break
        released = town.rows("SELECT max(number) FROM talatat_release") == [(last + 1,)]
        running = town.rows("SELECT kind FROM talatat_plan WHERE state = 'running'")
        if not released:
            assert town.rollback(*words) == 0
        assert not (released and running), "a release that is recorded is done"
        assert town.schema == town.at_first
        assert town.rows("SELECT max(number) FROM talatat_release") == [(last + 1,)]
        assert town.rows("SELECT kind FROM talatat_plan WHERE state = 'running'") == []
    assert number > 3


def killed_at_commit(number, work, *words):
    """Whether `work` was killed at its commit of that number: in a process of its own."""
    child = os.fork()
    if child == 0:
        left = itertools.count(number, -1)
        event.listen(Engine, "commit", lambda connection: next(left) == 1 and os._exit(9))
        os._exit(work(*words))
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, 9)
    return code == 9


def test_one_that_was_killed_before_it_wrote_the_lock_file_writes_it_when_run_again(grown, capsys):
    lock = Path(grown.ini).with_suffix(".lock")
    before = lock.read_text()
    assert grown.rollback("--to", "2") == 0
    after = lock.read_text()
    lock.write_text(before)  # the database is there, and nobody was told
    capsys.readouterr()
    assert grown.rollback("--to", "2") == 0
    said = capsys.readouterr().out
    assert "Nothing to do: the database is as release 2 left it." in said
    assert f"pip install '{grown.addons.prefix}-shop==1.1'" in said
    assert lock.read_text() == after
    grown.install("1.1")
    assert grown.prepare().plan.empty


def test_an_apply_that_ended_half_way_is_taken_back_to_the_release_before_it(town):
    town.apply()
    town.execute(FIRST)
    town.release("1.1")
    before, goods = town.schema, town.goods
    town.install("2.0")

    def fail(step, number, total, rows):
        if step.name == "0005_no_note":
            raise EvolutionError("the power went")

    with pytest.raises(EvolutionError, match="the power went"):
        carry_out_prepared(town.prepare(), progress=fail, contract=True)
    assert town.schema != before
    town.execute("DELETE FROM talatat_release WHERE number = 3")  # as if it was killed before that
    assert town.rollback() == 0
    assert (town.schema, town.goods) == (before, goods)
    assert town.rows("SELECT max(number) FROM talatat_release") == [(3,)]


def test_a_step_back_that_the_rows_refuse_says_how_to_go_on(town, capsys, monkeypatch):
    town.apply()
    town.execute(FIRST)
    path = town.addons.revision(
        "shop", "0002_twice", "op.create_table('shop_two', sa.Column('id', sa.Integer))",
        down="0001_goods",
    )  # fmt: skip
    back = "op.create_index('shop_good_name', 'shop_good', ['name'], unique=True)"
    path.write_text(
        f"{path.read_text()}def downgrade():\n    op.drop_table('shop_two')\n    {back}\n"
    )
    town.apply()
    town.execute("INSERT INTO shop_good VALUES (3, 'Lamp', NULL)")
    keyboard = io.StringIO("n\ny\n")
    monkeypatch.setattr(keyboard, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.stdin", keyboard)
    assert town.run("rollback", town.ini) == 3
    assert "Nothing was changed." in capsys.readouterr().out
    assert town.run("rollback", town.ini) == 1
    told = capsys.readouterr().err
    assert f"`talatat rollback {town.ini} --to 1` again" in told
    town.execute("DELETE FROM shop_good WHERE id = 3")
    assert town.rollback() == 0
    assert "shop_two" not in town.schema


def test_a_step_back_that_fails_in_the_shadow_changes_nothing(town, capsys):
    town.apply()
    town.addons.revision("shop", "0002_bad", "op.execute('CREATE TABLE shop_bad (id INTEGER)')",
                         down="0001_goods")  # fmt: skip
    path = (
        town.addons.folder / town.addons.package("shop") / "migrations" / "versions" / "0002_bad.py"
    )
    path.write_text(path.read_text() + "def downgrade():\n    op.drop_table('shop_nowhere')\n")
    town.apply()
    assert town.rollback() == 1
    assert "fails in a shadow database; nothing was changed" in capsys.readouterr().err
    assert "shop_bad" in town.schema
