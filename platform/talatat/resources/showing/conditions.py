"""ETags and conditional requests (RFC 9110, section 13).

An ETag is `"<versions>-<digest>"`. The versions are the row's and those of its extensions' rows; they
decide whether somebody else has written in between, so `If-Match` compares them alone. The digest is
of what was sent (so of `fields=`, of rights and of the composed addons too); together they decide
whether what a client holds is still what it would get, which is what `If-None-Match` asks.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from talatat.problems import Problem

if TYPE_CHECKING:
    from pyramid.request import Request
    from pyramid.response import Response

    from talatat.resources.extensions import ExtensionFields

TAG = re.compile(r'(W/)?"([^"]*)"')

Current = Callable[[], tuple[Mapping[str, Any], str]]
"""() -> (what is shown of the row as it is now, its tag)."""


@dataclass(frozen=True)
class Preconditions:
    """What a client asks of the row before it is written: the values of the two headers."""

    if_match: str | None = None
    if_none_match: str | None = None

    def __bool__(self) -> bool:
        """Whether anything is asked at all."""
        return self.if_match is not None or self.if_none_match is not None


NO_PRECONDITIONS = Preconditions()


def preconditions_of(request: Request) -> Preconditions:
    """The preconditions in the headers of a request."""
    environ = request.environ
    if "HTTP_IF_MATCH" not in environ and "HTTP_IF_NONE_MATCH" not in environ:
        return NO_PRECONDITIONS
    return Preconditions(environ.get("HTTP_IF_MATCH"), environ.get("HTTP_IF_NONE_MATCH"))


def digest(body: bytes) -> str:
    """The part of an ETag that follows the content."""
    return hashlib.blake2b(body, digest_size=9).hexdigest()


def versions_of(row: Any, extensions: Iterable[ExtensionFields] = ()) -> str:
    """The part of an ETag that follows the writes: `3`, or with extensions `3.1.0`."""
    version = getattr(row, "version", None)
    if version is None:  # a model without a version: its columns' values stand for it
        mapper = sa.inspect(type(row))
        values = [getattr(row, attribute.key) for attribute in mapper.column_attrs]
        version = hashlib.blake2b(repr(values).encode(), digest_size=9).hexdigest()
    parts = [str(version), *(str(one.version_of(row)) for one in extensions)]
    return ".".join(parts)


def etag(versions: str, body: bytes) -> str:
    """The ETag of a representation, quoted."""
    return f'"{versions}-{digest(body)}"'


def not_modified(request: Request, tag: str) -> bool:
    """Whether `If-None-Match` names `tag`, so that a GET is answered 304."""
    header = request.environ.get("HTTP_IF_NONE_MATCH")
    if not header:
        return False
    return header.strip() == "*" or any(f'"{found}"' == tag for _, found in TAG.findall(header))


def tag_response(request: Request, response: Response, tag: str) -> None:
    """Give a new answer its ETag; it becomes a 304 without a body where the client has it already."""
    response.headerlist.append(("ETag", tag))
    if request.method in ("GET", "HEAD") and not_modified(request, tag):
        response.status_int = 304
        response.body = b""
        del response.content_type


def check_match(
    given: Preconditions,
    versions: str | None,
    current: Current | None = None,
    required: bool = False,
) -> None:
    """Problem 412 unless the preconditions of a write hold; 428 where one is required and missing.

    `versions` is None where there is no row. What `current` gives goes with the problem, so that a client can
    merge and try again without another request; it is called for a problem alone.
    """
    wanted = given.if_match
    if wanted and not _matches(wanted, versions):
        raise _failed("The row has changed since the ETag in If-Match was read", current)
    unwanted = given.if_none_match
    if unwanted and versions is not None and _matches(unwanted, versions):
        raise _failed("The row that If-None-Match excludes is there", current)
    if required and not wanted:
        raise Problem(428, "precondition_required", "Send If-Match with the ETag of the row")


def _matches(header: str, versions: str | None) -> bool:
    if versions is None:
        return False
    if header.strip() == "*":
        return True
    return any(
        not weak and found.partition("-")[0] == versions for weak, found in TAG.findall(header)
    )


def _failed(detail: str, current: Current | None) -> Problem:
    if current is None:
        return Problem(412, "precondition_failed", detail)
    shown, tag = current()
    extra = {"current": shown, "current_etag": tag}
    return Problem(412, "precondition_failed", detail, extra=extra, headers={"ETag": tag})
