"""Settings as a release keeps them: names and digests, never a secret, never where a system runs."""

from __future__ import annotations

import hashlib
from typing import Any

from talatat.settings import VARIABLE, Settings


def settings_of(settings: Settings) -> dict[str, Any]:
    """{key: {addon, digest | "secret" | "environment" | "default"}}.

    The digest is of the text as it stands in the .ini, before PasteDeploy fills in `%(here)s`. A value
    that names an environment variable and a key that says where the system runs are told by name only.
    """
    return {
        key: {"addon": setting.owner, "value": _value(settings, key)}
        for key, setting in settings.known.items()
    }


def _value(settings: Settings, key: str) -> str:
    setting, raw = settings.known[key], settings.ini.written(key)
    if raw is None:
        return "default"
    if setting.secret:
        return "secret"
    if setting.environment or VARIABLE.search(raw):
        return "environment"
    return hashlib.sha256(" ".join(raw.split()).encode()).hexdigest()[:16]
