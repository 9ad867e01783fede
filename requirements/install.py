"""Make `.venv` hold what a lock file says and every distribution of this repository, editable.

`python3 requirements/install.py serve|test|bench`. Plain Python, for nothing is installed yet: it makes the
environment, has pip install the locked uv, and uv do the rest. A stamp inside the environment holds a
digest of all that an installation depends on, so that a second run only reads a few files. `test` asks for
the npm packages of the tests as well (node.py). `bench` makes an environment of its own, var/bench/venv: the
peers that the bench measures are nothing that a system runs with.
"""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv"
BINARIES = ENVIRONMENT / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BINARIES / "python"
STAMP = ENVIRONMENT / "installed"
BENCH = ROOT / "var" / "bench" / "venv"
OLDEST = (3, 11)


def distributions():
    """Folders of this repository's distributions, the platform's first."""
    return [ROOT, *sorted(path.parent for path in ROOT.glob("addons/*/pyproject.toml"))]


def digest(kind):
    """What the environment must have been made from: locks, metadata and this script."""
    files = [
        ROOT / "requirements" / "uv.txt",
        ROOT / "requirements" / f"{kind}.txt",
        ROOT / "setup.cfg",
        Path(__file__),
        *(folder / "pyproject.toml" for folder in distributions()),
    ]
    parts = [hashlib.sha256(path.read_bytes()).hexdigest() for path in files]
    # An editable install points here: an environment that was moved along with the checkout is stale.
    parts += [str(path) for path in (ROOT, *distributions())]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def installed():
    """(kind, digest) that the stamp names; empty strings when there is no usable environment."""
    if not STAMP.exists() or not PYTHON.exists():
        return "", ""
    kind, _, made_from = STAMP.read_text().strip().partition(" ")
    return kind, made_from


def make_environment():
    """Make the virtual environment where there is none that runs, or stop and say what is missing."""
    works = [PYTHON, "-c", "import pip"]
    if PYTHON.exists() and subprocess.run(works, check=False).returncode == 0:
        return
    made = subprocess.run([sys.executable, "-m", "venv", "--clear", ENVIRONMENT], check=False)
    if made.returncode:
        sys.exit(
            f"The virtual environment {ENVIRONMENT.relative_to(ROOT)} could not be made (see above). On Debian and"
            " Ubuntu the module is a package of its own: apt-get install python3-venv; then run the same command again."
        )


def run(*command):
    """Run one step, or stop with the command that failed, so that it can be tried by hand."""
    finished = subprocess.run(command, cwd=ROOT, check=False)
    if finished.returncode:
        sys.exit("This step of the installation failed: " + " ".join(map(str, command)))


def install(kind):
    """Bring `.venv` to the lock `requirements/<kind>.txt` and install the distributions, editable."""
    make_environment()
    STAMP.unlink(missing_ok=True)
    locks = ROOT / "requirements"
    uv = [BINARIES / "uv", "pip"]
    into = ["--python", PYTHON, "--quiet"]
    run(
        PYTHON,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
        "--require-hashes",
        "-r",
        locks / "uv.txt",
    )
    run(*uv, "sync", *into, "--require-hashes", locks / f"{kind}.txt")
    editables = [part for folder in distributions() for part in ("-e", folder)]
    run(*uv, "install", *into, "--no-deps", "--no-build-isolation", "--no-index", *editables)
    STAMP.write_text(f"{kind} {digest(kind)}\n")


def turn_to(environment):
    """Make another environment than `.venv` the one that is installed into."""
    global ENVIRONMENT, BINARIES, PYTHON, STAMP
    ENVIRONMENT = environment
    BINARIES = ENVIRONMENT / BINARIES.name
    PYTHON = BINARIES / PYTHON.name
    STAMP = ENVIRONMENT / STAMP.name


def main():
    """Install when the stamp says that it is needed; `test` holds all that `serve` needs."""
    if sys.version_info < OLDEST:
        sys.exit(
            "Talatat needs Python %d.%d or newer; this is %s: make PYTHON=/path/to/python3.x ..."
            % (*OLDEST, sys.version.split()[0])
        )
    asked = wanted = sys.argv[1]
    if asked == "bench":
        turn_to(BENCH)
    kind, made_from = installed()
    if kind == "test":
        wanted = "test"
    if (kind, made_from) != (wanted, digest(wanted)):
        print(
            f"Installing the locked packages of requirements/{wanted}.txt into {ENVIRONMENT.relative_to(ROOT)} ...",
            flush=True,
        )
        install(wanted)
    if asked == "test":
        import node  # beside this script; who imports this module need not find it

        node.install()


if __name__ == "__main__":
    main()
