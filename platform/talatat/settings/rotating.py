"""Replacing a secret that signs, in three steps between which every process is started again.

    add    a new value behind the others: accepted, as soon as processes have read it
    use    the last value to the front: it signs; the former one is still accepted
    drop   all but the first: what a former value signed is worth nothing any more

Two processes on either side of a step accept each other's cookies and cursors. Files are replaced as a whole,
so that a process which starts meanwhile reads one state or the other.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

from talatat.atomic_files import replacing
from talatat.errors import TalatatError
from talatat.settings.registry import Settings
from talatat.settings.secrets import VARIABLE, SecretValues

Step = Literal["add", "use", "drop"]


@dataclass(frozen=True)
class Secret:
    """One secret of a composed system: its values, and where they come from.

    `lifetime`: seconds for which what it signs is used; None where it is given by others and only kept here.
    """

    key: str
    place: str
    values: SecretValues
    path: Path | None
    variable: str | None
    lifetime: int | None

    @property
    def source(self) -> str:
        """What to say of where it comes from."""
        return f"the file {self.path}" if self.path else f"the environment variable {self.variable}"

    @property
    def changed_at(self) -> datetime | None:
        """When the file was changed last, None for the environment."""
        return datetime.fromtimestamp(self.path.stat().st_mtime, UTC) if self.path else None


def secrets_of(settings: Settings) -> list[Secret]:
    """The secrets that an .ini sets, in the order of their keys."""
    found = []
    for key, setting in sorted(settings.known.items()):
        raw = (settings.raw.get(key) or "").strip()
        if not setting.secret or not raw:
            continue
        values = settings.value(key)
        if isinstance(values, SecretValues):
            path = Path(raw.removeprefix("file:")) if raw.startswith("file:") else None
            lifetime = _seconds(settings, setting.owner, setting.lifetime)
            variable = VARIABLE.fullmatch(raw)
            found.append(
                Secret(key, settings.ini.at(key), values, path, variable and variable[1], lifetime)
            )
    return found


def _seconds(settings: Settings, owner: str, lifetime: Any) -> int | None:
    """A lifetime may be the name of another setting of the same addon."""
    if isinstance(lifetime, str):
        lifetime = settings.value(f"{owner}.{lifetime}")
    seconds: int | None = lifetime
    return seconds


def secret_of(settings: Settings, key: str) -> Secret:
    """The secret of this key; raises TalatatError with the nearest one."""
    found = {one.key: one for one in secrets_of(settings)}
    if key in found:
        return found[key]
    near = get_close_matches(key, found, 1, 0.5)
    hint = f" Did you mean {near[0]}?" if near else ""
    known = ", ".join(found) or "none"
    raise TalatatError(f"{settings.ini.shown} sets no secret {key}.{hint} It sets: {known}.")


def stepped(values: Sequence[str], step: Step) -> list[str]:
    """The values after a step; raises ValueError with the reason where it cannot be taken."""
    if step == "add":
        if len(values) > 1:
            raise ValueError("has several values already: end that rotation first (--use, --drop)")
        return [*values, secrets.token_urlsafe(48)]
    if len(values) < 2:
        raise ValueError("has one value only: begin with --add")
    return [values[-1], *values[:-1]] if step == "use" else [values[0]]


def take(secret: Secret, step: Step) -> SecretValues:
    """Take a step in the secret's file; returns the values. Raises TalatatError."""
    path = _checked(secret, step).resolve()
    with _alone(path):
        values = [line.strip() for line in path.read_text("utf-8").splitlines() if line.strip()]
        after = _after(secret, values, step)
        _replace(path, "".join(f"{one}\n" for one in after))
    return SecretValues(after)


def _after(secret: Secret, values: Sequence[str], step: Step) -> list[str]:
    try:
        return stepped(values, step)
    except ValueError as error:
        raise TalatatError(f"{secret.place}: {secret.key} {error}.") from None


def _checked(secret: Secret, step: Step) -> Path:
    if secret.lifetime is None:
        raise TalatatError(
            f"{secret.place}: {secret.key} signs nothing: it is what another system gave. Get a new "
            f"value there, and put it into {secret.source}."
        )
    if secret.path is None:
        _after(secret, secret.values, step)
        what = {
            "add": "append a line with a new value "
            "(python3 -c 'import secrets; print(secrets.token_urlsafe(48))')",
            "use": "move the last line to the front",
            "drop": f"at the earliest {secret.lifetime / 3600:g} hours after the step before, for so long is in "
            "use what the former value signed, keep the first line only",
        }[step]
        raise TalatatError(
            f"{secret.place}: {secret.key} comes from the environment, which a command cannot change: "
            f"{what} where {secret.variable} is set, and restart every process."
        )
    return secret.path


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """One command at a time changes the files of a folder."""
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    except OSError as error:
        raise TalatatError(
            f"the secret's file {path} cannot be changed ({error.strerror}): run the command as a user "
            f"who may write it and its folder."
        ) from error
    finally:
        os.close(descriptor)


def _replace(path: Path, text: str) -> None:
    """Write a file anew, under its owner and mode, in one moment."""
    before = path.stat()
    with replacing(path) as file:
        file.write(text)
        if (before.st_uid, before.st_gid) != (os.geteuid(), os.getegid()):
            os.fchown(file.fileno(), before.st_uid, before.st_gid)
        os.fchmod(file.fileno(), before.st_mode & 0o777)
