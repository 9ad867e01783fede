"""The configurator that every addon's `includeme` is given.

It is Pyramid's own, with the platform's directives, and with an owner: the addon on whose behalf it
acts. The owner travels through `include`, `scan` and everything else that makes a configurator out of
another; every action and introspectable is stamped with it.
"""

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from difflib import get_close_matches
from typing import Any

from pyramid.config import Configurator as PyramidConfigurator
from pyramid.config import global_registries
from pyramid.config.actions import action_method
from pyramid.events import ApplicationCreated

from talatat.composition import PLATFORM, Composition
from talatat.configuration.assets import AssetDirectives
from talatat.configuration.deriving import LateView, may_be_late
from talatat.configuration.introspector import Introspectable
from talatat.configuration.lines import lines_of_callers
from talatat.configuration.mounting import MountDirectives
from talatat.configuration.provenance import shown_path
from talatat.configuration.replacing import ReplaceDirectives
from talatat.configuration.router import Router
from talatat.db.directives import ModelDirectives
from talatat.deployment import DeploymentDirectives
from talatat.errors import CompositionError
from talatat.events.directives import EventDirectives
from talatat.health_checks import HealthDirectives
from talatat.limiting.directives import LimitDirectives
from talatat.loading.directives import LoadDirectives
from talatat.problem_codes import ProblemDirectives
from talatat.resources.directives import ResourceDirectives
from talatat.security.directives import SecurityDirectives
from talatat.services import ServiceDirectives
from talatat.settings import SettingsDirectives

# What a configurator made inside `include` starts with: (owner, overridden owners).
_inherited: ContextVar[tuple[str, frozenset[str]]] = ContextVar("inherited")


