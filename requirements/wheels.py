"""Build the wheels of all distributions into a folder: `.venv/bin/python requirements/wheels.py FOLDER`.

Nothing is fetched: the locked setuptools builds them.
"""

import subprocess
import sys
from pathlib import Path

import install


def build(folder: Path) -> list[Path]:
    """Build one wheel for each distribution into `folder`; gives their paths."""
    uv = [
        install.BINARIES / "uv",
        "build",
        "--quiet",
        "--wheel",
        "--no-build-isolation",
        "--offline",
    ]
    for distribution in install.distributions():
        subprocess.run(
            [*uv, "--out-dir", folder, "--python", install.PYTHON, distribution], check=True
        )
    return sorted(folder.glob("*.whl"))


if __name__ == "__main__":
    for wheel in build(Path(sys.argv[1]).resolve()):
        print(wheel)
