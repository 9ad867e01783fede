"""`Subject`: the addon that is checked, and the evidence about it, each piece made once and when it is asked for."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from talatat.addons import Installed, inventory
from talatat.composing import compose, load_composition
from talatat.composition import ComposedAddon, Composition
from talatat.errors import TalatatError
from talatat.evolution.graph import Graph, Revision, read_graph
from talatat.testing.composed import write_ini
from talatat.testing.conformance.climbing import Climb, climb
from talatat.testing.conformance.company import find
from talatat.testing.conformance.elsewhere import Elsewhere
from talatat.testing.conformance.living import Life, live
from talatat.testing.conformance.model import LeftOut
from talatat.testing.conformance.places import KINDS, Place, places

if TYPE_CHECKING:
    from talatat.testing.conformance.running import Running

Given = Mapping[str, Mapping[str, Any]]


class Subject:
    """One addon under check. Use it as a context: databases and processes end with it.

    `beside` names other addons for company (None: every installed one that does not require it).
    `settings` are keys of the .ini that have no default, `rows` values of columns that nobody could guess,
    `conventions_on` the kinds of databases on which the interface is asked (None: all that are there).
    Raises TalatatError for an addon that is not installed, and for a database that cannot be used.
    """

    def __init__(
        self,
        addon: str,
        *,
        beside: Sequence[str] | None = None,
        url: str | None = None,
        kinds: tuple[str, ...] = KINDS,
        settings: Mapping[str, str] | None = None,
        rows: Given | None = None,
        conventions_on: Sequence[str] | None = None,
    ) -> None:
        self.name = addon
        self.conventions_on = conventions_on
        self.installed = _find(addon)
        self.given_settings = dict(settings or {})
        self.rows: Given = rows or {}
        self._asked_beside = None if beside is None else tuple(beside)
        with ExitStack() as stack:
            folder = tempfile.TemporaryDirectory(prefix="talatat-check-")
            self.folder = Path(stack.enter_context(folder))
            self.places, self.left_out = places(self.folder, url, kinds)
            self.elsewhere = stack.enter_context(Elsewhere())
            self._stack = stack.pop_all()
        self._kept: dict[tuple[str, ...], Any] = {}

    def prepare(self) -> None:
        """Look around. Raises TalatatError for a required setting that nobody has said."""
        for key, description in self._company["missing"].items():
            raise TalatatError(
                f"{self.name} requires the setting {key} ({description or 'no description'}). Say a value "
                f"for the check: --set {key}=VALUE."
            )

    def close(self) -> None:
        """End processes, drop databases, remove the folder."""
        self._stack.close()

    def ini(self, *names: str, url: str | None = None, **settings: str) -> str:
        """Write an .ini that lists these addons; its path."""
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        # Keys of addons that are installed and not composed sleep: nobody minds them.
        secrets = dict.fromkeys(self._company["secrets"], "file:%(here)s/secret")
        said = {**secrets, **self.given_settings, **settings}
        return write_ini(folder, names, url or f"sqlite:///{folder}/none.sqlite", said)

    @cached_property
    def _company(self) -> dict[str, Any]:
        """See `company.find`. An addon that cannot even be asked has no company."""
        bare = write_ini(
            Path(tempfile.mkdtemp(dir=self.folder)), [self.name],
            f"sqlite:///{self.folder}/none.sqlite", self.given_settings,
        )  # fmt: skip
        try:
            if self._asked_beside == ():
                return find(bare, self.name, ())
            asked = {"ini": bare, "addon": self.name, "beside": self._asked_beside}
            return self.elsewhere.ask("company", **asked)
        except TalatatError as error:
            why = {"all others": error.problems[0]}
            return {"beside": [], "left_out": why, "secrets": [], "missing": {}}

    @property
    def beside(self) -> tuple[str, ...]:
        """The addons that stand beside it where company is wanted."""
        return tuple(self._company["beside"])

    @property
    def not_beside(self) -> Mapping[str, str]:
        """The addons that could not be composed along, and why."""
        found: Mapping[str, str] = self._company["left_out"]
        return found

    @cached_property
    def alone(self) -> Composition:
        """The addon and what it requires. Raises LeftOut where that cannot be resolved."""
        return self._resolved(self.ini(self.name))

    @cached_property
    def everybody(self) -> Composition:
        """The same with its company. Raises LeftOut where that cannot be resolved."""
        return self._resolved(self.ini(self.name, *self.beside))

    @property
    def required(self) -> tuple[str, ...]:
        """The addons that it requires, directly or not."""
        return tuple(name for name in self.alone.names if name != self.name)

    @property
    def addon(self) -> ComposedAddon:
        """The addon as it stands in a composition."""
        return self.alone.by_name[self.name]

    @property
    def own_revisions(self) -> list[Revision]:
        """Its revisions. Raises LeftOut where they cannot be read."""
        return self.graph.of(self.name)

    @cached_property
    def graph(self) -> Graph:
        """The revisions of the addon and of what it requires. Raises LeftOut."""
        return self.graph_of(self.alone)

    def graph_of(self, composition: Composition) -> Graph:
        """The revisions of a composition. Raises LeftOut where they cannot be read."""
        try:
            return read_graph(composition)
        except TalatatError as error:
            raise LeftOut("its revisions cannot be read, see `applies`") from error

    @contextmanager
    def database(self, place: Place) -> Iterator[str]:
        """The URL of an empty database, dropped after the block."""
        url = place.database()
        try:
            yield url
        finally:
            place.drop(url)

    def climb(self, place: Place) -> Climb:
        """What was seen on the way through its revisions. Raises LeftOut where they cannot be read."""
        found: Climb = self._once(("climb", place.kind), lambda: self._climb(place))
        return found

    def climbed(self, place: Place) -> Climb:
        """The same, for rules that want the way to have been gone to its end. Raises LeftOut."""
        found = self.climb(place)
        if found.error is not None:
            raise LeftOut("its revisions do not run, see `applies`")
        return found

    def _climb(self, place: Place) -> Climb:
        with self.database(place) as url:
            found = climb(url, self.graph, self.name, self.rows)
        if not found.stuck:
            return found
        with self.database(place) as url:
            again = climb(url, self.graph, self.name, self.rows, back=False)
        again.way_down += found.way_down
        return again

    def running(self, place: Place) -> Running:
        """The composed system of addon and requirements on a database with rows. Raises LeftOut."""
        from talatat.testing.conformance.running import run

        self.climbed(place)
        found: Running = self._once(
            ("running", place.kind), lambda: self._stack.enter_context(run(self, place))
        )
        return found

    def life(self, place: Place) -> Life:
        """What was seen of a site that applied it, archived it and took it back. Raises LeftOut."""
        owners = self.climbed(place).owners
        self.registry()
        found: Life = self._once(("life", place.kind), lambda: live(self, place, owners))
        return found

    def _once(self, key: tuple[str, ...], make: Callable[[], Any]) -> Any:
        """Make a piece of evidence at the first question; raise again what making it raised."""
        if key not in self._kept:
            try:
                self._kept[key] = make()
            except (LeftOut, TalatatError) as error:
                self._kept[key] = error
        found = self._kept[key]
        if isinstance(found, Exception):
            raise found
        return found

    def registry(self) -> Any:
        """The composed registry of addon and requirements, without a database. Raises LeftOut."""

        def make() -> Any:
            try:
                return compose(load_composition(self.ini(self.name))).registry
            except TalatatError as error:
                raise LeftOut("it does not compose, see `composes`") from error

        return self._once(("registry",), make)

    def _resolved(self, ini: str) -> Composition:
        try:
            return load_composition(ini)
        except TalatatError as error:
            raise LeftOut("it does not compose, see `composes`") from error


def _find(addon: str) -> Installed:
    stock = inventory()
    if addon in stock.duplicates:
        raise TalatatError(
            f"{' and '.join(stock.duplicates[addon])} both offer an addon named {addon!r}. "
            f"Uninstall one of them."
        )
    if addon not in stock.addons:
        near = get_close_matches(addon, stock.names(), 1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise TalatatError(
            f"there is no addon {addon!r}.{hint} Installed: {', '.join(stock.names()) or '(none)'}. "
            f"Install the distribution that offers it, or correct the name."
        )
    return stock.addons[addon]
