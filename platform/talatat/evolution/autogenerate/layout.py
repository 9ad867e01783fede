"""Python laid out as the formatter of this project would: calls on one line, or broken where they are long.

A small tree stands for the code: text, a call with its arguments, a list, a keyword, a block. Only what
revisions need is here, so that a generated file is formatted before anybody runs a formatter.
"""

from __future__ import annotations

import io
import json
import tokenize
from ast import literal_eval
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

WIDTH = 100


@dataclass(frozen=True)
class Call:
    """`name(arguments)`; a list where the name is empty."""

    name: str
    arguments: tuple[Node, ...] = ()

    @property
    def brackets(self) -> tuple[str, str]:
        """What opens and closes it."""
        return (f"{self.name}(", ")") if self.name else ("[", "]")


@dataclass(frozen=True)
class Keyword:
    """`name=value` among arguments."""

    name: str
    value: Node


@dataclass(frozen=True)
class Block:
    """A line that ends in a colon, and what stands below it."""

    head: str
    body: tuple[Statement, ...]


Node = str | Call | Keyword
Statement = Node | Block


def call(function: str, /, *arguments: Node | None, **keywords: Node | None) -> Call:
    """Return a call; arguments and keywords that are None are left out."""
    given: list[Node] = [one for one in arguments if one is not None]
    given += [Keyword(key, value) for key, value in keywords.items() if value is not None]
    return Call(function, tuple(given))


def several(items: Iterable[Node]) -> Call:
    """Return a list."""
    return Call("", tuple(items))


def quoted(text: str) -> str:
    """Return a string literal, in double quotes unless single ones spare escapes."""
    inner = json.dumps(text, ensure_ascii=False)[1:-1]
    if text.count('"') <= text.count("'"):
        return f'"{inner}"'
    single = inner.replace('\\"', '"').replace("'", "\\'")
    return f"'{single}'"


def requoted(code: str) -> str:
    """Return an expression with its string literals quoted as `quoted` does."""
    lines = io.StringIO(code).readline
    out, end = "", 0
    for token in tokenize.generate_tokens(lines):
        if token.type == tokenize.STRING:
            out += code[end : token.start[1]] + quoted(literal_eval(token.string))
            end = token.end[1]
    return out + code[end:]


def laid_out(statements: Sequence[Statement], depth: int = 0) -> list[str]:
    """Return the lines of statements, `depth` levels deep; `pass` where there are none."""
    lines: list[str] = []
    for one in statements:
        if isinstance(one, Block):
            lines.append("    " * depth + one.head)
            lines += laid_out(one.body, depth + 1)
        else:
            lines += _lines(one, depth, "")
    return lines or ["    " * depth + "pass"]


def assigned(name: str, value: Node) -> list[str]:
    """Return the lines of an assignment at module level."""
    if isinstance(value, Call):
        first, *rest = _lines(value, 0, "", used=len(name) + 3)
        return [f"{name} = {first}", *rest]
    return [f"{name} = {flat(value)}"]


def flat(node: Node) -> str:
    """Return a node on one line."""
    if isinstance(node, str):
        return node
    if isinstance(node, Keyword):
        return f"{node.name}={flat(node.value)}"
    opening, closing = node.brackets
    return opening + ", ".join(flat(one) for one in node.arguments) + closing


def _lines(node: Node, depth: int, after: str, used: int = 0) -> list[str]:
    """The lines of a node that `after` follows; `used` characters of the first line are taken."""
    margin = "    " * depth
    whole = margin + flat(node) + after
    inner = node.value if isinstance(node, Keyword) else node
    if len(whole) + used <= WIDTH or not isinstance(inner, Call) or not inner.arguments:
        return [whole]
    opening, closing = inner.brackets
    named = f"{node.name}=" if isinstance(node, Keyword) else ""
    body = margin + "    " + ", ".join(flat(one) for one in inner.arguments)
    if len(body) <= WIDTH:
        return [margin + named + opening, body, margin + closing + after]
    lines = [margin + named + opening]
    comma = "," if len(inner.arguments) > 1 else ""
    for one in inner.arguments:
        lines += _lines(one, depth + 1, comma)
    return [*lines, margin + closing + after]
