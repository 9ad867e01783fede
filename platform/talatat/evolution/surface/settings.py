"""Settings as a release keeps them: names and digests, never a secret, never where a system runs."""

from __future__ import annotations

import hashlib
from typing import Any

from talatat.evolution.canonical import canonical
from talatat.settings import VARIABLE, Setting, Settings

# What these say stands in the surface in full: addons, in order.
OF_COMPOSITION = ("talatat.addons", "talatat.addons.add", "talatat.addons.remove")


def settings_of(settings: Settings) -> dict[str, Any]:
    """{key: {addon, value, default, required}} of every key that the composition knows or is given.

    `value` is the digest of the text as it stands in the .ini, before PasteDeploy fills in `%(here)s`, or
    "default" where it is not set. By name only are told what the system's own sections say
    ("composition"), a "secret", a key that says where the system runs or a value that names a variable
    ("environment"), and keys of packages that declare none ("foreign", addon None).
    """
    known = {
        key: {
            "addon": setting.owner,
            "value": _value(settings, key),
            "default": _default(setting),
            "required": setting.required,
        }
        for key, setting in settings.known.items()
        if key not in OF_COMPOSITION
    }
    written = {key for layer in settings.ini.layers for key in layer.places}
    foreign = written - set(settings.known) - {"use"}
    nobody = {"addon": None, "value": "foreign", "default": None, "required": False}
    return known | dict.fromkeys(sorted(foreign), nobody)


def _value(settings: Settings, key: str) -> str:
    setting, raw = settings.known[key], settings.ini.written(key)
    if setting.secret:
        return "secret"
    if setting.environment:
        return "environment"
    if raw is None:
        return "default"
    if VARIABLE.search(raw):
        return "environment"
    return _short(" ".join(raw.split()).encode())


def _default(setting: Setting) -> str | None:
    """A digest of a default that JSON can hold; others are not compared."""
    if setting.secret or setting.environment or setting.default is None:
        return None
    try:
        return _short(canonical(setting.default))
    except (TypeError, ValueError):
        return None


def _short(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]
