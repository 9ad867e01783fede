"""The start of a process that serves."""

import logging

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
