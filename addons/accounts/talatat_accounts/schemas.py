"""What clients send: the bodies of logins, tokens and password changes, and the fields of people."""

import re
import unicodedata
from typing import Any

import colander

from talatat.problems import invalid
from talatat.schema.body import read_json
from talatat.schema.reading import INVALID, compile_reader
from talatat.schema.types import UUID, Timestamp
from talatat_accounts.passwords import MAX_LENGTH
from talatat_accounts.second_factor import MAX_OTP

NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,99}")


def normal_name(name: Any) -> Any:
    """One spelling for each user: compatibility forms composed, lower case, no outer space.

    As a preparer it is given colander's null for an empty string, and leaves it alone.
    """
    if not isinstance(name, str):
        return name
    return unicodedata.normalize("NFKC", name).strip().casefold()


def valid_name(node: Any, value: str) -> None:
    """Colander validator for the names of users and groups."""
    if not NAME.fullmatch(value):
        raise colander.Invalid(
            node,
            "a name has 1 to 100 of a-z, 0-9, '.', '_', '@', '+', '-' and starts with a-z, 0-9",
        )


def password_node(**kw: Any) -> colander.SchemaNode:
    """A password as somebody typed it; how long a new one must be, the settings say."""
    return colander.SchemaNode(colander.String(), validator=colander.Length(1, MAX_LENGTH), **kw)


def name_node(**kw: Any) -> colander.SchemaNode:
    """A name in whatever spelling."""
    return colander.SchemaNode(
        colander.String(), preparer=normal_name, validator=colander.Length(1, 200), **kw
    )


class Strings(colander.SequenceSchema):
    """A list of short strings."""

    item = colander.SchemaNode(colander.String(), validator=colander.Length(1, 100))


def otp_node(**kw: Any) -> colander.SchemaNode:
    """A code of the second factor: six digits of the app, or a recovery code."""
    text = "A code of the authenticator app, or a recovery code, where a second factor is enrolled"
    return colander.SchemaNode(
        colander.String(), validator=colander.Length(1, MAX_OTP), description=text, **kw
    )


class LoginBody(colander.MappingSchema):
    """A login: `{user, password, otp?}`."""

    user = name_node()
    password = password_node()
    otp = otp_node(missing=None)


class ProofBody(colander.MappingSchema):
    """Who is logged in, once more: `{password, otp?}`."""

    password = password_node()
    otp = otp_node(missing=None)


class CodeBody(colander.MappingSchema):
    """The first code of a new second factor: `{otp}`."""

    otp = otp_node()


class TokenBody(colander.MappingSchema):
    """A new token: `{user?, password?, otp?, scopes?, resources?, expires_in?, label?}`.

    Without user, of whoever is logged in.
    """

    user = name_node(missing=None)
    password = password_node(missing=None)
    otp = otp_node(missing=None)
    scopes = Strings(missing=None, validator=colander.Length(max=100))
    resources = Strings(missing=None, validator=colander.Length(max=100))
    expires_in = colander.SchemaNode(colander.Int(), missing=None, validator=colander.Range(1))
    label = colander.SchemaNode(colander.String(), missing="", validator=colander.Length(max=100))


class PasswordBody(colander.MappingSchema):
    """A change of password: `{current, new, otp?, keep_tokens?}`."""

    current = password_node()
    new = password_node()
    otp = otp_node(missing=None)
    keep_tokens = colander.SchemaNode(colander.Bool(), missing=False)


_READERS: dict[type, Any] = {
    schema: compile_reader(schema())
    for schema in (LoginBody, ProofBody, CodeBody, TokenBody, PasswordBody)
}


def body_of(request: Any, schema: type) -> dict[str, Any]:
    """The request's JSON body, read by one of the schemas above; raises Problem 4xx."""
    faults: list[dict[str, str]] = []
    value = _READERS[schema](read_json(request), "", faults)
    if value is INVALID:
        raise invalid(faults)
    found: dict[str, Any] = value
    return found


class TokenSchema(colander.MappingSchema):
    """A token as its owner sees it."""

    id = colander.SchemaNode(UUID(), description="Names it when it is revoked")
    label = colander.SchemaNode(colander.String(), description="What its owner calls it")
    scopes = Strings(nullable=True, description="Permissions that it is limited to; null is all")
    resources = Strings(
        nullable=True,
        example=["orders.orders:read"],
        description="Access to resources that it is limited to; null is all",
    )
    created_at = colander.SchemaNode(Timestamp(), description="When it was made")
    expires_at = colander.SchemaNode(Timestamp(), description="When it ends")
    last_used_at = colander.SchemaNode(
        Timestamp(),
        nullable=True,
        description="When it was used last, to the minute; null is never",
    )


class MintedSchema(TokenSchema):
    """A new token; `token` is what a request sends, and is never shown again."""

    token = colander.SchemaNode(
        colander.String(),
        example="tlt_AZCJCl2sl0t3zLbgAJqAVwc29tZXRoaW5nIHNlY3JldAx7Kd0",
        description="Goes into `Authorization: Bearer ...`",
    )


