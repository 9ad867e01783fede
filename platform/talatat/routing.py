"""A routes mapper whose cost does not grow with the number of routes.

Pyramid's tries the regular expression of one route after the other. Here a trie over the segments of the
patterns says first which routes a path can belong to at all. It only filters: each route that it lets
pass is decided by its own regular expression and predicates, in declared order, so that what a path
means is Pyramid's. A pattern that the trie does not understand is a candidate for every path.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from pyramid.exceptions import URLDecodeError
from pyramid.urldispatch import (
    Route,
    _compile_route,
    old_route_re,
    route_re,
    star_at_end,
    update_pattern,
)
from pyramid.urldispatch import RoutesMapper as PyramidRoutesMapper

# Expressions that never match a slash, so that a placeholder stays in its segment: a series of literal
# characters, \d, \w and classes, each with its quantifier. Others may match anything.
_LITERAL = re.compile(r"[A-Za-z0-9_:@~,;=-]+")
_CLASS = r"\[(?:\^[^\]\\\[-]*/[^\]\\\[-]*|(?:[A-Za-z0-9_](?:-[A-Za-z0-9_])?)+-?)\]"
_SLASHLESS = re.compile(
    rf"(?:(?:[A-Za-z0-9_:@~,;=-]|\\[dw]|{_CLASS})(?:[*+?]|\{{\d+(?:,\d*)?\}})?)*"
)


class RoutesMapper(PyramidRoutesMapper):
    """Pyramid's mapper with an index."""

    def __init__(self) -> None:
        super().__init__()
        self._index: _Index | None = _Index()

    def connect(
        self,
        name: str,
        pattern: Any,
        factory: Any = None,
        predicates: Any = (),
        pregenerator: Any = None,
        static: bool = False,
    ) -> Any:
        """Pyramid's."""
        old = self.routes.get(name)
        if old is not None and old in self.routelist:
            self.routelist.remove(old)
            self._index = None  # made anew at the next request
        shape = _Shape(pattern)
        make = _late if shape.plain else Route
        route = make(name, pattern, factory, predicates, pregenerator)
        (self.static_routes if static else self.routelist).append(route)
        self.routes[name] = route
        if self._index is not None and not static:
            self._index.add(route, shape)
        return route

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
        for route in index.known.get(path) or index.candidates(path):
            match = route.match(path)
            if match is not None:
                info = {"match": match, "route": route}
                predicates = route.predicates
                if not predicates or all(predicate(info, request) for predicate in predicates):
                    return info
        return {"route": None, "match": None}


class _Index:
    """Routes by the segments of their patterns."""

    def __init__(self, routes: Iterable[Any] = ()) -> None:
        self._routes: list[Any] = []
        self._root = _Node()
        self._literal: set[str] = set()
        # What was found for paths that are all of a pattern: as many as there are such patterns at most.
        self.known: dict[str, list[Any]] = {}
        for route in routes:
            self.add(route, _Shape(route.pattern))

    def add(self, route: Any, shape: _Shape) -> None:
        """Take in a route that is tried after all others."""
        place = len(self._routes)
        self._routes.append(route)
        self.known.clear()
        if shape.literal is not None:
            self._literal.add(shape.literal)
        node = self._root
        for start, whole in shape.segments:
            node = node.child(start, whole=whole)
        if shape.goes_on is None:
            node.ends.append(place)
        else:
            if node.goes_on is None:
                node.goes_on = _Starts()
            node.goes_on.add(shape.goes_on, []).append(place)

    def candidates(self, path: str) -> list[Any]:
        """The routes that `path` can belong to, in declared order."""
        places = list(self._places(path))
        if path.endswith("\n"):  # a regular expression's $ matches before a last line break too
            places += self._places(path[:-1])
        found = [self._routes[place] for place in sorted(set(places))]
        if path in self._literal:
            self.known[path] = found
        return found

    def _places(self, path: str) -> Iterator[int]:
        nodes = [self._root]
        for segment in path.split("/"):
            reached = []
            for node in nodes:
                if node.goes_on is not None:
                    for places in node.goes_on.of(segment):
                        yield from places
                child = node.whole.get(segment)
                if child is not None:
                    reached.append(child)
                if node.started is not None:
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
        self.started: _Starts | None = None
        self.goes_on: _Starts | None = None
        self.ends: list[int] = []

    def child(self, start: str, *, whole: bool) -> _Node:
        """The node after one more segment."""
        if not whole:
            if self.started is None:
                self.started = _Starts()
            node: _Node = self.started.add(start, _Node())
            return node
        child = self.whole.get(start)
        if child is None:
            child = self.whole[start] = _Node()
        return child


