"""What SQLite keeps only as text: constraints, collations and computed columns of a CREATE TABLE.

The text is read as tokens, element by element. Each constraint is spelled in one way, wherever it stood:
`a INTEGER PRIMARY KEY` and `PRIMARY KEY (a)` are the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from talatat.evolution.hazards.tokens import Token, tokenize
from talatat.evolution.live.spelling import bare, name_of, spelled

_OF_TABLE = ("CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN")
# Words that begin a constraint of a column; what stands before the first is its type.
_OF_COLUMN = ("CONSTRAINT", "PRIMARY", "NOT", "NULL", "UNIQUE", "CHECK", "DEFAULT", "COLLATE", "REFERENCES",
              "GENERATED", "AS", "DEFERRABLE")  # fmt: skip


@dataclass(frozen=True)
class Reference:
    """A foreign key; `target_columns` is empty where the text leaves them to the target's primary key."""

    columns: tuple[str, ...]
    target: str
    target_columns: tuple[str, ...]
    rest: str


@dataclass
class TableText:
    """What a CREATE TABLE says beyond the columns' types.

    `constraints` are (name, text) but for foreign keys, which are (name, Reference) in `references`.
    """

    constraints: list[tuple[str | None, str]] = field(default_factory=list)
    references: list[tuple[str | None, Reference]] = field(default_factory=list)
    collations: dict[str, str] = field(default_factory=dict)
    computed: dict[str, str] = field(default_factory=dict)
    conflicts: dict[str, str] = field(default_factory=dict)
    options: tuple[str, ...] = ()


@lru_cache(1024)  # planning reads the schema after each step; most tables are as they were
def read_table(sql: str) -> TableText:
    """Read a CREATE TABLE as sqlite_master keeps it. The result is shared: do not change it."""
    found = TableText()
    tokens = list(tokenize(sql))
    opening = next((at for at, one in enumerate(tokens) if _is(one, "(")), len(tokens))
    closing = _closing(tokens, opening)
    for element in _split(tokens[opening + 1 : closing]):
        _read(element, found)
    found.options = tuple(sorted(spelled(one) for one in _split(tokens[closing + 1 :])))
    return found


def _read(element: Sequence[Token], found: TableText) -> None:
    of_table = element[0].is_word(*_OF_TABLE)
    column = None if of_table else element[0]
    name: str | None = None
    for clause in _clauses(element if of_table else element[1:], of_table):
        if clause[0].is_word("CONSTRAINT"):
            name = name_of(clause[1]) if len(clause) > 1 else None
            continue
        _add(clause, column, name, found)
        name = None


def _add(clause: list[Token], column: Token | None, name: str | None, found: TableText) -> None:
    first = clause[0]
    own = name_of(column) if column else ""
    if first.is_word("PRIMARY", "UNIQUE"):
        words = 2 if first.is_word("PRIMARY") else 1
        rest = clause[words:]
        if column is not None:
            direction = [one for one in rest[:1] if one.is_word("ASC", "DESC")]
            rest = rest[len(direction) :]
            inner = spelled([column, *(one for one in direction if one.is_word("DESC"))])
        else:
            closing = _closing(rest, 0)
            inner = spelled(one for one in rest[1:closing] if not one.is_word("ASC"))
            rest = rest[closing + 1 :]
        text = f"{spelled(clause[:words])} ({inner}) {spelled(rest)}".rstrip()
        found.constraints.append((name, text))
    elif first.is_word("CHECK"):
        found.constraints.append((name, f"check ({_inner(clause)})"))
    elif first.is_word("FOREIGN"):
        closing = _closing(clause, 2)
        columns = _names(clause[3:closing])
        found.references.append((name, _reference(clause[closing + 1 :], columns)))
    elif first.is_word("REFERENCES"):
        found.references.append((name, _reference(clause, (own,))))
    elif first.is_word("COLLATE") and len(clause) > 1:
        found.collations[own] = name_of(clause[1])
    elif first.is_word("GENERATED", "AS"):
        found.computed[own] = _inner(clause)
    elif first.is_word("NOT") and len(clause) > 2:
        found.conflicts[own] = spelled(clause[2:])


