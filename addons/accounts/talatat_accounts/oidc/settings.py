"""`accounts.oidc = NAME ...` and the keys `accounts.oidc.NAME.*` of each provider.

Each name that is listed gives the schema a set of keys. So a misspelt one is an unknown key, like any other.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

import colander

from talatat.outbound import parse_url
from talatat.schema import Url
from talatat.settings import Secret
from talatat.settings.platform import Words

NAME = re.compile(r"[a-z][a-z0-9_]{0,30}")
# Signatures that only who holds a private key can make. Never HS*: its key would be the client's secret, or,
# to a careless reader, the public key; and never none.
ALGORITHMS = (
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
)  # fmt: skip
Schema = Callable[[], colander.SchemaNode]


def with_providers(schema: Schema, settings: Mapping[str, str]) -> Schema:
    """The schema, and the keys of each provider that the settings list."""
    names = [one for one in settings.get("accounts.oidc", "").split() if NAME.fullmatch(one)]

    def made() -> colander.SchemaNode:
        node = schema()
        for name in dict.fromkeys(names):
            for child in ProviderSettings().children:
                own = child.clone()  # a schema's class has its children once
                own.name = f"oidc.{name}.{child.name}"
                node.add(own)
        return node

    made.__wrapped__ = schema  # where `talatat why` looks for the line
    return made


def are_names(node: colander.SchemaNode, value: list[str]) -> None:
    """Colander validator for `accounts.oidc`."""
    for name in value:
        if not NAME.fullmatch(name):
            raise colander.Invalid(
                node, f"{name!r} is no name of a provider: write a-z, 0-9 and _, such as company"
            )


def is_issuer(node: colander.SchemaNode, value: str) -> None:
    """An issuer as the provider writes it: a URL without a query."""
    parse_url(value, ("http", "https"))
    if "?" in value or "#" in value:
        raise colander.Invalid(node, "an issuer has no query and no fragment")


def has_openid(node: colander.SchemaNode, value: list[str]) -> None:
    """Without the scope `openid` there is no ID token."""
    if "openid" not in value:
        raise colander.Invalid(node, "list openid among the scopes: without it nobody is named")


def are_algorithms(node: colander.SchemaNode, value: list[str]) -> None:
    """Asymmetric signatures only."""
    for one in value or [""]:
        if one not in ALGORITHMS:
            raise colander.Invalid(node, f"{one!r} is none of {', '.join(ALGORITHMS)}")


class GroupMap(colander.SchemaType):
    """Lines of `group of the provider -> group here`: dict[str, str]."""

    def deserialize(self, node: colander.SchemaNode, cstruct: Any) -> Any:
        """The lines; the last arrow of a line counts, for a provider's groups may have any name."""
        if cstruct is colander.null:
            return colander.null
        found = {}
        for line in filter(None, map(str.strip, str(cstruct).splitlines())):
            theirs, arrow, ours = line.rpartition("->")
            if not arrow or not theirs.strip() or not ours.strip():
                raise colander.Invalid(node, f"write a line as THEIRS -> OURS, not {line!r}")
            found[theirs.strip()] = ours.strip()
        return found


class ProviderSettings(colander.MappingSchema):
    """One provider."""

    issuer = colander.SchemaNode(
        Url("http", "https"),
        validator=is_issuer,
        description="The provider's address, exactly as its discovery document writes it",
    )
    client_id = colander.SchemaNode(
        colander.String(),
        validator=colander.Length(1, 255),
        description="What the provider calls this system",
    )
    client_secret = Secret(
        missing=None, description="Shown to the provider; a public client has none"
    )
    title = colander.SchemaNode(
        colander.String(),
        missing="",
        validator=colander.Length(max=60),
        description="What people call the provider; the name where empty",
    )
    scopes = colander.SchemaNode(
        Words(),
        missing=("openid", "profile", "email"),
        validator=has_openid,
        description="What the provider is asked to tell",
    )
    algorithms = colander.SchemaNode(
        Words(),
        missing=("RS256", "PS256", "ES256", "EdDSA"),
        validator=are_algorithms,
        description="Signatures of ID tokens that are accepted",
    )
    name_claim = colander.SchemaNode(
        colander.String(),
        missing="preferred_username",
        validator=colander.Length(1, 100),
        description="The claim that names a new account",
    )
    unknown = colander.SchemaNode(
        colander.String(),
        missing="link",
        validator=colander.OneOf(["link", "create"]),
        description="Who has no account linked: link, they log in here once and connect; create, "
        "they get an account",
    )
    link_by = colander.SchemaNode(
        colander.String(),
        missing="nothing",
        validator=colander.OneOf(["nothing", "email"]),
        description="email: whoever comes with a verified address is who has it here",
    )
    groups_claim = colander.SchemaNode(
        colander.String(),
        missing="",
        validator=colander.Length(max=100),
        description="The claim that lists groups, such as groups or realm_access.roles",
    )
    groups = colander.SchemaNode(
        GroupMap(),
        missing=None,
        description="A line for each group: THEIRS -> OURS. Membership follows at each login",
    )
    leeway = colander.SchemaNode(
        colander.Int(),
        missing=60,
        validator=colander.Range(0, 600),
        description="Seconds by which the provider's clock may differ",
    )
    timeout = colander.SchemaNode(
        colander.Float(),
        missing=5.0,
        validator=colander.Range(0.1, 30),
        description="Seconds for all calls to the provider of one request",
    )
    calls = colander.SchemaNode(
        colander.Int(),
        missing=2,
        validator=colander.Range(1, 100),
        description="Requests of one process that may wait for the provider at a time",
    )
