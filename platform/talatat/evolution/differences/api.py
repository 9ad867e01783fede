"""The API: what programs that were written for the last release will meet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from talatat.evolution.differences.comparing import PUBLIC, Pair, compared, listed
from talatat.evolution.differences.shapes import Difference, Shapes, Way, resolved
from talatat.evolution.model import Change

SECTION = "api"
_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_SHOWN = 3


def api(pair: Pair) -> Iterator[Change]:
    """Operations new, gone and changed; then the schemas that they share, each told once."""
    old, new = pair.part("api")
    shapes = Shapes(old.get("components", {}), new.get("components", {}))
    before, after = _operations(old), _operations(new)
    for name, was, now in compared(before, after):
        if was is None and now is not None:
            yield Change(SECTION, "+", name, _addon(now), _opens(pair, now), _weight(pair, now))
        elif now is None and was is not None:
            yield _gone(pair, name, was)
        elif was is not None and now is not None:
            yield from _changed(shapes, name, was, now)
    yield from _components(pair, shapes, before, after)


def _operations(document: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """{"GET /path": operation}, each with the parameters of its path."""
    return {
        f"{method.upper()} {path}": {
            **item[method],
            "parameters": [*item.get("parameters", ()), *item[method].get("parameters", ())],
        }
        for path, item in document.get("paths", {}).items()
        for method in _METHODS
        if method in item
    }


def _addon(operation: Mapping[str, Any]) -> str | None:
    return operation.get("x-addon")


def _permission(operation: Mapping[str, Any]) -> str:
    return operation.get("x-permission") or "public"


def _opens(pair: Pair, operation: Mapping[str, Any]) -> str:
    return "public" if _permission(operation) in PUBLIC else ""


def _weight(pair: Pair, operation: Mapping[str, Any]) -> str:
    public = _permission(operation) in PUBLIC
    return "notice" if public and not pair.fresh(_addon(operation)) else "info"


def _gone(pair: Pair, name: str, was: Mapping[str, Any]) -> Change:
    if pair.stays(_addon(was)):
        return Change(
            SECTION, "!", f"{name} gone", _addon(was), "who calls it gets 404 or 405", "danger"
        )
    return Change(SECTION, "-", name, _addon(was))


def _changed(
    shapes: Shapes, name: str, was: Mapping[str, Any], now: Mapping[str, Any]
) -> Iterator[Change]:
    before, after = _permission(was), _permission(now)
    if before != after:
        opened = after in PUBLIC
        detail = f"asks for {after}, formerly for {before}"
        weight = "danger" if opened else "warning"
        yield Change(SECTION, "!", f"{name}: permission", _addon(now), detail, weight)
    for one in (
        *_parameters(shapes, was, now),
        *_bodies(shapes, was, now),
        *_answers(shapes, was, now),
    ):
        yield _change(name, _addon(now), one)


def _change(what: str, addon: str | None, one: Difference, detail: str = "") -> Change:
    weight = "warning" if one.breaks else "notice" if one.sign == "!" else "info"
    return Change(SECTION, one.sign, f"{what}: {one.text}", addon, detail, weight)


def _parameters(
    shapes: Shapes, was: Mapping[str, Any], now: Mapping[str, Any]
) -> Iterator[Difference]:
    before, after = _named(was["parameters"]), _named(now["parameters"])
    for name, old, new in compared(before, after):
        if old is None and new is not None:
            if new.get("required"):
                yield Difference("!", f"parameter {name} is required", True)
            else:
                yield Difference("+", f"parameter {name}", False)
        elif new is None:
            yield Difference("!", f"parameter {name} gone", True)
        elif old is not None:
            if new.get("required") and not old.get("required"):
                yield Difference("!", f"parameter {name} is required now", True)
            for one in shapes.compare(old.get("schema", {}), new.get("schema", {}), "request"):
                text = f"parameter {name}: {one.text.replace('the body', 'it')}"
                yield Difference(one.sign, text, one.breaks)


def _named(parameters: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    return {
        one["name"] if one.get("in") == "query" else f"{one['name']} ({one.get('in')})": one
        for one in parameters
        if "name" in one
    }


def _bodies(shapes: Shapes, was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Difference]:
    old, new = was.get("requestBody", {}), now.get("requestBody", {})
    if new.get("required") and not old.get("required"):
        yield Difference("!", "a request needs a body", True)
    yield from _contents(shapes, old, new, "request")


def _answers(
    shapes: Shapes, was: Mapping[str, Any], now: Mapping[str, Any]
) -> Iterator[Difference]:
    for status, old, new in compared(was.get("responses", {}), now.get("responses", {})):
        if old is None:
            yield Difference("~", f"may answer {status}", False)
        elif new is None:
            yield Difference("!", f"does not answer {status} any more", status.startswith("2"))
        else:
            before, after = resolved(shapes.old, old), resolved(shapes.new, new)
            yield from _contents(shapes, before, after, "response")
            for header in before.get("headers", {}).keys() - after.get("headers", {}).keys():
                yield Difference("!", f"header {header} dropped from answers", True)


def _contents(
    shapes: Shapes, old: Mapping[str, Any], new: Mapping[str, Any], way: Way
) -> Iterator[Difference]:
    before, after = old.get("content", {}), new.get("content", {})
    where = "requests" if way == "request" else "answers"
    for media, was, now in compared(before, after):
        if was is None:
            yield Difference("+", f"{media} in {where}", False)
        elif now is None:
            yield Difference("!", f"{media} in {where} gone", True)
        else:
            yield from shapes.compare(was.get("schema", {}), now.get("schema", {}), way)


def _components(
    pair: Pair,
    shapes: Shapes,
    before: Mapping[str, Mapping[str, Any]],
    after: Mapping[str, Mapping[str, Any]],
) -> Iterator[Change]:
    """The schemas under a name of their own that both documents have, for each way in which they go."""
    old, new = shapes.old.get("schemas", {}), shapes.new.get("schemas", {})
    if all(new.get(name) == one for name, one in old.items()):
        return
    uses = _uses(before, shapes.old)
    for name, ways in _uses(after, shapes.new).items():
        for way, users in uses.get(name, {}).items():
            ways.setdefault(way, users)
        for way, users in ways.items():
            if name not in old or name not in new:
                continue
            for one in shapes.compare(old[name], new[name], way):
                yield _of_component(pair, name, new[name].get("x-addon"), one, users)


def _of_component(
    pair: Pair, name: str, addon: str | None, one: Difference, users: list[str]
) -> Change:
    used = f"in {listed(users[:_SHOWN])}"
    if len(users) > _SHOWN:
        used += f" and {len(users) - _SHOWN} more"
    if one.addon in pair.went:  # the fields of an addon that is not composed any more go with it
        return Change(SECTION, "-", f"{name}: {one.text}", one.addon, used, "notice")
    return _change(name, addon, one, used)


_Uses = dict[str, dict[Way, list[str]]]


def _uses(operations: Mapping[str, Mapping[str, Any]], components: Mapping[str, Any]) -> _Uses:
    """{schema: {way: operations}}: where a component is reached from, through others as well."""
    found: _Uses = {}
    for name, operation in operations.items():
        parts: tuple[tuple[Way, Any], ...] = (
            ("request", [operation["parameters"], operation.get("requestBody", {})]),
            ("response", operation.get("responses", {})),
        )
        for way, part in parts:
            for schema in _reached(part, components):
                found.setdefault(schema, {}).setdefault(way, []).append(name)
    return found


def _reached(part: Any, components: Mapping[str, Any]) -> list[str]:
    seen: dict[str, None] = {}
    waiting = [part]
    while waiting:
        one = waiting.pop()
        if isinstance(one, list):
            waiting += one
        elif isinstance(one, dict):
            reference = one.get("$ref")
            if isinstance(reference, str) and reference not in seen:
                seen[reference] = None
                waiting.append(resolved(components, one))
            waiting += one.values()
    return [name.rpartition("/")[2] for name in seen if "/schemas/" in name]