def _reference(clause: Sequence[Token], columns: tuple[str, ...]) -> Reference:
    target = name_of(clause[1])
    rest = list(clause[2:])
    targets: tuple[str, ...] = ()
    if rest and _is(rest[0], "("):
        closing = _closing(rest, 0)
        targets, rest = _names(rest[1:closing]), rest[closing + 1 :]
    return Reference(columns, target, targets, _actions(rest))


def _actions(tokens: Sequence[Token]) -> str:
    """ON DELETE, ON UPDATE and whether it is deferred, in this order, without what is the default."""
    text = f" {spelled(tokens)} "
    actions = ("cascade", "restrict", "set null", "set default")
    wordings = [f"on {event} {action}" for event in ("delete", "update") for action in actions]
    said = [one for one in wordings if f" {one} " in text]
    if " initially deferred " in text and " not deferrable " not in text:
        said.append("deferrable initially deferred")
    return " ".join(said)


def _clauses(tokens: Sequence[Token], of_table: bool) -> Iterator[list[Token]]:
    """The constraints of one element, each from its first word to the next one's.

    A name stands alone: CONSTRAINT and the name. The type of a column is left out.
    """
    starts = _OF_TABLE if of_table else _OF_COLUMN
    clause: list[Token] = []
    depth = 0
    begun = False
    for place, token in enumerate(tokens):
        if depth == 0 and token.is_word(*starts) and not _goes_on(tokens, place):
            if clause and begun:
                yield clause
            clause, begun = [], True
        if token.kind == "sign":
            depth += {"(": 1, ")": -1}.get(token.text, 0)
        clause.append(token)
    if clause and begun:
        yield clause


def _goes_on(tokens: Sequence[Token], place: int) -> bool:
    """Whether the word at `place` belongs to what stands before it and begins nothing."""
    before = [one.text.upper() for one in tokens[max(0, place - 2) : place]]
    word = tokens[place].text.upper()
    if before[-1:] == ["CONSTRAINT"] or before[-1:] == ["DEFAULT"] or before[-1:] == ["COLLATE"]:
        return True
    if word == "NULL":
        return before[-1:] in (["NOT"], ["SET"])
    if word == "DEFAULT":
        return before[-1:] == ["SET"]
    if word == "AS":
        return before[-1:] == ["ALWAYS"]
    if word == "NOT":
        return len(tokens) > place + 1 and tokens[place + 1].is_word("DEFERRABLE")
    return word == "DEFERRABLE"


def _split(tokens: Sequence[Token]) -> Iterator[list[Token]]:
    """What stands between the outermost commas."""
    depth, element = 0, list[Token]()
    for token in tokens:
        if depth == 0 and _is(token, ","):
            if element:
                yield element
            element = []
            continue
        if token.kind == "sign":
            depth += {"(": 1, ")": -1}.get(token.text, 0)
        element.append(token)
    if element:
        yield element


def _closing(tokens: Sequence[Token], opening: int) -> int:
    """Where the parenthesis that opens at `opening` closes."""
    depth = 0
    for place in range(opening, len(tokens)):
        if tokens[place].kind == "sign":
            depth += {"(": 1, ")": -1}.get(tokens[place].text, 0)
            if depth == 0:
                return place
    return len(tokens)


def _inner(tokens: Sequence[Token]) -> str:
    """What stands in the first parentheses."""
    opening = next((at for at, one in enumerate(tokens) if _is(one, "(")), len(tokens))
    return bare(tokens[opening + 1 : _closing(tokens, opening)])


def _names(tokens: Sequence[Token]) -> tuple[str, ...]:
    return tuple(name_of(one) for one in tokens if one.kind in {"word", "quoted"})


def _is(token: Token, sign: str) -> bool:
    return token.kind == "sign" and token.text == sign
