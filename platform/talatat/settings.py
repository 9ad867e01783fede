"""Typed, documented settings: one colander schema per addon, checked all together at start.

An addon's keys stand under its own name (`catalog.page_size`). Every key under a composed addon's
prefix is in its schema; a key under a prefix that nobody owns is an error with the nearest known name.
Secrets come from the environment or from a file and are masked wherever settings are shown.
"""

import os
import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import colander
from pyramid.config import PHASE0_CONFIG
from pyramid.config.actions import action_method

from talatat.composition import PLATFORM
from talatat.ini import Ini

if TYPE_CHECKING:
    from talatat.configuration.configurator import Configurator

MASK = "********"
VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")

# Prefixes that Pyramid and what the platform itself includes read from the same section.
FOREIGN = ("pyramid", "tm", "retry", "jinja2", "sqlalchemy", "cornice", "use", "set")
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


class SecretValues(list[str]):
    """The values of one secret, the current first; the others are still accepted. Shows a mask."""

    @property
    def current(self) -> str:
        """The value to sign and encrypt with."""
        return self[0]

    def __repr__(self) -> str:
        return f"<{len(self)} secret value(s) {MASK}>"

    __str__ = __repr__


class SecretType(colander.SchemaType):
    """`file:PATH` (a value a line, the current first) or `${NAME}` (the same in a variable).

    A literal is refused: an .ini is copied, committed and shown. In development a missing file is
    made, with a random value and mode 0600.
    """

    def deserialize(self, node: colander.SchemaNode, cstruct: Any) -> Any:
        """SecretValues; raises `colander.Invalid` with the edit that mends it."""
        if cstruct is colander.null:
            return colander.null
        text = str(cstruct).strip()
        if text.startswith("file:"):
            return self._from_file(node, Path(text.removeprefix("file:")))
        if match := VARIABLE.fullmatch(text):
            value = os.environ.get(match[1], "")
            return self._values(node, value, f"the environment variable {match[1]}")
        raise colander.Invalid(
            node, "a secret may not stand in the .ini: write file:PATH or ${NAME_OF_VARIABLE}"
        )

    def _from_file(self, node: colander.SchemaNode, path: Path) -> SecretValues:
        if not path.exists() and (node.bindings or {}).get("development"):
            make_secret(path)
        try:
            return self._values(node, path.read_text(encoding="utf-8"), f"the file {path}")
        except OSError as error:
            raise colander.Invalid(
                node,
                f"the secret's file {path} cannot be read ({error.strerror}): make it, for example "
                f"with: umask 077; python3 -c 'import secrets; print(secrets.token_urlsafe(48))' > {path}",
            ) from error

    def _values(self, node: colander.SchemaNode, text: str, source: str) -> SecretValues:
        values = SecretValues(line.strip() for line in text.splitlines() if line.strip())
        if not values:
            raise colander.Invalid(
                node, f"{source} is empty or not set: put a long random value there"
            )
        return values


