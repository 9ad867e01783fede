"""What is installed, so exactly that a package that was changed under its version is noticed.

The hash of a wheel is that of its RECORD, which names the hash of each file. An editable install has no
such record of its package: there the package's files are read, and the hash says so (`files:`), for whoever
develops changes them all the time.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path

from talatat.composition import PLATFORM, Composition

# What an installer notes of the machine and not of the package.
_OF_THE_MACHINE = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json")
_PLATFORM_PACKAGES = ("talatat", "talatat.migrations")


def packages_of(composition: Composition) -> dict[str, dict[str, str]]:
    """{addon: {distribution, version, hash}} of the composed addons and of the platform."""
    found = {
        PLATFORM: {
            "distribution": PLATFORM,
            "version": distribution(PLATFORM).version,
            "hash": hash_of(PLATFORM, _PLATFORM_PACKAGES),
        }
    }
    for addon in composition.addons:
        found[addon.name] = {
            "distribution": addon.distribution,
            "version": addon.version,
            "hash": hash_of(addon.distribution, (addon.package,)),
        }
    return found


def hash_of(name: str, packages: Iterable[str]) -> str:
    """`record:` and the SHA-256 of what was installed, or `files:` and that of the packages' files."""
    try:
        recorded = dict(_recorded(distribution(name)))
    except PackageNotFoundError:  # a plain package that is not named as its distribution
        recorded = {}
    roots = [package.partition(".")[0] for package in packages]
    kind = "record"
    if not all(any(path.startswith((f"{r}/", f"{r}.py")) for path in recorded) for r in roots):
        kind = "files"
        recorded = {path: digest for package in packages for path, digest in _read(package)}
    lines = "".join(f"{path} {recorded[path]}\n" for path in sorted(recorded))
    return f"{kind}:{hashlib.sha256(lines.encode()).hexdigest()}"


def _recorded(dist: Distribution) -> Iterator[tuple[str, str]]:
    for file in dist.files or ():
        of_machine = file.parent.suffix == ".dist-info" and file.name in _OF_THE_MACHINE
        if file.hash is not None and file.parts[0] != ".." and not of_machine:
            yield file.as_posix(), file.hash.value


def _read(package: str) -> Iterator[tuple[str, str]]:
    """(path, hash) of the files of a package, without importing it."""
    spec = find_spec(package)
    for folder in spec.submodule_search_locations or () if spec else ():
        for path in _files(folder):
            shown = f"{package.replace('.', '/')}/{path.relative_to(folder).as_posix()}"
            yield shown, hashlib.sha256(path.read_bytes()).hexdigest()
    if spec and spec.submodule_search_locations is None and spec.origin:
        yield Path(spec.origin).name, hashlib.sha256(Path(spec.origin).read_bytes()).hexdigest()


def _files(folder: str) -> Iterator[Path]:
    """The files below a folder but for bytecode; `rglob` would look into the folders of bytecode as well."""
    for base, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != "__pycache__"]
        paths = (Path(base, name) for name in names if not name.endswith(".pyc"))
        yield from (path for path in paths if path.is_file())
