"""Lock what the distributions and the `.in` files ask for: one `.txt` with hashes for each `.in`.

`.venv/bin/python requirements/lock.py [uv's options, as --upgrade]`. Each distribution's own dependencies
are read from its pyproject.toml (an addon's stand only there); an `.in` file holds what no distribution
asks for. The locks hold for every Python from 3.11 to 3.14 and name no index.
"""

import subprocess
import sys
import tomllib

import install

# Each is held to the ones before it.
KINDS = ("uv", "serve", "test", "bench")
# What the distributions add to each lock: the extras of the platform that are installed along with it.
EXTRAS = {"serve": "", "test": "[granian,redis,testing]", "bench": "[granian,testing]"}


def editables(extras: str) -> str:
    """The repository's own distributions as requirement lines, relative to the root."""
    platform, *addons = (folder.relative_to(install.ROOT) for folder in install.distributions())
    return "\n".join([f"-e ./{platform}{extras}", *(f"-e ./{folder}" for folder in addons), ""])


def names() -> list[str]:
    """The distributions' names: they are installed from the checkout and never locked."""
    metadata = (folder / "pyproject.toml" for folder in install.distributions())
    return [tomllib.loads(path.read_text())["project"]["name"] for path in metadata]


def lock(kind: str, options: list[str]) -> None:
    """Write requirements/<kind>.txt from requirements/<kind>.in and, where they belong, the distributions."""
    own = editables(EXTRAS[kind]) if kind in EXTRAS else ""
    command = [
        install.BINARIES / "uv",
        "pip",
        "compile",
        "--quiet",
        "--universal",
        "--python-version",
        "3.11",
        "--generate-hashes",
        "--no-emit-index-url",
        "--no-header",
        *options,
        *(part for name in names() for part in ("--no-emit-package", name)),
        f"requirements/{kind}.in",
        "-",
        "-o",
        f"requirements/{kind}.txt",
    ]
    subprocess.run(command, input=own, text=True, cwd=install.ROOT, check=True)


if __name__ == "__main__":
    for kind in KINDS:
        lock(kind, sys.argv[1:])
