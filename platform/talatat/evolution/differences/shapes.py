"""Two JSON schemas of one thing: what a client that was written for the old one has to bear.

What breaks whom depends on the way: an answer may not tell less, or what nobody knew; a request may not
be asked for more, or be refused what was taken.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from talatat.evolution.canonical import canonical
from talatat.evolution.differences.comparing import compared, listed

Way = Literal["request", "response"]
Schema = Mapping[str, Any]

# Limits that are narrower the greater they are, and those that are narrower the smaller they are.
_LEAST = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_MOST = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_OTHER = (
    "format",
    "pattern",
    "multipleOf",
    "uniqueItems",
    "allOf",
    "anyOf",
    "oneOf",
    "not",
    "contentEncoding",
)


@dataclass(frozen=True)
class Difference:
    """One difference; `breaks` says that a client written for the old schema may fail."""

    sign: str
    text: str
    breaks: bool
    addon: str | None = None


@dataclass(frozen=True)
class Shapes:
    """The components of the two documents, in which references are looked up."""

    old: Mapping[str, Any]
    new: Mapping[str, Any]

    def compare(self, old: Schema, new: Schema, way: Way, path: str = "") -> Iterator[Difference]:
        """What differs between two schemas; nothing where both refer to one component by name."""
        if old == new:
            return
        if "$ref" in old and old.get("$ref") == new.get("$ref"):
            return
        yield from self._resolved(resolved(self.old, old), resolved(self.new, new), way, path)

    def _resolved(self, old: Schema, new: Schema, way: Way, path: str) -> Iterator[Difference]:
        at = f"field {path}" if path else "the body"
        yield from _types(old, new, way, at)
        yield from _enums(old, new, way, at)
        yield from _limits(old, new, way, at)
        yield from _others(old, new, at)
        yield from self._properties(old, new, way, path)
        if "items" in old and "items" in new:
            yield from self.compare(old["items"], new["items"], way, f"{path}[]")

    def _properties(self, old: Schema, new: Schema, way: Way, path: str) -> Iterator[Difference]:
        before, after = old.get("properties", {}), new.get("properties", {})
        asked = {"old": set(old.get("required", ())), "new": set(new.get("required", ()))}
        for name, was, now in compared(before, after):
            at = f"{path}.{name}" if path else name
            if was is None:
                yield _new_field(at, way, required=name in asked["new"])
            elif now is None:
                yield self._gone_field(at, was, new, way)
            else:
                yield from self.compare(was, now, way, at)
        both = before.keys() & after.keys()
        for name in sorted(both & (asked["new"] ^ asked["old"])):
            yield _required(f"{path}.{name}" if path else name, way, name in asked["new"])
        if (
            way == "request"
            and old.get("additionalProperties")
            and not new.get("additionalProperties", True)
        ):
            yield Difference("!", f"{path or 'the body'} takes no further fields any more", True)

    def _gone_field(self, at: str, was: Schema, new: Schema, way: Way) -> Difference:
        # The fields of an extension stand under its addon's name.
        owner = resolved(self.old, was).get("x-addon") or at.partition(".")[0]
        if way == "response":
            return Difference("!", f"field {at} dropped from answers", True, owner)
        refused = not new.get("additionalProperties", True)
        end = "refused now" if refused else "not looked at any more"
        return Difference("!", f"field {at} of requests is {end}", refused, owner)


def resolved(components: Mapping[str, Any], schema: Schema) -> Schema:
    """The schema that a reference leads to; {} where it leads nowhere."""
    for _ in range(20):  # a chain of references that is longer goes round in a circle
        if "$ref" not in schema:
            return schema
        kind, _, name = str(schema["$ref"]).removeprefix("#/components/").partition("/")
        schema = components.get(kind, {}).get(name, {})
    return {}


def _new_field(at: str, way: Way, *, required: bool) -> Difference:
    if way == "request" and required:
        return Difference("!", f"field {at} is required in requests", True)
    where = "answers" if way == "response" else "requests"
    return Difference("+", f"field {at} in {where}", False)


def _required(at: str, way: Way, now: bool) -> Difference:
    if way == "request":
        text = f"field {at} is {'required' if now else 'not required any more'} in requests"
        return Difference("!" if now else "~", text, now)
    if now:
        return Difference("~", f"field {at} is always in answers", False)
    return Difference("!", f"field {at} may be missing from answers", True)


def _types(old: Schema, new: Schema, way: Way, at: str) -> Iterator[Difference]:
    was, now = _type_set(old), _type_set(new)
    if was == now:
        return
    text = f"type of {at}: {_type_text(old)} -> {_type_text(new)}"
    if way == "request":
        lost = bool(now) and (not was or not _within(was, now))
        yield Difference("!" if lost else "~", f"{text} in requests", lost)
    else:
        strange = bool(was) and (not now or not _within(now, was))
        yield Difference("!" if strange else "~", f"{text} in answers", strange)


def _type_set(schema: Schema) -> frozenset[str]:
    said = schema.get("type", ())
    return frozenset([said] if isinstance(said, str) else said)


def _type_text(schema: Schema) -> str:
    return " or ".join(sorted(_type_set(schema))) or "anything"


def _within(some: frozenset[str], others: frozenset[str]) -> bool:
    return all(one in others or (one == "integer" and "number" in others) for one in some)


def _enums(old: Schema, new: Schema, way: Way, at: str) -> Iterator[Difference]:
    was, now = _choices(old), _choices(new)
    if was == now:
        return
    where = "requests" if way == "request" else "answers"
    if was is None or now is None:
        narrowed = was is None
        said = f"only {listed(now or ())}" if narrowed else "any value"
        breaks = narrowed if way == "request" else not narrowed
        yield Difference("!" if breaks else "~", f"{at} has {said} in {where}", breaks)
        return
    gone, came = [one for one in was if one not in now], [one for one in now if one not in was]
    if gone:
        yield Difference("!", f"{at} has {listed(gone)} no longer in {where}", True)
    if came:
        # Whoever reads answers may not know the value; whoever sends requests need not.
        yield Difference(
            "~" if way == "response" else "+", f"{at} may be {listed(came)} in {where}", False
        )


def _choices(schema: Schema) -> list[Any] | None:
    if "const" in schema:
        return [schema["const"]]
    found = schema.get("enum")
    return None if found is None else list(found)


def _limits(old: Schema, new: Schema, way: Way, at: str) -> Iterator[Difference]:
    where = "requests" if way == "request" else "answers"
    for names, least in ((_LEAST, True), (_MOST, False)):
        for name in names:
            was, now = old.get(name), new.get(name)
            if was == now:
                continue
            narrower = was is None or (now is not None and (now > was) is least)
            breaks = narrower if way == "request" else False
            text = f"{name} of {at}: {_said(was)} -> {_said(now)} in {where}"
            yield Difference("!" if breaks else "~", text, breaks)


def _others(old: Schema, new: Schema, at: str) -> Iterator[Difference]:
    for name in _OTHER:
        was, now = old.get(name), new.get(name)
        if canonical(was) != canonical(now):
            short = all(isinstance(one, str | None) for one in (was, now))
            shown = f": {_said(was)} -> {_said(now)}" if short else " differs"
            yield Difference("!", f"{name} of {at}{shown}", now is not None)


def _said(value: Any) -> str:
    return "none" if value is None else str(value)
