"""Granian under `pserve`: several worker processes on one port, each with the composed system of its own.

In an .ini, after `pip install 'talatat[granian]'`:

    [server:main]
    use = egg:talatat#granian
    listen = 127.0.0.1:6543
    workers = 2
    threads = 2

`workers` is how many processes there are, `threads` how many requests each of them answers at once. The
other keys are named as the embedded server (`talatat.web.server`) names them, and mean the same: `listen`
(one address), `drain_seconds`, `connection_limit` (of all workers together), `max_request_header_size`,
`backlog`, those of a proxy that is trusted, and `request_timeout`, here for the head of a request alone.

`pserve` composes the system before it calls the runner: what is wrong is told at once, and no worker
starts. Each worker is a fresh interpreter that composes the same .ini again, for connections, threads and
random numbers must not be shared across a fork. `ready http://...` is printed when all have composed.
TERM and INT stop it; HUP takes new code and a new .ini, worker after worker, if they compose. A worker that
dies is replaced; one whose parent dies ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from talatat.errors import tell_without_traceback
from talatat.web.server import WrongOptions, section, system_of
from talatat.web.worker import Loading, let_go, telling
from talatat.web.worker_options import Options, check_free, read

#: PasteDeploy's own variables; the rest of the global configuration was given on the command line.
DEPLOYED = ("__file__", "here")


def serve(application: Any, global_config: Mapping[str, str], **options: Any) -> int:
    """Serve until INT or TERM; PasteDeploy calls this with the keys of the server's section.

    Raises `CannotListen` or `WrongOptions`, which Python then prints as one line.
    """
    tell_without_traceback()
    wanted = read(options, global_config)
    supervisor = _supervisor(global_config)
    check_free(wanted)
    _check_secret(application, wanted, global_config)
    let_go(application)
    system = system_of(application)
    told, drain = telling()
    loading = Loading(
        uri=global_config["__file__"],
        section="main" if system is None else system.composition.ini.section,
        variables={key: text for key, text in global_config.items() if key not in DEPLOYED},
        proxy=wanted.proxy,
        told=told,
    )
    supervisor(wanted, loading, drain).serve(target_loader=loading, wrap_loader=False)
    return 0


def _supervisor(global_config: Mapping[str, str]) -> Any:
    """The class that starts workers and watches over them; it needs granian."""
    try:
        from talatat.web.supervisor import Supervisor
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "granian":
            raise
        raise WrongOptions(
            f"{section(global_config)}: granian is not installed. "
            "pip install 'talatat[granian]', or use = egg:talatat#waitress."
        ) from None
    return Supervisor


def _check_secret(application: Any, wanted: Options, global_config: Mapping[str, str]) -> None:
    """Refuse several workers without a secret: each would make its own, and read no other's cursors."""
    system = system_of(application)
    if system is not None and wanted.workers > 1 and not system.settings.platform.secret:
        raise WrongOptions(
            f"{section(global_config)}: workers = {wanted.workers} need a talatat.secret that they share. "
            "Set it in the application's section, or workers = 1."
        )
