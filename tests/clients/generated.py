"""Clients that others' generators make of the API document, and programs that use them.

TypeScript: `@hey-api/openapi-ts` (0.85 is the last that runs on Debian 12's Node) makes functions and types,
`tsc` checks them and our flows strictly and compiles both. Python: `openapi-python-client` makes a package,
and `mypy --strict` checks that and our flows. Nothing of what they make is edited. It is kept in var/clients under a digest of all that it was made from.
"""

import hashlib
import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
NODE = HERE / "node_modules"
KEPT = ROOT / "var" / "clients"
CHECKED = ROOT / ".mypy_cache" / "clients"
LANGUAGES = ("typescript", "python")
LEFT = 3  # digests that are kept


def missing() -> str:
    """Why clients cannot be generated here; empty where they can."""
    if not (NODE / "installed").exists():
        return "the npm packages are not installed: make setup says why"
    return "" if shutil.which("node") else "there is no node on the PATH"


@dataclass(frozen=True)
class Made:
    """A folder with both clients, each in a folder named by its language."""

    folder: Path

    def document(self) -> dict:
        """The document that they were made of."""
        return json.loads((self.folder / "openapi.json").read_bytes())

    def run(self, language: str, flow: str, *given: str) -> dict:
        """Run a flow (a function of a module of its name) with a client; what it saw."""
        folder = self.folder / language
        if language == "typescript":
            command = ["node", HERE / "typescript" / "run.cjs", folder, flow, *given]
        else:
            command = [sys.executable, "-W", "error", folder / "run.py", flow, *given]
        return json.loads(call(command, folder))


def generate(document: bytes) -> Made:
    """Both clients of a document, from the cache where they were made before."""
    folder = KEPT / digest(document)
    if not folder.exists():
        KEPT.mkdir(parents=True, exist_ok=True)
        made = KEPT / f"{folder.name}.{os.getpid()}"
        made.mkdir()
        (made / "openapi.json").write_bytes(document)
        typescript(made)
        python(made)
        try:
            made.rename(folder)
        except OSError:  # somebody else has made the same meanwhile
            shutil.rmtree(made)
        forget()
    return Made(folder)


def digest(document: bytes) -> str:
    """What clients are made from: the document, the generators, the compiler, the flows."""
    version = importlib.metadata.version("openapi-python-client")
    files = [Path(__file__), HERE / "package-lock.json"]
    files += [path for one in LANGUAGES for path in sorted(source(one).iterdir()) if path.is_file()]
    parts = [document, version.encode(), *(path.read_bytes() for path in files)]
    return hashlib.sha256(b"".join(hashlib.sha256(one).digest() for one in parts)).hexdigest()[:24]


def source(language: str) -> Path:
    return HERE / language


def typescript(made: Path) -> None:
    """The TypeScript client, checked and compiled together with the flows."""
    folder = made / "typescript"
    shutil.copytree(source("typescript"), folder)
    bins = NODE / ".bin"
    call([bins / "openapi-ts", "-i", "../openapi.json", "-o", "shop"], folder)
    call([bins / "tsc", "-p", "."], folder)


def python(made: Path) -> None:
    """The Python client beside the flows, as a package `shop`."""
    folder = made / "python"
    shutil.copytree(source("python"), folder, ignore=shutil.ignore_patterns("__pycache__"))
    config = made / "python-client.json"
    config.write_text(json.dumps({"post_hooks": []}))  # they only format
    generator = Path(sys.executable).parent / "openapi-python-client"
    call(
        [
            generator, "generate", "--path", "openapi.json", "--config", config.name,
            "--meta", "none", "--output-path", "python/shop", "--fail-on-warning",
        ],
        made,
    )  # fmt: skip
    mypy = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--cache-dir", CHECKED]
    call([*mypy, "."], folder)


def call(command: list, folder: Path) -> str:
    """What a command prints; AssertionError with all that it says where it fails."""
    # Nothing of the platform runs in these: what coverage would watch is only slowed down.
    environ = {key: value for key, value in os.environ.items() if not key.startswith("COVERAGE_")}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=folder, env=environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def forget() -> None:
    """Leave what was made last."""
    kept = sorted((path for path in KEPT.iterdir() if path.is_dir()), key=os.path.getmtime)
    for path in kept[:-LEFT]:
        shutil.rmtree(path, ignore_errors=True)
