"""Forks of a warm process: a command in a fresh process without a second of imports.

`Warm` starts one process that imports the platform and nothing else, and for each call forks it. The fork
puts the site's folder on its path, runs one function of `grove.doing`, and ends. What composes apart in a
subprocess of its own is, here, a second fork of the same.
"""

from __future__ import annotations

import gc
import os
import pickle
import signal
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any, BinaryIO

HERE = Path(__file__).parent.parent


class Killed(Exception):
    """The process of a call ended by a signal."""


class Failed(Exception):
    """A call raised something that no person caused: its traceback."""


class Warm:
    """The warm process, seen from the one that tests."""

    def __init__(self) -> None:
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("COV")
        }
        self.process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", "from grove.warm import serve; serve()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**environment, "PYTHONPATH": str(HERE), "PYTHONHASHSEED": "0"},
        )

    def __call__(self, function: str, site: Path, *arguments: Any, **named: Any) -> Any:
        """Run `grove.doing.<function>` in a fork; what it returns. Raises Killed and Failed."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        send(self.process.stdin, (function, str(site), arguments, named))
        kind, value = receive(self.process.stdout)
        if kind == "killed":
            raise Killed(f"{function} ended by {signal.Signals(value).name}")
        if kind == "failed":
            raise Failed(f"{function}{arguments}\n{value}")
        return value

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(10)
        assert self.process.stdout is not None
        self.process.stdout.close()


def send(pipe: BinaryIO | Any, value: Any) -> None:
    data = pickle.dumps(value)
    pipe.write(struct.pack("!I", len(data)) + data)
    pipe.flush()


def receive(pipe: BinaryIO | Any) -> Any:
    (size,) = struct.unpack("!I", pipe.read(4))
    return pickle.loads(pipe.read(size))


def serve() -> None:
    """The loop of the warm process."""
    from grove import doing

    doing.warm_up()
    gc.collect()
    gc.freeze()  # a collection in a fork would touch, and so copy, all that is warm
    asked, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what commands print must not mix with answers
    while True:
        try:
            job = receive(asked)
        except struct.error:  # the other side closed its end
            return
        send(answers, forked(lambda job=job: doing.do(*job)))


def forked(work: Any) -> tuple[str, Any]:
    """("done", result), ("failed", traceback) or ("killed", signal) of work done in a fork."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        answer: tuple[str, Any] = ("failed", "the process ended")
        try:
            answer = ("done", work())
        except BaseException:  # the fork must never return into the caller's code
            import traceback

            answer = ("failed", traceback.format_exc())
        finally:
            with os.fdopen(writing, "wb") as pipe:
                pickle.dump(answer, pipe)
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        data = pipe.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return ("killed", os.WTERMSIG(status))
    return pickle.loads(data)  # type: ignore[no-any-return]
