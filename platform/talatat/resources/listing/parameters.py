"""The query string of a request: each name once, each one known, all in UTF-8."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

from talatat.problems import Problem, bad_parameter

if TYPE_CHECKING:
    from pyramid.request import Request

MAX_PARAMETERS = 100
LONGEST_KEPT = 200


def parameters(request: Request) -> dict[str, str]:
    """The parameters of the query string; Problem 400 where one is repeated or not UTF-8."""
    text = request.environ.get("QUERY_STRING", "")
    if not text:
        return {}
    pairs = text.split("&", MAX_PARAMETERS)
    if len(pairs) > MAX_PARAMETERS:
        raise Problem(
            400, "bad_request", f"The query string has more than {MAX_PARAMETERS} parameters"
        )
    found: dict[str, str] = {}
    for pair in pairs:
        if not pair:
            continue
        try:
            name, value = (_kept if len(pair) <= LONGEST_KEPT else _unquoted)(pair)
        except UnicodeDecodeError:
            raise Problem(400, "bad_request", "The query string is not encoded in UTF-8") from None
        if name in found:
            raise bad_parameter(name, "is given more than once", "repeated_parameter")
        if "\0" in name or "\0" in value:
            raise bad_parameter(name.replace("\0", "?"), "holds the character U+0000")
        found[name] = value
    return found


def _unquoted(pair: str) -> tuple[str, str]:
    """(name, value) of what was quoted."""
    name, _, value = pair.partition("=")
    if "%" not in pair and "+" not in pair:
        return name, value
    return unquote_plus(name, errors="strict"), unquote_plus(value, errors="strict")


# Clients ask for the same fields, orders and sizes of pages again and again.
_kept = lru_cache(2000)(_unquoted)


def only(request: Request, known: Collection[str]) -> dict[str, str]:
    """The parameters of an operation that takes those named `known`; Problem 400 for any other."""
    found = parameters(request)
    for name in found:
        if name not in known:
            raise unknown_parameter(name, known)
    return found


def unknown_parameter(name: str, known: Collection[str]) -> Problem:
    """The problem of a parameter that an operation does not have."""
    listed = f"; known are {', '.join(sorted(known))}" if known else "; it takes none"
    return bad_parameter(name, f"is not a parameter of this operation{listed}", "unknown_parameter")
