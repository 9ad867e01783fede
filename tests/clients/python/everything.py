"""All modules of the client are imported; what they leave untyped."""

import pkgutil
from importlib import import_module
from typing import Any

import shop
import shop.models


def everything() -> dict[str, Any]:
    modules = [one.name for one in pkgutil.walk_packages(shop.__path__, "shop.")]
    untyped = []
    for name in modules:
        module = import_module(name)
        answer = getattr(module, "sync_detailed", None)
        if answer is not None and "Any" in str(answer.__annotations__["return"]):
            untyped.append(name.rpartition(".")[2])
    for name in shop.models.__all__:
        untyped += [
            f"{name}.{one.name}"
            for one in getattr(shop.models, name).__dict__.get("__attrs_attrs__", ())
            if one.name != "additional_properties" and "Any" in str(one.type)
        ]
    return {"modules": len(modules), "untyped": untyped}
