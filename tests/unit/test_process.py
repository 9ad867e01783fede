"""The start of a process that serves."""

import logging
import subprocess
import sys

import pytest

from talatat.errors import TalatatError
from talatat.evolution.opening import open_database
from talatat.process import log_somewhere
from talatat.web.log_lines import Formatter


def test_an_ini_that_says_nothing_of_logging_still_logs_whole_lines(monkeypatch):
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    log_somewhere()
    [handler] = root.handlers
    assert isinstance(handler.formatter, Formatter)
    log_somewhere()
    assert root.handlers == [handler]


def test_a_folder_for_the_database_that_cannot_be_made_is_an_error_of_its_line(tmp_path):
    ini = tmp_path / "site.ini"
    ini.write_text("[app:main]\nuse = egg:talatat\nsqlalchemy.url = sqlite:///%(here)s/file/db\n")
    (tmp_path / "file").write_text("")
    with pytest.raises(TalatatError, match=r"site\.ini:3: the folder .*file of the database"):
        open_database(str(ini)).make_folder()


def started(tmp_path, lines: str) -> str:
    """What a process says that starts an application from an .ini and cannot."""
    ini = tmp_path / "site.ini"
    ini.write_text(f"[app:main]\nuse = egg:talatat\n{lines}")
    code = "import sys; from pyramid.paster import get_app; get_app(sys.argv[1])"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, str(ini)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    return done.stderr


def test_a_start_that_a_wrong_ini_prevents_says_so_without_a_traceback(tmp_path):
    said = started(tmp_path, "talatat.addons = catalogg\n")
    assert "there is no addon 'catalogg'. Did you mean 'catalog'?" in said
    assert "Traceback" not in said


def test_a_start_that_a_broken_addon_prevents_shows_where_it_failed(tmp_path, monkeypatch):
    (tmp_path / "brokenaddon.py").write_text("import nothing_of_that_name\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    said = started(
        tmp_path, f"talatat.addons = brokenaddon\nsqlalchemy.url = sqlite:///{tmp_path}/x\n"
    )
    assert "Traceback" in said
    assert "addon brokenaddon" in said
    assert "ModuleNotFoundError: No module named 'nothing_of_that_name'" in said
