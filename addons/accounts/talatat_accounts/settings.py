"""The keys `accounts.*`."""

from pathlib import Path
from typing import Any

import colander

from talatat.settings import Secret
from talatat.settings.platform import Words
from talatat_accounts.oidc.settings import are_names

MINUTE, HOUR, DAY = 60, 3600, 86400


def readable(node: Any, value: str) -> None:
    """Colander validator: a text file that is there and can be read."""
    try:
        with Path(value).open(encoding="utf-8") as file:
            file.readline()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no text in UTF-8"
        raise colander.Invalid(
            node,
            f"the file {value} cannot be read ({reason}): name a text file with a password a line, or leave "
            "the key out",
        ) from error


class AccountsSettings(colander.MappingSchema):
    """How long things live, how often a password may be guessed, what a password hash costs."""

    oidc = colander.SchemaNode(
        Words(),
        missing=(),
        validator=are_names,
        description="Identity providers to log in through; each has keys of its own, "
        "accounts.oidc.NAME.issuer and so on",
    )
    secret = Secret(
        lifetime="session_lifetime",
        description="Signs the session cookie; several values while it is rotated",
    )
    session_idle = colander.SchemaNode(
        colander.Int(),
        missing=2 * HOUR,
        validator=colander.Range(MINUTE),
        description="Seconds without a request after which a session ends",
    )
    session_lifetime = colander.SchemaNode(
        colander.Int(),
        missing=14 * DAY,
        validator=colander.Range(MINUTE),
        description="Seconds after login at which a session ends in any case",
    )
    token_lifetime = colander.SchemaNode(
        colander.Int(),
        missing=30 * DAY,
        validator=colander.Range(1),
        description="Seconds that a token lives when its maker names none",
    )
    token_lifetime_max = colander.SchemaNode(
        colander.Int(),
        missing=366 * DAY,
        validator=colander.Range(1),
        description="Seconds that a token lives at most",
    )
    login_attempts = colander.SchemaNode(
        colander.Int(),
        missing=5,
        validator=colander.Range(1),
        description="Failed logins of one user from one address in a window",
    )
    login_attempts_address = colander.SchemaNode(
        colander.Int(),
        missing=100,
        validator=colander.Range(1),
        description="Failed logins of all users from one address in a window",
    )
    login_window = colander.SchemaNode(
        colander.Int(),
        missing=15 * MINUTE,
        validator=colander.Range(1),
        description="Seconds in which failed logins are counted, from the first on",
    )
    login_attempts_user = colander.SchemaNode(
        colander.Int(),
        missing=100,
        validator=colander.Range(1),
        description="Failed logins of one user from all addresses in a window; one that the user is "
        "logged in from is not refused by it",
    )
    second_factor_attempts = colander.SchemaNode(
        colander.Int(),
        missing=5,
        validator=colander.Range(1),
        description="Wrong codes of a second factor of one user, from wherever, in a window",
    )
    second_factor_issuer = colander.SchemaNode(
        colander.String(),
        missing="",
        validator=colander.Length(max=100),
        description="What authenticator apps call this system; talatat.api.title where empty",
    )
    reauthenticate_after = colander.SchemaNode(
        colander.Int(),
        missing=15 * MINUTE,
        validator=colander.Range(MINUTE),
        description="Seconds after a login from which sensitive actions ask for the password again",
    )
    password_min_length = colander.SchemaNode(
        colander.Int(),
        missing=10,
        validator=colander.Range(8, 128),
        description="Characters that a new password has at least",
    )
    password_list = colander.SchemaNode(
        colander.String(),
        missing="",
        validator=readable,
        description="A text file of further passwords that are refused, one a line (of an organisation, "
        "or of a breach)",
    )
    argon2_time_cost = colander.SchemaNode(
        colander.Int(),
        missing=3,
        validator=colander.Range(1),
        description="Argon2id: passes over the memory",
    )
    argon2_memory_cost = colander.SchemaNode(
        colander.Int(),
        missing=64 * 1024,
        validator=colander.Range(8),
        description="Argon2id: memory in KiB",
    )
    argon2_parallelism = colander.SchemaNode(
        colander.Int(), missing=4, validator=colander.Range(1), description="Argon2id: lanes"
    )
