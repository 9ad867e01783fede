"""Why a login through a provider did not come about: problems that the login page shows.

What is wrong with a provider is told to people in a sentence and to the log in full: what a provider says is
not shown, for it may be anybody who says it.
"""

from talatat.problems import Problem
from talatat_accounts.oidc.providers import Provider

PROBLEMS = {
    "oidc_state": (
        400,
        "The answer of the identity provider belongs to no login that this browser began.",
        "Begin the login again, in one window.",
    ),
    "oidc_denied": (
        403,
        "The identity provider did not log anybody in.",
        "Log in there, or here with a password.",
    ),
    "oidc_unknown": (
        403,
        "Nobody here is linked to whoever logged in at the identity provider.",
        "Log in with a password and connect the two, or ask who manages accounts here.",
    ),
    "oidc_untrusted": (
        424,
        "What the identity provider answered cannot be trusted.",
        "Tell the operator, whose log says what is wrong with it.",
    ),
    "oidc_unavailable": (
        424,
        "The identity provider cannot be reached, or is too slow.",
        "Try again after `Retry-After` seconds, or log in with a password.",
    ),
}


CLOCKS = "The clocks of the two servers differ."


class Untrusted(Exception):
    """Something that a provider said is wrong; `str()` tells the operator what."""


class ClocksDiffer(Untrusted):
    """A token is over already, or not made yet."""


def no_login_begun() -> Problem:
    """400: without the cookie of its beginning, or not with this one's state."""
    return Problem(
        400,
        "oidc_state",
        "This login was not begun in this browser, or too long ago. Begin it again.",
    )


def denied(provider: Provider) -> Problem:
    """403: the provider answered an error."""
    return Problem(403, "oidc_denied", f"{provider.title} did not log you in.")


def unknown(detail: str) -> Problem:
    """403: whoever it is, they have no account here."""
    return Problem(403, "oidc_unknown", detail)


def untrusted(provider: Provider, hint: str = "") -> Problem:
    """424: what the provider said is not believed."""
    detail = f"What {provider.title} answered cannot be trusted, so nobody was logged in."
    return Problem(424, "oidc_untrusted", f"{detail} {hint}".strip())


def unavailable(provider: Provider) -> Problem:
    """424 with Retry-After: away, too slow, or asked by too many at this moment."""
    return Problem(
        424,
        "oidc_unavailable",
        f"{provider.title} does not answer at the moment. Try again in a while.",
        headers={"Retry-After": "10"},
    )
