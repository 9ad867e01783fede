"""The surface of a composition: all of it that the outside can see or depend on, as canonical JSON.

The same composition has the same surface, byte for byte, on every machine: no path, no time, no secret
and nothing that says where a system runs stands in it. A release is a surface that was applied to a
database; a plan is the difference between the last release and the surface now declared.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from talatat.composition import PLATFORM, Composition
from talatat.evolution.canonical import canonical, digest
from talatat.evolution.graph import Graph, read_graph
from talatat.evolution.surface.api import api_of
from talatat.evolution.surface.hooks import hooks_of
from talatat.evolution.surface.security import (
    identity_sources_of,
    permissions_of,
    resources_of,
    roles_of,
)
from talatat.evolution.surface.settings import settings_of
from talatat.evolution.surface.shadows import shadows_of
from talatat.evolution.surface.tables import extensions_of, tables_of
from talatat.evolution.surface.web import around_of, overrides_of, routes_of, tweens_of, views_of
from talatat.openapi import document_of
from talatat.system import System

__all__ = ["Surface", "canonical", "digest", "packages_of", "surface_of"]

FORMAT = 1

Surface = dict[str, Any]


def surface_of(registry: Any) -> Surface:
    """The surface of a composed registry. Opens no connection and writes nothing."""
    system: System = registry.system
    routes = routes_of(registry)
    return {
        "format": FORMAT,
        **packages_of(system.composition, read_graph(system.composition)),
        "routes": routes,
        "shadows": shadows_of(registry, routes),
        "views": views_of(registry),
        "tweens": tweens_of(registry),
        "around": around_of(registry),
        "overrides": overrides_of(system),
        "hooks": hooks_of(registry),
        "permissions": permissions_of(system),
        "roles": roles_of(system),
        "identity_sources": identity_sources_of(registry),
        "resources": resources_of(system),
        "settings": settings_of(system.settings),
        "tables": tables_of(system.composition),
        "extensions": extensions_of(system),
        "loaders": sorted(system.loaders),
        "jobs": {},
        "api": api_of(document_of(registry)),
    }


def packages_of(composition: Composition, graph: Graph) -> Surface:
    """What can be told of a composition without importing an addon."""
    return {
        "addons": [
            {
                "name": one.name,
                "version": one.version,
                "distribution": one.distribution,
                "requires": sorted(one.requires),
                "implied": one.implied,
            }
            for one in composition.addons
        ],
        "heads": {addon: graph.heads(addon) for addon in sorted(graph.folders)},
        "platform": version(PLATFORM),
    }
