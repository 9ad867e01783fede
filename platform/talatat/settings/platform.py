"""The platform's own keys, and those that belong to Pyramid and to what the platform includes."""

import re
from typing import Any

import colander

from talatat.outbound.addresses import allowed_entries
from talatat.settings.hosts import HostNames, TransportPolicy
from talatat.settings.quotas import LimitSettings
from talatat.settings.secrets import Secret

OWNED = ("talatat", "sqlalchemy")
# Prefixes that Pyramid and what the platform itself includes read from the same section.
FOREIGN = ("pyramid", "tm", "retry", "jinja2", "cornice", "use", "set")
PYRAMID_KEYS = frozenset(
    f"{stem}_{what}"
    for stem, whats in {
        "debug": ("all", "authorization", "notfound", "routematch", "templates"),
        "reload": ("all", "templates", "assets", "resources"),
        "prevent": ("http_cache", "cachebust"),
        "csrf": ("trusted_origins",),
        "default": ("locale_name",),
    }.items()
    for what in whats
)


class Words(colander.SchemaType):
    """A list of words, split at white space and line ends."""

    def deserialize(self, node: colander.SchemaNode, cstruct: Any) -> Any:
        """list[str]."""
        return colander.null if cstruct is colander.null else str(cstruct).split()


class Truth(colander.Boolean):
    """Yes or no. Colander's own takes every text but "false" and "0" for true, "off" as well."""

    def __init__(self) -> None:
        super().__init__(
            false_choices=("false", "no", "off", "0"), true_choices=("true", "yes", "on", "1")
        )


CONTACT = re.compile(r"(?P<name>[^<>]+?) +<(?P<email>[^<>@ ]+@[^<>@ ]+)> +(?P<url>https?://\S+)")
LICENSE = re.compile(r"(?P<name>.+?) +(?P<url>https?://\S+)")


class Pattern(colander.String):
    """A text of named parts: dict[str, str]."""

    def __init__(self, pattern: re.Pattern[str], form: str) -> None:
        super().__init__()
        self.pattern, self.form = pattern, form

    def deserialize(self, node: colander.SchemaNode, cstruct: Any) -> Any:
        """The parts."""
        text = super().deserialize(node, cstruct)
        if text is colander.null:
            return text
        match = self.pattern.fullmatch(text.strip())
        if match is None:
            raise colander.Invalid(node, f"write it as {self.form}")
        return match.groupdict()


ORIGIN = re.compile(r"https?://(?:[a-z0-9.-]+|\[[0-9a-f:]+\])(?::[1-9][0-9]{0,4})?")


def origins(node: colander.SchemaNode, value: list[str]) -> None:
    """Refuse what no browser sends as an origin; `*` stands alone."""
    for one in value:
        if one == "*" and len(value) == 1:
            continue
        if one == "*":
            raise colander.Invalid(node, "* stands for anybody: list nothing beside it")
        if not ORIGIN.fullmatch(one):
            raise colander.Invalid(
                node, f"{one!r} is no origin: write scheme and host, such as https://shop.example"
            )


