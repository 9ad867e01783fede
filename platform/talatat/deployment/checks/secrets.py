"""Secrets: their strength, where they stand, and who can read them there."""

from __future__ import annotations

import math
import os
import stat
import subprocess
from collections import Counter
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from talatat.deployment.case import Deployment
from talatat.deployment.check import Found, NotChecked

SHORTEST = 32
LEAST_BITS = 100
# What people write who mean to write something else later.
PLACEHOLDERS = ("secret", "changeme", "change-me", "password", "example", "insecure", "seekrit")
MAKE = "python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"
_OTHERS = 0o037  # a group may read: a file of root's that the process's group reads is common
_PATIENCE = 10


def missing(case: Deployment) -> Iterator[Found]:
    """Without `talatat.secret` a process makes one up, and what it signed ends with it.

    Cursors and links of one process are then refused by the next one, and by others beside it.
    """
    for key, setting in case.settings.known.items():
        if setting.secret and not case.settings.value(key):
            yield Found(
                f"{key} is not set: {setting.description}",
                case.in_app(f"{key} = ${{{key.replace('.', '_').upper()}}}"),
            )


def weak(case: Deployment) -> Iterator[Found]:
    """Whoever guesses a secret signs cookies, cursors and tokens as the system does.

    A value has at least 32 characters, is not made of a few or of a word such as "changeme", and holds
    100 bits by the frequencies of its characters. Older values, kept while one is replaced, are looked at
    too.
    """
    for key, values in case.secrets().items():
        for number, value in enumerate(values, 1):
            if why := weakness(value):
                which = f"value {number} of {key}" if len(values) > 1 else key
                yield Found(
                    f"{which} is weak: {why}",
                    f"put a new value first where {key} points to: {MAKE}",
                )


def weakness(value: str) -> str | None:
    """Why a value can be guessed, or None. Never says what it is."""
    if len(value) < SHORTEST:
        return f"it has {len(value)} characters, fewer than {SHORTEST}"
    if any(word in value.lower() for word in PLACEHOLDERS):
        return "it holds a word that stands for a secret"
    once = value[: (value + value).find(value, 1)]  # "abcabc" is "abc", said twice
    bits = -sum(n * math.log2(n / len(once)) for n in Counter(once).values())
    return f"its characters repeat: about {bits:.0f} bits" if bits < LEAST_BITS else None


def shared(case: Deployment) -> Iterator[Found]:
    """With one value for two keys, what one of them signs can pass for what the other signs."""
    for (one, values), (other, others) in combinations(sorted(case.secrets().items()), 2):
        if set(values) & set(others):
            yield Found(
                f"{one} and {other} have a value in common",
                f"give {other} a value of its own: {MAKE}",
            )


def files(case: Deployment) -> Iterator[Found]:
    """A secret's file belongs to root or to the user of the process, and others do not read it.

    Nobody else may write into its folder either. What stands in the environment, and who can read that,
    cannot be seen from here.
    """
    for key, path in _files(case).items():
        status = path.stat()
        if stat.S_IMODE(status.st_mode) & _OTHERS:
            yield Found(
                f"{path} ({key}) has the mode {stat.S_IMODE(status.st_mode):04o}",
                f"chmod 600 {path}, and put a new value first if others could read it",
            )
        # Whose the process is, is known where one serves.
        ours = {0, os.geteuid(), Path(case.ini.path).stat().st_uid, *case.serving.values()}
        if case.serving and status.st_uid not in ours:
            yield Found(
                f"{path} ({key}) belongs to the user {status.st_uid}, as whom no process serves",
                f"chown {max(case.serving.values())} {path}",
            )
        folder = path.resolve().parent
        if folder.stat().st_mode & stat.S_IWOTH:
            yield Found(
                f"everybody may write into {folder}, where {key} lies", f"chmod o-w {folder}"
            )


def _files(case: Deployment) -> dict[str, Path]:
    """Each secret key that names a file, with the file."""
    found = {}
    for key, setting in case.settings.known.items():
        text = case.settings.raw.get(key, "").strip()
        if setting.secret and text.startswith("file:"):
            path = Path(text.removeprefix("file:"))
            if path.exists():
                found[key] = path
    return found


def committed(case: Deployment) -> Iterator[Found]:
    """What was committed once stays in the history, and in each clone of it."""
    for key, path in _files(case).items():
        if _in_git(path):
            yield Found(
                f"{path} ({key}) is under version control",
                f"git rm --cached {path}; add it to .gitignore; put a new value first, for the old one is known",
            )


def _in_git(path: Path) -> bool:
    """Whether git tracks a file."""
    command = ["git", "-c", "safe.directory=*", "-C", str(path.parent)]
    try:
        done = subprocess.run(
            [*command, "ls-files", "--error-unmatch", "--", path.name],
            capture_output=True, check=False, timeout=_PATIENCE,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotChecked(f"git cannot be asked: {error}") from error
    return done.returncode == 0


def database_password(case: Deployment) -> Iterator[Found]:
    """An .ini is copied, committed and shown: the database's password does not stand in it."""
    for key in ("sqlalchemy.url", "talatat.shadow_url"):
        text = case.ini.written(key) or ""
        try:
            password = make_url(text).password if text and "${" not in text else None
        except ArgumentError:
            password = None
        if password:
            yield Found(
                f"{case.ini.at(key)}: the password stands in {key}",
                case.in_app(f"{key} = ${{DATABASE_URL}}, and give the user another password"),
            )
