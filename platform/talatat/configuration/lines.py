"""Which line said it: the file and line of each directive, without reading any source.

Pyramid's `action_method` extracts a stack of four frames for each directive, with the source line of
each: a seventh of the time that composing takes, and the source of every addon in memory. One frame is
enough, and its source line is read when somebody asks for it.

Its decorators, and venusian's, ask `inspect` for the source line of each, which looks through all modules
of the process for every file: that is quadratic in the number of addons. They are given an `inspect` that
reads late. Nothing else of theirs is changed, and nothing that they tell.
"""

from __future__ import annotations

import functools
import inspect
import linecache
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pyramid.view
import venusian.advice
from pyramid.config.actions import ActionInfo


class Line(ActionInfo):
    """Pyramid's `ActionInfo`, whose source line is read late."""

    def __init__(self, file: str | None, line: int, function: str) -> None:
        self.file = file
        self.line = line
        self.function = function

    @property
    def src(self) -> str:
        """The source line."""
        return linecache.getline(self.file, self.line).strip() if self.file else ""


class SourceLine:
    """A line of a file, read when it is shown; it has what Pyramid and venusian ask of a text."""

    __slots__ = ("file", "line")

    def __init__(self, file: str, line: int) -> None:
        self.file = file
        self.line = line

    def __str__(self) -> str:
        return linecache.getline(self.file, self.line).strip()

    def strip(self) -> SourceLine:
        """The line: it comes stripped."""
        return self

    def split(self, separator: str) -> list[str]:
        """The parts of the line."""
        return str(self).split(separator)


class _Inspect:
    """`inspect`, which tells of a frame without reading its source."""

    def __getattr__(self, name: str) -> Any:
        return getattr(inspect, name)

    @staticmethod
    def getframeinfo(frame: FrameType) -> inspect.Traceback:
        file, line = frame.f_code.co_filename, frame.f_lineno
        source: Any = [SourceLine(file, line)]
        return inspect.Traceback(file, line, frame.f_code.co_name, source, 0)


def read_source_lines_late() -> None:
    """Let decorators that are imported from here on note their line without its source."""
    for module in (pyramid.view, venusian.advice):
        if module.inspect is inspect:
            module.inspect = _Inspect()


def lines_of_callers(kind: type[Any]) -> type[Any]:
    """Class decorator: each of Pyramid's action methods is told the line of who calls it."""
    for name in dir(kind):
        method = getattr(kind, name)
        if hasattr(method, "__docobj__"):  # what `action_method` leaves on what it wraps
            setattr(kind, name, _told(method))
    return kind


def _told(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def directive(self: Any, *args: Any, **kw: Any) -> Any:
        if kw.get("_info") is None:
            if self._ainfo:  # called by another directive, whose line counts
                kw["_info"] = self._ainfo[0]
            else:
                frame = sys._getframe(1 + kw.get("_backframes", 0))
                code = frame.f_code
                kw["_info"] = Line(code.co_filename, frame.f_lineno, code.co_name)
        return method(self, *args, **kw)

    return directive
