"""`--safe` and `--without ADDON`: the two ways round an addon that fails, for every command that composes.

`TALATAT_WITHOUT` does for `pserve` what `--without` does here. What is left out is told on standard error,
each with its reason, and nothing but the command at hand is changed by it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from talatat.composing import compose, load_composition

if TYPE_CHECKING:
    from talatat.composition import Composition
    from talatat.configuration.configurator import Configurator
    from talatat.ini import Ini


@dataclass(frozen=True)
class Choice:
    """What is to be composed of an .ini: all of it, less `without`; when `safe`, less what fails."""

    without: tuple[str, ...] = ()
    safe: bool = False

    def resolve(self, ini: str | Ini) -> Composition:
        """Read and resolve, importing no addon. Raises CompositionError."""
        return load_composition(ini, self.without, safe=self.safe)

    def compose(self, ini: str | Ini) -> Configurator:
        """Compose, and tell what was left out. Raises CompositionError, AddonError."""
        config = compose(self.resolve(ini))
        _tell(config.registry.system.composition)
        return config

    def left_out(self, ini: str | Ini) -> tuple[str, ...]:
        """The addons to leave out, for who composes apart: with `safe` those that fail are found out."""
        if not self.safe:
            return self.without
        composition: Composition = compose(self.resolve(ini)).registry.system.composition
        _tell(composition)
        return tuple(sorted({*self.without, *composition.left_out}))


def composing(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--safe` and `--without` to a command, which takes them as `choice: Choice`."""

    @click.option(
        "--safe",
        is_flag=True,
        help="Leave out every addon that fails, with its dependents, this time.",
    )
    @click.option(
        "--without",
        multiple=True,
        metavar="ADDON",
        help="Leave this addon out, with its dependents, this time; may be repeated.",
    )
    @functools.wraps(function)
    def command(*args: Any, without: tuple[str, ...], safe: bool, **values: Any) -> Any:
        return function(*args, choice=Choice(without, safe), **values)

    return command


def _tell(composition: Composition) -> None:
    for name, reason in composition.left_out.items():
        click.echo(f"without {name}: {' '.join(reason.split())}", err=True)
