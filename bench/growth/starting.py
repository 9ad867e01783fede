"""One start, measured inside of the process that starts.

    python -m bench.growth.starting INI [--calls] [--profile FILE]

Prints JSON: processor seconds since the process began, of these each phase's; resident memory (KiB) afterwards;
with `--calls` the function calls instead of times, which are the same on every machine.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.growth.counting import calls

PHASES: dict[str, float] = {}


def main() -> None:
    """Start, and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ini")
    parser.add_argument("--calls", action="store_true")
    parser.add_argument("--profile")
    options = parser.parse_args()

    # What every system imports, whichever its addons; a profile is not about it.
    import talatat.process

    assert talatat.process
    PHASES["import the platform"] = time.process_time()
    if options.calls:
        print(json.dumps({"calls": calls(lambda: start(options.ini))}))
        return
    with profiled(options.profile):
        app = start(options.ini)
    spent = time.process_time()
    assert app is not None
    print(json.dumps({"cpu": spent, "phases": PHASES, "resident": resident()}))


def start(ini: str) -> Any:
    """From an .ini to a WSGI application, as `pserve` does it, phase by phase."""
    from pyramid.paster import get_app

    from talatat import composing, process

    for where, attribute, name in (
        (composing, "load_composition", "read and resolve"),
        (composing, "_included", "import and include"),
        (composing, "_finish", "bind and check"),
        (composing, "compose", "compose"),
        (process, "verify_packages", "compare packages"),
    ):
        setattr(where, attribute, timed(name, getattr(where, attribute)))
    with phase("start"):
        app = get_app(ini)
    PHASES["commit"] = (
        PHASES.pop("compose") - PHASES["import and include"] - PHASES["bind and check"]
    )
    started = PHASES.pop("start") + PHASES["import the platform"]
    PHASES["rest"] = started - sum(PHASES.values())
    return app


@contextmanager
def phase(name: str) -> Iterator[None]:
    """Take the processor time of a phase."""
    began = time.process_time()
    yield
    PHASES[name] = PHASES.get(name, 0.0) + time.process_time() - began


def timed(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """A function whose calls are a phase."""

    def called(*args: Any, **kw: Any) -> Any:
        with phase(name):
            return function(*args, **kw)

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


def resident() -> int:
    """The memory that this process holds, in KiB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise OSError("/proc/self/status tells no VmRSS")


if __name__ == "__main__":
    main()
