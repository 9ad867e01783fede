"""`/api/costs`: what requests cost, as data, for those who hold `talatat.costs`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talatat.db.types import utcnow
from talatat.problems import bad_parameter, check_acceptable
from talatat.resources.listing.parameters import only
from talatat.web.costs.report import GROUPS, SORTS, beginning, report

if TYPE_CHECKING:
    from pyramid.request import Request

PERMISSION = "talatat.costs"
PARAMETERS = ("since", "by", "sort", "addon")


def costs(request: Request) -> dict[str, Any]:
    """Of the last 24 hours by addon, unless `since`, `by` and `sort` say otherwise; `addon` shows one."""
    check_acceptable(request)
    asked = only(request, PARAMETERS)
    try:
        since = beginning(asked.get("since", "24h"), utcnow())
    except ValueError as error:
        raise bad_parameter("since", str(error)) from None
    by, sort = asked.get("by", "addon"), asked.get("sort", "time")
    for name, value, known in (("by", by, GROUPS), ("sort", sort, SORTS)):
        if value not in known:
            raise bad_parameter(name, f"is one of {', '.join(known)}")
    request.response.headers["Cache-Control"] = "no-store"
    found = report(request.db.connection(), since, by, sort, asked.get("addon"))
    return found.as_json()
