"""Declarative bases: one for each addon, so that no addon's models can break another's.

With a base (registry and MetaData) of its own, a broken model of an addon that is not composed stays
unconfigured and harmless. Foreign keys and relationships to another addon's models take its classes or
columns, never strings: strings are looked up in the addon's own registry only.
"""

from __future__ import annotations

import sys
import weakref
from typing import Any

from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase

# Names end in their kind and begin with the table's, so that each begins with its addon's name. Only
# checks are named by hand; migrations use the same convention (migrations/env.py).
NAMING_CONVENTION = {
    "pk": "%(table_name)s_pk",
    "uq": "%(table_name)s_%(column_0_N_name)s_uq",
    "ix": "%(table_name)s_%(column_0_N_name)s_ix",
    "fk": "%(table_name)s_%(column_0_N_name)s_fk",
    "ck": "%(table_name)s_%(constraint_name)s_ck",
}

# By the outermost package: one asks for the bases of an addon, and there may be many addons.
_bases: dict[str, weakref.WeakSet[type[DeclarativeBase]]] = {}


def declarative_base(addon: str) -> Any:
    """Return the base class of the models of `addon`, whose tables are all named `<addon>_...`.

    Call it once in an addon, at module level: `Base = declarative_base("catalog")`. The platform checks
    the names when it composes (talatat.db.checks).
    """
    caller = sys._getframe(1).f_globals.get("__name__", __name__)
    metadata = MetaData(naming_convention=NAMING_CONVENTION, info={"addon": addon})
    base = type(
        "Base",
        (DeclarativeBase,),
        {"__module__": caller, "__doc__": f"Models of {addon}.", "metadata": metadata},
    )
    _bases.setdefault(caller.partition(".")[0], weakref.WeakSet()).add(base)
    return base


def bases_of(package: str) -> list[type[DeclarativeBase]]:
    """Return the bases that were made in the Python `package` of an addon, or below it."""
    found = [
        base
        for base in _bases.get(package.partition(".")[0], ())
        if base.__module__ == package or base.__module__.startswith(package + ".")
    ]
    return sorted(found, key=lambda base: base.__module__)


def addon_of(model: type[Any]) -> str:
    """Return the name of the addon whose base `model` has."""
    return str(model.metadata.info["addon"])
