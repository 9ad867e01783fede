"""Build the wheels of all distributions into a folder: `.venv/bin/python requirements/wheels.py FOLDER`.

Nothing is fetched: the locked setuptools builds them.
"""

import shutil
import subprocess
import sys
from pathlib import Path

import install


def build(folder: Path) -> list[Path]:
    """Build one wheel for each distribution into `folder`; gives their paths."""
    uv = [install.BINARIES / "uv", "build", "--quiet", "--wheel", "--no-build-isolation"]
    into = ["--offline", "--out-dir", folder, "--python", install.PYTHON]
    for distribution in install.distributions():
        for left in (distribution / "build", install.ROOT / "var" / "build"):
            # setuptools would put files that are gone from the tree into the wheel again.
            shutil.rmtree(left, ignore_errors=True)
        subprocess.run([*uv, *into, distribution], check=True)
        shutil.rmtree(distribution / "build", ignore_errors=True)
    return sorted(folder.glob("*.whl"))


if __name__ == "__main__":
    for wheel in build(Path(sys.argv[1]).resolve()):
        print(wheel)
