"""Who did this: the addon, file and line behind an action or an introspectable, in words."""

import hashlib
import inspect
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Action = dict[str, Any]


@dataclass(frozen=True)
class Override:
    """One thing that an addon replaced, and what it replaced.

    `fingerprint` is the digest of the replaced one's source when the system was composed: a plan
    compares it, to say that an override's base has changed since it was written.
    """

    kind: str
    what: str
    addon: str
    place: str
    replaced_addon: str
    replaced_place: str
    fingerprint: str


def where(intr: Any) -> str:
    """`addon loyalty, path/file.py:12` for an introspectable."""
    return f"addon {intr.get('addon', '?')}, {line_of(intr.action_info)}"


def line_of(info: Any) -> str:
    """`path/file.py:12` for Pyramid's action info; shorter where the file lies below this folder."""
    if not getattr(info, "file", None):
        return "(no file)"
    return f"{shown_path(info.file)}:{info.line}"


def shown_path(path: str) -> str:
    """The path relative to the working folder where it lies below it."""
    try:
        return str(Path(path).resolve().relative_to(Path.cwd()))
    except ValueError:
        return path


def line_of_code(code: Any) -> str:
    """`path/file.py:12` of a class or function, or of its module where Python kept no more."""
    target = inspect.unwrap(code) if callable(code) else code
    target = getattr(target, "__func__", target)
    try:
        return f"{shown_path(inspect.getsourcefile(target) or '?')}:{inspect.getsourcelines(target)[1]}"
    except (TypeError, OSError):
        module = sys.modules.get(getattr(target, "__module__", ""), None)
        return shown_path(getattr(module, "__file__", None) or "(no file)")


def line_of_attribute(kind: type[Any], name: str) -> str:
    """`path/file.py:12` of the line where a class, or one that it inherits from, says `name = ...`."""
    said = re.compile(rf"\s+{re.escape(name)}\s*[:=]")
    for one in kind.__mro__:
        try:
            lines, start = inspect.getsourcelines(one)
            file = inspect.getsourcefile(one) or "?"
        except (TypeError, OSError):  # a class made by a call has no source
            continue
        for offset, line in enumerate(lines):
            if said.match(line):
                return f"{shown_path(file)}:{start + offset}"
    return line_of_code(kind)


def described(action: Action) -> str:
    """What an action declares: `view talatat_orders.views.receipt`, `route orders.receipt`."""
    for intr in action["introspectables"]:
        return f"{intr.type_name} {str(intr.title).removeprefix('function ')}"
    return " ".join(str(part) for part in _flat(action["discriminator"]))


def _flat(discriminator: Any) -> Iterable[Any]:
    return discriminator if isinstance(discriminator, tuple) else (discriminator,)


def owner_of(action: Action) -> str:
    """The addon that declared an action."""
    return str(action.get("owner", "talatat"))


def placed(action: Action) -> str:
    """`addon orders (path/views.py:12)` for an action."""
    return f"addon {owner_of(action)} ({line_of(action['info'])})"


def fingerprint(action: Action) -> str:
    """A digest of what an action declares: its source, or its description where there is none.

    The same on every machine that has the same version of the addon.
    """
    for intr in action["introspectables"]:
        for key in ("callable", "subscriber", "factory", "resource", "schema"):
            if intr.get(key) is not None:
                return digest(source_of(intr[key]))
        if "content" in intr:
            return digest(intr["content"])
        return digest(_facts(intr))
    return digest(described(action))


def _facts(intr: Mapping[str, Any]) -> str:
    plain = (str, int, float, bool, tuple, type(None))
    return repr(
        sorted(
            (k, v)
            for k, v in intr.items()
            if k not in ("addon", "overriding") and isinstance(v, plain)
        )
    )


def source_of(code: Any) -> str:
    """The source text of a class or function, or its dotted name where there is none to read."""
    target = inspect.unwrap(code) if callable(code) else code
    try:
        return inspect.getsource(getattr(target, "__func__", target))
    except (TypeError, OSError):
        return f"{getattr(target, '__module__', '')}.{getattr(target, '__qualname__', type(target).__name__)}"


def digest(content: str | bytes) -> str:
    """The first 16 hex digits of the SHA-256."""
    data = content.encode() if isinstance(content, str) else content
    return hashlib.sha256(data).hexdigest()[:16]
