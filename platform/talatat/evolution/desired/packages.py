"""What is installed, so exactly that a package that was changed under its version is noticed.

The hash is over the files as they are, not as the wheel's RECORD says that they were: `record:` for what an
installer put there, and `altered` names the files that differ from RECORD, lack, or stand beside it. An
editable install has no such record of its package: there the hash says so (`files:`), for whoever develops
changes them all the time.
"""

from __future__ import annotations

import hashlib
import os
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from talatat.composition import PLATFORM, Composition

# What an installer notes of the machine and not of the package.
_OF_THE_MACHINE = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json")
_PLATFORM_PACKAGES = ("talatat", "talatat.migrations")


@dataclass(frozen=True)
class Content:
    """The files of one installed distribution, {path: hash}, and which are not what was installed.

    `kind` is record or files; `altered` tells for a path whether it was changed, added or is missing.
    """

    kind: str
    files: Mapping[str, str]
    altered: Mapping[str, str] = field(default_factory=dict)

    @property
    def hash(self) -> str:
        """`record:` or `files:`, and the SHA-256 over all paths and hashes."""
        lines = "".join(f"{path} {self.files[path]}\n" for path in sorted(self.files))
        return f"{self.kind}:{hashlib.sha256(lines.encode()).hexdigest()}"


def packages_of(composition: Composition) -> dict[str, dict[str, Any]]:
    """{addon: {distribution, version, hash}} of the composed addons and of the platform.

    One of whose files some are not as they were installed has `altered` as well: {path: how}.
    """
    found = {PLATFORM: _told(PLATFORM, distribution(PLATFORM).version, _PLATFORM_PACKAGES)}
    for addon in composition.addons:
        found[addon.name] = _told(addon.distribution, addon.version, (addon.package,))
    return found


def _told(name: str, version: str, packages: Iterable[str]) -> dict[str, Any]:
    content = content_of(name, packages)
    said: dict[str, Any] = {"distribution": name, "version": version, "hash": content.hash}
    if content.altered:
        said["altered"] = dict(sorted(content.altered.items()))
    return said


def hash_of(name: str, packages: Iterable[str]) -> str:
    """`record:` and the SHA-256 of what is installed, or `files:` and that of the packages' files."""
    return content_of(name, packages).hash


def content_of(name: str, packages: Iterable[str] = ()) -> Content:
    """What is installed of a distribution; `packages` are those to read where nothing recorded them."""
    try:
        dist = distribution(name)
        recorded = dict(_recorded(dist))
    except PackageNotFoundError:  # a plain package that is not named as its distribution
        recorded = {}
    roots = [package.partition(".")[0] for package in packages]
    if recorded and all(
        any(path.startswith((f"{r}/", f"{r}.py")) for path in recorded) for r in roots
    ):
        return _installed(dist, recorded)
    return Content(
        "files", {path: digest for package in packages for path, digest in _read(package)}
    )


def _installed(dist: Distribution, recorded: Mapping[str, str]) -> Content:
    """The files that RECORD names, and those beside them, as they are."""
    files, altered = {}, {}
    for path, said in recorded.items():
        try:
            files[path] = _hash(Path(str(dist.locate_file(path))))
        except OSError:
            altered[path] = "missing"
            continue
        if files[path] != said:
            altered[path] = "changed"
    # A package of its own: nobody else puts files there, as into a namespace.
    own = {
        path.partition("/")[0]
        for path in recorded
        if path.count("/") == 1 and path.endswith("/__init__.py")
    }
    for folder in sorted(own):
        base = Path(str(dist.locate_file(folder)))
        for found in sorted(_files(base)):
            path = f"{folder}/{found.relative_to(base).as_posix()}"
            if path not in recorded:
                files[path], altered[path] = _hash(found), "added"
    return Content("record", files, altered)


def _hash(path: Path) -> str:
    """The SHA-256 of a file as RECORD writes it."""
    return urlsafe_b64encode(hashlib.sha256(path.read_bytes()).digest()).rstrip(b"=").decode()


def _recorded(dist: Distribution) -> Iterator[tuple[str, str]]:
    for file in dist.files or ():
        of_machine = file.parent.suffix == ".dist-info" and file.name in _OF_THE_MACHINE
        if file.hash is None or file.hash.mode != "sha256" or of_machine:
            continue
        if file.parts[0] != ".." and not file.is_absolute():
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


def _files(folder: str | Path) -> Iterator[Path]:
    """The files below a folder but for bytecode; `rglob` would look into the folders of bytecode as well."""
    for base, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != "__pycache__"]
        paths = (Path(base, name) for name in names if not name.endswith(".pyc"))
        yield from (path for path in paths if path.is_file())
