"""`config.add_loader`: what `talatat load` calls for one kind of record."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, cast

from pyramid.config.actions import action_method
from pyramid.exceptions import ConfigurationError
from pyramid.interfaces import PHASE0_CONFIG
from sqlalchemy.orm import Session

from talatat.loading.records import Loader, Outcome, Record

if TYPE_CHECKING:
    from talatat.configuration.configurator import Configurator

CATEGORY = "talatat loaders"
_NAME = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_-]*")


class FunctionLoader:
    """A loader made of a plain function `fn(session, records)`."""

    def __init__(self, function: Any) -> None:
        self.function = function

    def load(self, session: Session, records: Sequence[Record]) -> Iterable[Outcome]:
        """Call the function."""
        outcomes: Iterable[Outcome] = self.function(session, records)
        return outcomes


class LoadDirectives:
    """The directive of this room, for the Configurator."""

    @action_method
    def add_loader(self: Configurator, name: str, loader: Any) -> None:
        """Say what `talatat load INI <name> FILE` calls.

        `name` is "<addon>.<resource>". `loader` is a class that is called with the system and whose
        instances have `load(session, records)`, such an object, or a function of these two arguments.
        A dotted name of one works too.
        """
        loader = self.maybe_dotted(loader)
        if not _NAME.fullmatch(name):
            raise ConfigurationError(
                f"{name!r} cannot name a loader: write '{self.owner}.<what it loads>'"
            )
        if not callable(loader) and not callable(getattr(loader, "load", None)):
            raise ConfigurationError(
                f"the loader of {name!r} is {loader!r}: pass a class or an object that has "
                "load(session, records), or a function of these two"
            )
        intr = self.introspectable(CATEGORY, name, name, "loader")
        intr.update(name=name, loader=loader)
        system = self.registry.system

        def register() -> None:
            system.loaders[name] = loader

        self.action(("loader", name), register, introspectables=(intr,), order=PHASE0_CONFIG)


def made(loader: Any, system: Any) -> Loader:
    """Return the loader that `loader` (class, object or function) stands for.

    A class is called anew for each run, so that a run keeps nothing of another.
    """
    if inspect.isclass(loader):
        instance: Loader = cast(Any, loader)(system)
        return instance
    if callable(getattr(loader, "load", None)):
        given: Loader = loader
        return given
    return FunctionLoader(loader)
