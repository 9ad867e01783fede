"""Lines on a console: indented, signed, wrapped under themselves."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from rich.console import Console
from rich.text import Text

from talatat.evolution.plan.sql_text import MOST_OF_ALL, shortened, sql_lines

WIDEST = 110  # prose that runs wider is hard to read
_INDENT = "  "
_STYLES = {"+": "green", "-": "red", "~": "yellow", "!": "bold red"}


class Page:
    """What is printed on. `full` says that nothing is shortened."""

    def __init__(self, console: Console, *, full: bool = False) -> None:
        self.console = console
        self.full = full
        self.width = min(console.width, WIDEST)

    def line(self, depth: int, text: str, style: str = "") -> None:
        """One line, as it is."""
        self.console.print(Text(_INDENT * depth + text, style=style), soft_wrap=True)

    def gap(self) -> None:
        """An empty line."""
        self.console.print()

    def title(self, text: str) -> None:
        """The head of a section."""
        self.gap()
        self.line(0, text, style="bold")

    def words(self, depth: int, text: str, style: str = "") -> None:
        """Prose, wrapped under itself."""
        for part in text.splitlines():
            for line in textwrap.wrap(
                part,
                self.width - len(_INDENT) * depth,
                break_long_words=False,
                break_on_hyphens=False,
            ):
                self.line(depth, line, style)

    def signed(self, depth: int, sign: str, text: str, weight: str = "info") -> None:
        """Prose behind a sign; only the sign is coloured, and all of it where it is grave."""
        style = _STYLES.get(sign, "")
        grave = style if weight in ("warning", "danger") else ""
        lines = textwrap.wrap(
            text,
            self.width - len(_INDENT) * (depth + 1),
            break_long_words=False,
            break_on_hyphens=False,
        ) or [""]
        first = Text(_INDENT * depth)
        first.append(sign, style=style)
        first.append(" ")
        first.append(lines[0], style=grave)
        self.console.print(first, soft_wrap=True)
        for line in lines[1:]:
            self.line(depth + 1, line, grave)

    def sql(self, depth: int, statements: Iterable[str]) -> None:
        """Statements, laid out, and shortened in the middle where they are very long."""
        width = self.width - len(_INDENT) * depth
        lines = [line for one in statements for line in sql_lines(one, width, full=self.full)]
        for line in shortened(lines, MOST_OF_ALL, full=self.full):
            self.line(depth, line, style="cyan")
