"""Who a request comes from: the one value that identity sources give and the policy judges."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, runtime_checkable


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Somebody, as one identity source recognised them for one request.

    `roles` are names from `add_role`; a role that no composed addon declares gives nothing.
    `permissions` are held beside what the roles give; a name, `<addon>.*` or `*`.
    `scopes` narrow: with scopes, a permission is held only if one of them covers it; None narrows
    nothing and an empty set everything. `resources` narrow likewise to resources, see `narrowing`.
    `cookie` says that a browser sends this credential by itself, so that unsafe requests have to
    show `csrf_token`. `credential` is the id of what was presented (a session's or token's row).
    `authenticated_at` (aware) is when the person last proved who they are; views that say `recent_login`
    ask for it, and whoever has none is refused there.
    """

    id: str
    name: str
    source: str
    roles: frozenset[str] = frozenset()
    permissions: frozenset[str] = frozenset()
    scopes: frozenset[str] | None = None
    resources: frozenset[str] | None = None
    cookie: bool = False
    csrf_token: str | None = None
    email: str | None = None
    credential: str | None = None
    authenticated_at: datetime | None = None


@dataclass(frozen=True)
class Reauthentication:
    """How old the login behind a sensitive action may be (seconds), and how one logs in again.

    `action` is what a program posts to, `page` is where a person is led; paths, None for neither.
    """

    max_age: int = 15 * 60
    action: str | None = None
    page: str | None = None


class InvalidCredentials(Exception):
    """A source's own kind of credential was presented and is not valid.

    Raised by `identify`: the request stays anonymous, no later source is asked, and `challenge`
    (a WWW-Authenticate value) goes out with the 401.
    """

    def __init__(self, reason: str, challenge: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.challenge = challenge


@runtime_checkable
class IdentitySource(Protocol):
    """What `config.add_identity_source(name, source)` takes.

    A source may also have `challenge` (str, sent as WWW-Authenticate with a 401),
    `remember(request, userid, **kw)` and `forget(request, **kw)`, which give header pairs,
    `reauthentication(request)`, which gives the Reauthentication of its identities, and
    `presented(request)`: whether the request brings a credential of its kind, for one that stands in
    neither `Authorization` nor a cookie. Such a request does not count against the limit `anonymous`.
    """

    def identify(self, request: Any) -> Identity | None:
        """The identity, None when the request has nothing for this source; see InvalidCredentials."""


Headers = Sequence[tuple[str, str]]