class PlatformSettings(LimitSettings):
    """The platform's own keys: `key` is the name in the .ini, the node's name the attribute.

    `environment` marks keys that say where a system runs; a release does not keep their values.
    """

    addons = colander.SchemaNode(
        Words(), missing=[], key="talatat.addons", description="Composed addons"
    )
    addons_add = colander.SchemaNode(
        Words(), missing=[], key="talatat.addons.add", description="Addons that this layer adds"
    )
    addons_remove = colander.SchemaNode(
        Words(),
        missing=[],
        key="talatat.addons.remove",
        description="Addons that this layer takes away",
    )
    development = colander.SchemaNode(
        colander.Bool(),
        missing=False,
        key="talatat.development",
        environment=True,
        description="Apply additive plans, make missing secrets and folders",
    )
    on_addon_error = colander.SchemaNode(
        colander.String(),
        missing="stop",
        key="talatat.on_addon_error",
        validator=colander.OneOf(["stop", "quarantine"]),
        description="What to do with an addon that cannot be composed",
    )
    on_changed_package = colander.SchemaNode(
        colander.String(),
        missing="log",
        key="talatat.on_changed_package",
        environment=True,
        validator=colander.OneOf(["log", "stop", "ignore"]),
        description="What a start does whose packages are not what was installed, or what the lock has",
    )
    foreign_settings = colander.SchemaNode(
        Words(),
        missing=[],
        key="talatat.foreign_settings",
        description="Prefixes that third-party packages own",
    )
    secret = Secret(
        missing=None,
        key="talatat.secret",
        lifetime=7 * 86400,  # a cursor may be older, and is refused then: its bearer begins again
        description="Seals cursors, and encrypts what is kept secret in the database",
    )
    max_body = colander.SchemaNode(
        colander.Int(),
        missing=1024 * 1024,
        key="talatat.max_body",
        validator=colander.Range(1024),
        description="Largest request body, in bytes",
    )
    api_title = colander.SchemaNode(
        colander.String(),
        missing="Talatat",
        key="talatat.api.title",
        environment=True,
        description="What the API's document calls this system",
    )
    api_contact = colander.SchemaNode(
        Pattern(CONTACT, "NAME <MAIL> URL"),
        missing=None,
        key="talatat.api.contact",
        environment=True,
        description="Whom users of the API ask: NAME <MAIL> URL",
    )
    api_license = colander.SchemaNode(
        Pattern(LICENSE, "NAME URL"),
        missing=None,
        key="talatat.api.license",
        environment=True,
        description="The terms of using the API: NAME URL",
    )
    cors_origins = colander.SchemaNode(
        Words(),
        missing=[],
        key="talatat.cors_origins",
        validator=origins,
        description="Whose pages may call the API: https://shop.example, or * without credentials",
    )
    outbound_allow = colander.SchemaNode(
        Words(),
        missing=[],
        key="talatat.outbound.allow",
        environment=True,
        validator=allowed_entries,
        description="Networks and hosts that may be called though their addresses are not public",
    )
    hosts = colander.SchemaNode(
        HostNames(),
        missing=[],
        key="talatat.hosts",
        environment=True,
        description="Hosts that are answered for: shop.example, *.shop.example, admin.example:8443",
    )
    hsts = colander.SchemaNode(
        TransportPolicy(),
        missing="max-age=31536000; includeSubDomains",
        key="talatat.hsts",
        environment=True,
        description="Strict-Transport-Security of answers over https; off sends none",
    )
    log_format = colander.SchemaNode(
        colander.String(),
        missing="auto",
        key="talatat.log_format",
        environment=True,
        validator=colander.OneOf(["auto", "json", "console"]),
        description="json, console, or auto: console on a terminal",
    )
    costs = colander.SchemaNode(
        Truth(),
        missing=True,
        key="talatat.costs",
        environment=True,
        description="Count what requests cost, by addon and route (talatat cost)",
    )
    url = colander.SchemaNode(
        colander.String(), key="sqlalchemy.url", environment=True, description="The database"
    )
    pool_size = colander.SchemaNode(
        colander.Int(),
        missing=10,
        key="talatat.db.pool_size",
        environment=True,
        validator=colander.Range(1, 1000),
        description="Connections kept open",
    )
    max_overflow = colander.SchemaNode(
        colander.Int(),
        missing=10,
        key="talatat.db.max_overflow",
        environment=True,
        validator=colander.Range(0, 1000),
        description="Connections above those, at need",
    )
    pool_timeout = colander.SchemaNode(
        colander.Float(),
        missing=5.0,
        key="talatat.db.pool_timeout",
        environment=True,
        validator=colander.Range(0.1, 600),
        description="Seconds to wait for one of them before a request is answered 503",
    )
    statement_timeout = colander.SchemaNode(
        colander.Float(),
        missing=30.0,
        key="talatat.db.statement_timeout",
        environment=True,
        validator=colander.Range(0),
        description="Seconds; 0 is none",
    )
    lock_timeout = colander.SchemaNode(
        colander.Float(),
        missing=10.0,
        key="talatat.db.lock_timeout",
        environment=True,
        validator=colander.Range(0),
        description="Seconds to wait for a lock; 0 is for ever",
    )
    shadow_url = colander.SchemaNode(
        colander.String(),
        missing=None,
        key="talatat.shadow_url",
        environment=True,
        description="Server for throw-away databases, where the user may not create any",
    )
    apply_lock_timeout = colander.SchemaNode(
        colander.Float(),
        missing=1.5,
        key="talatat.apply.lock_timeout",
        environment=True,
        validator=colander.Range(0.05, 60),
        description="Seconds for which a change waits for a lock before it lets others pass",
    )
    apply_tries = colander.SchemaNode(
        colander.Int(),
        missing=20,
        key="talatat.apply.tries",
        environment=True,
        validator=colander.Range(1, 1000),
        description="How often a change tries to get its lock",
    )
    apply_statement_timeout = colander.SchemaNode(
        colander.Float(),
        missing=3600.0,
        key="talatat.apply.statement_timeout",
        environment=True,
        validator=colander.Range(0),
        description="Seconds for one statement of a change; 0 is none",
    )
    backup = colander.SchemaNode(
        colander.String(),
        missing=None,
        key="talatat.backup",
        environment=True,
        description="A file that each backup writes anew: a plan tells its age",
    )
    doctor_accept = colander.SchemaNode(
        Words(),
        missing=[],
        key="talatat.doctor.accept",
        environment=True,
        description="Ids of deployment checks whose findings somebody has accepted",
    )
