"""Compressed answers: gzip for what is text, in memory or of known length, and large enough to gain.

An entity tag names bytes, so the compressed form of an answer has a tag of its own: `"v7"` becomes
`"v7--gzip"`, still strong. On the way in the suffix is taken off `If-None-Match` and `If-Match`, so that
views only ever see the tags that they gave, and a client may send back whichever tag it got. (Weakening
the tag instead would take `If-Match` from every client that accepts gzip.)

Not compressed: parts of files, answers that are encoded already, streams of unknown length, and answers
that say `no-store`, for they hold secrets, whose length compression would tell.
"""

import gzip
import re
from collections.abc import Callable
from functools import lru_cache

from pyramid.config import Configurator
from pyramid.registry import Registry
from pyramid.request import Request
from pyramid.response import Response

from talatat.header_names import LOWER
from talatat.web.vary import vary_by

SMALLEST = 1024
LARGEST = 16 * 1024 * 1024
LEVEL = 5
SUFFIX = "--gzip"
TEXT = re.compile(
    r"text/(?!event-stream)|application/(?:[\w.-]+\+)?(?:json|xml|javascript|yaml)\b|image/svg\+xml"
)
_TOLD = {"content-length", "content-type", "content-encoding", "cache-control"}
TAGGED = re.compile(re.escape(SUFFIX) + r'(?=")')
CONDITIONS = ("HTTP_IF_NONE_MATCH", "HTTP_IF_MATCH")

Handler = Callable[[Request], Response]


def compression_tween_factory(handler: Handler, registry: Registry) -> Handler:
    """Compress what gains from it, where the client accepts gzip."""

    def compression_tween(request: Request) -> Response:
        suffixed = _suffixed_conditions(request)
        if suffixed:
            response = _with_plain_tags(handler, request, suffixed)
        else:
            response = handler(request)
        if response.status_int == 304:
            if "HTTP_IF_NONE_MATCH" in suffixed:
                _suffix_tag(response)
        elif _could_be_compressed(response):
            vary_by(response, "Accept-Encoding")
            if _wanted(request):
                _compress(response)
        return response

    return compression_tween


def _suffixed_conditions(request: Request) -> dict[str, str]:
    """The conditions of this request that name a tag of a compressed answer."""
    if request.environ.keys().isdisjoint(CONDITIONS):
        return {}
    given = ((key, request.environ.get(key, "")) for key in CONDITIONS)
    return {key: value for key, value in given if SUFFIX in value}


def _with_plain_tags(handler: Handler, request: Request, suffixed: dict[str, str]) -> Response:
    """Show the views the tags that they gave; what compares later sees the client's own again."""
    request.environ.update({key: TAGGED.sub("", value) for key, value in suffixed.items()})
    try:
        return handler(request)
    finally:
        request.environ.update(suffixed)


def _could_be_compressed(response: Response) -> bool:
    """Whether the answer is one that is sent compressed to those who accept it."""
    length, kind = "", ""
    for name, value in response.headerlist:
        lower = LOWER[name]
        if lower not in _TOLD:
            continue
        if lower == "content-length":
            length = value
        elif lower == "content-type":
            kind = value
        elif lower == "content-encoding" or "no-store" in value:
            return False
    return (
        length.isdecimal()
        and SMALLEST <= int(length) <= LARGEST
        and response.status_int not in (204, 206)
        and _is_text(kind)
    )


@lru_cache(maxsize=256)
def _is_text(kind: str) -> bool:
    return TEXT.match(kind) is not None


def _wanted(request: Request) -> bool:
    """Whether the client accepts gzip and asks for the whole answer, whose body is sent."""
    if request.method == "HEAD" or "HTTP_RANGE" in request.environ:
        return False
    accepted = request.environ.get("HTTP_ACCEPT_ENCODING", "")
    return "gzip" in accepted and bool(request.accept_encoding.acceptable_offers(["gzip"]))


def _compress(response: Response) -> None:
    # mtime=0: the same body gives the same bytes, as its strong tag promises.
    response.body = gzip.compress(response.body, LEVEL, mtime=0)
    response.content_encoding = "gzip"
    response.headers.pop("Accept-Ranges", None)
    response.headers.pop("Content-MD5", None)
    _suffix_tag(response)


def _suffix_tag(response: Response) -> None:
    tag = response.headers.get("ETag")
    if tag is not None and tag.endswith('"') and SUFFIX not in tag:
        response.headers["ETag"] = f'{tag[:-1]}{SUFFIX}"'


def includeme(config: Configurator) -> None:
    """Put the tween around all that addons add, under the logging tween."""
    config.add_tween("talatat.web.compression.compression_tween_factory")