@lines_of_callers
class Configurator(
    SettingsDirectives,
    ModelDirectives,
    EventDirectives,
    ResourceDirectives,
    ServiceDirectives,
    SecurityDirectives,
    ProblemDirectives,
    HealthDirectives,
    DeploymentDirectives,
    LimitDirectives,
    LoadDirectives,
    AssetDirectives,
    ReplaceDirectives,
    MountDirectives,
    PyramidConfigurator,
):
    """Pyramid's configurator on behalf of one addon (`owner`).

    `overridden` are the owners that it may replace things of at this moment.
    """

    owner: str = PLATFORM
    overridden: frozenset[str] = frozenset()
    introspectable = Introspectable

    def __init__(self, *args: Any, **kw: Any) -> None:
        super().__init__(*args, **kw)
        if kw.get("registry") is not None and _inherited.get(None) is not None:
            self.owner, self.overridden = _inherited.get()

    def with_package(self, package: Any) -> "Configurator":
        """Pyramid's; the owner goes along."""
        made: Configurator = super().with_package(package)
        made.owner, made.overridden = self.owner, self.overridden
        return made

    def include(self, callable: Any, route_prefix: str | None = None) -> None:  # noqa: A002
        """Pyramid's, on behalf of whoever owns the included code: an addon, or a third-party package."""
        target = self.maybe_dotted(callable)
        module = inspect.getmodule(target)
        owner = self._owner_of(module.__name__ if module else "")
        if owner != self.owner and owner not in self._composition.by_name:
            self.action_state.includers.setdefault(owner, set()).add(self.owner)
        token = _inherited.set((owner, self.overridden))
        try:
            super().include(callable, route_prefix)
        finally:
            _inherited.reset(token)

    @property
    def _composition(self) -> Composition:
        composition: Composition = self.registry.system.composition
        return composition

    def _owner_of(self, module: str) -> str:
        """The addon whose package holds `module`; a third-party package owns itself."""
        found = self.registry.system.composition.addon_of_module(module)
        return found or module.partition(".")[0]

    def action(
        self,
        discriminator: Any,
        callable: Callable[..., Any] | None = None,  # noqa: A002
        args: Any = (),
        kw: Any = None,
        order: int = 0,
        introspectables: Any = (),
        **extra: Any,
    ) -> None:
        """Pyramid's, stamped with the owner."""
        for intr in introspectables:
            intr["addon"] = self.owner
            intr["overriding"] = self.overridden
        extra.setdefault("owner", self.owner)
        extra.setdefault("overriding", self.overridden)
        super().action(discriminator, callable, args, kw, order, introspectables, **extra)

    def commit(self) -> None:
        """Pyramid's, which would put a plain action state in the place of ours."""
        state = self.registry.action_state
        super().commit()
        self.registry.action_state = state

    def make_wsgi_app(self) -> Router:
        """Pyramid's, with a router that builds the class of requests once."""
        self.commit()
        app = Router(self.registry)
        global_registries.add(self.registry)
        self.begin()
        try:
            self.registry.notify(ApplicationCreated(app))
        finally:
            self.end()
        return app

    @contextmanager
    def overriding(self, *owners: str) -> Iterator[None]:
        """Let what is declared inside replace what `owners` declared.

        The addon must require each of them, directly or not. Holds through nested include and scan.
        Raises `CompositionError` otherwise.
        """
        for owner in owners:
            if not self.action_state.may_override(self.owner, owner) or owner == self.owner:
                known = [name for name in self._composition.names if name != self.owner]
                near = get_close_matches(owner, known, 1, 0.6)
                hint = f" Did you mean {near[0]!r}?" if near and near[0] != owner else ""
                caller = inspect.stack()[2]  # past contextmanager's own frame
                raise CompositionError(
                    f"addon {self.owner}, {shown_path(caller.filename)}:{caller.lineno}: cannot override "
                    f"{owner!r}: {self.owner} does not require it.{hint} Add its distribution to the "
                    f"dependencies of {self.owner}, or correct the name."
                )
        before = self.overridden
        self.overridden = before | set(owners)
        try:
            yield
        finally:
            self.overridden = before

    def __getattr__(self, name: str) -> Any:
        """Pyramid's, for directives that are added; a misspelt one is told with the nearest name."""
        try:
            return super().__getattr__(name)
        except AttributeError:
            if name.startswith("_"):
                raise
            added = getattr(self.registry, "_directives", {})
            near = get_close_matches(name, [*dir(type(self)), *added], 1, 0.6)
            hint = f" Did you mean config.{near[0]}?" if near else ""
            raise AttributeError(f"there is no directive config.{name}.{hint}") from None

    def include_with(self, addon: str, included: Any) -> None:
        """Include something only where another addon is composed too, after every composed includeme."""
        target = self.maybe_dotted(included)
        self.registry.system.deferred_includes.append((addon, self, target))

    def add_directive(self, name: Any, directive: Any, action_wrap: bool = True) -> None:
        """Pyramid's; a directive of another owner, or a built-in one, is not shadowed silently."""
        text = name if isinstance(name, str) else name.__name__
        owners = self.registry.system.directive_owners
        if hasattr(type(self), text):
            if self.owner not in self._composition.by_name:
                return  # a third-party package offers what the platform already gives (Cornice's)
            raise CompositionError(
                f"addon {self.owner} declares the directive {text!r}, which is the platform's. Rename it."
            )
        other = owners.get(text, self.owner)
        if other != self.owner and other not in self.overridden:
            raise CompositionError(
                f"addons {other} and {self.owner} both declare the directive {text!r}. Rename one, or "
                f'declare it inside `with config.overriding("{other}"):`.'
            )
        owners[text] = self.owner
        super().add_directive(name, directive, action_wrap)

    @action_method
    def add_view(self, view: Any = None, *args: Any, **kw: Any) -> None:
        """Pyramid's; a third-party package's views get the permission that the .ini gives the package."""
        given = self.registry.system.settings.raw.get(f"talatat.permissions.{self.owner}")
        if given and "permission" not in kw and not _has_default_permission(view):
            kw["permission"] = given.strip()
        super().add_view(view, *args, **kw, _info=self._ainfo[0])

    def _apply_view_derivers(self, info: Any) -> Any:
        """Pyramid's, at the first request where that can be told no less."""
        return LateView(info) if may_be_late(info) else super()._apply_view_derivers(info)

    def add_static_view(self, name: str, path: str, **kw: Any) -> None:
        """Pyramid's, for GET and HEAD: a file takes no other method."""
        kw.setdefault("request_method", ("GET", "HEAD"))
        super().add_static_view(name, path, **kw)


def _has_default_permission(view: Any) -> bool:
    return "permission" in getattr(view, "__view_defaults__", {})
