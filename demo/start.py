"""From an .ini to a running shop, one step after the other; each is a command that a person could type."""

import contextlib
import os
import socket
import sys
import threading
import time
from collections.abc import Iterable
from pathlib import Path

import plaster
from pyramid.scripts import pserve
from sqlalchemy import inspect, text

from demo import orders, products
from talatat.cli.main import main as talatat
from talatat.composing import load_composition
from talatat.composition import Composition
from talatat.db import Database
from talatat.errors import TalatatError
from talatat.settings import Settings

VAR = Path("var")
PRODUCTS = int(os.environ.get("TALATAT_DEMO_PRODUCTS", "3000"))
ORDERS = int(os.environ.get("TALATAT_DEMO_ORDERS", "4000"))
OWN_SERVER = "egg:talatat#waitress"


def start(ini: str, port: str) -> int:
    """Do all of it and serve until INT or TERM; the exit code."""
    try:
        composition = load_composition(ini)
    except TalatatError as error:
        sys.exit(f"error: {error}")
    settings = Settings(composition.ini)
    if talatat(["apply", ini, "--yes"]):
        return 1
    if settings.platform.development:
        _fill(ini, composition, Database(settings.platform))
    if "accounts" in composition.by_name:
        _make_administrator(ini, port)
    if _server(ini) != OWN_SERVER:
        threading.Thread(target=_announce, args=(port,), daemon=True).start()
    return int(pserve.main(["pserve", ini, f"http_port={port}"]) or 0)


def _fill(ini: str, composition: Composition, database: Database) -> None:
    """Load what was not loaded yet: the catalogue, then the orders."""
    files = {
        "catalog.products": ("products.jsonl", products.lines(PRODUCTS)),
        "orders.history": ("orders.csv", orders.lines(ORDERS, PRODUCTS)),
    }
    loaded = _loaded(database)
    for resource, (name, lines) in files.items():
        if resource.partition(".")[0] in composition.by_name and resource not in loaded:
            print(f"Loading the demonstration's {resource} ...", flush=True)
            path = _written(VAR / "demo" / name, lines)
            report = str(path.with_suffix(".report.jsonl"))
            if talatat(["load", ini, resource, str(path), "--resume", "--report", report]):
                sys.exit(f"The demonstration's {path} was not loaded whole: see {report}.")


def _loaded(database: Database) -> set[str]:
    """The resources that a finished load has filled."""
    with contextlib.closing(database.engine.connect()) as connection:
        if not inspect(connection).has_table("talatat_load"):
            return set()
        rows = connection.execute(text("SELECT resource FROM talatat_load WHERE finished"))
        return {row.resource for row in rows}


def _written(path: Path, lines: Iterable[str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        file.writelines(lines)
    return path


def _make_administrator(ini: str, port: str) -> None:
    """An account made at random on first start; how to sign in is told to var/admin.json only."""
    from talatat_accounts import bootstrap

    out = VAR / "admin.json"
    try:
        print(bootstrap.run(ini, out, f"http://localhost:{port}", "admin"), flush=True)
    except (TalatatError, OSError) as error:
        sys.exit(f"error: {error}")


def _server(ini: str) -> str:
    return str(plaster.get_settings(ini, "server:main").get("use", ""))


def _announce(port: str) -> None:
    """For a server that does not say by itself when it accepts connections."""
    for _ in range(600):
        with contextlib.suppress(OSError), socket.create_connection(("localhost", int(port)), 1):
            print(f"ready http://localhost:{port}", flush=True)
            return
        time.sleep(0.1)
