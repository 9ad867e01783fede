"""Pages for people: log in, log out. They do what the services do, with forms."""

from typing import Any

from pyramid.csrf import check_csrf_token
from pyramid.httpexceptions import HTTPSeeOther
from pyramid.response import Response
from pyramid.view import view_config

from talatat.problems import Problem
from talatat.security import check_origin, local_url, tell
from talatat_accounts.login import Login, accepted, authenticate, authenticate_again
from talatat_accounts.oidc.models import ExternalSession
from talatat_accounts.oidc.providers import providers_of
from talatat_accounts.passwords import MAX_LENGTH
from talatat_accounts.refusals import SecondFactorNeeded
from talatat_accounts.schemas import normal_name
from talatat_accounts.second_factor import MAX_OTP
from talatat_accounts.sessions import log_out, start_session

TEMPLATE = "talatat_accounts:templates/login.jinja2"
NAME_LENGTH = 200
FORM = "application/x-www-form-urlencoded"


@view_config(
    route_name="accounts.login", request_method="GET", permission="public", renderer=TEMPLATE
)
def show_login(request: Any) -> dict[str, Any]:
    """The form; or who is logged in already, with a button to log out.

    With `again` the form asks those who are logged in, for what takes a recent login.
    """
    request.response.headers["Cache-Control"] = "no-store"
    again = "again" in request.GET and request.identity is not None
    return {**shown(request, request.GET.get("next")), "again": again}


# Before the login there is no session whose token could be asked for: the form brings one of its own,
# which a cookie must repeat, and another site's origin is refused.
@view_config(
    route_name="accounts.login",
    request_method="POST",
    permission="public",
    public_because="the form holds the password, and a token that a cookie repeats",
    require_csrf=False,
    limit="accounts.login",
    renderer=TEMPLATE,
)
def take_login(request: Any) -> Any:
    """Log in and go on; a refusal shows the form again with the reason.

    Where a second factor is enrolled the next form asks for its code. A ticket in it, which nobody can read
    or make, stands for the password.
    """
    check_origin(request)
    form = form_of(request)
    target = local_url(request, form.get("next"))
    if not check_csrf_token(request, raises=False):
        return refused(
            request, target, Problem(403, "csrf_failed", "The form was too old. Try again.")
        )
    try:
        login = login_of(request, form)
        accepted(request, login, by="page")
    except SecondFactorNeeded as needed:
        request.response.headers["Cache-Control"] = "no-store"
        return {**shown(request, target), "ticket": needed.ticket_for(request)}
    except Problem as problem:
        return refused(request, target, problem, form.get("ticket"))
    response = HTTPSeeOther(target)
    start_session(request, response, login.user_id)
    return response


def login_of(request: Any, form: Any) -> Login:
    """Who fills the form in: by name and password, or by the code that was asked for then."""
    if ticket := form.get("ticket"):
        return authenticate_again(request, ticket, form.get("otp", "")[:MAX_OTP])
    name = normal_name(form.get("user", ""))[:NAME_LENGTH]
    return authenticate(request, name, form.get("password", "")[:MAX_LENGTH])


@view_config(route_name="accounts.logout", request_method="POST", permission="authenticated")
def take_logout(request: Any) -> Response:
    """Log out and go to the front page; the CSRF token is in the form.

    Who came from an identity provider is asked whether to log out there too.
    """
    response = HTTPSeeOther(farewell(request))
    log_out(request, response)
    tell(request, "accounts.logout", subject=request.identity.id)
    return response


def farewell(request: Any) -> str:
    """Where to go after the logout of whoever is logged in."""
    found = request.db.get(ExternalSession, request.identity.credential)
    if found is None:
        return local_url(request, None)
    return str(request.route_path("accounts.login", _query={"left": found.provider}))


def form_of(request: Any) -> Any:
    """The fields of a small form; raises Problem 415 or 413."""
    if request.content_type != FORM:
        raise Problem(415, "unsupported_media_type", f"Send a form as {FORM}.")
    if (request.content_length or 0) > 64 * 1024:
        raise Problem(413, "body_too_large", "The form is larger than 65536 bytes.")
    return request.POST


def refused(
    request: Any, target: str, problem: Problem, ticket: str | None = None
) -> dict[str, Any]:
    """The form again, with the status and headers of the problem; that for the code after a wrong code."""
    request.response.status_int = problem.code
    request.response.headers.update(problem.problem_headers)
    request.response.headers["Cache-Control"] = "no-store"
    kept = ticket if problem.problem_code == "invalid_second_factor" else None
    typed = request.POST.get("user", "")[:NAME_LENGTH]
    return {**shown(request, target), "error": problem.detail, "ticket": kept, "typed": typed}


def shown(request: Any, target: Any) -> dict[str, Any]:
    """What the template shows."""
    providers = providers_of(request.registry.system)
    return {
        "target": local_url(request, target),
        "error": None,
        "identity": request.identity,
        "again": False,
        "ticket": None,
        "providers": providers,
        "left": next((one for one in providers if one.name == request.GET.get("left")), None),
        "onward": None,
        "home": local_url(request, None),
        "typed": "",
        "system": request.registry.system.settings.platform.api_title,
    }
