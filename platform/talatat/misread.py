"""What is wrong with an .ini that cannot be read: file and line, what stands there, what to write.

PasteDeploy and configparser say it each in a way of their own, over several lines or without a line.
"""

from __future__ import annotations

import configparser
import re
from pathlib import Path

from talatat.configuration.provenance import shown_path

_NO_SECTION = re.compile(
    r"No section '(?P<name>[^']*)' \(prefixed by .*\) found in config (?P<file>.+)$"
)
_IN_FILE = re.compile(r"Error in file (?P<file>.+?): ")
_APP = re.compile(r"^\[app(?:lication)?:(?P<name>[^]]+)\]", re.MULTILINE)
_NEWLINE = "\\n"
_USE = "`use = egg:talatat`, or `use = config:FILE` for what is based on another .ini"


def worded(error: Exception, path: str, section: str, use: str | None) -> str:
    """Return one line for a person. `use` is the place of the last line `use = ...`, if there is one."""
    if isinstance(error, configparser.Error):
        return _parsing(error, path)
    said = " ".join(str(error.args[0] if isinstance(error, LookupError) else error).split())
    if found := _NO_SECTION.search(said):
        return _no_section(found["file"], found["name"])
    if isinstance(error, UnicodeDecodeError):
        return _no_text(path, said)
    if isinstance(error, FileNotFoundError) and error.filename:
        place = use or shown_path(path)
        return f"{place}: there is no file {error.filename} to be based on. Correct the line `use = ...`."
    if isinstance(error, OSError) and error.filename:
        file = shown_path(str(error.filename))
        return f"{file}: cannot be read as an .ini: {error.strerror}. Let this user read it."
    if "No loader given" in said:
        place = f"{shown_path(path)}:{_line(path, f'[app:{section}]')}"
        return f"{place}: [app:{section}] has no line `use = ...`. Write into it {_USE}."
    if use is not None:
        return f"{use}: what `use = ...` names cannot be had: {said.rstrip('.')}. Write {_USE}."
    return f"{shown_path(path)}: cannot be read as an .ini: {said}"


def _parsing(error: configparser.Error, path: str) -> str:
    if isinstance(error, configparser.MissingSectionHeaderError):
        line = error.line.strip()
        if line.startswith("["):
            place = f"{shown_path(error.source)}:{error.lineno}"
            return f"{place}: {line!r} has no closing bracket. Write {line.rstrip()}]."
        return (
            f"{shown_path(error.source)}:{error.lineno}: {error.line.strip()!r} stands before any section. "
            f"Write a section in brackets above it: [app:main]."
        )
    if isinstance(error, configparser.ParsingError):
        number, text = error.errors[0]  # the text as repr() shows it
        return (
            f"{shown_path(error.source)}:{number}: {text.replace(_NEWLINE, '')} is no "
            f"section, no key and no comment. Write [SECTION], KEY = VALUE, or # before it."
        )
    if isinstance(error, configparser.DuplicateSectionError):
        what = (
            f"section [{error.section}] stands here a second time. Put its lines into the first one"
        )
        return f"{shown_path(str(error.source))}:{error.lineno}: {what}."
    if isinstance(error, configparser.DuplicateOptionError):
        what = f"{error.option} stands in [{error.section}] a second time. Keep one of the lines"
        return f"{shown_path(str(error.source))}:{error.lineno}: {what}."
    if isinstance(error, configparser.InterpolationError):
        return _filling(error, path)
    return f"{shown_path(path)}: cannot be read as an .ini: {' '.join(str(error).split())}"


def _filling(error: configparser.InterpolationError, path: str) -> str:
    found = _IN_FILE.match(str(error))
    file = found["file"] if found else path
    place = f"{shown_path(file)}:{_line(file, str(error.option), f'[{error.section}]')}"
    if isinstance(error, configparser.InterpolationMissingOptionError):
        what = f"%({error.reference})s in {error.option} names no key of [{error.section}]"
    else:
        what = f"the value of {error.option} has a % that stands for nothing"
    return f"{place}: {what}. Write %% for a percent sign, or %(KEY)s for the value of a key."


def _no_section(file: str, name: str) -> str:
    text = Path(file).read_text("utf-8")
    if not text.strip():
        return f"{shown_path(file)}:1: the file is empty. Write a section [app:{name}] with {_USE}."
    others = [found["name"].strip() for found in _APP.finditer(text)]
    mend = f"Write one, with {_USE}"
    if others:
        mend += f"; or name another after a #: {', '.join(f'{shown_path(file)}#{one}' for one in others)}"
    return f"{shown_path(file)}:1: there is no section [app:{name}]. {mend}."


def _no_text(path: str, said: str) -> str:
    """The .ini itself, or where it is text one that it is based on: the error does not name it."""
    data = Path(path).read_bytes()
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        return f"{shown_path(path)}:{line}: this line is not in UTF-8. Save the file in UTF-8."
    return (
        f"{shown_path(path)}: what it is based on is not in UTF-8: {said}. Save that file in UTF-8."
    )


def _line(file: str, start: str, section: str | None = None) -> int:
    """The number of the line that begins with `start`, in `section` where one is given; else 1."""
    inside = section is None
    for number, line in enumerate(Path(file).read_text("utf-8").splitlines(), 1):
        if inside and re.match(rf"{re.escape(start)}(?![\w.-])", line):
            return number
        if section is not None and line.startswith("["):
            inside = line.startswith(section)
    return 1
