"""From an .ini to a composed Pyramid registry.

Two steps: `load_composition` reads and resolves without importing an addon; `compose` imports and
includes. Composing opens no connection and starts no thread, so that a plan can compose a system that
does not serve yet. With `talatat.on_addon_error = quarantine` an addon that fails is left out with its
dependents: the registry is thrown away and composed again without it.
"""

import gc
import logging
import os
import traceback
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from pyramid.interfaces import IRoutesMapper

from talatat.composition import PLATFORM, ComposedAddon, Composition, resolve, unresolvable
from talatat.configuration.actions import ActionState
from talatat.configuration.checks import problems_of
from talatat.configuration.configurator import Configurator
from talatat.configuration.introspector import Introspector
from talatat.configuration.lines import read_source_lines_late
from talatat.configuration.provenance import shown_path
from talatat.configuration.registry import Registry
from talatat.configuration.sorting import register_sorters
from talatat.db import Database
from talatat.db.encrypted import encrypted_columns
from talatat.errors import AddonError, CompositionError, TalatatError
from talatat.ini import Ini, read_ini
from talatat.routing import RoutesMapper
from talatat.settings import Settings
from talatat.system import System

log = logging.getLogger(__name__)

BY_REQUEST = "left out by request"

# The platform's own table of contents, in order.
ROOMS = (
    "talatat.db",
    "talatat.events",
    "talatat.security",
    "talatat.problems",
    "talatat.services",
    "talatat.limiting",
    "talatat.evolution.guard",
    "talatat.deployment",
    "talatat.web",
)

# The tweens that every answer passes last: Pyramid puts the tween that is added last outermost.
OUTERMOST = (
    "talatat.limiting.tween",
    "talatat.web.cors",
    "talatat.web.hosts",
    "talatat.security.headers",
    "talatat.web.compression",
    "talatat.web.logging",
)


def load_composition(
    ini: str | Ini, without: Collection[str] = (), *, safe: bool = False
) -> Composition:
    """Read and resolve; imports no addon. Raises `CompositionError` with every problem.

    `without` names addons to leave out with their dependents; `TALATAT_WITHOUT` adds to it. `safe` leaves
    out what cannot be resolved, and lets `compose` leave out what fails, whatever the .ini says.
    """
    read = read_ini(ini) if isinstance(ini, str) else ini
    named = {*without, *os.environ.get("TALATAT_WITHOUT", "").replace(",", " ").split()}
    composition = replace(_resolved(read, named, safe=safe), safe=safe)
    unknown = named - set(composition.names) - set(composition.left_out)
    if unknown:
        raise CompositionError(
            f"{read.shown}: --without or TALATAT_WITHOUT names {', '.join(sorted(unknown))}, which is "
            f"not composed. "
            f"Composed: {', '.join(composition.names)}."
        )
    return composition.without(dict.fromkeys(named, BY_REQUEST))


def _resolved(ini: Ini, named: Collection[str], *, safe: bool) -> Composition:
    try:
        return resolve(ini)
    except CompositionError:
        absent = unresolvable(ini)
        leaving = {name: why for name, why in absent.items() if safe or name in named}
        if not leaving:
            raise
        return resolve(ini, leaving=leaving)


def compose(composition: Composition) -> Configurator:
    """Compose and commit; `config.registry.system` is the result.

    Raises `CompositionError` with every problem of settings, permissions, conflicts and models;
    `AddonError` where an addon fails and may not, or must not, be left out.
    """
    read_source_lines_late()
    while True:
        try:
            with uncollected():
                return _composed(composition)
        except AddonError as error:
            composition = _quarantined(composition, error)


