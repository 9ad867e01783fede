"""The view deriver: below the permission and above the view, a request counts for whoever asks.

The option `limit` of a view names a policy of `config.add_limit` that it counts against as well. So have
resources and actions: `limit = "orders.checkout"`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talatat.limiting.limiter import Limiter
from talatat.limiting.tween import COUNTED

if TYPE_CHECKING:
    from pyramid.request import Request
    from pyramid.response import Response


def limited_view(view: Any, info: Any) -> Any:
    """View deriver, see the module."""
    limiter: Limiter = info.registry.system.limits
    if info.exception_only or not limiter.policies.enabled:
        return view
    limit: str | None = info.options.get("limit")

    def limited(context: Any, request: Request) -> Response:
        counted = request.environ.get(COUNTED)
        if counted is not None and request.exception is None:
            limiter.view(request, counted, limit)
        response: Response = view(context, request)
        return response

    return limited


limited_view.options = ("limit",)  # type: ignore[attr-defined]


def count_items(request: Request, items: int) -> None:
    """Count the items of a batch as requests of their own. Raises Problem 429."""
    counted = request.environ.get(COUNTED)
    if counted is not None and items > 1:
        request.registry.system.limits.more(request, counted, items - 1)