class _Shape:
    """What the trie understands of a pattern.

    `segments` are (literal start, whether that is all of it). `goes_on` is None where the pattern ends
    with its last segment, otherwise the literal start of a rest that may be anything; `([], "")` is any
    path. `literal` is the one path that it means, if there is but one. `plain` says that it is a regular expression for certain: it need not be compiled to know.
    """

    __slots__ = ("goes_on", "literal", "plain", "segments")

    def __init__(self, pattern: Any) -> None:
        pieces, remainder = _pieces(pattern)
        placeholders = [_placeholder(piece) for piece in pieces[1::2]]
        names = [name for name, _ in placeholders] + ([remainder] if remainder is not None else [])
        self.plain = (
            len(set(names)) == len(names)
            and all(name.isidentifier() for name in names)
            and all(_compiles(expression) for _, expression in placeholders)
            and all(_SLASHLESS.fullmatch(expression) for _, expression in placeholders)
        )
        self.segments: list[tuple[str, bool]] = []
        self.goes_on: str | None = ""
        if all(_stands_alone(*one) for one in placeholders):
            expressions = [expression for _, expression in placeholders]
            self._read(pieces, expressions, ends=remainder is None)
        whole = self.goes_on is None and all(whole for _, whole in self.segments)
        self.literal = "/".join(start for start, _ in self.segments) if whole else None

    def _read(self, pieces: list[str], expressions: list[str], *, ends: bool) -> None:
        start, whole = "", True
        for number, piece in enumerate(pieces):
            if number % 2:
                expression = expressions[number // 2]
                if not _SLASHLESS.fullmatch(expression):
                    self.goes_on = start
                    return
                if whole and _LITERAL.fullmatch(expression):
                    start += expression
                else:
                    whole = False
                continue
            first, *others = piece.split("/")
            start = start + first if whole else start
            for other in others:
                self.segments.append((start, whole))
                start, whole = other, True
        if ends:
            self.segments.append((start, whole))
        self.goes_on = None if ends else start


def _late(name: str, pattern: Any, factory: Any, predicates: Any, pregenerator: Any) -> Any:
    """A route of Pyramid's whose expression is compiled when it is first asked for.

    Compiling is most of what a route costs at the start, and most processes are never asked for most.
    """
    route = Route.__new__(Route)
    route.name, route.pattern, route.path = name, pattern, pattern
    route.factory, route.predicates, route.pregenerator = factory, predicates, pregenerator

    def match(path: str) -> Any:
        route.match, route.generate = _compile_route(pattern)
        return route.match(path)

    def generate(values: dict[str, Any]) -> Any:
        route.match, route.generate = _compile_route(pattern)
        return route.generate(values)

    route.match, route.generate = match, generate
    return route


def _pieces(pattern: Any) -> tuple[list[str], str | None]:
    """Literals and placeholders in turn, as Pyramid reads them; the name of a `*remainder`, if any."""
    text = pattern.decode("ascii") if isinstance(pattern, bytes) else pattern
    if old_route_re.search(text) and not route_re.search(text):
        text = old_route_re.sub(update_pattern, text)
    if not text.startswith("/"):
        text = "/" + text
    remainder = None
    if star_at_end.search(text):
        text, remainder = text.rsplit("*", 1)
    return route_re.split(text), remainder


def _placeholder(piece: str) -> tuple[str, str]:
    """The name and the regular expression of `{name:expression}`."""
    name, colon, expression = piece[1:-1].partition(":")
    return name, expression if colon else "[^/]+"


def _stands_alone(name: str, expression: str) -> bool:
    """Whether an expression cannot reach out of the group that Pyramid puts it into.

    `{x:a)|(b}` does: it is an alternative to the whole pattern.
    """
    return name.isidentifier() and _compiles(expression)


@cache
def _compiles(expression: str) -> bool:
    try:
        re.compile(expression)
    except re.error:
        return False
    return True
