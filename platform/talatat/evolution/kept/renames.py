"""Which table and column of today a table and column of before a step has become.

The catalogue before and after a step does not tell a rename from a drop and an addition; the statements
do. Followed are RENAME of tables and columns, and tables that are made anew (CREATE new, INSERT INTO new
SELECT ... FROM old, DROP old, RENAME new), which is how SQLite alters them. What is not understood is
taken for a loss: then a little more is kept than had to be.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from talatat.evolution.hazards.tokens import Token, pieces, tokenize

_PAIR = 2


@dataclass
class Place:
    """What stands under one name: which table of before it is (None: a new one), and its columns.

    `columns` maps names of now to names of before. `copied` are the tables whose rows were copied here
    whole: {table of before: {column of now: column of before}}.
    """

    table: str | None
    columns: dict[str, str] = field(default_factory=dict)
    copied: dict[str, dict[str, str]] = field(default_factory=dict)


class Places:
    """Where the tables of before stand while the statements of steps are gone through."""

    def __init__(self, tables: dict[str, Iterable[str]]) -> None:
        self.now = {
            name: Place(name, {one: one for one in names}) for name, names in tables.items()
        }

    def follow(self, statements: Iterable[str]) -> Places:
        """Take note of what `statements` rename, make and drop; return self."""
        for statement in statements:
            for piece in pieces(statement):
                self._note(list(tokenize(piece.text)))
        return self

    def find(self, table: str) -> tuple[str, dict[str, str]] | None:
        """Return today's name of a table of before and {column of before: of now}; None where it is gone."""
        for name, place in self.now.items():
            if place.table == table:
                return name, {old: new for new, old in place.columns.items()}
        return None

    def _note(self, tokens: list[Token]) -> None:
        words = _Words(tokens)
        if words.take("ALTER", "TABLE"):
            self._alter(words)
        elif words.take("DROP", "TABLE"):
            words.take("IF", "EXISTS")
            for name in words.names():
                self._drop(name)
        elif words.take("CREATE"):
            words.take_any("TEMP", "TEMPORARY", "UNLOGGED")
            if words.take("TABLE"):
                words.take("IF", "NOT", "EXISTS")
                self.now.setdefault(words.name(), Place(None))
        elif words.take("INSERT", "INTO"):
            self._copy(words)

    def _alter(self, words: _Words) -> None:
        words.take("IF", "EXISTS")
        words.take("ONLY")
        table = words.name()
        place = self.now.get(table)
        if place is None:
            return
        if words.take("RENAME", "TO"):
            self.now[words.name()] = self.now.pop(table)
        elif words.take("RENAME") and not words.take("CONSTRAINT"):
            words.take("COLUMN")
            old = words.name()
            if words.take("TO") and old in place.columns:
                place.columns[words.name()] = place.columns.pop(old)
        else:
            for name in words.dropped():
                place.columns.pop(name, None)

    def _drop(self, name: str) -> None:
        gone = self.now.pop(name, None)
        if gone is None or gone.table is None:
            return
        for place in self.now.values():
            if place.table is None and gone.table in place.copied:
                place.table, place.columns = gone.table, place.copied[gone.table]
                return

    def _copy(self, words: _Words) -> None:
        """INSERT INTO new (columns) SELECT columns FROM old, and nothing else."""
        target = self.now.get(words.name())
        columns = words.names_in_parentheses()
        if target is None or not columns or not words.take("SELECT"):
            return
        parts = list(words.until_from())
        source = self.now.get(words.name())
        if source is None or source.table is None or words.rest() or len(parts) != len(columns):
            return
        target.copied[source.table] = {
            column: source.columns[name]
            for column, part in zip(columns, parts, strict=True)
            if (name := _plain(part)) in source.columns
        }


class _Words:
    """The tokens of one statement, taken from the front."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.tokens = [token for token in tokens if token.text != ";"]
        self.place = 0

    def rest(self) -> list[Token]:
        return self.tokens[self.place :]

    def take(self, *words: str) -> bool:
        """Pass over `words` where they come next."""
        following = self.tokens[self.place : self.place + len(words)]
        found = len(following) == len(words) and all(
            token.is_word(word) for token, word in zip(following, words, strict=True)
        )
        self.place += len(words) * found
        return found

    def take_any(self, *words: str) -> bool:
        return any(self.take(word) for word in words)

    def name(self) -> str:
        """The next name, without its schema; "" where none comes next."""
        if not self.rest():
            return ""
        found = self.tokens[self.place].name
        self.place += 1
        if self.rest() and self.tokens[self.place].text == ".":
            self.place += 1
            return self.name()
        return found

    def names(self) -> Iterator[str]:
        """Names with commas between."""
        while self.rest():
            yield self.name()
            if not self.rest() or self.tokens[self.place].text != ",":
                return
            self.place += 1

    def names_in_parentheses(self) -> list[str]:
        if not self.rest() or self.tokens[self.place].text != "(":
            return []
        self.place += 1
        found = list(self.names())
        self.place += 1
        return found

    def until_from(self) -> Iterator[list[Token]]:
        """The parts of a select list, and FROM passed over."""
        part: list[Token] = []
        depth = 0
        while self.rest() and not (depth == 0 and self.take("FROM")):
            token = self.tokens[self.place]
            self.place += 1
            depth += {"(": 1, ")": -1}.get(token.text, 0)
            if token.text == "," and depth == 0:
                yield part
                part = []
            else:
                part.append(token)
        yield part

    def dropped(self) -> Iterator[str]:
        """The columns that the rest of an ALTER TABLE drops."""
        while self.rest():
            if self.take("DROP") and not self.take("CONSTRAINT"):
                self.take("COLUMN")
                self.take("IF", "EXISTS")
                yield self.name()
            else:
                self.place += 1


def _plain(part: Sequence[Token]) -> str | None:
    """The column that a part of a select list is: `name`, `table.name` or `CAST(name AS type)`."""
    if len(part) > _PAIR and part[0].is_word("CAST") and part[1].text == "(":
        inner = part[2:-1]
        cut = next((n for n, token in enumerate(inner) if token.is_word("AS")), len(inner))
        part = inner[:cut]
    if len(part) == 3 and part[1].text == ".":
        part = part[2:]
    return part[0].name if len(part) == 1 and part[0].kind in ("word", "quoted") else None
