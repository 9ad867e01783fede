"""The start of a process that serves.

The only room, beside the command line, that knows both the composed system and its evolution: in
development a process brings its database to the composition by itself; elsewhere it starts as it is,
and the guard answers 503 with the command to run.
"""

import gc
import logging
from collections.abc import Mapping
from typing import Any

from pyramid.router import Router

from talatat.composing import composed_from, uncollected
from talatat.composition import Composition
from talatat.errors import CompositionError, TalatatError, tell_without_traceback
from talatat.evolution.opening import Opened
from talatat.system import System
from talatat.web.log_lines import Formatter

log = logging.getLogger(__name__)


def application(global_config: Mapping[str, str], settings: Mapping[str, str]) -> Router:
    """Compose, and in development migrate; the WSGI application."""
    tell_without_traceback()
    log_somewhere()
    with uncollected():
        app = _application(global_config, settings)
        # What was composed stays as long as the process. Without this each full collection would look through
        # all of it, in the middle of some request: the longer, the more addons there are. The first look would
        # take as long as anything here, and find one object in sixty to be garbage.
        gc.freeze()
    return app


def _application(global_config: Mapping[str, str], settings: Mapping[str, str]) -> Router:
    config = composed_from(global_config, settings)
    system: System = config.registry.system
    system.serving = True
    system.guard.remember()
    if system.settings.platform.development:
        opened = Opened(system.composition.ini, system.settings.platform, system.database)
        opened.make_folder()
        try:
            bring_up(opened, config.registry)
        except TalatatError:
            log.exception("the database was not brought to the composition")
    else:
        verify_packages(system.composition, system.settings.platform.on_changed_package)
    return config.make_wsgi_app()


def log_somewhere() -> None:
    """Where the .ini says nothing of logging, lines go to standard error in the platform's form."""
    if not logging.getLogger().handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(Formatter())
        logging.getLogger().addHandler(handler)
        logging.getLogger("talatat").setLevel(logging.INFO)


def verify_packages(composition: Composition, on_changed: str) -> None:
    """Look whether packages are what was installed, and what the lock file has under their versions.

    A difference is logged, or raises CompositionError under `talatat.on_changed_package = stop`. Installing
    anew while a process starts is no difference: another version is not compared.
    """
    from talatat.evolution import lockfile
    from talatat.evolution.desired.packages import packages_of

    if on_changed == "ignore":
        return
    try:
        lock = lockfile.read(composition.ini)
    except lockfile.UnreadableLock as error:
        log.warning("the lock file is not compared with the packages: %s", error)
        lock = None
    told = [f"{one.what} of addon {one.addon}: {one.detail}" for one in
            lockfile.unlike(lock, packages_of(composition))]  # fmt: skip
    if told and on_changed == "stop":
        raise CompositionError(
            [f"{one}. Install it again, or look at it and accept it: talatat plan {composition.ini.uri}"
             for one in told]
        )  # fmt: skip
    for one in told:
        log.error("a package was changed: %s", one)


def bring_up(opened: Opened, registry: Any) -> None:
    """In development: plan, and carry out what only adds.

    What is blocked, and what takes something away, is left for whoever types `talatat apply`. Raises
    `talatat.evolution.EvolutionError`.
    """
    # A process that only serves loads none of these.
    from talatat.evolution.apply.applying import Refused, carry_out
    from talatat.evolution.desired import desired_of
    from talatat.evolution.observed import look
    from talatat.evolution.plan.making import prepared
    from talatat.evolution.plan.text import summary

    composition: Composition = registry.system.composition
    for last in (False, False, True):
        made = prepared(opened, composition, desired_of(registry), look(opened))
        plan = made.plan
        if plan.blockers:
            log.error("the plan is blocked: %s", "; ".join(one.text for one in plan.blockers))
            return
        if plan.empty:
            return
        try:
            carry_out(opened, plan, made.graph, contract=False)
        except Refused:  # another process was quicker, as two that start at once are
            if last:
                raise
        else:
            log.info("the database was brought to the composition: %s", summary(plan))
            return
