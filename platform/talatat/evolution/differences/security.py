"""Permissions, roles, ways to sign in, and what a resource lets whom see."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from talatat.composition import PLATFORM
from talatat.evolution.differences.comparing import PUBLIC, Pair, compared, listed
from talatat.evolution.differences.shapes import resolved
from talatat.evolution.model import Change

SECTION = "permissions"


def permissions(pair: Pair) -> Iterator[Change]:
    """Everything of the section `permissions`."""
    for name, was, now in compared(*pair.part("permissions")):
        yield from _permission(pair, name, was, now)
    for name, was, now in compared(*pair.part("roles")):
        yield from _role(pair, name, was, now)
    for name, was, now in compared(*pair.part("identity_sources")):
        yield _source(pair, name, was, now)
    for name, was, now in compared(*pair.part("resources")):
        if was is not None and now is not None:
            yield from _resource(pair, name, was, now)


def _permission(pair: Pair, name: str, was: Any, now: Any) -> Iterator[Change]:
    if was is None:
        yield Change(SECTION, "+", name, now["addon"], now["title"])
    elif now is None:
        if pair.stays(was["addon"]):
            detail = "whoever was granted it by name holds nothing by it"
            yield Change(SECTION, "!", f"{name} gone", was["addon"], detail, "notice")
        else:
            yield Change(SECTION, "-", name, was["addon"])
    elif was["addon"] != now["addon"]:
        detail = f"now of {now['addon']}, formerly of {was['addon']}"
        yield Change(SECTION, "!", name, now["addon"], detail, "warning")
    else:
        yield Change(SECTION, "~", name, now["addon"], f"{was['title']} -> {now['title']}")


def _role(pair: Pair, name: str, was: Any, now: Any) -> Iterator[Change]:
    if was is None:
        foreign = _foreign(now) and not (pair.fresh(now["addon"]) and now["addon"] == PLATFORM)
        detail = f"holds {listed(now['permissions'])}"
        weight = "warning" if foreign else "info" if pair.fresh(now["addon"]) else "notice"
        yield Change(SECTION, "!" if foreign else "+", f"role {name}", now["addon"], detail, weight)
    elif now is None:
        detail = "who has it holds nothing by it any more"
        yield Change(SECTION, "-", f"role {name}", was["addon"], detail, "notice")
    else:
        yield from _held(pair, name, was, now)


def _foreign(role: dict[str, Any]) -> list[str]:
    """Patterns of a role for permissions of another addon than the role's."""
    return [one for one in role["permissions"] if not one.startswith(f"{role['addon']}.")]


def _held(pair: Pair, name: str, was: dict[str, Any], now: dict[str, Any]) -> Iterator[Change]:
    added = [one for one in now["permissions"] if one not in was["permissions"]]
    taken = [one for one in was["permissions"] if one not in now["permissions"]]
    if added:
        detail = f"holds {listed(added)} too"
        yield Change(SECTION, "!", f"role {name} widened", now["addon"], detail, "warning")
    if taken:
        detail = f"does not hold {listed(taken)} any more"
        yield Change(SECTION, "~", f"role {name} narrowed", now["addon"], detail, "notice")
    if "*" in now["permissions"]:
        return  # it holds everything, today's and tomorrow's
    declared = pair.part("permissions")[0]
    for one in now.get("holds", ()):
        through = one not in was.get("holds", ()) and not any(one == pattern for pattern in added)
        if through and one not in declared:
            detail = f"holds the new permission {one} through {listed(_covering(now, one))}"
            yield Change(SECTION, "!", f"role {name} widened", now["addon"], detail, "warning")


def _covering(role: dict[str, Any], permission: str) -> list[str]:
    return [
        one for one in role["permissions"] if one.endswith(".*") and permission.startswith(one[:-1])
    ]


def _source(pair: Pair, name: str, was: Any, now: Any) -> Change:
    what = f"identity source {name}"
    if was is None:
        detail = "another way to show who makes a request"
        if "format" in pair.old:
            return Change(SECTION, "!", what, now["addon"], detail, "warning")
        return Change(SECTION, "+", what, now["addon"], detail, "notice")
    if now is None:
        detail = "whoever signed in by it is nobody now"
        return Change(SECTION, "-", what, was["addon"], detail, "notice")
    detail = f"{was['addon']} ({was['code']}) -> {now['addon']} ({now['code']})"
    return Change(SECTION, "!", what, now["addon"], detail, "warning")


def _resource(pair: Pair, name: str, was: dict[str, Any], now: dict[str, Any]) -> Iterator[Change]:
    if was["scope"] != now["scope"]:
        if now["scope"] is None:
            detail = "shows every row; it showed those that a request may see"
            yield Change(SECTION, "!", f"resource {name}", now["addon"], detail, "danger")
        else:
            detail = "chooses in another way which rows a request may see"
            yield Change(SECTION, "!", f"resource {name}", now["addon"], detail, "warning")
    for field, before, after in compared(was["fields"], now["fields"]):
        if not _is_shown(pair.new, name, field) and after is None:
            continue  # the field itself is gone, which the section of the API tells
        yield from _field(f"{name}.{field}", now["addon"], before or {}, after or {})


def _is_shown(surface: Any, resource: str, field: str) -> bool:
    """Whether a resource has a field still, in answers or in requests."""
    components = surface.get("api", {}).get("components", {})
    return any(
        _has(components, {"$ref": f"#/components/schemas/{name}"}, field.split("."))
        for name in (resource, f"{resource}.create", f"{resource}.patch")
    )


def _has(components: Any, schema: Any, path: list[str]) -> bool:
    for name in path:
        found = resolved(components, schema)
        branches = [found, *found.get("anyOf", ()), *found.get("oneOf", ())]
        shown = [resolved(components, one).get("properties", {}).get(name) for one in branches]
        schema = next((one for one in shown if one is not None), None)
        if schema is None:
            return False
    return True


def _field(name: str, addon: str, was: dict[str, Any], now: dict[str, Any]) -> Iterator[Change]:
    for way in ("read", "write"):
        before, after = was.get(way), now.get(way)
        if before == after:
            continue
        if after in PUBLIC:
            detail = f"to {way} it takes no permission of its own any more; it took {before}"
            yield Change(SECTION, "!", f"field {name}", addon, detail, "warning")
        else:
            detail = f"to {way} it takes {after}" + (f", formerly {before}" if before else "")
            yield Change(SECTION, "~", f"field {name}", addon, detail, "notice")
