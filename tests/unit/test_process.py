"""The start of a process that serves."""

import logging

import pytest

from talatat.composing import compose, load_composition
from talatat.errors import TalatatError
from talatat.process import log_somewhere, make_folders
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
    system = compose(load_composition(str(ini))).registry.system
    with pytest.raises(TalatatError, match=r"site\.ini:3: the folder .*file of the database"):
        make_folders(system)
