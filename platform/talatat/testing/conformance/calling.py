"""Who opens connections: an audit hook that notes each, with the line of the addon that asked for it.

`sys.addaudithook` cannot be taken away again, so there is one for the process, which notes only while
somebody watches. Connections to databases and the process's own sockets have no line of the addon.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

EVENTS = frozenset({"socket.connect", "socket.getaddrinfo"})
OUTBOUND = "/talatat/outbound/"
_watching: list[tuple[Path, list[str]]] = []
_hooked: list[bool] = []


@contextmanager
def watched(folder: Path) -> Iterator[list[str]]:
    """Gather `file:line: address` of connections that code below `folder` opens meanwhile; none is made."""
    if not _hooked:
        sys.addaudithook(_hook)
        _hooked.append(True)
    found: list[str] = []
    _watching.append((folder, found))
    try:
        yield found
    finally:
        _watching.remove((folder, found))


class Refused(OSError):
    """Raised in place of the connection: a check calls nobody."""


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if event not in EVENTS or not _watching:
        return
    for folder, found in _watching:
        line = _line_below(folder)
        if line is not None:
            address = arguments[1] if event == "socket.connect" else arguments[:2]
            found.append(f"{line}: {_shown(address)}")
            raise Refused(f"the conformance suite lets nobody call {_shown(address)}")


def _line_below(folder: Path) -> str | None:
    """The innermost line of a file below a folder in the stack; None where there is none."""
    frame = sys._getframe(2)
    while frame is not None:
        file = frame.f_code.co_filename
        if OUTBOUND in file:  # it has looked at the address
            return None
        if file.startswith(f"{folder}/"):
            return f"{folder.name}/{Path(file).relative_to(folder).as_posix()}:{frame.f_lineno}"
        frame = frame.f_back  # type: ignore[assignment]  # None at the end
    return None


def _shown(address: Any) -> str:
    if isinstance(address, tuple) and len(address) >= 2:
        return f"{address[0]}:{address[1]}"
    return str(address)
