"""A piece: what one new revision does, and its file.

Each revision is one transaction, so what a table is locked for and what must not be locked meanwhile stand
in pieces of their own. They follow one another in the order in which they are found.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Table

from talatat.evolution.autogenerate.layout import (
    Block,
    Call,
    Node,
    Statement,
    assigned,
    call,
    laid_out,
    quoted,
    several,
)
from talatat.evolution.graph import LONGEST_ID

_WORD = re.compile(r"[a-z0-9]+")
POSTGRESQL = 'if op.get_bind().dialect.name == "postgresql":'


@dataclass
class Piece:
    """One revision to be written. `topic` ends its name, `about` its docstring.

    `down` stands in the order in which it runs. `refers` are other addons whose tables it refers to.
    """

    topic: str
    about: str
    phase: str = "expand"
    up: list[Statement] = field(default_factory=list)
    down: list[Statement] = field(default_factory=list)
    transactional: bool = True
    batches: list[Node] = field(default_factory=list)
    refers: set[str] = field(default_factory=set)


def altering(table: str, body: Sequence[Statement]) -> list[Statement]:
    """What changes a table on both databases; nothing where `body` is empty."""
    return [Block(f"with altering({quoted(table)}) as table:", tuple(body))] if body else []


def on_postgresql(*body: Statement) -> Block:
    """What is done on PostgreSQL only."""
    return Block(POSTGRESQL, body)


def referred(keys: Any, table: Table) -> set[str]:
    """The other addons whose tables these foreign keys of `table` refer to."""
    own = table.metadata.info.get("addon")
    owners = {str(key.referred_table.metadata.info.get("addon")) for key in keys}
    return owners - {str(own), "None"}


def final(name: str) -> str:
    """A name that no convention changes any more."""
    return f"op.f({quoted(name)})"


def execute(sql: str) -> Call:
    """`op.execute(...)`."""
    return call("op.execute", quoted(sql))


def revision_id(number: int, slug: str, topic: str) -> str:
    """Return `0003_slug_topic`, the slug cut at a word where the id would become too long."""
    end = f"_{topic}" if topic else ""
    room = LONGEST_ID - 5 - len(end)
    short = slug[:room]
    if len(slug) > room and "_" in short:
        short = short.rpartition("_")[0]
    return f"{number:04}_{short.strip('_')}{end}"


def slug_of(message: str) -> str:
    """Return a message as part of a file's name."""
    return "_".join(_WORD.findall(message.lower())) or "changes"


def source(
    piece: Piece, revision: str, down: Sequence[str], requires: Mapping[str, str], message: str
) -> str:
    """Return the text of a revision's file."""
    code = [*_body("upgrade", piece.up), "", "", *_body("downgrade", piece.down)]
    head = [f"revision = {quoted(revision)}", f"down_revision = {_down(down)}"]
    needed = "{" + ", ".join(f"{quoted(a)}: {quoted(r)}" for a, r in requires.items()) + "}"
    head += [f"requires: dict[str, str] = {needed}", f"phase = {quoted(piece.phase)}"]
    if not piece.transactional:
        head.append("transactional = False")
    if piece.batches:
        head += assigned("batches", several(piece.batches))
    whole = "\n".join([*head, "", "", *code])
    return "\n".join([_docstring(message, piece.about), "", *_imports(whole), "", whole]) + "\n"


def _body(name: str, statements: Sequence[Statement]) -> list[str]:
    return [f"def {name}() -> None:", *laid_out(statements, 1)]


def _down(down: Sequence[str]) -> str:
    if len(down) > 1:
        return "(" + ", ".join(map(quoted, down)) + ")"
    return quoted(down[0]) if down else "None"


def _docstring(message: str, about: str) -> str:
    said = " ".join(message.split()).rstrip(".").replace("\\", "/").replace('"', "'")
    if about:
        said = f"{said}: {about}"
    return f'"""{said[:1].upper()}{said[1:]}."""'


def _imports(code: str) -> list[str]:
    """The imports that the code needs, in the formatter's order."""
    third = ["import sqlalchemy as sa"] if "sa." in code else []
    third += ["from alembic import op"] if "op." in code else []
    third += ["from sqlalchemy.dialects import postgresql"] if "postgresql." in code else []
    own = ["from talatat.db import types as t"] if re.search(r"\bt\.[A-Z]", code) else []
    own += ["from talatat.db.altering import altering"] if "with altering(" in code else []
    own += ["from talatat.db.batches import Batch"] if "Batch(" in code else []
    return [*third, *([""] if third and own else []), *own, *([""] if third or own else [])][:-1]
