"""Paths: groups with a version, plural kebab-case nouns, verbs behind a colon."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from talatat.testing.conventions.model import Found, rule
from talatat.testing.conventions.reading import Operation, Reading, escaped

LEVELS = 3
PREFIX = re.compile(r"/api/(?P<group>[^/]+)/v[1-9]\d*/[^/]+")
KEBAB = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
SNAKE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
PLACEHOLDER = re.compile(r"\{([^}]*)\}")
# Nouns without a plural of their own, and plurals without an s.
WITHOUT_S = frozenset(
    "history news series media data metadata equipment software staff stock information people "
    "children men women feedback mail".split()
)
VERBS = frozenset(
    "get list create make add new update edit change modify replace delete remove search find query "
    "fetch do run execute cancel approve activate deactivate".split()
)


def _paths(reading: Reading) -> Iterator[tuple[str, str, Operation]]:
    """(path, pointer, one operation) of all paths but those of discovery and health."""
    seen = set()
    for one in reading.operations:
        if one.path not in seen and not one.is_platform:
            seen.add(one.path)
            yield one.path, f"/paths/{escaped(one.path)}", one


def _nouns(path: str) -> list[str]:
    """The segments below the version, without verbs."""
    return [one.partition(":")[0] for one in path.strip("/").split("/")[3:]]


@rule(
    "path-prefix",
    "A path begins with /api, its group and the group's version",
    why="Each group has versions of its own, so that one addon can break its interface without the others.",
    source="API.md, path and version; Zalando 115 differs (media types)",
)
def path_prefix(reading: Reading) -> Found:
    for path, pointer, one in _paths(reading):
        if not PREFIX.match(path):
            yield pointer, f"Write it as /api/{one.addon or '<addon>'}/v1/<resources>."


@rule(
    "path-group",
    "The group of a path is the addon that answers",
    why="Who reads a path knows whom to ask, and two addons cannot take each other's paths.",
    source="API.md, path and version",
)
def path_group(reading: Reading) -> Found:
    for path, pointer, one in _paths(reading):
        match = PREFIX.match(path)
        if match and one.addon and match["group"] != one.addon:
            yield pointer, f"Put it below /api/{one.addon}/: the addon {one.addon} answers it."


@rule(
    "path-kebab-case",
    "Words in paths are lower case, with hyphens between them",
    why="Paths are compared letter by letter; one spelling needs no memory.",
    source="API.md, path and version; Zalando 129",
)
def path_kebab_case(reading: Reading) -> Found:
    for path, pointer, _ in _paths(reading):
        for segment in path.strip("/").split("/"):
            noun, colon, verb = segment.partition(":")
            words = [] if noun.startswith("{") else [noun]
            for word in [*words, *([verb] if colon else [])]:
                if word and not KEBAB.fullmatch(word):
                    better = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[_ .]+", "-", word).lower()
                    yield pointer, f"Write {better!r} instead of {word!r}."


@rule(
    "path-plural",
    "What holds rows has a plural name",
    why="`/orders` and `/orders/{id}` read as the whole and one of it.",
    source="API.md, path and version; AIP-122; Zalando 134",
)
def path_plural(reading: Reading) -> Found:
    for path, pointer, _ in _paths(reading):
        nouns = _nouns(path)
        for noun, below in pairwise(nouns):
            last = noun.rpartition("-")[2]
            if below.startswith("{") and not (last.endswith("s") or last in WITHOUT_S):
                yield pointer, f"Call it {noun + 's'!r} instead of {noun!r}: rows stand below it."


@rule(
    "path-depth",
    "A path has at most three levels below its version",
    why="What stands deeper can be a resource of its own, with a filter for what it belongs to.",
    source="API.md, path and version; Zalando 147",
)
def path_depth(reading: Reading) -> Found:
    for path, pointer, _ in _paths(reading):
        nouns = [one for one in _nouns(path) if one and not one.startswith("{")]
        if len(nouns) > LEVELS:
            yield (
                pointer,
                f"Make {nouns[-1]!r} a resource of the group and filter it by its parent.",
            )


@rule(
    "path-trailing-slash",
    "No path ends with a slash, and none holds two in a row",
    why="One thing has one URL; caches and signatures take two spellings for two things.",
    source="API.md, path and version; Zalando 136",
)
def path_trailing_slash(reading: Reading) -> Found:
    for path, pointer, _ in _paths(reading):
        if path.endswith("/") or "//" in path:
            yield pointer, f"Write {re.sub('/+', '/', path).rstrip('/')!r}."


@rule(
    "path-no-verbs",
    "Verbs stand behind a colon, never as a level of a path",
    why="`POST /orders:search` cannot be taken for the order whose id is `search`.",
    source="API.md, actions; AIP-136; Zalando 141",
)
def path_no_verbs(reading: Reading) -> Found:
    for path, pointer, _ in _paths(reading):
        for noun in _nouns(path):
            if noun in VERBS:
                yield (
                    pointer,
                    f"Write ':{noun}' behind what it acts on, or use the method that means it.",
                )


@rule(
    "path-parameter-name",
    "Placeholders are snake_case",
    why="Generators make arguments of them.",
    source="API.md, path and version; AIP-122",
)
def path_parameter_name(reading: Reading) -> Found:
    for path, pointer, _ in _paths(reading):
        for name in PLACEHOLDER.findall(path):
            if not SNAKE.fullmatch(name):
                yield pointer, f"Call the placeholder {{{name}}} in lower case with underscores."


@rule(
    "path-parameters-told",
    "Placeholders and path parameters are the same",
    why="A generator cannot fill a placeholder that nobody told of.",
    source="OpenAPI 3.1, path templating",
)
def path_parameters_told(reading: Reading) -> Found:
    for one in reading.operations:
        named = set(PLACEHOLDER.findall(one.path))
        told = {str(p.get("name")) for _, p in one.parameters if p.get("in") == "path"}
        for name in sorted(named - told):
            yield one.pointer, f"Add the path parameter {name!r}."
        for name in sorted(told - named):
            yield (
                one.pointer,
                f"Take the path parameter {name!r} out, or put {{{name}}} into the path.",
            )


@rule(
    "path-ambiguous",
    "No two paths differ only in the names of their placeholders",
    why="Both match the same requests, and which one answers is chance.",
    source="OpenAPI 3.1, paths object",
)
def path_ambiguous(reading: Reading) -> Found:
    seen: dict[str, str] = {}
    for path, pointer, _ in _paths(reading):
        shape = PLACEHOLDER.sub("{}", path)
        if seen.setdefault(shape, path) != path:
            yield pointer, f"Use the placeholders of {seen[shape]!r}, or another path."


@rule(
    "path-action-method",
    "What stands behind a colon is a POST, but for :changes, which is a GET",
    why="An action does something; a GET must be safe to repeat and to fetch ahead.",
    source="API.md, actions and changes; AIP-136",
)
def path_action_method(reading: Reading) -> Found:
    for one in reading.operations:
        verb = one.path.rpartition("/")[2].partition(":")[2]
        wanted = "get" if verb == "changes" else "post"
        if verb and one.method != wanted:
            yield one.pointer, f"Make it a {wanted.upper()}."
