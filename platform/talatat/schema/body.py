"""From the bytes of a request to a JSON document, refusing what no schema should have to see.

Checked here, before any schema: the content type and that nothing is compressed (415), the size (413),
the syntax (400), names that occur twice in one object (400: parsers disagree about which one counts),
nesting that would exhaust the stack (400) and the NUL character that no database stores (400).
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import orjson

from talatat.problems import Problem

if TYPE_CHECKING:
    from pyramid.request import Request

MAX_BODY = 1024 * 1024
MAX_DEPTH = 32
MAX_DIGITS = 400

NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
# One that is not closed matches as well, to the end: to try again at each quote in it takes hours.
STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"?', re.DOTALL)

JSON_TYPES = ("application/json",)


def read_json(
    request: Request, content_types: tuple[str, ...] = JSON_TYPES, most: int | None = None
) -> Any:
    """The JSON document in the body of `request`.

    Raises Problem 413, 415 or 400; `content_types` are those that the operation accepts, `most` a
    limit of bytes that is its own, beside that of all bodies.
    """
    _check_content_type(request, content_types)
    return parse(_read_bytes(request, most), max_depth=MAX_DEPTH)


def read_empty(request: Request) -> None:
    """Accept no body, or an empty object, for an operation that takes none."""
    if not request.content_length and not request.environ.get("wsgi.input_terminated"):
        return
    raw = _read_bytes(request)
    if raw and parse(raw) != {}:
        raise Problem(400, "unexpected_body", "This operation takes no body")


def parse(raw: bytes, max_depth: int = MAX_DEPTH) -> Any:
    """The document in `raw`; Problem 400 where it is not acceptable JSON."""
    if not raw.strip():
        raise Problem(400, "malformed_json", "The body is empty; a JSON document is expected")
    _check_depth(raw, max_depth)
    document = _at_once(raw)
    if document is not None:
        return document
    try:
        document = _STRICT.decode(raw.decode("utf-8"))
        if SURROGATE.search(raw):
            orjson.loads(raw)  # refuses a lone half of a surrogate pair, which UTF-8 cannot hold
    except UnicodeDecodeError as error:
        raise Problem(400, "malformed_json", f"The body is not UTF-8: {error}") from error
    except (ValueError, RecursionError) as error:
        raise Problem(400, "malformed_json", f"The body is not JSON: {error}") from error
    if NUL.search(raw):
        raise Problem(400, "nul_character", "The character U+0000 cannot be stored")
    return document


def _at_once(raw: bytes) -> Any:
    """The document in `raw`, where nothing can be wrong with it; None for what has to be looked at closely.

    Each name has a colon, so as many colons as names leave none for a name that occurs twice. A backslash may
    write what cannot be stored, and what was read as a float may have been an integer of too many digits.
    """
    if b"\\" in raw:
        return None
    try:
        document = orjson.loads(raw)
    except ValueError:
        return None
    return document if _names(document) == raw.count(b":") else None


_DEEP = {dict, list, float}
_TOO_MANY = MAX_BODY * MAX_BODY


def _names(document: Any) -> int:
    """How many names the objects in a document have; far too many where there is a float."""
    kind = type(document)
    if kind is dict:
        found, below = len(document), document.values()
    elif kind is list:
        found, below = 0, document
    else:
        return _TOO_MANY if kind is float else 0
    if _DEEP.isdisjoint(map(type, below)):
        return found
    return found + sum(map(_names, below))


def body_limit(request: Request) -> int:
    """The setting `talatat.max_body`, in bytes."""
    settings = request.registry.system.settings.platform
    return int(getattr(settings, "max_body", MAX_BODY))


def _check_content_type(request: Request, content_types: tuple[str, ...]) -> None:
    coding = request.environ.get("HTTP_CONTENT_ENCODING", "").strip().lower()
    if coding not in ("", "identity"):  # what is small on the wire may fill the memory
        detail = f"Content-Encoding is {coding[:40]!r}; send the body as it is"
        raise Problem(
            415, "unsupported_media_type", detail, headers={"Accept-Encoding": "identity"}
        )
    header = request.environ.get("CONTENT_TYPE", "")
    media_type, _, parameters = header.partition(";")
    if media_type.strip().lower() in content_types and (
        not parameters or _is_utf8(parameters.lower())
    ):
        return
    wanted = " or ".join(content_types)
    detail = (
        f"Content-Type is {header!r}; send {wanted}"
        if header
        else f"Content-Type is missing; send {wanted}"
    )
    headers = {"Accept": ", ".join(content_types)}
    if request.method == "PATCH":
        headers = {"Accept-Patch": ", ".join(content_types)}
    raise Problem(415, "unsupported_media_type", detail, headers=headers)


def _is_utf8(parameters: str) -> bool:
    charset = re.search(r"charset\s*=\s*\"?([^\s\";]+)", parameters)
    return charset is None or charset.group(1) in ("utf-8", "utf8", "us-ascii")


def _read_bytes(request: Request, most: int | None = None) -> bytes:
    limit = body_limit(request) if most is None else min(most, body_limit(request))
    if (request.content_length or 0) > limit:
        raise _too_large(limit)
    environ = request.environ
    if environ.get("webob.is_body_seekable"):
        stream = environ["wsgi.input"]
        stream.seek(0)  # a request that is tried again comes with its body at the end
    else:
        stream = request.body_file
    # A chunked body says no length: read one byte more than is allowed and no further.
    raw: bytes = stream.read(limit + 1)
    if len(raw) > limit:
        raise _too_large(limit)
    return raw


def _too_large(limit: int) -> Problem:
    detail = f"The body is larger than {limit} bytes"
    return Problem(413, "body_too_large", detail, extra={"limit": limit})


def _check_depth(raw: bytes, max_depth: int) -> None:
    if raw.count(b"[") + raw.count(b"{") <= max_depth:
        return
    depth = deepest = 0
    for byte in STRING.sub(b"", raw):
        if byte in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in b"]}":
            depth -= 1
    if deepest > max_depth:
        raise Problem(400, "too_deep", f"The body is nested more than {max_depth} levels deep")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise Problem(
                    400, "duplicate_member", f"The name {name!r} occurs twice in one object"
                )
            seen.add(name)
    return found


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise ValueError(f"a number of {len(digits)} digits")
    return int(digits)


def _float(digits: str) -> float:
    value = float(digits)
    if value in (float("inf"), float("-inf")):
        raise ValueError(f"the number {digits[:40]} is out of range")
    return value


_STRICT = json.JSONDecoder(
    object_pairs_hook=_unique,
    parse_constant=_refuse_constant,
    parse_int=_integer,
    parse_float=_float,
)
