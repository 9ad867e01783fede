"""From an .ini to a running shop, one step after the other."""

import contextlib
import json
import logging
import os
import socket
import sys
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import plaster
from pyramid.scripts import pserve
from sqlalchemy import inspect, text

from demo import checkouts, orders, products
from talatat.cli.main import main as talatat
from talatat.composing import load_composition
from talatat.db import Database
from talatat.errors import TalatatError
from talatat.evolution.migrate import pending
from talatat.settings import Settings
from talatat.web.server import LAST_PORT, is_port

VAR = Path("var")
ADMIN = VAR / "admin.json"
PRODUCTS = int(os.environ.get("TALATAT_DEMO_PRODUCTS", "3000"))
INVOICES = int(os.environ.get("TALATAT_DEMO_INVOICES", "4000"))
ORDERS = int(os.environ.get("TALATAT_DEMO_ORDERS", "200"))
OWN_SERVER = "egg:talatat#waitress"
ANEW = "Whoever lost the password begins anew: stop the server, delete var/ and start again."


def start(ini: str, port: str) -> int:
    """Do all of it and serve until INT or TERM; the exit code."""
    try:
        _look_at(port)
        shop = Shop(ini, port)
        new = shop.apply()
        shop.make_administrator(new)
        if new:
            shop.fill()
    except (TalatatError, OSError) as error:
        sys.exit(f"error: {error}")
    if _server(ini) != OWN_SERVER:
        threading.Thread(target=_announce, args=(port,), daemon=True).start()
    return int(pserve.main(["pserve", ini, f"http_port={port}"]) or 0)


@dataclass
class Shop:
    """One .ini and what its database holds."""

    ini: str
    port: str

    def __post_init__(self) -> None:
        self.composition = load_composition(self.ini)
        settings = Settings(self.composition.ini)
        if settings.problems:
            raise TalatatError(settings.problems)
        self.settings = settings.platform

    @cached_property
    def database(self) -> Database:
        return Database(self.settings)

    def apply(self) -> bool:
        """Bring the database to the composition; whether the demonstration's data may be missing."""
        if self._is_applied():
            return not self._loaded() >= set(self._files())
        if talatat(["apply", self.ini, "--yes"]):
            sys.exit(1)
        return True

    def _is_applied(self) -> bool:
        """Asked without composing, which takes a second that a second start can do without."""
        try:
            return not pending(self.composition, self.database)
        except TalatatError:
            return False  # `talatat apply` makes what is missing, or says what is wrong

    def make_administrator(self, new: bool) -> None:
        """An account made at random on first start; how to sign in stands in var/admin.json only."""
        url = f"http://localhost:{self.port}"
        known = json.loads(ADMIN.read_text()).get("url") if ADMIN.exists() else None
        if "accounts" not in self.composition.by_name or (known == url and not new):
            return
        from talatat_accounts import bootstrap

        print(bootstrap.run(self.ini, ADMIN, url, "admin"), flush=True)
        if not ADMIN.exists():
            print(f"{ADMIN} is gone, and what it held is kept nowhere else. {ANEW}", flush=True)

    def fill(self) -> None:
        """Load what was not loaded yet, then place orders. Only in development: a demo is no data."""
        if not self.settings.development:
            return
        loaded = self._loaded()
        for resource, (name, lines) in self._files().items():
            if resource not in loaded:
                self._load(resource, _written(VAR / "demo" / name, lines))
        if {"accounts", "orders"} <= set(self.composition.by_name) and ADMIN.exists():
            self._place_orders(json.loads(ADMIN.read_text())["token"])

    def _files(self) -> dict[str, tuple[str, Iterable[str]]]:
        """Resource -> (file, lines), of those addons that are composed, in the order of loading."""
        files = {
            "catalog.products": ("products.jsonl", products.lines(PRODUCTS)),
            "orders.history": ("invoices.csv", orders.lines(INVOICES, PRODUCTS)),
        }
        composed = self.composition.by_name
        return {name: file for name, file in files.items() if name.partition(".")[0] in composed}

    def _loaded(self) -> set[str]:
        """The resources that a finished load has filled, whatever its file."""
        with contextlib.closing(self.database.engine.connect()) as connection:
            if not inspect(connection).has_table("talatat_load"):
                return set()
            rows = connection.execute(text("SELECT resource FROM talatat_load WHERE finished"))
            return {row.resource for row in rows}

    def _load(self, resource: str, path: Path) -> None:
        print(f"Loading the demonstration's {resource} ...", flush=True)
        report = str(path.with_suffix(".report.jsonl"))
        if talatat(["load", self.ini, resource, str(path), "--resume", "--report", report]):
            sys.exit(
                f"The demonstration's {path} was not loaded whole. The same command goes on with it; "
                f"what was rejected stands in {report}."
            )

    def _place_orders(self, token: str) -> None:
        application = plaster.get_loader(self.ini, protocols=["wsgi"]).get_wsgi_app()
        system = application.registry.system
        requests = logging.getLogger("talatat.request")
        requests.disabled = True  # some hundred lines that nobody asked for
        try:
            placed = checkouts.place_orders(application, token, ORDERS)
            print(f"{placed:,} orders placed.", flush=True)
            system.outbox.deliver()
        finally:
            requests.disabled = False
            system.outbox.stop()
            system.database.dispose()


def _look_at(port: str) -> None:
    """Before minutes are spent on a shop that could not be served then."""
    if not is_port(port):
        raise TalatatError(f"PORT={port} is not a port. Give a number from 1 to {LAST_PORT}.")
    with contextlib.suppress(OSError), socket.create_connection(("localhost", int(port)), 1):
        raise TalatatError(
            f"something answers on localhost:{port} already. Stop it, or choose another port: "
            "make serve PORT=7000"
        )


def _written(path: Path, lines: Iterable[str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        file.writelines(lines)
    return path


def _server(ini: str) -> str:
    return str(plaster.get_settings(ini, "server:main").get("use", ""))


def _announce(port: str) -> None:
    """For a server that does not say by itself when it accepts connections."""
    for _ in range(600):
        with contextlib.suppress(OSError), socket.create_connection(("localhost", int(port)), 1):
            print(f"ready http://localhost:{port}", flush=True)
            return
        time.sleep(0.1)
