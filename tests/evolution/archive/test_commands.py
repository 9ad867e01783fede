"""The commands as somebody types them, and what a kill leaves behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path

from sqlalchemy import Engine, event

from talatat.cli.main import main


def test_archive_restore_and_purge_tell_what_they_did(filled, tmp_path, capsys):
    ini, file = filled.opened("shelf").ini.path, tmp_path / "trove.zip"
    before = filled.dump()
    assert main(["archive", ini, "trove", "--file", str(file)]) == 0
    told = capsys.readouterr().out
    archive_id = told.split(" is archived as ")[1].split(",")[0]
    assert f"Written to {file}, read back and compared:" in told
    assert f"talatat purge {ini} trove --archive {archive_id}" in told
    assert main(["archive", ini, "trove", "--file", str(tmp_path / "again.zip")]) == 0
    assert "was archived before" in capsys.readouterr().out

    assert main(["purge", ini, "trove", "--archive", archive_id]) == 1
    assert "nobody to ask" in capsys.readouterr().err
    assert main(["purge", ini, "trove", "--archive", archive_id, "--yes"]) == 0
    assert f"Purged: archive {archive_id} of trove" in capsys.readouterr().out

    filled.run("DELETE FROM shelf_place WHERE id = 'p1'")
    ini = filled.opened("trove").ini.path
    assert main(["restore", ini, str(file), "--orphans", str(tmp_path / "lost")]) == 0
    told = capsys.readouterr().out
    assert "! trove_book: 1 row without a parent in shelf_place (book_id): removed" in told
    assert f"Now run: talatat apply {ini}" in told
    assert len((tmp_path / "lost").read_text().splitlines()) == 3
    assert len(filled.dump()) < len(before)


def test_all_three_speak_json(filled, tmp_path, capsys):
    ini, file = filled.opened("shelf").ini.path, tmp_path / "trove.zip"
    assert main(["archive", ini, "trove", "--file", str(file), "--json"]) == 0
    (made,) = json.loads(capsys.readouterr().out)["archives"]
    assert (made["addon"], made["tables"]["trove_coin"], made["file"]) == ("trove", 4, str(file))
    assert main(["purge", ini, "trove", "--archive", made["archive"], "--json", "--yes"]) == 0
    assert json.loads(capsys.readouterr().out)["archive"] == made["archive"]
    assert main(["restore", filled.opened("trove").ini.path, str(file), "--json"]) == 0
    restored = json.loads(capsys.readouterr().out)
    assert (restored["tables"]["trove_coin"], restored["orphans"]) == (4, [])
    assert main(["archive", ini, "nothing"]) == 1
    assert "error: addon 'nothing' has no tables" in capsys.readouterr().err


def test_purge_asks_somebody_who_is_there(filled, monkeypatch, capsys):
    from click.testing import CliRunner

    from talatat.cli import purge

    ini = filled.opened("shelf").ini.path
    main(["archive", ini, "trove", "--json"])
    (made,) = json.loads(capsys.readouterr().out)["archives"]
    monkeypatch.setattr(
        "click.testing._NamedTextIOWrapper.isatty", lambda self: True, raising=False
    )
    arguments = [ini, "trove", "--archive", made["archive"]]
    runner = CliRunner()
    declined = runner.invoke(purge.command, arguments, input="n\n", standalone_mode=False)
    assert declined.return_value == 1
    said = f"Archive {made['archive']} of trove 1.0 holds {made['rows']} rows in {len(made['tables'])} tables. Drop it for good? [y/N]"
    assert said in declined.output
    agreed = runner.invoke(purge.command, arguments, input="y\n", standalone_mode=False)
    assert agreed.return_value == 0


def killed(number, *arguments):
    """Run a command in a process of its own, SIGKILL it at its n-th statement; whether it came so far."""
    child = os.fork()
    if child == 0:
        left = number

        def count(connection, cursor, statement, *more):
            nonlocal left
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGSTOP)

        event.listen(Engine, "before_cursor_execute", count)
        code = 99
        try:
            with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
                code = main(arguments)
        finally:
            os._exit(code)
    _, status = os.waitpid(child, os.WUNTRACED)
    if not os.WIFSTOPPED(status):
        assert os.waitstatus_to_exitcode(status) == 0
        return False
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return True


def test_a_kill_anywhere_leaves_the_old_state_and_the_command_can_be_run_again(filled, tmp_path):
    before = filled.dump()
    ini, file = filled.opened("shelf").ini.path, tmp_path / "trove.zip"
    kills = 0
    while killed(4 + 11 * kills, "archive", ini, "trove", "--file", str(file)):
        kills += 1
        if filled.run("SELECT 1 FROM talatat_archive"):
            break  # it was committed; only the lease was given back after that
        assert filled.dump() == before
        assert not file.exists()
    assert kills > 5
    gone = filled.dump()
    assert not [line for line in gone if "trove_coin" in line]
    ((archive_id,),) = filled.run("SELECT id FROM talatat_archive")
    # Half of it: the table's copy is gone or there as a whole.
    purge = ("purge", ini, "trove", "--archive", archive_id, "--yes")
    while killed(20 + kills, *purge):
        kills += 9
        if filled.run("SELECT state FROM talatat_archive") == [("purged",)]:
            break
    ini, kills = filled.opened("trove").ini.path, 0
    while killed(4 + 11 * kills, "restore", ini, str(file)):
        kills += 1
        if filled.run("SELECT max(number) FROM talatat_release WHERE kind = 'restore'") != [
            (None,)
        ]:
            break
        assert filled.dump() == gone
    assert kills > 5
    assert filled.dump() == before


def test_archive_and_purge_need_no_addon_that_can_be_imported(filled):
    """In a process of their own, where nothing was imported before."""
    ini = filled.opened("shelf").ini.path
    for name in ("shelf", "trove"):
        folder = filled.addons.folder / filled.addons.package(name)
        (folder / "__init__.py").write_text("raise SystemExit('imported')\n")
    path = os.pathsep.join([str(filled.addons.folder), os.environ.get("PYTHONPATH", "")])
    script = "import sys; from talatat.cli.main import main; assert not main(sys.argv[1:])"
    command = [sys.executable, "-c", script, "archive", ini, "trove", "--json"]
    environment = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["archives"][0]["addon"] == "trove"
