"""`/api/accounts/v1/me`: who am I, what may I do, and changing one's password."""

from typing import Any

from cornice import Service

from talatat.problems import invalid
from talatat.security import tell
from talatat_accounts.credentials import end_credentials, set_password
from talatat_accounts.login import authenticate, settle
from talatat_accounts.models import User
from talatat_accounts.own import nothing, own_identity
from talatat_accounts.passwords import check_strength, passwords_of
from talatat_accounts.refusals import PROBLEMS as LOGIN_PROBLEMS
from talatat_accounts.refusals import wrong
from talatat_accounts.schemas import MeSchema, PasswordBody, body_of

me = Service(
    name="accounts.me", path="/api/accounts/v1/me", description="Whoever sends the request"
)
password = Service(
    name="accounts.password",
    path="/api/accounts/v1/me/password",
    description="The password of whoever sends the request",
)


@me.get(permission="authenticated", response=MeSchema, problems={})
def show_me(request: Any) -> Any:
    """The identity behind the request; for a session also its `csrf_token`."""
    identity = request.identity
    found = {
        "id": identity.id,
        "name": identity.name,
        "email": identity.email,
        "source": identity.source,
        "roles": sorted(identity.roles),
        "scopes": None if identity.scopes is None else sorted(identity.scopes),
        "resources": None if identity.resources is None else sorted(identity.resources),
        "permissions": sorted(request.registry.system.security.held_by(identity)),
    }
    if identity.cookie:
        found["csrf_token"] = identity.csrf_token
    request.response.headers["Cache-Control"] = "no-store"
    return found


@password.put(
    permission="accounts.self",
    recent_login=True,
    schema=PasswordBody,
    status=204,
    problems=LOGIN_PROBLEMS,
)
def change_password(request: Any) -> Any:
    """Set a new password; ends all other sessions, and revokes all other tokens.

    `keep_tokens: true` spares the tokens. The session or token that asks stays. A wrong current
    password counts as a failed login. A token sends the code of the second factor too, where there is one.
    """
    body = body_of(request, PasswordBody)
    identity, system = own_identity(request), request.registry.system
    if fault := check_strength(system, body["new"], identity.name, identity.email):
        raise invalid([{"pointer": "/new", "code": "weak_password", "detail": fault}])
    login = authenticate(
        request, identity.name, body["current"], body["otp"], password_only=identity.cookie
    )
    new_hash = passwords_of(system).hash(body["new"])  # no statement yet: nothing is locked
    if login.user_id != identity.id:  # renamed in between
        raise wrong()
    settle(request, login)
    set_password(request.db.get_one(User, identity.id), new_hash)
    end_credentials(request.db, identity.id, identity.credential, body["keep_tokens"])
    tell(request, "accounts.password_changed", subject=identity.id, by="owner")
    return nothing()
