"""Jobs for a process that has imported no addon yet: `with Elsewhere() as elsewhere: elsewhere.ask("compose", ...)`.

An addon that was imported once goes on acting (listeners on another's models, a patched function), so
what it does not do while it sleeps can only be seen where it never was. One process imports the platform
and forks for each job; a job ends with its fork.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import traceback
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from talatat.errors import TalatatError

MODULE = "talatat.testing.conformance.elsewhere"
Job = Callable[..., dict[str, Any]]
_DIED = json.dumps({"problems": ["the process that composes died; what it said stands above"]})


class Elsewhere:
    """The process, started at the first question."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.communicate()
            self._process = None

    def ask(self, job: str, **arguments: Any) -> dict[str, Any]:
        """Do a job in a fork; what it returned. Raises TalatatError with what it raised, or that it died."""
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-W", "ignore", "-m", MODULE],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        line = json.dumps({"job": job, "arguments": arguments, "path": sys.path})
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline() or _DIED)
        if "problems" in answer:
            raise TalatatError(answer["problems"])
        return answer


def serve() -> None:
    """Read jobs, a line each, and answer each with a line, from a fork."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what addons print is no answer
    jobs = _jobs()
    for line in sys.stdin:
        asked = json.loads(line)
        reading, writing = os.pipe()
        if os.fork() == 0:
            os.close(reading)
            sys.path[:] = asked["path"]
            with os.fdopen(writing, "w") as pipe:
                pipe.write(json.dumps(_answer(jobs[asked["job"]], asked["arguments"])))
            return  # the fork ends as any process does
        os.close(writing)
        with os.fdopen(reading) as pipe:
            answer = pipe.read()
        _, status = os.wait()
        died = json.dumps({"problems": [f"the process died with status {status} and said nothing"]})
        answers.write((answer or died) + "\n")
        answers.flush()


def _jobs() -> dict[str, Job]:
    # Imported before the first fork: what forks need, they need not import again.
    import talatat.describing
    import talatat.web.home  # noqa: F401
    from talatat.testing.conformance import asleep, company

    return {"company": company.find, "compose": company.compose_once, "sleep": asleep.write_all}


def _answer(job: Job, arguments: dict[str, Any]) -> dict[str, Any]:
    try:
        return job(**arguments)
    except TalatatError as error:
        return {"problems": error.problems}
    except BaseException as error:  # noqa: BLE001  # an addon may raise anything, SystemExit too
        traceback.print_exc()
        return {"problems": [f"{type(error).__name__}: {error}"]}


if __name__ == "__main__":
    serve()
