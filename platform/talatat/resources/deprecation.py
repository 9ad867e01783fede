"""What is going to go, since when, until when, and where clients read what to use in its place."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from email.utils import format_datetime


@dataclass(frozen=True)
class Deprecation:
    """Of a resource, an action or a view: `Deprecation(since=date(2027, 1, 1), sunset=date(2027, 7, 1))`.

    `since` may lie ahead. From `sunset` on it may be gone. `link` is a page for those who have to move.
    """

    since: dt.date
    sunset: dt.date | None = None
    link: str | None = None

    def __post_init__(self) -> None:
        if self.sunset is not None and self.sunset < self.since:
            raise ValueError(f"the sunset {self.sunset} is before the deprecation, {self.since}")

    @property
    def deprecation(self) -> str:
        """The header `Deprecation` (RFC 9745)."""
        return f"@{int(_midnight(self.since).timestamp())}"

    @property
    def sunset_date(self) -> str | None:
        """The header `Sunset` (RFC 8594)."""
        return None if self.sunset is None else format_datetime(_midnight(self.sunset), usegmt=True)

    @property
    def links(self) -> list[str]:
        """The values of `Link` that lead to the page."""
        if self.link is None:
            return []
        relations = ["deprecation"] if self.sunset is None else ["deprecation", "sunset"]
        return [f'<{self.link}>; rel="{relation}"' for relation in relations]


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), dt.UTC)
