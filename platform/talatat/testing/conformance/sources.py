"""What stands in an addon's distribution: its metadata, its modules as syntax trees, its tests."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import Distribution, distribution
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from talatat.testing.conformance.model import LeftOut


@dataclass(frozen=True)
class Module:
    """One file of Python."""

    path: Path
    shown: str
    tree: ast.Module


class Sources:
    """The sources of one installed addon."""

    def __init__(self, name: str, package: str) -> None:
        self.package = package
        self.distribution: Distribution = distribution(name)

    @cached_property
    def folder(self) -> Path:
        """The folder of its package. Raises LeftOut for a module that is no package."""
        spec = find_spec(self.package.partition(".")[0])
        for location in (spec.submodule_search_locations if spec else None) or ():
            return Path(location, *self.package.split(".")[1:])
        raise LeftOut(f"{self.package} is no package in a folder")

    @cached_property
    def project(self) -> Path:
        """The folder in which the distribution is written. Raises LeftOut where only a wheel is there."""
        said = self.distribution.read_text("direct_url.json")
        url = urlsplit(json.loads(said)["url"]) if said else None
        if url is None or url.scheme != "file":
            raise LeftOut(
                "it is installed from a wheel, which holds no tests: install its sources editable "
                "(pip install -e FOLDER)"
            )
        return Path(unquote(url.path))

    @property
    def readme(self) -> str:
        """The long description of the distribution."""
        metadata: Any = self.distribution.metadata
        return str(metadata.get("Description") or metadata.get_payload() or "").strip()

    @property
    def licences(self) -> list[str]:
        """The classifiers that tell its licence, as older distributions do."""
        said = self.distribution.metadata.get_all("Classifier") or ()
        return [one for one in said if one.startswith("License ::")]

    def modules(self) -> Iterator[Module]:
        """Its modules, without migrations and tests."""
        for path in sorted(self.folder.rglob("*.py")):
            inside = path.relative_to(self.folder)
            if not {"migrations", "tests"} & set(inside.parts[:-1]):
                yield parsed(path, f"{self.folder.name}/{inside.as_posix()}")


def parsed(path: Path, shown: str) -> Module:
    """A file read as Python."""
    return Module(path, shown, ast.parse(path.read_text(encoding="utf-8")))


def tests_in(folder: Path) -> Iterator[str]:
    """The names of test functions below a folder of tests."""
    for path in sorted(folder.rglob("test_*.py")):
        for node in ast.walk(parsed(path, path.name).tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                if node.name.startswith("test"):
                    yield f"{path.name}::{node.name}"
            elif isinstance(node, ast.Assign):  # test_conformance = conformance("shelf")
                for target in node.targets:
                    if isinstance(target, ast.Name) and target.id.startswith("test"):
                        yield f"{path.name}::{target.id}"


def untyped(module: Module) -> Iterator[str]:
    """The public functions and methods of a module that leave out a type."""
    for node, owner in _public(module.tree.body, ""):
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        if owner and arguments and arguments[0].arg in ("self", "cls"):
            arguments = arguments[1:]
        arguments += [one for one in (node.args.vararg, node.args.kwarg) if one is not None]
        unsaid = [one.arg for one in arguments if one.annotation is None]
        if node.returns is None and node.name != "__init__":
            unsaid.append("what it returns")
        if unsaid:
            yield f"{module.shown}:{node.lineno}: {owner}{node.name} says no type of {', '.join(unsaid)}"


Function = ast.FunctionDef | ast.AsyncFunctionDef


def _public(body: list[ast.stmt], owner: str) -> Iterator[tuple[Function, str]]:
    for node in body:
        if isinstance(node, Function) and not _is_private(node.name):
            yield node, owner
        elif isinstance(node, ast.ClassDef) and not _is_private(node.name):
            yield from _public(node.body, f"{owner}{node.name}.")


def _is_private(name: str) -> bool:
    return name.startswith("_") and name != "__init__"


def settings_read(module: Module) -> Iterator[tuple[int, str]]:
    """The dotted keys that a module reads of a flat mapping of settings: line and key."""
    for node in ast.walk(module.tree):
        read: ast.expr | None = None
        if not isinstance(node, ast.Subscript | ast.Call):
            continue
        if isinstance(node, ast.Subscript) and _is_settings(node.value):
            read = node.slice
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in ("get", "pop", "setdefault")
            and _is_settings(node.func.value)
        ):
            read = node.args[0] if node.args else None
        if isinstance(read, ast.Constant) and isinstance(read.value, str) and "." in read.value:
            yield node.lineno, read.value


def _is_settings(node: ast.expr) -> bool:
    """`settings`, `registry.settings`, `config.get_settings()`, `system.settings.raw`."""
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Attribute) and node.func.attr == "get_settings"
    if isinstance(node, ast.Attribute):
        return node.attr == "settings" or (node.attr == "raw" and _is_settings(node.value))
    return isinstance(node, ast.Name) and node.id == "settings"
