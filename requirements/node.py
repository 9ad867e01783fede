"""Bring the npm packages that tests need (tests/clients) to their lock; plain Python, as install.py.

Only `make setup` asks for them: to serve takes no Node. A stamp inside of `node_modules` holds a digest of
the lock, so that a second run only reads two files. Where there is no Node, `.ci/servers` installs Debian's
where it may, or says in one line what is left out (with CI set that is a failure); the tests that need it
are then skipped.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST = 18  # as in .ci/servers
FOLDER = ROOT / "tests" / "clients"
STAMP = FOLDER / "node_modules" / "installed"


def digest():
    """What the packages must have been made from."""
    files = [FOLDER / "package.json", FOLDER / "package-lock.json", FOLDER / ".npmrc"]
    return hashlib.sha256(b"\n".join(path.read_bytes() for path in files)).hexdigest()


def usable():
    """Whether there is a Node with npm that is not too old."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        return False
    told = subprocess.run(["node", "--version"], check=False, capture_output=True, text=True)
    return told.returncode == 0 and int(told.stdout.lstrip("v").partition(".")[0]) >= OLDEST


def install():
    """Bring `node_modules` to the lock, unless it is there; stop where that fails."""
    if STAMP.exists() and STAMP.read_text() == digest():
        return
    if subprocess.run(["sh", ".ci/servers", "node"], cwd=ROOT, check=False).returncode:
        sys.exit(1)
    if not usable():
        return
    print("Installing the locked packages of tests/clients/package-lock.json ...", flush=True)
    STAMP.unlink(missing_ok=True)
    command = ["npm", "ci", "--loglevel=error"]
    if subprocess.run(command, cwd=FOLDER, check=False, stdout=subprocess.DEVNULL).returncode:
        said = "The npm packages of tests/clients could not be installed (see above)"
        if os.environ.get("CI"):
            sys.exit(said + "; CI is set: that is a failure.")
        print(said + ": tests that need them are left out.", file=sys.stderr)
        return
    STAMP.write_text(digest())
