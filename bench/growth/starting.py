"""One start, measured inside of the process that starts.

    python -m bench.growth.starting INI [--calls] [--profile FILE]

Prints JSON: processor seconds, of these each phase's; resident memory (KiB) afterwards;
with `--calls` the function calls instead of times, which are the same on every machine.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PHASES: dict[str, float] = {}


def main() -> None:
    """Start, and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ini")
    parser.add_argument("--calls", action="store_true")
    parser.add_argument("--profile")
    options = parser.parse_args()

    from talatat import composing  # what every system imports, whichever its addons

    if options.calls:
        print(json.dumps({"calls": calls(lambda: start(composing, options.ini))}))
        return
    began = time.process_time()
    with profiled(options.profile):
        app = start(composing, options.ini)
    spent = time.process_time() - began
    assert app is not None
    print(json.dumps({"cpu": spent, "phases": PHASES, "resident": resident()}))


def start(composing: Any, ini: str) -> Any:
    """From an .ini to a WSGI application, phase by phase."""
    with phase("read and resolve"):
        composition = composing.load_composition(ini)
    for attribute, name in (("_included", "import and include"), ("_finish", "bind and check")):
        setattr(composing, attribute, timed(name, getattr(composing, attribute)))
    with phase("compose"):
        config = composing.compose(composition)
    rest = PHASES["import and include"] + PHASES["bind and check"]
    PHASES["commit"] = PHASES.pop("compose") - rest
    with phase("make the application"):
        return config.make_wsgi_app()


@contextmanager
def phase(name: str) -> Iterator[None]:
    """Take the processor time of a phase."""
    began = time.process_time()
    yield
    PHASES[name] = PHASES.get(name, 0.0) + time.process_time() - began


def timed(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """A function whose calls are a phase."""

    def called(*args: Any) -> Any:
        with phase(name):
            return function(*args)

    return called


@contextmanager
def profiled(path: str | None) -> Iterator[None]:
    """Profile into a file, if one is named."""
    if path is None:
        yield
        return
    profile = cProfile.Profile(time.process_time)
    with profile:
        yield
    profile.dump_stats(path)


def calls(function: Callable[[], Any]) -> int:
    """How many functions, of Python and of C, are called."""
    count = 0

    def counted(frame: Any, event: str, argument: Any) -> None:
        nonlocal count
        if event in ("call", "c_call"):
            count += 1

    sys.setprofile(counted)
    try:
        function()
    finally:
        sys.setprofile(None)
    return count


def resident() -> int:
    """The memory that this process holds, in KiB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise OSError("/proc/self/status tells no VmRSS")


if __name__ == "__main__":
    main()
