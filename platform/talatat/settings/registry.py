"""The settings of one composed system: what is known, what was said, and what is wrong with it."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from types import SimpleNamespace
from typing import Any

import colander

from talatat.composition import PLATFORM
from talatat.ini import Ini
from talatat.masking import MASK
from talatat.settings.platform import FOREIGN, OWNED, PYRAMID_KEYS, PlatformSettings, Truth, Words
from talatat.settings.secrets import VARIABLE, SecretType, Told, mask_url

LIMITS = "talatat.limits."
SET_IT = "set it where this process is started, or name another in the line"


@dataclass(frozen=True)
class Setting:
    """One known key: for `why`, the documentation and the pages that show settings.

    `environment` marks what says where a system runs, not what it is: a release does not keep it.
    `lifetime` is that of what a secret signs, see `secrets.Secret`.
    """

    key: str
    owner: str
    description: str
    secret: bool
    required: bool
    default: Any
    environment: bool = False
    lifetime: int | str | None = None


@dataclass
class Settings:
    """All settings of a composed system: `settings["catalog"].page_size`, `settings.platform.url`.

    `problems` gathers what is wrong until composing ends.
    """

    ini: Ini
    namespaces: dict[str, SimpleNamespace] = field(default_factory=dict)
    known: dict[str, Setting] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    _nodes: dict[str, colander.SchemaNode] = field(default_factory=dict, repr=False)

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

    def value(self, key: str) -> Any:
        """The value of a known key as its schema reads it."""
        return getattr(self.namespaces[self.known[key].owner], self._nodes[key].name)

    def declare(self, owner: str, schema: colander.SchemaNode) -> None:
        """Check the keys of one schema; problems are kept for the end, defaults stand in."""
        development = self.raw.get("talatat.development", "").lower() in ("true", "yes", "on", "1")
        schema = schema.bind(development=development)
        self.namespaces.setdefault(owner, SimpleNamespace())
        for node in schema.children:
            self.declare_key(owner, node)

    def declare_key(self, owner: str, node: colander.SchemaNode) -> None:
        """Check one key: `node.key`, or the owner's of the node's name."""
        namespace = self.namespaces.setdefault(owner, SimpleNamespace())
        setattr(namespace, node.name, self._value(owner, node))

    def _value(self, owner: str, node: colander.SchemaNode) -> Any:
        key = getattr(node, "key", f"{owner}.{node.name}")
        self._nodes[key] = node
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
            getattr(node, "lifetime", None),
        )
        if type(node.typ) is colander.Boolean and not node.typ.true_choices:
            node.typ = Truth()
        raw = self.raw.get(key)
        try:
            if raw is None or (not raw.strip() and not isinstance(node.typ, Words)):
                return node.deserialize(colander.null)
            return node.deserialize(raw if secret else self._expanded(node, raw))
        except colander.Invalid as invalid:
            self.problems.append(self._problem(key, node, invalid, raw))
            return default

    def change_default(self, key: str, default: Any, place: str) -> None:
        """Another default for a known key; `place` says who wants it where, for what is wrong with it."""
        if key not in self.known:
            near = get_close_matches(key, self.known, 1, 0.6)
            hint = f" Did you mean {near[0]}?" if near else ""
            self.problems.append(
                f"{place}: override_setting_default of {key}, which nobody declares.{hint}"
            )
            return
        try:
            if isinstance(default, int | float | str) and default != "":
                default = self._nodes[key].deserialize(default)
        except colander.Invalid as invalid:
            said = "; ".join(str(text) for text in invalid.asdict(translate=_worded).values())
            self.problems.append(f"{place}: the default {default!r} for {key}: {said}. Correct it.")
            return
        setting = self.known[key] = replace(self.known[key], default=default)
        if not (self.raw.get(key) or "").strip():
            setattr(self.namespaces[setting.owner], self._nodes[key].name, default)

    def _expanded(self, node: colander.SchemaNode, raw: str) -> str:
        def value(match: re.Match[str]) -> str:
            if match[1] not in os.environ:
                raise Told(node, f"the environment variable {match[1]} is not set: {SET_IT}")
            return os.environ[match[1]]

        expanded = VARIABLE.sub(value, raw)
        if node.required and not expanded.strip() and (empty := VARIABLE.search(raw)):
            raise Told(node, f"the environment variable {empty[1]} is empty: {SET_IT}")
        return expanded

    def _problem(
        self, key: str, node: colander.SchemaNode, invalid: colander.Invalid, raw: str | None
    ) -> str:
        said = "; ".join(str(text) for text in invalid.asdict(translate=_worded).values())
        if raw is None:
            return (
                f"{self.ini.shown}: the setting {key} is required ({node.description or 'no description'}). "
                f"Add a line: {key} = ..."
            )
        mend = "" if isinstance(invalid, Told) else " Correct the line."
        return f"{self.ini.at(key)}: {key}: {said}.{mend}"

    def unknown(self, composed: Iterable[str], sleeping: Iterable[str | None]) -> Iterator[str]:
        """A problem for each key that nobody knows; keys of sleeping addons are let be."""
        composed, sleeping = set(composed), set(sleeping)
        foreign = {*FOREIGN, *self.platform.foreign_settings}
        # An addon that declares no key, as a plain Pyramid package, owns none.
        composed &= {setting.owner for setting in self.known.values()}
        for key in self.raw:
            prefix = key.partition(".")[0]
            if key in self.known or key in PYRAMID_KEYS or key.startswith("talatat.permissions."):
                continue
            if (limited := limited_addon(key)) is not None and limited in sleeping:
                continue
            owned = prefix in OWNED or prefix in composed
            if not owned and (prefix in foreign or prefix in sleeping):
                continue
            near = get_close_matches(key, self.known, 1, 0.6)
            hint = f" Did you mean {near[0]}?" if near else ""
            if owned:
                names = ", ".join(sorted(k for k in self.known if k.startswith(prefix + ".")))
                yield f"{self.ini.at(key)}: unknown setting {key}.{hint} {prefix} knows: {names}."
            else:
                yield (
                    f"{self.ini.at(key)}: nobody in this composition owns the setting {key}.{hint} "
                    f"Correct or delete the line; where a third-party package reads it, add "
                    f"{prefix!r} to talatat.foreign_settings."
                )

    def unknown_of_platform(self) -> Iterator[str]:
        """A problem for each unknown key of the platform's own: known before an addon is included."""
        prefixes = {key.partition(".")[0] for key in self.raw}
        return self.unknown((), prefixes | {limited_addon(key) for key in self.raw})

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


def limited_addon(key: str) -> str | None:
    """Whose limit a key is: `accounts` of `talatat.limits.accounts.login`, None of one of the platform's."""
    addon, dot, _ = key.removeprefix(LIMITS).partition(".")
    return addon if dot and key.startswith(LIMITS) else None


def _worded(text: Any) -> str:
    return str(text.interpolate()) if hasattr(text, "interpolate") else str(text)