class WhoSchema(colander.MappingSchema):
    """An account, in short."""

    id = colander.SchemaNode(UUID(), description="The id of the account")
    name = colander.SchemaNode(colander.String(), description="What one logs in as")


class LoginSchema(colander.MappingSchema):
    """What a login answers, beside the cookie."""

    user = WhoSchema(description="Who is logged in now")
    csrf_token = colander.SchemaNode(
        colander.String(), description="Goes into `X-CSRF-Token` of unsafe requests"
    )


class EndedSchema(colander.MappingSchema):
    """How many were ended."""

    ended = colander.SchemaNode(colander.Int(), description="How many there were", example=2)


class SecondFactorSchema(colander.MappingSchema):
    """Whether a login takes a code too."""

    enrolled = colander.SchemaNode(colander.Bool(), description="Whether a login takes a code")
    confirmed_at = colander.SchemaNode(
        Timestamp(), nullable=True, description="Since when; null where none is enrolled"
    )
    recovery_codes_left = colander.SchemaNode(
        colander.Int(), description="How many recovery codes have not been used", example=10
    )


class EnrolmentSchema(colander.MappingSchema):
    """The seed of a second factor, shown here and never again."""

    seed = colander.SchemaNode(
        colander.String(),
        description="In base32, to be typed into an authenticator app",
        example="JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
    )
    uri = colander.SchemaNode(
        colander.String(),
        description="The same for a QR code or a link",
        example="otpauth://totp/Talatat:ada?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Talatat",
    )


class RecoveryCodesSchema(colander.MappingSchema):
    """Recovery codes, shown here and never again."""

    recovery_codes = Strings(description="Each stands in for a code of the app, once")


class SessionSchema(colander.MappingSchema):
    """A login of a browser as its owner sees it."""

    id = colander.SchemaNode(UUID(), description="Names it when it is ended")
    created_at = colander.SchemaNode(Timestamp(), description="When it began")
    seen_at = colander.SchemaNode(Timestamp(), description="When it was used last")
    expires_at = colander.SchemaNode(Timestamp(), description="When it ends")
    authenticated_at = colander.SchemaNode(
        Timestamp(),
        nullable=True,
        description="When the password was shown; sensitive actions ask for it",
    )
    address = colander.SchemaNode(colander.String(), description="Where the login came from")
    agent = colander.SchemaNode(colander.String(), description="What the browser calls itself")
    current = colander.SchemaNode(colander.Bool(), description="Whether this request is of it")


class MeSchema(WhoSchema):
    """Whoever sends the request."""

    email = colander.SchemaNode(colander.String(), nullable=True, description="Their address")
    source = colander.SchemaNode(colander.String(), description="What identified them")
    roles = Strings(description="The roles that they hold")
    scopes = Strings(nullable=True, description="Permissions that a token is limited to")
    resources = Strings(nullable=True, description="Resources that a token is limited to")
    permissions = Strings(description="What they may do")
    csrf_token = colander.SchemaNode(
        colander.String(), missing=colander.drop, description="Of a browser's session only"
    )


class UserSchema(colander.MappingSchema):
    """A user as managers see and write one; the password is written only."""

    id = colander.SchemaNode(UUID(), read_only=True)
    name = colander.SchemaNode(
        colander.String(),
        preparer=normal_name,
        validator=valid_name,
        description="What one logs in as",
        example="ada",
    )
    display_name = colander.SchemaNode(
        colander.String(), missing="", validator=colander.Length(max=200), description="For people"
    )
    email = colander.SchemaNode(
        colander.String(),
        missing=None,
        validator=colander.All(colander.Email(), colander.Length(max=254)),
    )
    active = colander.SchemaNode(
        colander.Bool(), missing=True, description="One who is not cannot log in, nor use a token"
    )
    password = password_node(
        missing=colander.drop,
        write_only=True,
        description="A new password; ends all logins and tokens",
    )
    roles = Strings(missing=(), description="Roles given to this user alone")
    groups = Strings(missing=(), attribute="group_names", description="Names of groups")
    second_factor = colander.SchemaNode(
        colander.Bool(),
        read_only=True,
        attribute="has_second_factor",
        description="Whether a login takes a code too",
    )
    created_at = colander.SchemaNode(Timestamp(), read_only=True)


class GroupSchema(colander.MappingSchema):
    """A group as managers see and write one."""

    id = colander.SchemaNode(UUID(), read_only=True)
    name = colander.SchemaNode(
        colander.String(), preparer=normal_name, validator=valid_name, example="clerks"
    )
    title = colander.SchemaNode(
        colander.String(), missing="", validator=colander.Length(max=200), description="For people"
    )
    roles = Strings(missing=(), description="Roles given to all members")
    created_at = colander.SchemaNode(Timestamp(), read_only=True)
