"""A URL as a value: plainly written, so that whoever calls it later calls what was checked.

Whether its host may be called is judged when it is called, by `talatat.outbound`: names change.
"""

from typing import Any

from talatat.outbound.urls import MOST, parse_url
from talatat.schema.types import JSONType


class Url(JSONType):
    """A URL without name and password; https, unless `schemes` says otherwise. A `str`."""

    def __init__(self, *schemes: str) -> None:
        self.schemes = schemes or ("https",)

    def from_json(self, value: Any) -> str:
        if not isinstance(value, str):
            raise ValueError(f"must be a URL such as {self.schemes[-1]}://example.com/path")
        parse_url(value, self.schemes)
        return value

    def json_schema(self) -> dict[str, Any]:
        schemes = "|".join(self.schemes)
        return {
            "type": "string",
            "format": "uri",
            "maxLength": MOST,
            "pattern": rf"^(?:{schemes})://[A-Za-z0-9_\[][^\s@\\]*$",
        }