def make_secret(path: Path) -> None:
    """Write a random value to a new file of mode 0600; another process's file is left as it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(48) + "\n")
    try:
        os.link(temporary, path)  # atomic, and fails where another process was first
    except FileExistsError:
        pass
    finally:
        temporary.unlink()


def Secret(**kw: Any) -> colander.SchemaNode:  # noqa: N802  # reads as the node that it makes
    """A schema node for a secret; see `SecretType`."""
    return colander.SchemaNode(SecretType(), **kw)


class Words(colander.SchemaType):
    """A list of words, split at white space and line ends."""

    def deserialize(self, node: colander.SchemaNode, cstruct: Any) -> Any:
        """list[str]."""
        return colander.null if cstruct is colander.null else str(cstruct).split()


class PlatformSettings(colander.MappingSchema):
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
    foreign_settings = colander.SchemaNode(
        Words(),
        missing=[],
        key="talatat.foreign_settings",
        description="Prefixes that third-party packages own",
    )
    secret = Secret(missing=None, key="talatat.secret", description="Signs cursors and tickets")
    max_body = colander.SchemaNode(
        colander.Int(),
        missing=1024 * 1024,
        key="talatat.max_body",
        validator=colander.Range(1024),
        description="Largest request body, in bytes",
    )
    log_format = colander.SchemaNode(
        colander.String(),
        missing="auto",
        key="talatat.log_format",
        environment=True,
        validator=colander.OneOf(["auto", "json", "console"]),
        description="json, console, or auto: console on a terminal",
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


@dataclass(frozen=True)
class Setting:
    """One known key: for `why`, the documentation and the pages that show settings.

    `environment` marks what says where a system runs, not what it is: a release does not keep it.
    """

    key: str
    owner: str
    description: str
    secret: bool
    required: bool
    default: Any
    environment: bool = False


@dataclass
class Settings:
    """All settings of a composed system: `settings["catalog"].page_size`, `settings.platform.url`.

    `problems` gathers what is wrong until composing ends.
    """

    ini: Ini
    namespaces: dict[str, SimpleNamespace] = field(default_factory=dict)
    known: dict[str, Setting] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.declare(PLATFORM, PlatformSettings())

    def __getitem__(self, addon: str) -> SimpleNamespace:
        return self.namespaces[addon]

    @property
    def platform(self) -> SimpleNamespace:
        """The platform's own settings, by attribute."""
        return self.namespaces[PLATFORM]

    @property
    def raw(self) -> Mapping[str, str]:
        """The flat settings as PasteDeploy read them."""
        return self.ini.settings

    def declare(self, owner: str, schema: colander.SchemaNode) -> None:
        """Check the keys of one schema; problems are kept for the end, defaults stand in."""
        development = self.raw.get("talatat.development", "").lower() in ("true", "yes", "on", "1")
        schema = schema.bind(development=development)
        values = {node.name: self._value(owner, node) for node in schema.children}
        self.namespaces[owner] = SimpleNamespace(**values)

    def _value(self, owner: str, node: colander.SchemaNode) -> Any:
        key = getattr(node, "key", f"{owner}.{node.name}")
        secret = isinstance(node.typ, SecretType)
        default = None if node.missing is colander.required else node.missing
        self.known[key] = Setting(
            key,
            owner,
            node.description or "",
            secret,
            node.missing is colander.required,
            default,
            getattr(node, "environment", False),
        )
        raw = self.raw.get(key)
        try:
            if raw is None or (not raw.strip() and not isinstance(node.typ, Words)):
                return node.deserialize(colander.null)
            return node.deserialize(raw if secret else self._expanded(node, raw))
        except colander.Invalid as invalid:
            self.problems.append(self._problem(key, node, invalid, raw))
            return default

    def _expanded(self, node: colander.SchemaNode, raw: str) -> str:
        def value(match: re.Match[str]) -> str:
            if match[1] not in os.environ:
                raise colander.Invalid(node, f"the environment variable {match[1]} is not set")
            return os.environ[match[1]]

        return VARIABLE.sub(value, raw)

    def _problem(
        self, key: str, node: colander.SchemaNode, invalid: colander.Invalid, raw: str | None
    ) -> str:
        said = "; ".join(str(text) for text in invalid.asdict(translate=_worded).values())
        if raw is None:
            return (
                f"{self.ini.shown}: the setting {key} is required ({node.description or 'no description'}). "
                f"Add a line: {key} = ..."
            )
        return f"{self.ini.at(key)}: {key}: {said}. Correct the line."

    def unknown(self, composed: Iterable[str], sleeping: Iterable[str]) -> Iterator[str]:
        """A problem for each key that nobody knows; keys of sleeping addons are let be."""
        composed, sleeping = set(composed), set(sleeping)
        foreign = {*FOREIGN, *self.platform.foreign_settings}
        for key in self.raw:
            prefix = key.partition(".")[0]
            if key in self.known or key in PYRAMID_KEYS or key.startswith("talatat.permissions."):
                continue
            owned = prefix == PLATFORM or prefix in composed
            if not owned and (prefix in foreign or prefix in sleeping):
                continue
            near = get_close_matches(key, self.known, 1, 0.6)
            hint = f" Did you mean {near[0]}?" if near else ""
            if owned:
                names = (
                    ", ".join(sorted(k for k in self.known if k.startswith(prefix + "."))) or "none"
                )
                yield f"{self.ini.at(key)}: unknown setting {key}.{hint} {prefix} knows: {names}."
            else:
                yield (
                    f"{self.ini.at(key)}: nobody in this composition owns the setting {key}.{hint} "
                    f"Correct or delete the line; where a third-party package reads it, add "
                    f"{prefix!r} to talatat.foreign_settings."
                )

    def shown(self) -> dict[str, Any]:
        """Every known key with its value, secrets masked: what may be printed."""
        shown = {}
        for key, setting in sorted(self.known.items()):
            raw = self.raw.get(key)
            if setting.secret:
                shown[key] = MASK if raw else None
            else:
                shown[key] = mask_url(raw) if raw is not None else setting.default
        return shown


def mask_url(text: str) -> str:
    """The text with the password of any URL in it masked."""
    return re.sub(r"(\w+://[^:/@\s]*:)[^@\s]*@", rf"\g<1>{MASK}@", text)


def _worded(text: Any) -> str:
    return str(text.interpolate()) if hasattr(text, "interpolate") else str(text)


class SettingsDirectives:
    """The directives of this room, for the Configurator."""

    @action_method
    def add_settings_schema(
        self: "Configurator", schema: Callable[[], colander.SchemaNode]
    ) -> None:
        """Declare the addon's keys. They are read and checked at once; problems are raised together.

        Read them in requests and actions (`system.settings["addon"].key`), not in an includeme: a
        dependent may still override a default.
        """
        owner, settings = self.owner, self.registry.system.settings
        node = schema()
        settings.declare(owner, node)
        intr = self.introspectable(
            "talatat settings", owner, f"settings of {owner}", "settings schema"
        )
        intr["schema"], intr["callable"] = node, schema
        self.action(("settings schema", owner), None, introspectables=(intr,), order=PHASE0_CONFIG)
        for child in node.children:
            key = f"{owner}.{child.name}"
            intr = self.introspectable("talatat setting defaults", key, key, "setting")
            intr["key"], intr["default"] = key, child.missing
            self.action(("setting", key), None, introspectables=(intr,), order=PHASE0_CONFIG)

    @action_method
    def override_setting_default(self: "Configurator", key: str, default: Any) -> None:
        """Another default for an addon's key; the .ini's own value still wins.

        Stands inside `config.overriding("addon")`.
        """
        settings = self.registry.system.settings
        intr = self.introspectable("talatat setting defaults", key, key, "setting")
        intr["key"], intr["default"] = key, default

        def apply() -> None:
            if key not in settings.known:
                settings.problems.append(
                    f"{self.owner} overrides the default of {key}, which nobody declares."
                )
            elif not (settings.raw.get(key) or "").strip():
                owner, _, name = key.partition(".")
                setattr(settings.namespaces[owner], name, default)

        self.action(("setting", key), apply, introspectables=(intr,), order=PHASE0_CONFIG)
