"""Typed, documented settings: one colander schema per addon, checked all together at start.

An addon's keys stand under its own name (`catalog.page_size`). Every key under a composed addon's
prefix is in its schema; a key under a prefix that nobody owns is an error with the nearest known name.
Secrets come from the environment or from a file and are masked wherever settings are shown.
"""

from talatat.masking import MASK
from talatat.settings.directives import SettingsDirectives
from talatat.settings.platform import FOREIGN, PlatformSettings
from talatat.settings.quotas import Quota, limit_node, quota
from talatat.settings.registry import Setting, Settings
from talatat.settings.secrets import VARIABLE, Secret, SecretValues, make_secret, mask_url

__all__ = [
    "FOREIGN",
    "MASK",
    "VARIABLE",
    "PlatformSettings",
    "Quota",
    "Secret",
    "SecretValues",
    "Setting",
    "Settings",
    "SettingsDirectives",
    "limit_node",
    "make_secret",
    "mask_url",
    "quota",
]
