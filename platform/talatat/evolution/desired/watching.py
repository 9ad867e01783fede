"""Refusing what composing must not do: write, connect, start a program.

Python tells an audit hook of each of these before it happens. The hook raises PermissionError, as a disk
does that is read-only, so that a library which can do without a cache does without. Limits of the
operating system, and of SQLAlchemy, stand behind it for code that does not ask Python.
"""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Callable, Mapping
from types import FrameType, TracebackType
from typing import Any

from sqlalchemy import Engine, event

from talatat.configuration.provenance import shown_path

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_REFUSED = {
    "os.chmod": "changes the mode of a file",
    "os.chown": "changes the owner of a file",
    "os.exec": "starts a program",
    "os.fork": "starts a process",
    "os.forkpty": "starts a process",
    "os.link": "makes a link",
    "os.mkdir": "makes a folder",
    "os.posix_spawn": "starts a program",
    "os.remove": "deletes a file",
    "os.removexattr": "changes a file",
    "os.rename": "renames a file",
    "os.rmdir": "deletes a folder",
    "os.setxattr": "changes a file",
    "os.spawn": "starts a program",
    "os.symlink": "makes a link",
    "os.system": "starts a program",
    "os.truncate": "changes a file",
    "os.utime": "changes the times of a file",
    "socket.bind": "opens a port",
    "socket.connect": "connects",
    "socket.sendmsg": "sends to the network",
    "socket.sendto": "sends to the network",
    "subprocess.Popen": "starts a program",
}
_SHOWN = 300  # characters: the end of a path tells most


class Refused(PermissionError):
    """What composing must not do was tried; its text tells who tried what, where."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text

    def __str__(self) -> str:
        return self.text


class Watch:
    """A context in which this process writes nothing. `refused` are the texts of what was tried.

    `addons` ({top-level package: addon}) tells whose code tried; `tell` gets {"importing": module} for
    the modules of addons.
    """

    def __init__(self, tell: Callable[[dict[str, Any]], None]) -> None:
        self.addons: Mapping[str, str] = {}
        self.refused: list[str] = []
        self._tell = tell
        self._on = False
        self._limit = resource.getrlimit(resource.RLIMIT_FSIZE)

    def __enter__(self) -> None:
        self._on = True
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, self._limit[1]))
        event.listen(Engine, "do_connect", self._no_database)
        sys.addaudithook(self._hook)  # for the rest of the process: hooks cannot be taken away

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._on = False
        resource.setrlimit(resource.RLIMIT_FSIZE, self._limit)

    def _hook(self, name: str, arguments: tuple[Any, ...]) -> None:
        if not self._on:
            return
        if name == "import":
            if self.addons.get(str(arguments[0]).partition(".")[0]):
                self._tell({"importing": arguments[0]})
        elif (said := tried(name, arguments)) is not None:
            self._refuse(said)

    def _no_database(self, dialect: Any, record: Any, arguments: Any, options: Any) -> None:
        if self._on:
            self._refuse("connects to a database")

    def _refuse(self, tried: str) -> None:
        text = (
            f"{self._who()} {tried} while the system is composed. Composing must not write, connect or "
            f"start programs, for a plan composes what does not serve yet: do it when it is first needed."
        )
        self.refused.append(text)
        raise Refused(text)

    def _who(self) -> str:
        """`addon shelf (shelf/views.py:12)`: the innermost line of an addon, or who else it was."""
        frame: FrameType | None = sys._getframe(2)
        nearest = ""
        while frame is not None:
            file = frame.f_code.co_filename
            package = str(frame.f_globals.get("__name__", "")).partition(".")[0]
            line = f"{shown_path(file)}:{frame.f_lineno}"
            if package in self.addons:
                return f"addon {self.addons[package]} ({line})"
            if not nearest and file != __file__ and "importlib" not in file:
                nearest = line
            frame = frame.f_back
        return nearest or "somebody"


def tried(name: str, arguments: tuple[Any, ...]) -> str | None:
    """What an audit event would do, in words; None where it may."""
    if name == "open":
        path, mode, flags = arguments
        writes = bool((flags or 0) & _WRITING) or any(c in "wax+" for c in mode or "")
        harmless = isinstance(path, int) or path == os.devnull
        return f"opens {_shown(path)} for writing" if writes and not harmless else None
    if name == "sqlite3.connect":
        return None if arguments[0] == ":memory:" else f"opens the database {_shown(arguments[0])}"
    if name in _REFUSED:
        about = arguments[1] if name.startswith("socket.") else next(iter(arguments), None)
        said = isinstance(about, str | bytes | os.PathLike | tuple)
        return f"{_REFUSED[name]} ({_shown(about)})" if said else _REFUSED[name]
    return None


def _shown(value: Any) -> str:
    if isinstance(value, tuple):  # an address
        return ":".join(str(part) for part in value)
    text = os.fsdecode(value) if isinstance(value, bytes | os.PathLike) else str(value)
    return repr(text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "...")
