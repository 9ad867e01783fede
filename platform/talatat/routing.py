"""A routes mapper whose cost does not grow with the number of routes.

Pyramid's tries the regular expression of one route after the other. Here a trie over the segments of the
patterns says first which routes a path can belong to at all. It only filters: each route that it lets
pass is decided by its own regular expression and predicates, in declared order, so that what a path
means is Pyramid's. A pattern that the trie does not understand is a candidate for every path.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from pyramid.exceptions import URLDecodeError
from pyramid.urldispatch import RoutesMapper as PyramidRoutesMapper
from pyramid.urldispatch import old_route_re, route_re, star_at_end, update_pattern

# Expressions that never match a slash, so that a placeholder stays in its segment: a series of literal
# characters, \d, \w and classes, each with its quantifier. Others may match anything.
_CLASS = r"\[(?:\^[^\]\\\[-]*/[^\]\\\[-]*|(?:[A-Za-z0-9_](?:-[A-Za-z0-9_])?)+-?)\]"
_SLASHLESS = re.compile(
    rf"(?:(?:[A-Za-z0-9_:@~,;=-]|\\[dw]|{_CLASS})(?:[*+?]|\{{\d+(?:,\d*)?\}})?)*"
)


class RoutesMapper(PyramidRoutesMapper):
    """Pyramid's mapper with an index, which is made at the first request after a route was connected."""

    def __init__(self) -> None:
        super().__init__()
        self._index: _Index | None = None

    def connect(self, *args: Any, **kw: Any) -> Any:
        """Pyramid's."""
        self._index = None
        return super().connect(*args, **kw)

    def __call__(self, request: Any) -> dict[str, Any]:
        """`{"route": ..., "match": ...}`, both None where no route matches. Raises `URLDecodeError`."""
        try:
            path = request.path_info or "/"
        except KeyError:
            path = "/"
        except UnicodeDecodeError as error:
            raise URLDecodeError(
                error.encoding, error.object, error.start, error.end, error.reason
            ) from error
        index = self._index
        if index is None:
            index = self._index = _Index(self.routelist)
        for route in index.candidates(path):
            match = route.match(path)
            if match is not None:
                info = {"match": match, "route": route}
                predicates = route.predicates
                if not predicates or all(predicate(info, request) for predicate in predicates):
                    return info
        return {"route": None, "match": None}


class _Index:
    """Routes by the segments of their patterns."""

    def __init__(self, routes: Iterable[Any]) -> None:
        self._routes = list(routes)
        self._root = _Node()
        for place, route in enumerate(self._routes):
            segments, goes_on = _segments(route.pattern)
            node = self._root
            for start, whole in segments:
                node = node.child(start, whole=whole)
            if goes_on is None:
                node.ends.append(place)
            else:
                node.goes_on.add(goes_on, []).append(place)

    def candidates(self, path: str) -> list[Any]:
        """The routes that `path` can belong to, in declared order."""
        places = list(self._places(path))
        if path.endswith("\n"):  # a regular expression's $ matches before a last line break too
            places += self._places(path[:-1])
        routes = self._routes
        if len(places) < 2:
            return [routes[place] for place in places]
        return [routes[place] for place in sorted(set(places))]

    def _places(self, path: str) -> Iterator[int]:
        nodes = [self._root]
        for segment in path.split("/"):
            reached = []
            for node in nodes:
                for places in node.goes_on.of(segment):
                    yield from places
                child = node.whole.get(segment)
                if child is not None:
                    reached.append(child)
                reached += node.started.of(segment)
            nodes = reached
            if not nodes:
                return
        for node in nodes:
            yield from node.ends


class _Starts(dict[str, Any]):
    """A dict whose values are found by what a segment starts with."""

    def __init__(self) -> None:
        super().__init__()
        self._lengths: list[int] = []

    def add(self, start: str, value: Any) -> Any:
        """The value of `start`: the one given, if there is none yet."""
        if start not in self:
            self[start] = value
            self._lengths = sorted({len(one) for one in self})
        return self[start]

    def of(self, segment: str) -> list[Any]:
        """The values of all starts of `segment`."""
        found = []
        for length in self._lengths:
            if length > len(segment):
                break
            value = self.get(segment[:length])
            if value is not None:
                found.append(value)
        return found


class _Node:
    """What may follow after the segments that lead here; `ends` and `goes_on` hold places of routes.

    `whole`: segments that are literal; `started`: those that have a literal start and go on with
    placeholders; `goes_on`: literal starts after which anything may come, slashes too.
    """

    __slots__ = ("ends", "goes_on", "started", "whole")

    def __init__(self) -> None:
        self.whole: dict[str, _Node] = {}
        self.started = _Starts()
        self.goes_on = _Starts()
        self.ends: list[int] = []

    def child(self, start: str, *, whole: bool) -> _Node:
        """The node after one more segment."""
        if not whole:
            node: _Node = self.started.add(start, _Node())
            return node
        return self.whole.setdefault(start, _Node())


def _segments(pattern: Any) -> tuple[list[tuple[str, bool]], str | None]:
    """The segments of a pattern as (literal start, whether that is all of it), and how it goes on.

    That is None where the pattern ends with its last segment, otherwise the literal start of a rest that
    may be anything. `([], "")` is any path.
    """
    pieces, remainder = _pieces(pattern)
    expressions = [_expression(piece) for piece in pieces[1::2]]
    if None in expressions:
        return [], ""
    segments: list[tuple[str, bool]] = []
    start, whole = "", True
    for number, piece in enumerate(pieces):
        if number % 2:
            if not _SLASHLESS.fullmatch(expressions[number // 2] or ""):
                return segments, start
            whole = False
            continue
        first, *others = piece.split("/")
        start = start + first if whole else start
        for other in others:
            segments.append((start, whole))
            start, whole = other, True
    if remainder:
        return segments, start
    return [*segments, (start, whole)], None


def _pieces(pattern: Any) -> tuple[list[str], bool]:
    """Literals and placeholders in turn, as Pyramid reads them; whether a `*remainder` follows."""
    text = pattern.decode("ascii") if isinstance(pattern, bytes) else pattern
    if old_route_re.search(text) and not route_re.search(text):
        text = old_route_re.sub(update_pattern, text)
    if not text.startswith("/"):
        text = "/" + text
    remainder = star_at_end.search(text) is not None
    if remainder:
        text = text.rsplit("*", 1)[0]
    return route_re.split(text), remainder


def _expression(placeholder: str) -> str | None:
    """The regular expression of `{name:expression}`.

    None where it does not stand alone, and so might reach out of the group that Pyramid puts it into:
    `{x:a)|(b}` is an alternative to the whole pattern.
    """
    name, _, expression = placeholder[1:-1].partition(":")
    if not name.isidentifier():
        return None
    if ":" not in placeholder:
        return "[^/]+"
    try:
        re.compile(expression)
    except re.error:
        return None
    return expression
