"""Bodies for one resource, from the document's schemas: made, sent, and varied where they are refused.

A refusal names the fields (`errors`): those get their next candidate, or are left out where they may be.
What was found out is kept, so that the next body is right at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

from talatat.testing.rest.described import Kind
from talatat.testing.rest.values import Values

if TYPE_CHECKING:
    from talatat.testing.rest.sending import Answer

TRIES = 25
Body = dict[str, Any]


class Bodies:
    """Makes bodies of one resource. `given` are values of fields that nobody could guess."""

    def __init__(self, kind: Kind, values: Values, given: Mapping[str, Any]) -> None:
        self.kind, self.values, self.given = kind, values, given
        self._turn: dict[str, int] = {}
        self._dropped: set[str] = set()
        self._wanted: set[str] = set()
        self._number = 0

    def number(self) -> int:
        """Another number each time."""
        self._number += 1
        return self._number

    def make(self, form: str, *, full: bool) -> Body:
        """A body of a form; `full` with the fields that may be left out."""
        schema, number = self.kind.form(form), self.number()
        required = schema.get("required", ())
        body: Body = {}
        for name, said in schema.get("properties", {}).items():
            loose = name not in required and name not in self._wanted
            if loose and (not full or name in self._dropped or _is_foreign(said)):
                continue
            body[name] = self.value(name, said, number)
        return body

    def value(self, name: str, schema: Any, number: int) -> Any:
        """The value of a field whose turn it is."""
        if name in self.given:
            given = self.given[name]
            return given.format(number) if isinstance(given, str) else given
        found = self.values.candidates(name, schema, number)
        turn = self._turn.get(name, 0)
        return next(islice(found, turn, None), self.values.first(name, schema, number))

    def accepted(self, form: str, send: Callable[[Body], Answer], *, full: bool) -> Answer:
        """The answer to the first body that is not refused; the last refusal where all are."""
        for _ in range(TRIES):
            body = self.make(form, full=full)
            answer = send(body)
            if answer.status < 300 or answer.status >= 500 or not self.vary(form, body, answer):
                break
        return answer

    def vary(self, form: str, body: Body, answer: Answer) -> bool:
        """Make the next body another one; False where nothing could be another."""
        schema = self.kind.form(form)
        required = schema.get("required", ())
        pointed = {one.split("/")[1] for one in answer.pointers if one.startswith("/")}
        named = pointed & set(body)
        lacking = (pointed & set(schema.get("properties", {}))) - set(body) - self._wanted
        if lacking:  # it may be left out of others, and not of this one
            self._wanted |= lacking
            return True
        if not named:  # nobody says which: without what may be left out, then with other values
            loose = [name for name in body if name not in required]
            self._dropped |= set(loose[-1:])
            return bool(loose) or answer.status == 409
        for name in named:
            if answer.code == "duplicate" and self._turn.get(name, 0) == 0:
                continue  # the next number is another value
            turn = self._turn.get(name, 0) + 1
            more = self.values.candidates(name, schema["properties"][name], 1)
            if next(islice(more, turn, None), None) is not None:
                self._turn[name] = turn
            elif name not in required:
                self._dropped.add(name)
            else:
                return False
        return True

    def of(self, form: str, row: Mapping[str, Any]) -> Body:
        """A body that says what a row has already."""
        return _projected(self.kind, self.kind.form(form), row)


def _is_foreign(schema: Any) -> bool:
    """Whether a field is what another addon adds."""
    return "$ref" in str(schema)


def _projected(kind: Kind, schema: Any, row: Mapping[str, Any]) -> Body:
    body: Body = {}
    for name, said in schema.get("properties", {}).items():
        if name not in row:
            continue
        below = kind.resolved(said.get("anyOf", [said])[0])
        value = row[name]
        if isinstance(value, dict) and "properties" in below:
            value = _projected(kind, below, value)
            lacking = any(value.get(one) is None for one in below.get("required", ()))
            value = None if lacking and "anyOf" in said else value  # nothing is there yet
        body[name] = value
    return body


def referred(name: str, kinds: Mapping[str, Kind], own: Kind) -> Iterator[Kind]:
    """The resources that a field may refer to, the likeliest first: `customer_id` to `customers`."""
    stem = name.removesuffix("_id").removesuffix("_ids")
    likely = [one for one in kinds.values() if _is_plural(one.name, stem)]
    likely.sort(key=lambda one: one.group != own.group)
    rest = [one for one in kinds.values() if one not in likely and one.group == own.group]
    own_first = sorted(rest, key=lambda one: one is not own)
    yield from likely
    yield from own_first


def _is_plural(name: str, stem: str) -> bool:
    word = re.escape(stem.replace("_", "-"))
    short = re.escape(stem.replace("_", "-").removesuffix("y"))
    return re.fullmatch(rf"(?:.*-)?(?:{word}(?:s|es)?|{short}ies)", name) is not None
