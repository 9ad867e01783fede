"""Clients with a steady mixed load over connections that are kept alive. Every answer is counted.

Each client does one operation every so often, whatever the others do, on parcels that are its own: lists,
reads, filtered lists, creates and changes. It knows no release: what it sends is right for all of them.
"""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

BASE = "/api/parcels/v1/parcels"
TIMEOUT = 30.0
SHOWN = 20


@dataclass
class Counts:
    """What all clients saw. `broken` are connections that ended without an answer."""

    statuses: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)
    wrong: int = 0
    failures: list[str] = field(default_factory=list)
    connections: int = 0
    # (moment, seconds) of every answer
    times: list[tuple[float, float]] = field(default_factory=list)

    def between(self, start: float, end: float) -> list[float]:
        """The answer times, sorted, of what was asked between two moments."""
        return sorted(took for moment, took in self.times if start <= moment < end)

    @property
    def failed(self) -> int:
        """Answers with 5xx or another status than the operation's, and broken connections."""
        return len(self.broken) + self.wrong

    @property
    def errors(self) -> int:
        """Answers with 5xx."""
        return sum(count for status, count in self.statuses.items() if status.startswith("5"))


class Load:
    """The clients: `with Load(port, clients=8, rate=10) as load:` until the block ends."""

    def __init__(self, port: int, clients: int, rate: float, rows: int) -> None:
        self.counts = Counts()
        self._ending = threading.Event()
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._run, args=(n, port, 1 / rate, rows), daemon=True)
            for n in range(clients)
        ]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *details: object) -> None:
        self._ending.set()
        for thread in self._threads:
            thread.join(2 * TIMEOUT)

    def _run(self, number: int, port: int, pause: float, rows: int) -> None:
        client = _Client(number, port, rows, self)
        due = time.monotonic() + pause * random.Random(number).random()
        while not self._ending.wait(max(0.0, due - time.monotonic())):
            # What is late is not made up for: the load is steady, not a crowd after a pause.
            due = max(due + pause, time.monotonic())
            try:
                client.step()
            except Exception as error:  # noqa: BLE001  # a client that ended would be a load that is none
                self.broke("client", error)
        client.close()

    def answered(self, kind: str, wanted: int, status: int, took: float, text: bytes) -> None:
        """Count an answer."""
        with self._lock:
            self.counts.times.append((time.monotonic() - took, took))
            self.counts.statuses[str(status)] += 1
            self.counts.kinds[kind] += 1
            if status != wanted:
                self.counts.wrong += 1
                said = text[:300].decode(errors="replace")
                self.counts.failures = [*self.counts.failures, f"{kind}: {status} {said}"][:SHOWN]

    def broke(self, kind: str, error: Exception) -> None:
        """Count a connection that ended without an answer."""
        with self._lock:
            self.counts.broken.append(f"{kind}: {type(error).__name__} {error}")

    def connected(self) -> None:
        """Count a new connection."""
        with self._lock:
            self.counts.connections += 1


class _Client:
    def __init__(self, number: int, port: int, rows: int, load: Load) -> None:
        self._chance = random.Random(1000 + number)
        self._number = number
        self._rows = rows
        self._load = load
        self._made = 0
        self._own: list[str] = []
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)

    def step(self) -> None:
        """Do one operation."""
        kind = self._chance.choices(
            ("list", "get", "find", "create", "change"), weights=(15, 35, 10, 15, 25)
        )[0]
        if kind in ("get", "change") and not self._own:
            kind = "create"
        try:
            getattr(self, f"_{kind}")()
        except (OSError, http.client.HTTPException) as error:
            self._load.broke(kind, error)
            self._connection.close()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _list(self) -> None:
        self._ask("list", 200, "GET", f"{BASE}?limit=20")

    def _find(self) -> None:
        code = f"P{self._chance.randrange(self._rows)}"
        self._ask("find", 200, "GET", f"{BASE}?code={code}")

    def _get(self) -> None:
        self._ask("get", 200, "GET", self._chance.choice(self._own))

    def _create(self) -> None:
        self._made += 1
        body = {"code": f"C{self._number}-{self._made}", "weight": self._chance.randrange(1000)}
        made = self._ask("create", 201, "POST", BASE, body)
        if made is not None:
            self._own.append(urlsplit(made["Location"]).path)

    def _change(self) -> None:
        path = self._chance.choice(self._own)
        self._ask("change", 200, "PATCH", path, {"weight": self._chance.randrange(1000)})

    def _ask(self, kind: str, wanted: int, method: str, path: str, body: Any = None) -> Any:
        headers = {"Accept": "application/json"}
        data = None
        if body is not None:
            data = json.dumps(body)
            headers["Content-Type"] = "application/json"
        if self._connection.sock is None:
            self._load.connected()
        began = time.monotonic()
        self._connection.request(method, path, data, headers)
        answer = self._connection.getresponse()
        text = answer.read()
        self._load.answered(kind, wanted, answer.status, time.monotonic() - began, text)
        return answer.headers if answer.status == wanted else None
