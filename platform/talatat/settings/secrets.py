"""Secrets: where their values come from, and how they are kept out of what is shown."""

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import colander

from talatat.masking import MASK

VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")

_in_memory: ContextVar[bool] = ContextVar("missing secrets are made in memory", default=False)


@contextmanager
def in_memory() -> Iterator[None]:
    """Where development would make a missing file, a random value stands in: nothing is written."""
    before = _in_memory.set(True)
    try:
        yield
    finally:
        _in_memory.reset(before)


class Told(colander.Invalid):
    """What is wrong with a value that comes from elsewhere, with what to do: not to edit the line."""


class SecretValues(list[str]):
    """The values of one secret, the current first; the others are still accepted. Shows a mask."""

    @property
    def current(self) -> str:
        """The value to sign and encrypt with."""
        return self[0]

    def __repr__(self) -> str:
        return f"<{len(self)} secret value(s) {MASK}>"

    __str__ = __repr__


class SecretType(colander.SchemaType):
    """`file:PATH` (a value a line, the current first) or `${NAME}` (the same in a variable).

    A literal is refused: an .ini is copied, committed and shown. In development a missing file is
    made, with a random value and mode 0600.
    """

    def deserialize(self, node: colander.SchemaNode, cstruct: Any) -> Any:
        """SecretValues; raises `colander.Invalid` with the edit that mends it."""
        if cstruct is colander.null:
            return colander.null
        text = str(cstruct).strip()
        if text.startswith("file:"):
            return self._from_file(node, Path(text.removeprefix("file:")))
        if match := VARIABLE.fullmatch(text):
            value = os.environ.get(match[1], "")
            return self._values(node, value, f"the environment variable {match[1]}")
        raise colander.Invalid(
            node, "a secret may not stand in the .ini: write file:PATH or ${NAME_OF_VARIABLE}"
        )

    def _from_file(self, node: colander.SchemaNode, path: Path) -> SecretValues:
        try:
            if not path.exists() and (node.bindings or {}).get("development"):
                if _in_memory.get():
                    return SecretValues([secrets.token_urlsafe(48)])
                make_secret(path)
            return self._values(node, path.read_text(encoding="utf-8"), f"the file {path}")
        except OSError as error:
            raise Told(
                node,
                f"the secret's file {path} cannot be read ({error.strerror}): make it, for example "
                f"with: umask 077; python3 -c 'import secrets; print(secrets.token_urlsafe(48))' > {path}",
            ) from error

    def _values(self, node: colander.SchemaNode, text: str, source: str) -> SecretValues:
        values = SecretValues(line.strip() for line in text.splitlines() if line.strip())
        if not values:
            raise Told(node, f"{source} is empty or not set: put a long random value there")
        return values


def make_secret(path: Path) -> None:
    """Write a random value to a new file of mode 0600; another process's file is left as it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(48) + "\n")
    try:
        os.link(temporary, path)  # atomic, and fails where another process was first
    except FileExistsError:
        pass
    finally:
        temporary.unlink()


def Secret(**kw: Any) -> colander.SchemaNode:  # noqa: N802  # reads as the node that it makes
    """A schema node for a secret; see `SecretType`.

    `lifetime` marks one that this system made itself and signs with: the seconds for which what it signs is
    used, or the name of the setting that says them. `talatat secret` replaces such ones.
    """
    return colander.SchemaNode(SecretType(), **kw)


def mask_url(text: str) -> str:
    """The text with the password of any URL in it masked."""
    return re.sub(r"(\w+://[^:/@\s]*:)[^@\s]*@", rf"\g<1>{MASK}@", text)
