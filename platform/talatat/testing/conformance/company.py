"""Which other installed addons can be composed along, and what the .ini of all of them has to say.

Runs elsewhere: a neighbour is imported there, never in the process of somebody's tests.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from talatat.addons import inventory
from talatat.composing import compose, declared_settings, load_composition
from talatat.composition import Composition
from talatat.errors import AddonError, CompositionError
from talatat.ini import Ini, read_ini
from talatat.settings import Settings


def find(ini: str, addon: str, beside: Sequence[str] | None) -> dict[str, Any]:
    """{beside, left_out, secrets, missing}: who can stand beside `addon`, and what nobody has said yet.

    `beside` None is every installed addon that does not require `addon`. A neighbour that cannot be
    composed here is left out, with the reason. `secrets` are keys that want a secret, `missing` required
    keys of `addon` and of what it requires, {key: description}. `ini` lists the addon alone.
    """
    stock = inventory()
    names = stock.names() if beside is None else beside
    composition, left_out = load_composition(ini), {}
    kept: list[str] = []
    secrets, missing = _wanted(composition)
    for name in names:
        if name in composition.by_name or name not in stock.addons:
            continue
        try:
            alone = load_composition(_alone(ini, name))
            if addon in alone.by_name:
                continue  # it sleeps whenever the addon does
            more, lacking = _wanted(alone)
        except (AddonError, CompositionError) as error:
            left_out[name] = error.problems[0]
            continue
        if lacking:
            left_out[name] = f"the setting {next(iter(lacking))} is required"
            continue
        kept.append(name)
        secrets |= more
    return {
        "beside": kept, "left_out": left_out, "secrets": sorted(secrets), "missing": missing,
    }  # fmt: skip


def _alone(ini: str, name: str) -> Ini:
    """The .ini with `name` in the place of what it lists."""
    read = read_ini(ini)
    return replace(read, settings={**read.settings, "talatat.addons": name}, layers=())


def _wanted(composition: Composition) -> tuple[set[str], dict[str, str]]:
    """The secrets that a composition wants, and what else it requires and nobody has said."""
    settings: Settings = declared_settings(composition)
    unsaid = [
        one for one in settings.known.values() if one.required and one.key not in settings.raw
    ]
    secrets = {one.key for one in unsaid if one.secret}
    return secrets, {one.key: one.description for one in unsaid if not one.secret}


def compose_once(ini: str) -> dict[str, Any]:
    """Compose an .ini; the order of its addons. Raises CompositionError."""
    composition = load_composition(ini)
    compose(composition)
    return {"order": list(composition.names)}
