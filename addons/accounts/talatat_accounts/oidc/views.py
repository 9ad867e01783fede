"""Pages of a login through an identity provider: to it, back from it, connecting an account, and out."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.view import view_config

from talatat.outbound import OutboundError
from talatat.problems import Problem
from talatat.security import leave, local_url, tell
from talatat_accounts.login import outside_transaction
from talatat_accounts.oidc import exchange, flow, people, refusals
from talatat_accounts.oidc.id_tokens import proven_at
from talatat_accounts.oidc.models import ExternalSession
from talatat_accounts.oidc.providers import Provider, provider_of
from talatat_accounts.own import own_identity
from talatat_accounts.sessions import start_session
from talatat_accounts.views.pages import TEMPLATE, refused, shown

logger = logging.getLogger(__name__)

MOST_CODE = 4096


@view_config(
    route_name="accounts.oidc.login", request_method="GET", permission="public", renderer=TEMPLATE
)
def go_to_provider(request: Any) -> Any:
    """To the provider, with a cookie that knows the way back.

    With `again` for those who are logged in, for what takes a recent login.
    """
    provider = provider_of(request)
    target, again = local_url(request, request.GET.get("next")), "again" in request.GET
    begun = flow.Begun.new(provider, target, again=again)
    return told(request, provider, begun.target, lambda: _away(request, provider, begun))


def _away(request: Any, provider: Provider, begun: flow.Begun) -> Any:
    response = leave(_authorization_url(request, provider, begun))
    response.headers["Cache-Control"] = "no-store"
    flow.keep(request, response, begun)
    return response


def _authorization_url(request: Any, provider: Provider, begun: flow.Begun) -> str:
    with outside_transaction(request):
        return exchange.authorization_url(request, provider, begun)


@view_config(
    route_name="accounts.oidc.callback",
    request_method="GET",
    permission="public",
    renderer=TEMPLATE,
)
def come_back(request: Any) -> Any:
    """From the provider: a session for whoever it is, or the login page with the reason."""
    provider = provider_of(request)
    flow.forget(request, request.response)
    return told(request, provider, None, lambda: _logged_in(request, provider))


def _logged_in(request: Any, provider: Provider) -> Any:
    begun = flow.take(request, provider, one(request, "state") or "")
    exchange.check_issuer(request, provider, one(request, "iss"))
    code = one(request, "code")
    if request.GET.get("error") is not None or not code or len(code) > MOST_CODE:
        raise refusals.denied(provider)
    if begun.user_id is not None and own_identity(request).id != begun.user_id:
        raise refusals.no_login_begun()
    with outside_transaction(request):
        claims = exchange.claims_for(request, provider, begun, code)
    proven = proven_at(provider, claims)
    if begun.again and proven.timestamp() < begun.at - provider.leeway:
        raise refusals.Untrusted(
            "it was asked for a login anew (max_age=0), and auth_time tells of none"
        )
    if begun.user_id is None:
        user = people.account_of(request, provider, claims)
    else:
        user = people.connect(request, provider, claims, begun.user_id)
    response = HTTPSeeOther(local_url(request, begun.target))
    flow.forget(request, response)
    if begun.user_id is None:
        started = start_session(request, response, user.id, proven)
        request.db.add(ExternalSession(session_id=started.id, provider=provider.name))
        tell(request, "accounts.login", subject=user.id, by="oidc", provider=provider.name)
    return response


# A page with a link, and no redirect: what a form leads to has to be of this site (form-action).
@view_config(
    route_name="accounts.oidc.connect",
    request_method="POST",
    permission="accounts.self",
    recent_login=True,
    renderer=TEMPLATE,
)
def connect(request: Any) -> Any:
    """Begin to connect whoever is logged in to who they are at the provider."""
    provider, identity = provider_of(request), own_identity(request)
    begun = flow.Begun.new(provider, request.route_path("accounts.login"), identity.id)

    def begin() -> dict[str, Any]:
        url = _authorization_url(request, provider, begun)
        flow.keep(request, request.response, begun)
        request.response.headers["Cache-Control"] = "no-store"
        return {**shown(request, None), "onward": {"title": provider.title, "url": url}}

    return told(request, provider, None, begin)


@view_config(
    route_name="accounts.oidc.logout", request_method="GET", permission="public", renderer=TEMPLATE
)
def log_out_there(request: Any) -> Any:
    """To where the provider ends its own session, which asks before it does."""
    provider = provider_of(request)

    def away() -> Any:
        with outside_transaction(request):
            metadata = exchange.metadata_of(request, provider)
        back = request.route_url("accounts.login")
        url = metadata.endpoints.get("end_session_endpoint")
        if url is None:
            return HTTPSeeOther(request.route_path("accounts.login"))
        asked = urlencode({"client_id": provider.client_id, "post_logout_redirect_uri": back})
        return leave(f"{url}{'&' if '?' in url else '?'}{asked}")

    return told(request, provider, None, away)


def told(request: Any, provider: Provider, target: str | None, act: Callable[[], Any]) -> Any:
    """What `act` answers; if it does not come about, the login page with the reason."""
    try:
        with worded(request, provider):
            return act()
    except Problem as problem:
        with outside_transaction(request):
            pass  # what was written on the way here goes
        tell(
            request, "accounts.login", "failed", by="oidc", provider=provider.name,
            reason=problem.problem_code,
        )  # fmt: skip
        return refused(request, local_url(request, target), problem)


@contextmanager
def worded(request: Any, provider: Provider) -> Iterator[None]:
    """What is wrong with a provider: in full for the log, in a sentence for people."""
    try:
        yield
    except OutboundError as error:
        logger.warning("%s: the provider cannot be called: %s", provider.key, error)
        raise refusals.unavailable(provider) from error
    except refusals.Untrusted as error:
        logger.warning("%s: the provider is not believed: %s", provider.key, error)
        hint = refusals.CLOCKS if isinstance(error, refusals.ClocksDiffer) else ""
        raise refusals.untrusted(provider, hint) from error


def one(request: Any, name: str) -> str | None:
    """A parameter that may stand in the query once; raises Problem 400 for several."""
    values = request.GET.getall(name)
    if len(values) > 1:
        raise Problem(400, "repeated_parameter", f"{name} stands in the query more than once.")
    return values[0] if values else None