@contextmanager
def uncollected() -> Iterator[None]:
    """Let nobody look for garbage: composing makes little but what stays, and that took a fifth of its time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _quarantined(composition: Composition, error: AddonError) -> Composition:
    mode = composition.ini.settings.get("talatat.on_addon_error", "stop").strip()
    quarantine = composition.safe or mode == "quarantine"
    if not quarantine or error.addon not in composition.by_name:
        raise error
    rest = composition.without({error.addon: str(error)})
    critical = [a.name for a in composition.addons if a.critical and a.name in rest.left_out]
    if critical:
        raise AddonError(
            critical[0],
            f"{error}\n   addon {critical[0]} is critical, so the system does not start without it, "
            f"even under talatat.on_addon_error = quarantine.",
        ) from error
    log.error("addon %s is left out: %s", error.addon, error, exc_info=error.__cause__)
    return rest


def _database(settings: Settings) -> Database:
    try:
        return Database(settings.platform)
    except TalatatError as error:
        raise CompositionError(f"{settings.ini.at('sqlalchemy.url')}: {error}") from error


def declared_settings(composition: Composition) -> Settings:
    """The settings of a composition as its addons declare them, whatever is wrong with their values.

    For asking what an .ini has to say, before it says it. Raises `AddonError` where an addon fails.
    """
    config = _included(composition)
    settings: Settings = config.registry.system.settings
    return settings


def _composed(composition: Composition) -> Configurator:
    config = _included(composition)
    system: System = config.registry.system
    settings = system.settings
    composed = {a.name for a in composition.addons}
    sleeping = composition.installed | set(composition.left_out)
    settings.problems += settings.unknown(composed, sleeping - composed)
    _raise(settings.problems)
    config.commit()
    _finish(config, system)
    return config


def _included(composition: Composition) -> Configurator:
    """Rooms and addons included, nothing committed."""
    settings = Settings(composition.ini)
    if settings.platform.url is None:  # there is nothing to make a database of
        _raise([*settings.problems, *settings.unknown_of_platform()])
    system = System(composition, settings, _database(settings))
    config = _configurator(system)
    for room in ROOMS:
        config.include(room)
    for addon in composition.addons:
        _include(config, addon)
    for name, deferred, target in system.deferred_includes:
        if name in composition.by_name:
            deferred.include(target)
    for room in OUTERMOST:
        config.include(room)
    return config


def _configurator(system: System) -> Configurator:
    registry = Registry(PLATFORM)
    registry.system = system
    # Before anybody declares anything: what stands in the place of Pyramid's own.
    registry.registerUtility(RoutesMapper(), IRoutesMapper)
    registry.introspector = Introspector()
    register_sorters(registry)
    config = Configurator(registry=registry, package=PLATFORM)
    config.action_state = ActionState(system.composition.requires, system.overrides)
    config.setup_registry(settings=dict(system.settings.raw))
    return config


def _include(config: Configurator, addon: ComposedAddon) -> None:
    """Include one addon's package; raises `AddonError` with the line that failed."""
    try:
        config.include(addon.package)
    except AddonError:
        raise
    except TalatatError as error:
        raise AddonError(addon.name, str(error)) from error
    except Exception as error:
        raise AddonError(
            addon.name,
            f"addon {addon.name} ({addon.place or 'implied by a requirement'}) cannot be included: "
            f"{type(error).__name__}: {error} (at {_failed_at(error, addon)}). Mend the addon, take "
            f"it out of talatat.addons, or say talatat.on_addon_error = quarantine.",
        ) from error


def _failed_at(error: BaseException, addon: ComposedAddon) -> str:
    """The innermost line of the addon's own code in the traceback; its package where there is none."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{shown_path(error.filename)}:{error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if addon.package.split(".")[0] in f.filename]
    return f"{shown_path(own[-1].filename)}:{own[-1].lineno}" if own else f"package {addon.package}"


def _finish(config: Configurator, system: System) -> None:
    """What can be checked and built only when every addon has spoken."""
    _raise([*system.settings.problems, *config.action_state.unused_replacements()])
    _raise(problems_of(config.registry))
    system.models.attach(system.composition)
    _raise(_without_secret(system))
    system.resources.finish(config.registry)
    system.security.finish(config.registry)
    system.limits.policies.finish()
    _raise(list(system.limits.policies.problems(config.registry)))
    config.registry.introspector.settle()


def _without_secret(system: System) -> list[str]:
    """A random secret is good enough to sign for one process's life, not to encrypt what is kept."""
    columns = encrypted_columns(system.composition)
    if not columns or system.settings.platform.secret:
        return []
    names = ", ".join(f"{column.table.name}.{column.name}" for column in columns)
    return [
        (
            f"{system.settings.ini.shown}: the setting talatat.secret is required, for these columns are "
            f"kept encrypted: {names}. Add a line: talatat.secret = file:PATH or ${{NAME_OF_VARIABLE}}"
        )
    ]


def _raise(problems: list[str]) -> None:
    if problems:
        raise CompositionError(problems)


def composed_from(global_config: Mapping[str, str], settings: Mapping[str, str]) -> Configurator:
    """Compose what PasteDeploy gave an app factory."""
    from talatat.ini import given_ini

    return compose(load_composition(given_ini(global_config, settings)))


__all__ = [
    "PLATFORM",
    "compose",
    "composed_from",
    "declared_settings",
    "load_composition",
    "uncollected",
]
