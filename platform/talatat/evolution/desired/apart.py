"""Composing in a process of its own, which may die or hang without harm to the one that asked."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Collection
from contextlib import suppress
from typing import Any

from talatat.errors import AddonError, CompositionError
from talatat.evolution.desired.model import Desired
from talatat.evolution.graph import EvolutionError

MODULE = "talatat.evolution.desired.subprocess"
SECONDS = 120.0  # composing takes two or so
GRACE = 30.0  # for the subprocess to start, and to say itself where it hangs
_SHOWN_LINES = 12


def compose_apart(
    ini_uri: str, without: Collection[str] = (), *, seconds: float = SECONDS
) -> Desired:
    """Compose what `ini_uri` declares in a subprocess that writes nothing, and tell what it is.

    `without` and `TALATAT_WITHOUT` name addons to leave out. Raises what composing raises, in the same
    words (CompositionError, AddonError, EvolutionError); CompositionError where the subprocess dies or
    takes longer than `seconds`, with what it said last.
    """
    job = {"ini": ini_uri, "without": sorted(without), "path": sys.path, "seconds": seconds}
    answer, printed, status = _run(job, seconds)
    events = [json.loads(line) for line in answer.splitlines() if line.endswith(b"}")]
    if events and "desired" in events[-1]:
        return Desired.from_json(events[-1]["desired"])
    if events and "problems" in events[-1]:
        raise _error(events[-1])
    raise CompositionError(_died(ini_uri, status, printed, events, seconds))


def _run(job: dict[str, Any], seconds: float) -> tuple[bytes, str, int]:
    """What the subprocess answered, what it printed, and how it ended."""
    reading, writing = os.pipe()
    command = [sys.executable, "-P", "-X", "faulthandler", "-m", MODULE, str(writing)]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    child = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        pass_fds=(writing,),
        env=environment,
        # What the addons start dies with it.
        start_new_session=True,
    )
    os.close(writing)
    answers: list[bytes] = []
    with os.fdopen(reading, "rb") as pipe:
        # Line by line: what has been said stands, whoever still holds the other end.
        reader = threading.Thread(target=answers.extend, args=(pipe,), daemon=True)
        reader.start()
        try:
            printed, _ = child.communicate(json.dumps(job).encode(), timeout=seconds + GRACE)
        except subprocess.TimeoutExpired:
            _kill(child)
            printed, _ = child.communicate()
        except BaseException:
            _kill(child)
            child.communicate()
            raise
        finally:
            reader.join(GRACE)  # what an addon left running may hold the pipe open
    return b"".join(answers), printed.decode(errors="replace"), child.returncode


def _kill(child: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):  # it ended in this moment
        os.killpg(child.pid, signal.SIGKILL)


def _error(event: dict[str, Any]) -> CompositionError | EvolutionError:
    if event["kind"] == "AddonError":
        return AddonError(event["addon"], event["problems"][0])
    if event["kind"] == "EvolutionError":
        return EvolutionError(event["problems"])
    return CompositionError(event["problems"])


def _died(ini: str, status: int, printed: str, events: list[dict[str, Any]], seconds: float) -> str:
    if "Timeout (" in printed or status == -signal.SIGKILL:
        how = f"was not done after {seconds:g} seconds"
    elif status < 0:
        how = f"was ended by the signal {signal.Signals(-status).name}"
    else:
        how = f"ended the process (exit status {status}) before it was done"
    last = next((one["importing"] for one in reversed(events) if "importing" in one), None)
    where = f" The last module of an addon that it imported was {last}." if last else ""
    lines = printed.strip().splitlines()[-_SHOWN_LINES:]
    said = "".join(f"\n    {line}" for line in lines) or " nothing"
    return (
        f"{ini}: composing {how}.{where} Mend that addon, or leave it out: --without ADDON. "
        f"What the process printed last:{said}"
    )
