"""`<ini stem>.lock`: what was applied last, beside the .ini and committed with it.

It is written by `apply` and `rollback` only, so that a reader of the repository, and a plan on another
machine, see what the composition was: versions, hashes, order, revisions, digests of settings and of the
OpenAPI document. Of packages that were installed from wheels it holds a digest of each file, so that one
that has other contents under the same version is told by the file. JSON with sorted keys and one fact a
line, for a diff that can be read.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from talatat.evolution.canonical import digest
from talatat.evolution.desired.model import Desired
from talatat.evolution.desired.packages import content_of
from talatat.evolution.graph import EvolutionError
from talatat.evolution.model import Change
from talatat.ini import Ini

if TYPE_CHECKING:
    from talatat.evolution.observed import Observed

FORMAT = 1
_SHORT = 16  # characters that name a file's content; the package's hash is over the whole ones
_TOLD = 5  # files that are named


class UnreadableLock(EvolutionError):
    """The lock file cannot be read: `what` is wrong with it, and `mend` says what mends that."""

    def __init__(self, what: str, mend: str) -> None:
        super().__init__(f"{what} {mend}")
        self.what, self.mend = what, mend


def path_of(ini: Ini) -> Path:
    """Where the lock of an .ini lies: `site.ini` has `site.lock`, `site.ini#other` `site.other.lock`."""
    path = Path(ini.path)
    name = path.stem if ini.section == "main" else f"{path.stem}.{ini.section}"
    return path.with_name(f"{name}.lock")


def write(
    ini: Ini, desired: Desired, release: int | None, heads: Mapping[str, Sequence[str]]
) -> Path:
    """Write what was applied as `release`; `heads` are the revisions that the database has now.

    The file is replaced whole or not at all. Raises EvolutionError where it cannot be written.
    """
    path, document = path_of(ini), _document(desired, release, heads)
    path = path.resolve()  # where the file is a link, what it points to is replaced
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_text(json.dumps(document, indent=2, sort_keys=True) + "\n", "utf-8")
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise EvolutionError(
            f"{path} cannot be written ({error.strerror}). The database is at the composition all the "
            f"same: let this user write there and apply again."
        ) from error
    return path


def _document(
    desired: Desired, release: int | None, heads: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    surface = desired.surface
    files = {name: found for name, one in desired.packages.items() if (found := _files(one))}
    return {
        **({"files": files} if files else {}),
        "format": FORMAT,
        "release": release,
        "order": list(desired.order),
        "packages": {name: dict(one) for name, one in desired.packages.items()},
        "revisions": {addon: sorted(found) for addon, found in heads.items() if found},
        "settings": {key: one["value"] for key, one in surface.get("settings", {}).items()},
        "api": digest(surface.get("api", {})),
        "surface": digest(surface),
    }


def _files(package: Mapping[str, Any]) -> dict[str, str]:
    """The beginning of each file's hash, of a package that is installed as it is said to be.

    An editable one is being worked at, and the hash over all of its files is enough.
    """
    content = content_of(package["distribution"])
    if content.kind != "record" or content.hash != package["hash"]:
        return {}
    return {path: found[:_SHORT] for path, found in content.files.items()}


def check(ini: Ini) -> None:
    """Raise EvolutionError where the lock could not be written: better said before applying than after."""
    path = path_of(ini)
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise EvolutionError(
            f"{path} could not be written after applying: let this user write there. Nothing was changed."
        )


def read(ini: Ini) -> dict[str, Any] | None:
    """What the lock says, or None where there is none. Raises UnreadableLock for a file that is no lock."""
    path = path_of(ini)
    try:
        document = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return None
    except IsADirectoryError as error:
        mend = "Move it away: the next `talatat apply` writes the file anew."
        raise UnreadableLock(f"{path} is a folder, not the lock file.", mend) from error
    except OSError as error:
        mend = "Let this user read it, and run the command again."
        raise UnreadableLock(f"{path} cannot be read: {error.strerror}.", mend) from error
    except json.JSONDecodeError as error:
        raise _unreadable(path, f"line {error.lineno} is not JSON ({error.msg})") from error
    except ValueError as error:
        raise _unreadable(path, "it is not text in UTF-8") from error
    if not isinstance(document, dict) or "format" not in document:
        raise _unreadable(path, "it is not what `talatat apply` writes")
    if document["format"] != FORMAT:
        raise _unreadable(path, f"its format is {document['format']}, this platform's is {FORMAT}")
    packages = document.get("packages", {})
    if not isinstance(packages, dict) or not all(
        isinstance(one, dict) for one in packages.values()
    ):
        raise _unreadable(path, "its packages are not what `talatat apply` writes")
    return document


def _unreadable(path: Path, why: str) -> UnreadableLock:
    return UnreadableLock(
        f"{path} cannot be read: {why}.",
        "Take it from version control again, or delete it: the next `talatat apply` writes it anew.",
    )


def parted(
    lock: Mapping[str, Any] | None, desired: Desired, observed: Observed | None = None
) -> list[Change]:
    """Where the lock parts from what is installed and from what was applied to the database.

    What the last release and the wanted composition differ in is told by `differences`; this tells where
    the lock is like neither of them, and which packages have other contents under the same version.
    """
    found = [
        Change("packages", "~", one.what, one.addon, one.detail, "danger")
        for one in unlike(lock, desired.packages)
    ]
    if lock is None:
        return found
    release = getattr(observed, "release", None)
    released = {} if release is None else release.surface
    return [*found, *_packages(lock, desired, released), *_whole(lock, desired, released)]


@dataclass(frozen=True)
class Unlike:
    """A package that is not what its version stands for; `key` accepts it."""

    addon: str
    what: str
    detail: str
    distribution: str

    @property
    def key(self) -> str:
        """What `--accept` takes."""
        return f"package:{self.distribution}"


def unlike(
    lock: Mapping[str, Any] | None, packages: Mapping[str, Mapping[str, Any]]
) -> Iterator[Unlike]:
    """The packages whose files are not what was installed, or not what the lock has under the version.

    What the lock holds was accepted when it was written.
    """
    locked = {} if lock is None else lock.get("packages", {})
    for name, now in packages.items():
        was = locked.get(name, {})
        same_version = was.get("version") == now["version"]
        if (same_version and was.get("hash") == now["hash"]) or now["hash"].startswith("files:"):
            continue
        what = f"{now['distribution']} {now['version']}"
        if altered := now.get("altered"):
            detail = f"files are not as they were installed: {listed(altered)}"
        elif same_version and str(was.get("hash", "")).startswith("record:"):
            then = (lock or {}).get("files", {}).get(name)
            detail = f"other contents than the lock file has under this version{_which(then, now)}"
        else:
            continue
        yield Unlike(name, what, detail, now["distribution"])


def _which(then: Mapping[str, str] | None, now: Mapping[str, Any]) -> str:
    """The files in which a package parts from the lock, where it says which it had."""
    content = content_of(now["distribution"])
    if then is None or content.hash != now["hash"]:
        return ""
    files = {path: found[:_SHORT] for path, found in content.files.items()}
    differing = {
        path: "added" if path not in then else "missing" if path not in files else "changed"
        for path in sorted({*then, *files})
        if then.get(path) != files.get(path)
    }
    return f": {listed(differing)}"


def listed(files: Mapping[str, str]) -> str:
    """Name the first of some files, each with what became of it."""
    told = [f"{path} ({how})" for path, how in list(files.items())[:_TOLD]]
    more = f" and {len(files) - _TOLD} more" if len(files) > _TOLD else ""
    return ", ".join(told) + more


def _packages(
    lock: Mapping[str, Any], desired: Desired, released: Mapping[str, Any]
) -> Iterator[Change]:
    applied = {one["name"]: one["version"] for one in released.get("addons", ())}
    for name, now in desired.packages.items():
        locked = lock.get("packages", {}).get(name)
        if locked is None or locked.get("version") in (now["version"], applied.get(name)):
            continue
        detail = f"the lock file has {locked.get('version')}"
        what = f"{now['distribution']} {now['version']}"
        yield Change("packages", "~", what, name, detail, "notice")


def _whole(
    lock: Mapping[str, Any], desired: Desired, released: Mapping[str, Any]
) -> Iterator[Change]:
    known = [digest(surface) for surface in (desired.surface, released)]
    if released and lock.get("surface") not in known:
        detail = (
            f"of release {lock.get('release')}, which is neither wanted nor what was applied here; "
            f"applying writes it anew"
        )
        yield Change("packages", "~", "lock file", None, detail, "notice")
