"""The view deriver: what is done about the key of one request."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from pyramid.exceptions import ConfigurationError
from pyramid.httpexceptions import HTTPException
from pyramid_retry import IRetryableError
from sqlalchemy.exc import DBAPIError, IntegrityError

from talatat.problems import Problem, is_api
from talatat.web.idempotency.answers import answer_of, not_repeated, response_of
from talatat.web.idempotency.claims import HEADER, Claim, claim_of, is_readable, refusal
from talatat.web.idempotency.keeping import Kept, find, hold, keep

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyramid.request import Request
    from pyramid.response import Response

MODES = (None, "required", "refused", "ignored")
ENVIRON = "HTTP_IDEMPOTENCY_KEY"
RETRY_AFTER = "1"
# Who asks, how often and how slowly: what another try may well answer otherwise. And a wrong method.
NOT_KEPT = frozenset({401, 403, 405, 408, 429})


def idempotent_view(view: Any, info: Any) -> Any:
    """View deriver. The option `idempotency` of a view is "required", "refused", "ignored" or None."""
    _check(info)
    mode = info.options.get("idempotency")
    methods = info.options.get("request_method")
    methods = (methods,) if isinstance(methods, str) else methods
    if info.exception_only or mode == "ignored" or (methods and "POST" not in methods):
        return view

    def idempotent(context: Any, request: Request) -> Response:
        key = request.environ.get(ENVIRON)
        response: Response
        if (key is None and mode != "required") or not _concerns(request):
            response = view(context, request)
            return response
        if key is None:
            raise refusal("idempotency_key_required", "is required here")
        if mode == "refused":
            detail = "cannot be used here: the answer holds a secret, which is kept nowhere"
            raise refusal("idempotency_key_refused", detail)
        return _carried_out_once(request, key, lambda: view(context, request))

    return idempotent


def _check(info: Any) -> None:
    mode = info.options.get("idempotency")
    if mode not in MODES:
        raise ConfigurationError(
            f"idempotency={mode!r}: a view says 'required', 'refused', 'ignored', or nothing"
        )


idempotent_view.check = _check  # type: ignore[attr-defined]
idempotent_view.options = ("idempotency",)  # type: ignore[attr-defined]


def _concerns(request: Request) -> bool:
    """Whether it is a POST below /api, and on its way in: an exception view has nothing to carry out."""
    return request.method == "POST" and is_api(request) and request.exception is None


def _carried_out_once(request: Request, key: str, work: Callable[[], Response]) -> Response:
    if not is_readable(request):
        return work()
    claim = claim_of(request, key)
    if not hold(request.db, claim):
        raise Problem(
            409,
            "idempotency_in_progress",
            f"A request with this {HEADER} is being carried out",
            headers={"Retry-After": RETRY_AFTER},
        )
    composition = request.registry.system.composition.digest
    kept = find(request.db, claim)
    if kept is not None:
        return _replayed(kept, claim, composition)
    try:
        response = work()
    except (HTTPException, IntegrityError) as error:
        return _refused(request, claim, composition, error)
    if not request.tm.isDoomed() and _may_be_kept(response.status_int):
        keep(request.db, claim, composition, answer_of(response))
    return response


def _replayed(kept: Kept, claim: Claim, composition: str) -> Response:
    if kept.digest != claim.digest:
        detail = f"This {HEADER} was used with another request"
        raise Problem(422, "idempotency_key_reused", detail)
    # What is shown depends on both; what was shown may not be for these eyes any more.
    if kept.rights != claim.rights:
        raise not_repeated(
            kept.answer, "is not repeated: what these credentials may do has changed"
        )
    if kept.composition != composition:
        raise not_repeated(kept.answer, "is not repeated: the addons of the system have changed")
    return response_of(kept.answer)


def _refused(request: Request, claim: Claim, composition: str, error: Exception) -> Response:
    """Keep the answer of an operation that failed, or raise what it raised.

    What the operation did is undone by the end of its transaction, as it is without a key, so that no mail
    is sent and no hook called; the answer is kept by a transaction of its own.
    """
    status = error.code if isinstance(error, HTTPException) else 409
    if IRetryableError.providedBy(error) or not _may_be_kept(status) or status < 400:
        raise error
    if _is_tried(request):
        raise error
    response: Response = request.invoke_exception_view(sys.exc_info())
    request.tm.abort()
    request.tm.begin()
    try:
        if hold(request.db, claim) and find(request.db, claim) is None:
            keep(request.db, claim, composition, answer_of(response))
    except DBAPIError:  # busy, or gone: the client is told all the same, and may ask again
        request.tm.abort()
        request.tm.begin()
    # It is answered: to the transaction that has begun, nothing has failed.
    request.exception = request.exc_info = None
    return response


def _may_be_kept(status: int) -> bool:
    return status < 500 and status not in NOT_KEPT


def _is_tried(request: Request) -> bool:
    """Whether the request says `validate_only=true`: it would have left nothing."""
    return "validate_only=true" in request.environ.get("QUERY_STRING", "").split("&")
