"""The WSGI application that talatat.ini describes, as `pserve` makes it."""

from pathlib import Path

import plaster

INI = str(Path(__file__).with_name("talatat.ini"))

loader = plaster.get_loader(INI, protocols=["wsgi"])
loader.setup_logging()
application = loader.get_wsgi_app()


def close() -> None:
    """Let go of the database."""
    system = application.registry.system
    system.outbox.stop()
    system.database.dispose()
