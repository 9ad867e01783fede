"""Keys under fire: fifty threads with one key, and a process that is killed at work."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Barrier
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from talatat.composing import compose, load_composition
from talatat.evolution.migrate import bring_to
from talatat.testing.servers import free_port

THREADS = 50
THINGS = "/api/store/v1/things"
SLOW = {
    "__init__.py": """
        import os
        import time

        def after(request, thing, changes):
            time.sleep(0.3 if thing.name == "slow" else 0)
            mark = os.environ["TEST_MARK"]
            if thing.name == "killed" and not os.path.exists(mark):
                open(mark, "w").close()
                time.sleep(60)

        def includeme(config):
            config.add_hook("store.things", "after_create", after)
        """
}


@contextmanager
def served(ini: str, folder: Path, mark: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A real process on a free port: its address, and the process."""
    port = free_port()
    path = Path(ini).with_name(f"{port}.ini")
    server = f"[server:main]\nuse = egg:talatat#waitress\nlisten = 127.0.0.1:{port}\nthreads = 16\n"
    path.write_text(f"{Path(ini).read_text()}\n{server}")
    command = [sys.executable, "-W", "ignore", "-m", "pyramid.scripts.pserve", str(path)]
    environ = {**os.environ, "PYTHONPATH": str(folder), "TEST_MARK": str(mark)}
    process = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b"ready"), "the server does not start"
        yield f"http://127.0.0.1:{port}", process
    finally:
        process.kill()
        process.communicate()


def post(base: str, name: str, key: str) -> tuple[int, str, Any]:
    """Status, `Idempotent-Replay` and body."""
    headers = {"X-Role": "owner", "Idempotency-Key": key, "Content-Type": "application/json"}
    request = Request(base + THINGS, json.dumps({"name": name}).encode(), headers)
    try:
        with urlopen(request, timeout=60) as answer:
            return answer.status, answer.headers.get("Idempotent-Replay", ""), json.load(answer)
    except HTTPError as error:
        with error:
            return error.code, error.headers.get("Retry-After", ""), json.load(error)


def things(base: str) -> list[Any]:
    with urlopen(Request(base + THINGS, headers={"X-Role": "owner"}), timeout=30) as answer:
        found: list[Any] = json.load(answer)["items"]
        return found


def ini_is_postgresql(ini: str) -> bool:
    return "postgresql" in Path(ini).read_text()


@pytest.fixture
def ini(store_addons: Any, database_url: str) -> str:
    store_addons.write("slow", SLOW, requires=("store",))
    path: str = store_addons.ini("store", "slow", url=database_url)
    system = compose(load_composition(path)).registry.system
    bring_to(system.composition, system.database)
    system.database.dispose()
    return path


def test_fifty_threads_with_one_key_create_one_row_and_a_killed_process_leaves_no_half(
    store_addons: Any, ini: str, tmp_path: Path
) -> None:
    start, mark = Barrier(THREADS), tmp_path / "mark"

    def rush(base: str) -> tuple[int, str, Any]:
        start.wait(60)
        return post(base, "slow", "one key")

    with (
        served(ini, store_addons.folder, mark) as (base, process),
        ThreadPoolExecutor(THREADS) as threads,
    ):
        answers = list(threads.map(rush, [base] * THREADS))
        made = [body for status, _, body in answers if status == 201]
        told = Counter((status, note) for status, note, _ in answers)
        assert told[201, ""] == 1
        assert set(told) <= {(201, ""), (201, "true"), (409, "1")}
        assert (told[409, "1"] > 0) == ini_is_postgresql(ini)
        assert {body["code"] for status, _, body in answers if status == 409} <= {
            "idempotency_in_progress"
        }
        assert all(body == made[0] for body in made)
        assert things(base) == made[:1]
        assert post(base, "slow", "one key") == (201, "true", made[0])
        lost = threads.submit(pytest.raises, OSError, post, base, "killed", "another key")
        give_up = time.monotonic() + 30
        while not mark.exists():
            assert time.monotonic() < give_up
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        lost.result(60)
    with served(ini, store_addons.folder, mark) as (base, _):
        assert len(things(base)) == 1
        status, replay, _ = post(base, "killed", "another key")
        assert (status, replay) == (201, "")
        assert post(base, "killed", "another key")[:2] == (201, "true")
        assert post(base, "slow", "one key") == (201, "true", made[0])
        assert len(things(base)) == 2
