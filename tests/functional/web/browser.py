"""Debian's Chromium without a window: what it makes of a page, and what it complains of."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass

import pytest

from talatat.testing.fixtures import unavailable
from talatat.testing.servers import Unavailable

NAMES = ("chromium", "chromium-browser", "google-chrome")
OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost",
    "--enable-logging=stderr",
    "--v=0",
    "--virtual-time-budget=20000",
)
DARK = "--blink-settings=preferredColorScheme=0"


@dataclass(frozen=True)
class Shown:
    """A page as it stands when its scripts have run, and the lines of the console."""

    html: str
    console: list[str]


def look(url: str, *options: str) -> Shown:
    """Open a page of this machine; other hosts cannot be reached. Skips where there is no Chromium."""
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        unavailable(Unavailable("Chromium is not installed (Debian: apt-get install chromium)"))
        pytest.fail("not reached")
    with tempfile.TemporaryDirectory(prefix="talatat-chromium-") as folder:
        done = subprocess.run(
            [program, *OPTIONS, f"--user-data-dir={folder}", *options, "--dump-dom", url],
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
    return Shown(done.stdout, re.findall(r"CONSOLE[:(]\d+\)?\] (.*)", done.stderr))
