"""`@told`: a command that changes something says so when it is over, to the addons that want to know.

What they do cannot change how the command ended: an observer that fails costs a line on standard error.
"""

from __future__ import annotations

import functools
import json
import sys
import time
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import asdict
from importlib.metadata import entry_points
from typing import Any, Literal

import click
from click.core import ParameterSource

from talatat.composing import load_composition
from talatat.db.origin import Origin, acting_as, who
from talatat.db.types import utcnow
from talatat.errors import TalatatError
from talatat.events.command import OBSERVERS, CommandRun
from talatat.settings.secrets import mask_url

Outcome = Literal["succeeded", "failed", "refused"]
OUTCOMES: dict[int, Outcome] = {0: "succeeded", 2: "succeeded", 3: "refused"}
_details: ContextVar[dict[str, Any] | None] = ContextVar("details", default=None)


def remember(**details: Any) -> None:
    """Add to what is told of the command that runs."""
    known = _details.get()
    if known is not None:
        known.update(details)


def told(function: Callable[..., int], when: tuple[str, ...] = ()) -> Callable[..., int]:
    """Tell of each run of a command, which takes `ini` and returns its exit code.

    `when` names the options of which one has to be given for the command to change anything.
    """

    @functools.wraps(function)
    def command(**values: Any) -> int:
        if when and not any(values[name] for name in when):
            return function(**values)
        context = click.get_current_context()
        begun = _Begun(context, str(values["ini"]))
        token = _details.set(begun.details)
        try:
            with acting_as(Origin("command", who(), context.command_path)):
                code = function(**values)
        except BaseException as error:
            begun.over("failed", None, mask_url(f"{type(error).__name__}: {error}"))
            raise
        finally:
            _details.reset(token)
        begun.over(OUTCOMES.get(code, "failed"), code)
        return code

    return command


class _Begun:
    """A command that runs."""

    def __init__(self, context: click.Context, ini: str) -> None:
        self.context, self.ini = context, ini
        self.details: dict[str, Any] = {}
        self.started_at, self.started = utcnow(), time.monotonic()

    def over(self, outcome: Outcome, code: int | None, reason: str | None = None) -> None:
        """Tell that it is."""
        run = CommandRun(
            name=self.context.command_path,
            ini=self.ini,
            who=who(),
            started_at=self.started_at,
            seconds=round(time.monotonic() - self.started, 3),
            outcome=outcome,
            exit_code=code,
            reason=reason,
            arguments=_arguments(self.context),
            details=self.details,
        )
        _tell(run)


def _arguments(context: click.Context) -> dict[str, Any]:
    """What was said, defaults left out; passwords in URLs masked."""
    given = ParameterSource.DEFAULT
    return {
        name: mask_url(value) if isinstance(value, str) else _plain(value)
        for name, value in context.params.items()
        if name != "ini" and context.get_parameter_source(name) is not given
    }


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value if value is None or isinstance(value, bool | int | float) else str(value)


def _tell(run: CommandRun) -> None:
    """Call the observers of the composed addons."""
    found = {one.name: one for one in entry_points(group=OBSERVERS)}
    if not found:
        return
    try:
        names = set(load_composition(run.ini, safe=True).names)
    except TalatatError:
        return  # there is no composition whose addons could want to know
    for name in sorted(found.keys() & names):
        _observe(name, found[name], run)


def _observe(name: str, entry: Any, run: CommandRun) -> None:
    from talatat.evolution.opening import open_database

    try:
        database = open_database(run.ini).database
        try:
            entry.load()(run, database)
        finally:
            database.dispose()
    except Exception as error:  # noqa: BLE001  # the command is over: how it ended stands
        said = json.dumps(asdict(run), default=str)
        click.echo(f"{name} was not told of this run ({error}): {said}", err=True)
        sys.stderr.flush()


__all__ = ["remember", "told"]
