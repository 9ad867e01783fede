"""`talatat bisect INI -- CMD...`: which addon makes a command fail.

The command is run with more and fewer addons composed, by way of TALATAT_WITHOUT, until as few as possible
are left with which it fails. Each set that is tried is closed under requirements, so every try composes.
A prefix of the composition's order is such a set, so one culprit is found by halving; where that one alone
does not do it, the next one is found the same way, in addition to it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO

import click
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from talatat.cli.options import Choice, composing
from talatat.cli.output import console, print_json
from talatat.composition import PLATFORM, Composition
from talatat.errors import TalatatError

TAIL = 20  # lines of a failing command that are shown

Addons = frozenset[str]
Test = Callable[[Addons], bool]


@click.command(name="bisect", context_settings={"ignore_unknown_options": True})
@click.argument("ini", type=click.Path(dir_okay=False))
@click.argument("cmd", nargs=-1, required=True, type=click.UNPROCESSED)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--timeout", type=click.FloatRange(0.1), help="Seconds after which a try has failed.")
@composing
def command(
    ini: str, cmd: tuple[str, ...], as_json: bool, timeout: float | None, choice: Choice
) -> int:
    """Find the addon, or the pair of addons, that makes CMD fail.

    CMD is run with some addons left out (TALATAT_WITHOUT) until as few as possible are left with which it
    fails; {ini} in it stands for INI. It must be possible to run it again and again.

    Exit codes: 0 found, 2 no addon makes it fail, 1 error.
    """
    composition = choice.resolve(ini)
    words = [word.replace("{ini}", ini) for word in cmd]
    if shutil.which(words[0]) is None:
        raise TalatatError(f"{words[0]!r} is no command that can be run. Name one that is.")
    tries = Tries(composition, words, timeout)
    culprits = find(composition, tries.fails)
    if as_json:
        print_json(_json(tries, culprits))
    else:
        click.echo(_told(tries, culprits))
    return 0 if culprits else 2


@dataclass
class Tries:
    """The command, run once for each set of addons. `ran` are the tries in order."""

    composition: Composition
    words: list[str]
    timeout: float | None = None
    ran: list[dict[str, object]] = field(default_factory=list)
    said: str = ""
    _known: dict[Addons, bool] = field(default_factory=dict)

    def fails(self, addons: Addons) -> bool:
        """Whether the command fails with these addons, which are closed under requirements."""
        if addons not in self._known:
            self._known[addons] = self._run(addons)
        return self._known[addons]

    def knows(self, addons: Addons) -> bool:
        """Whether it was run with these addons, and failed."""
        return self._known.get(addons, False)

    def _run(self, addons: Addons) -> bool:
        every = self.composition.names
        names = [name for name in every if name in addons]
        left_out = [name for name in every if name not in addons]
        # What was left out before this began stays left out.
        away = sorted({*left_out, *self.composition.left_out})
        began = time.monotonic()
        with _busy(f"with {_listed(names)}"), tempfile.TemporaryFile() as output:
            code = self._code({**os.environ, "TALATAT_WITHOUT": " ".join(away)}, output)
            if code != 0:
                self.said = _tail(output)
        seconds = round(time.monotonic() - began, 1)
        self.ran.append({"with": names, "without": left_out, "exit": code, "seconds": seconds})
        outcome = "passes" if code == 0 else "no end in time" if code is None else f"fails ({code})"
        click.echo(
            f"try {len(self.ran)}: {len(names)} of {len(every)} addons "
            f"({_listed(names)}): {outcome}, {seconds} s",
            err=True,
        )
        return code != 0

    def _code(self, environment: dict[str, str], output: IO[bytes]) -> int | None:
        try:
            done = subprocess.run(
                self.words, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                timeout=self.timeout, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return None
        return done.returncode


def find(composition: Composition, fails: Test) -> list[str]:
    """Return the fewest addons that make `fails` true together, each with all that it requires.

    None where it is false for the whole composition, or true without any addon.
    """
    everything = frozenset(composition.names)
    if not fails(everything) or fails(frozenset()):
        return []
    culprits: list[str] = []
    while not fails(_closed(composition, culprits)):
        culprits.append(_next(composition, culprits, fails))
    for one in culprits[:-1]:  # the last one is needed: without it the command passed
        fewer = [other for other in culprits if other != one]
        if fails(_closed(composition, fewer)):
            culprits = fewer
    return [name for name in composition.names if name in culprits]


def _next(composition: Composition, culprits: Iterable[str], fails: Test) -> str:
    """The addon whose coming, after those before it in the composition's order, makes the test fail."""
    base = _closed(composition, culprits)
    rest = [name for name in composition.names if name not in base]
    low, high = 0, len(rest)  # passes with the first `low` of the rest, fails with the first `high`
    while high - low > 1:
        middle = (low + high) // 2
        if fails(base | frozenset(rest[:middle])):
            high = middle
        else:
            low = middle
    return rest[high - 1]


def _closed(composition: Composition, addons: Iterable[str]) -> Addons:
    """The addons with all that they require."""
    closed = set(addons)
    for name in list(closed):
        closed |= composition.closures[name] - {PLATFORM}
    return frozenset(closed)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "the platform alone"


def _tail(output: IO[bytes]) -> str:
    output.seek(0)
    lines = output.read().decode(errors="replace").rstrip().splitlines()
    return "\n".join(lines[-TAIL:])


@contextmanager
def _busy(text: str) -> Iterator[None]:
    """On a terminal show that a try is being made."""
    if not sys.stderr.isatty():
        yield
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console(stderr=True), transient=True) as bar:
        bar.add_task(text, total=None)
        yield


def _json(tries: Tries, culprits: list[str]) -> dict[str, object]:
    return {
        "found": culprits,
        "without_any_addon": tries.knows(frozenset()),
        "tries": tries.ran,
        "said": tries.said,
    }


def _told(tries: Tries, culprits: list[str]) -> str:
    shown = f"{' '.join(tries.words)}"
    if culprits:
        what = culprits[0] if len(culprits) == 1 else f"{' and '.join(culprits)}, together,"
        return (
            f"{tries.said}\n\n{what} make{'s' * (len(culprits) == 1)} it fail: {shown}\n"
            f"Found in {len(tries.ran)} tries. Go on without: --without {culprits[-1]}"
        )
    if tries.knows(frozenset()):
        return f"{tries.said}\n\nNo addon is to blame: it fails with the platform alone: {shown}"
    return f"It does not fail with all {len(tries.composition.names)} addons: {shown}"
