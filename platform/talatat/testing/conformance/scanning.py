"""What stands in the source of an addon that no review should let pass: each with its file and line.

Read from syntax trees, so nothing is run. A line that is meant says why: `# safe: the name is from a list
above`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from talatat.testing.conformance.sources import Module

MEANT = re.compile(r"#\s*safe:\s*\S")
EXECUTING = frozenset({"text", "execute", "exec_driver_sql", "scalar", "scalars", "literal_column"})
UNSAFE = {
    "pickle.load": "unpickles", "pickle.loads": "unpickles", "marshal.loads": "unmarshals",
    "marshal.load": "unmarshals", "shelve.open": "unpickles", "dill.loads": "unpickles",
    "yaml.load": "loads YAML with tags that run code", "yaml.unsafe_load": "loads YAML that runs code",
    "eval": "evaluates a text", "exec": "runs a text", "os.system": "runs a shell",
    "os.popen": "runs a shell",
}  # fmt: skip
INSTEAD = {
    "unpickles": "read JSON with a schema",
    "unmarshals": "read JSON with a schema",
    "evaluates a text": "use a table of functions",
    "runs a text": "use a table of functions",
    "runs a shell": "use subprocess.run([...]) without a shell",
}
_WRITTEN = re.compile(
    r"(?is)^\s*(?:insert\s+into|update|delete\s+from|truncate(?:\s+table)?|drop\s+table|alter\s+table)"
    r"\s+[\"`]?(\w+)"
)


@dataclass(frozen=True)
class Found:
    """One line and what is wrong with it."""

    line: int
    text: str


def meant(source: str, line: int) -> bool:
    """Whether the line, or the one above it, says why it is safe."""
    lines = source.splitlines()
    return any(0 < at <= len(lines) and MEANT.search(lines[at - 1]) for at in (line - 1, line))


def found_in(
    module: Module, foreign: Mapping[str, str], packages: Collection[str]
) -> Iterator[str]:
    """`file:line: what is wrong`; `foreign` are tables of others {table: addon}, `packages` their packages."""
    source = module.path.read_text(encoding="utf-8")
    names = dict(_imported(module.tree))
    found = [
        *_built_sql(module.tree), *_unsafe_calls(module.tree, names),
        *_foreign_sql(module.tree, foreign), *_foreign_models(module.tree, names, packages),
    ]  # fmt: skip
    for one in sorted(found, key=lambda one: one.line):
        if not meant(source, one.line):
            yield f"{module.shown}:{one.line}: {one.text}"


def _imported(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """(name, dotted name) of what a module imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for one in node.names:
                top = one.name.partition(".")[0]
                yield (one.asname, one.name) if one.asname else (top, top)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for one in node.names:
                yield one.asname or one.name, f"{node.module}.{one.name}"


def _called(node: ast.Call) -> str:
    """The last name of what is called: `text` of `sa.text(...)`."""
    target = node.func
    if isinstance(target, ast.Attribute):
        return target.attr
    return target.id if isinstance(target, ast.Name) else ""


def _dotted(node: ast.expr, names: Mapping[str, str]) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value, names)}.{node.attr}"
    return names.get(node.id, node.id) if isinstance(node, ast.Name) else ""


def _built_sql(tree: ast.Module) -> Iterator[Found]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or _called(node) not in EXECUTING:
            continue
        if node.args and _is_built(node.args[0]):
            yield Found(
                node.lineno,
                "SQL is put together from values. Give them as parameters: "
                'text("... WHERE id = :id"), {"id": value}',
            )


def _is_built(node: ast.expr) -> bool:
    """Whether a text is made of others: f-string, %, + or format, all of them of something that is no text."""
    if isinstance(node, ast.JoinedStr):
        return any(isinstance(one, ast.FormattedValue) for one in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod | ast.Add):
        texts = [one for one in ast.walk(node) if _is_text(one)]
        return bool(texts) and not all(_is_text(one) for one in (node.left, node.right))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return node.func.attr == "format" and _is_text(node.func.value)
    return False


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _unsafe_calls(tree: ast.Module, names: Mapping[str, str]) -> Iterator[Found]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = _dotted(node.func, names)
        said = {one.arg: one.value for one in node.keywords}
        if name == "yaml.load" and "Safe" in ast.dump(node):
            continue
        if name in UNSAFE:
            what = UNSAFE[name]
            yield Found(node.lineno, f"{name} {what}: {INSTEAD.get(what, 'use yaml.safe_load')}")
        shell = said.get("shell")
        if name.startswith("subprocess.") and isinstance(shell, ast.Constant) and shell.value:
            yield Found(node.lineno, f"{name} runs a shell: use a list, without shell=True")


def _foreign_sql(tree: ast.Module, foreign: Mapping[str, str]) -> Iterator[Found]:
    for node in ast.walk(tree):
        match = _WRITTEN.match(node.value) if _is_text(node) else None  # type: ignore[attr-defined]  # a Constant
        if match and match[1] in foreign:
            yield Found(
                node.lineno,  # type: ignore[attr-defined]  # as above
                f"SQL writes {match[1]}, a table of addon {foreign[match[1]]}. Call what that addon offers, or "
                "keep the data in a table of your own (config.extend_model)",
            )


def _foreign_models(
    tree: ast.Module, names: Mapping[str, str], packages: Collection[str]
) -> Iterator[Found]:
    """`update(Product)`, `session.add(Product(...))`, where Product is another addon's."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        target, called = node.args[0], _called(node)
        if called == "add" and isinstance(target, ast.Call):
            target = target.func
        elif called not in ("insert", "update", "delete"):
            continue
        dotted = _dotted(target, names)
        if dotted.partition(".")[0] in packages:
            yield Found(
                node.lineno,
                f"{called} writes {dotted}, which is another addon's. Call what that addon offers, or keep the "
                "data in a table of your own (config.extend_model)",
            )
