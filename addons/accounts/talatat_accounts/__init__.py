"""Accounts: users, groups, the roles they are given, sessions and bearer tokens."""

from typing import Any

from talatat_accounts.oidc.settings import with_providers
from talatat_accounts.resources import Groups, Users
from talatat_accounts.security import SessionSource, TokenSource
from talatat_accounts.settings import AccountsSettings


def includeme(config: Any) -> None:
    """The table of contents of this addon."""
    raw = config.registry.system.settings.raw
    config.add_settings_schema(with_providers(AccountsSettings, raw))  # keys accounts.*

    config.add_permission("accounts.self", "Change one's own password, sessions and tokens")
    config.add_permission("accounts.read", "See users and groups")
    config.add_permission("accounts.manage", "Make and change users, groups and their roles")
    config.add_problem(
        "own_account",
        409,
        "One cannot take one's own account away, or lock oneself out of it.",
        "Let another manager do it.",
    )
    config.add_problem(
        "rank",
        403,
        "The user or group holds, or would hold, more than one holds oneself.",
        "Let somebody do it who holds as much.",
    )
    # A login costs the server a third of a second; failed ones are counted by `attempts` as well.
    config.add_limit("accounts.login", "60/minute", by="address", title="Logins of one address")
    config.add_role("accounts.manager", ["accounts.read", "accounts.manage"])

    config.add_identity_source("accounts.token", TokenSource())  # a token beats a cookie
    config.add_identity_source("accounts.session", SessionSource())

    config.add_resource(Users)
    config.add_resource(Groups)
    warning = {"severity": "warning"}
    check = config.add_deployment_check
    check("argon2", ".deployment.argon2", "A guess of a password costs enough")
    check("sessions", ".deployment.sessions", "Sessions end", **warning)
    check("tokens", ".deployment.tokens", "Tokens end", **warning)
    check(
        "login-limits", ".deployment.login_limits", "Passwords are guessed a few times", **warning
    )
    check(
        "second-factor", ".deployment.second_factor", "Administrators have a second factor",
        severity="info",
    )  # fmt: skip
    config.include(".routes")
    if raw.get("accounts.oidc", "").split():
        config.include(".oidc")  # logging in through identity providers
    config.scan(".views")
