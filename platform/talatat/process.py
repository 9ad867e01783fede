"""The start of a process that serves.

The only room, beside the command line, that knows both the composed system and its evolution: in
development a process brings its database to the composition by itself; elsewhere it starts as it is,
and the guard answers 503 with the command to run.
"""

import logging
from collections.abc import Mapping
from pathlib import Path

from pyramid.router import Router

from talatat.composing import composed_from
from talatat.db.session import transaction
from talatat.errors import TalatatError, tell_without_traceback
from talatat.evolution.graph import Revision
from talatat.evolution.migrate import Progress, bring_to
from talatat.system import System
from talatat.web.log_lines import Formatter

log = logging.getLogger(__name__)


def application(global_config: Mapping[str, str], settings: Mapping[str, str]) -> Router:
    """Compose, and in development migrate; the WSGI application."""
    tell_without_traceback()
    log_somewhere()
    config = composed_from(global_config, settings)
    system: System = config.registry.system
    system.serving = True
    if system.settings.platform.development:
        make_folders(system)
        try:
            bring_up(system)
        except TalatatError:
            log.exception("the database was not brought to the composition")
    return config.make_wsgi_app()


def log_somewhere() -> None:
    """Where the .ini says nothing of logging, lines go to standard error in the platform's form."""
    if not logging.getLogger().handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(Formatter())
        logging.getLogger().addHandler(handler)
        logging.getLogger("talatat").setLevel(logging.INFO)


def bring_up(system: System, progress: Progress | None = None) -> list[Revision]:
    """Run the revisions that the database lacks, then make the extension rows that it lacks.

    Returns the revisions that were run. Raises `talatat.evolution.EvolutionError`.
    """
    applied = bring_to(system.composition, system.database, progress)
    with transaction(system) as (_, session):
        system.models.fill_all(session)
    return applied


def make_folders(system: System) -> None:
    """In development: the folder of a SQLite file, where it is missing."""
    if system.database.dialect == "sqlite":
        folder = Path(str(system.database.url.database)).parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise TalatatError(
                f"{system.settings.ini.at('sqlalchemy.url')}: the folder {folder} of the database "
                f"cannot be made ({error.strerror}). Make it, or correct the line."
            ) from error
