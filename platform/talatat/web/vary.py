"""`Vary`: which headers of a request an answer depends on, told to caches."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyramid.response import Response


def vary_by(response: Response, header: str) -> None:
    """Say that the answer depends on a header of the request, beside those that it names already."""
    for name, value in response.headerlist:
        if name == "Vary" and header in value.split(", "):
            return
    said = response.vary or ()
    if "*" not in said and header.lower() not in (name.lower() for name in said):
        response.vary = (*said, header)
