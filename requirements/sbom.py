"""What a system runs with, as a CycloneDX document: `.venv/bin/python requirements/sbom.py FILE`.

It holds the distributions of this repository and what requirements/serve.txt locks, as far as it is
installed here, each with its licence; the tools of tests and linters are left out. Nothing is fetched, and
the same lock gives the same bytes. A licence that requirements/licences.txt does not list is an error.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import install
import lock

LICENCES = install.ROOT / "requirements" / "licences.txt"
PINNED = re.compile(r"^([\w.-]+)==(\S+)", re.MULTILINE)


def canonical(name: str) -> str:
    """A distribution's name in the spelling in which names are compared."""
    return re.sub(r"[-_.]+", "-", name).lower()


def locked() -> set[str]:
    """The names that requirements/serve.txt pins."""
    text = (install.ROOT / "requirements" / "serve.txt").read_text()
    return {canonical(name) for name, _ in PINNED.findall(text)}


def document() -> dict[str, Any]:
    """The CycloneDX document: sorted, without a time, a number or a path of this machine."""
    command = [install.BINARIES / "cyclonedx-py", "environment", "--output-reproducible"]
    root = ["--pyproject", install.ROOT / "pyproject.toml", "--no-validate"]
    done = subprocess.run(
        [*command, *root, "--output-file", "-", install.PYTHON], capture_output=True, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    own = {canonical(name) for name in lock.names()}
    wanted = locked() | own
    kept = [one for one in found["components"] if canonical(one["name"]) in wanted]
    for one in kept:
        references = [ref for ref in one.get("externalReferences", ()) if not _is_path(ref["url"])]
        one["externalReferences"] = references
    found["components"] = sorted(kept, key=lambda one: one["bom-ref"])
    refs = {one["bom-ref"] for one in kept} | {found["metadata"]["component"]["bom-ref"]}
    found["dependencies"] = sorted(_within(found["dependencies"], refs), key=lambda one: one["ref"])
    return found


def _is_path(url: str) -> bool:
    return url.startswith(("file:", "/"))


def _within(dependencies: list[dict[str, Any]], refs: set[str]) -> Iterator[dict[str, Any]]:
    for one in dependencies:
        if one["ref"] in refs:
            needed = sorted(set(one.get("dependsOn", ())) & refs)
            yield {"ref": one["ref"], **({"dependsOn": needed} if needed else {})}


def licences(component: dict[str, Any]) -> list[str]:
    """What a component says of its licence: SPDX names and expressions, or classifiers."""
    found = []
    for one in component.get("licenses", ()):
        said = one.get("expression") or one["license"].get("id") or one["license"].get("name")
        found.append(str(said))
    return found


def refused(found: dict[str, Any], allowed: set[str]) -> list[str]:
    """The components of which no licence is allowed, each with what it says.

    Of several words for one licence (an SPDX name, a classifier) one is enough.
    """
    own = {canonical(name) for name in lock.names()}
    return [
        f"{one['name']} {one['version']}: {', '.join(licences(one)) or 'no licence is told'}"
        for one in found["components"]
        if canonical(one["name"]) not in own and not allowed & set(licences(one))
    ]


def allowed() -> set[str]:
    """The lines of requirements/licences.txt."""
    lines = (line.partition("#")[0].strip() for line in LICENCES.read_text().splitlines())
    return {line for line in lines if line}


def main(path: Path) -> int:
    """Write the document, and say which licences nobody has looked at."""
    found = document()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(found, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    print(f"{path}: {len(found['components'])} components")
    strange = refused(found, allowed())
    for one in strange:
        print(f"{one}: not in {LICENCES.name}. Look at it, and add a line or take it out.")
    return 1 if strange else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
