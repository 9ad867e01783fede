"""Files that a system stands on: the .ini, the lock file, an SQLite database, backups."""

from __future__ import annotations

import stat
import time
from collections.abc import Iterator
from pathlib import Path

from talatat.deployment.case import Deployment
from talatat.deployment.check import Found, NotChecked

_OTHERS = 0o037
_WRITERS = stat.S_IWGRP | stat.S_IWOTH
_DAY = 24 * 3600
NETWORK = frozenset(
    {"nfs", "nfs3", "nfs4", "cifs", "smb2", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "lustre",
     "fuse.sshfs", "fuse.glusterfs", "fuse.s3fs", "ocfs2", "gfs2", "virtiofs", "vboxsf"}
)  # fmt: skip


def ini_files(case: Deployment) -> Iterator[Found]:
    """Whoever writes an .ini chooses what code the process runs.

    The .ini, the files that it is based on, and their folders are writable for their owner alone; the
    group and others may read them.
    """
    paths = {Path(layer.file).resolve() for layer in case.ini.layers} or {Path(case.ini.path)}
    for path in sorted(paths):
        if path.stat().st_mode & _WRITERS:
            yield Found(f"others than its owner may write {path}", f"chmod go-w {path}")
    for folder in sorted({path.parent for path in paths}):
        mode = folder.stat().st_mode
        if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
            yield Found(f"everybody may write into {folder}", f"chmod o-w {folder}")


def sqlite_files(case: Deployment) -> Iterator[Found]:
    """The file of an SQLite database, and those beside it (-wal, -shm), hold all that the system knows.

    The platform makes them for their owner alone (0600). The folder is nobody else's to write into.
    """
    path = case.sqlite
    if path is None:
        return
    for one in (
        path,
        *(path.with_name(f"{path.name}{end}") for end in ("-wal", "-shm", "-journal")),
    ):
        if one.exists() and stat.S_IMODE(one.stat().st_mode) & _OTHERS:
            mode = stat.S_IMODE(one.stat().st_mode)
            yield Found(f"{one} has the mode {mode:04o}", f"chmod 600 {one}")
    if path.parent.exists() and path.parent.stat().st_mode & stat.S_IWOTH:
        yield Found(f"everybody may write into {path.parent}", f"chmod o-w {path.parent}")


def sqlite_network(case: Deployment) -> Iterator[Found]:
    """SQLite's write-ahead log needs memory that all processes share, and locks that hold.

    A network's filesystem gives neither: the file gets damaged.
    """
    path = case.sqlite
    if path is None:
        return
    kind = filesystem_of(path, case.mounts)
    if kind in NETWORK:
        yield Found(
            f"{path} lies on a filesystem of the network ({kind})",
            case.in_app("sqlalchemy.url = sqlite:////a/folder/on/a/disk/of/this/machine.sqlite"),
        )


def filesystem_of(path: Path, mounts: Path) -> str:
    """The kind of the filesystem on which a path lies, by a table like /proc/self/mountinfo."""
    try:
        lines = mounts.read_text("utf-8", "replace").splitlines()
    except OSError as error:
        raise NotChecked(f"the mounted filesystems cannot be read: {error.strerror}") from error
    target, best, kind = str(path.resolve()), "", ""
    for line in lines:
        before, _, after = line.partition(" - ")
        point = before.split()[4].replace("\\040", " ")
        inside = target == point or target.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, after.split()[0]
    return kind


def lock_file(case: Deployment) -> Iterator[Found]:
    """The lock file beside the .ini tells the next machine what was applied, and a reviewer what changes.

    `apply` writes it. Where it parts from what is installed or applied is told by the doctor's other
    checks, and by `talatat plan`.
    """
    if case.lock_file is not None and case.released and not case.lock_file.exists():
        yield Found(
            f"{case.lock_file} is missing",
            f"take it from version control, or talatat apply {case.ini.uri}, which writes it; commit it "
            f"with the .ini",
        )


def backup(case: Deployment) -> Iterator[Found]:
    """With `talatat.backup` each plan tells how old the last backup is, and so does the doctor."""
    if not case.settings.platform.backup:
        yield Found(
            "nobody says where backups are: their age is not known",
            case.in_app("talatat.backup = /path/to/a/file/that/each/backup/writes"),
        )


def backup_age(case: Deployment) -> Iterator[Found]:
    """What was overwritten comes back from a backup alone: `talatat.backup` is not older than two days."""
    name = case.settings.platform.backup
    if not name:  # which is told as such
        return
    path = Path(name)
    if not path.exists():
        yield Found(
            f"there is no backup {path}", "make one, and let each further one write this file"
        )
        return
    age = time.time() - path.stat().st_mtime
    if age > 2 * _DAY:
        yield Found(
            f"the last backup {path} is {age / _DAY:.0f} days old",
            "find out why none was made since, and make one",
        )
