"""The first administrator: made once, at random, and written where only the owner reads."""

import json
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from talatat.errors import TalatatError
from talatat.testing import composed, write_ini
from talatat_accounts.bootstrap import ensure_admin, main, write_private
from talatat_accounts.models import User

from .conftest import API, PASSWORD, SETTINGS

URL = "http://localhost:6543"
PROGRAM = (sys.executable, "-W", "ignore", "-m", "talatat_accounts.bootstrap")


def run(ini, out, url=URL, *more):
    return CliRunner().invoke(main, [str(ini), "--out", str(out), "--url", url, *more])


def test_the_first_administrator_can_do_everything(accounts):
    made = ensure_admin(accounts.test.system)
    client = accounts.client()
    client.log_in(made.user, made.password, status=201)
    program = accounts.client()
    program.authorization = ("Bearer", made.token)
    assert program.get(f"{API}/me").json["permissions"] == sorted(
        accounts.test.system.security.permissions
    )


def test_there_is_no_second_first_administrator(accounts):
    assert ensure_admin(accounts.test.system) is not None
    assert ensure_admin(accounts.test.system) is None
    assert len(accounts.rows(select(User.id))) == 1


def test_no_two_systems_share_a_password(tmp_path):
    made = []
    for name in ("one", "other"):
        with composed(["accounts"], SETTINGS, f"sqlite:///{tmp_path}/{name}.sqlite") as test:
            made.append(ensure_admin(test.system))
    assert made[0].password != made[1].password
    assert len(made[0].password) >= 20
    assert made[0].password not in repr(made[0])
    assert made[0].token not in repr(made[0])


def test_nothing_is_made_if_it_cannot_be_written_down(accounts):
    def fail(credentials):
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        ensure_admin(accounts.test.system, keep=fail)
    assert accounts.rows(select(User.id)) == []


def test_a_name_that_is_taken_is_told(accounts):
    accounts.add("admin")
    with pytest.raises(TalatatError, match="--name"):
        ensure_admin(accounts.test.system)
    assert ensure_admin(accounts.test.system, name="chief").user == "chief"


def test_the_command_writes_a_private_file_once(lite, tmp_path):
    out = tmp_path / "var" / "admin.json"
    done = run(lite.test.ini, out)
    assert done.exit_code == 0, done.output
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert [path.name for path in out.parent.iterdir()] == ["admin.json"]
    first = json.loads(out.read_text())
    assert first.keys() == {"url", "docs", "user", "password", "token"}
    assert (first["url"], first["docs"], first["user"]) == (URL, f"{URL}/docs", "admin")
    assert first["password"] not in done.output
    assert first["token"] not in done.output
    again = run(lite.test.ini, out)
    assert again.exit_code == 0
    assert json.loads(out.read_text()) == first
    lite.client().log_in(first["user"], first["password"], status=201)


def test_the_file_of_another_system_is_kept_under_another_name(lite, tmp_path):
    out = tmp_path / "admin.json"
    out.write_text('{"password": "of another system"}')
    (tmp_path / "admin.1.json").write_text('{"password": "of a third"}')
    done = run(lite.test.ini, out)
    assert "is now" in done.output
    kept = json.loads((tmp_path / "admin.2.json").read_text())
    assert kept == {"password": "of another system"}
    assert json.loads(out.read_text())["user"] == "admin"


def test_a_later_start_at_another_address_says_so_in_the_file(lite, tmp_path):
    out = tmp_path / "admin.json"
    run(lite.test.ini, out)
    first = json.loads(out.read_text())
    said = run(lite.test.ini, out, "http://localhost:7000/").output
    assert said.strip() == f"{out} has the new address http://localhost:7000/"
    moved = json.loads(out.read_text())
    assert moved == {**first, "url": "http://localhost:7000", "docs": "http://localhost:7000/docs"}
    assert stat.S_IMODE(out.stat().st_mode) == 0o600


@pytest.mark.parametrize("content", ["not json", "[]", '{"mine": 1}'])
def test_a_file_of_somebody_else_is_left_alone(lite, tmp_path, content):
    run(lite.test.ini, tmp_path / "admin.json")
    other = tmp_path / "other.json"
    other.write_text(content)
    assert run(lite.test.ini, other).exit_code == 0
    assert other.read_text() == content
    assert run(lite.test.ini, tmp_path / "missing.json").exit_code == 0
    assert not (tmp_path / "missing.json").exists()


def test_a_database_without_the_tables_is_told_with_the_command(sqlite_url, tmp_path):
    ini = write_ini(tmp_path, ["accounts"], sqlite_url, SETTINGS)
    done = run(ini, tmp_path / "admin.json")
    assert done.exit_code == 1
    assert f"talatat apply {ini}" in done.output
    assert not (tmp_path / "admin.json").exists()


def test_a_composition_without_accounts_is_told(sqlite_url, tmp_path):
    ini = write_ini(tmp_path, [], sqlite_url)
    done = run(ini, tmp_path / "admin.json")
    assert done.exit_code == 1
    assert "talatat.addons" in done.output


def test_the_module_runs_as_a_program(lite, tmp_path):
    out = tmp_path / "admin.json"
    done = subprocess.run(
        [*PROGRAM, lite.test.ini, "--out", str(out), "--url", URL],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(out.read_text())["user"] == "admin"


def test_a_file_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path):
    target = tmp_path / "admin.json"
    target.mkdir()
    with pytest.raises(OSError):
        write_private(target, {"user": PASSWORD})
    assert [path.name for path in tmp_path.iterdir()] == ["admin.json"]


def test_starts_at_the_same_moment_make_one_administrator(accounts):
    kept = []
    with ThreadPoolExecutor(6) as pool:
        made = list(
            pool.map(lambda _: ensure_admin(accounts.test.system, keep=kept.append), range(6))
        )
    [one] = [credentials for credentials in made if credentials]
    assert kept == [one]
    accounts.client().log_in(one.user, one.password, status=201)
