"""Routes and views: what answers which requests, and who is let in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from talatat.evolution.differences.comparing import PUBLIC, Pair, compared, listed
from talatat.evolution.model import Change

_PUBLIC = "public: anybody may call it"


def routes(pair: Pair) -> Iterator[Change]:
    """Routes new, gone, at another path; routes that another addon's route shadows; tweens."""
    for name, was, now in compared(*pair.part("routes")):
        if was is None and now is not None:
            yield Change("routes", "+", f"{name} {now['pattern']}", now["addon"])
        elif now is None and was is not None:
            yield _gone(pair, name, was)
        elif was is not None and now is not None:
            yield from _route(name, was, now)
    yield from _shadows(pair)
    for name, was, now in compared(*pair.part("tweens")):
        sign = "+" if was is None else "-" if now is None else "~"
        detail = "every request passes it" if sign == "+" else ""
        weight = "info" if pair.fresh(now or was) else "notice"
        yield Change("routes", sign, f"tween {name}", now or was, detail, weight)


def _gone(pair: Pair, name: str, was: dict[str, Any]) -> Change:
    if pair.stays(was["addon"]):
        detail = "links to it break"
        return Change(
            "routes", "!", f"{name} {was['pattern']} gone", was["addon"], detail, "notice"
        )
    return Change("routes", "-", f"{name} {was['pattern']}", was["addon"])


def _route(name: str, was: dict[str, Any], now: dict[str, Any]) -> Iterator[Change]:
    if was["addon"] != now["addon"]:
        detail = f"now of {now['addon']}, formerly of {was['addon']}"
        yield Change("routes", "!", name, now["addon"], detail, "warning")
    if was["pattern"] != now["pattern"]:
        detail = f"{was['pattern']} -> {now['pattern']}; links to it break"
        yield Change("routes", "!", name, now["addon"], detail, "warning")
    for key, what in (("methods", "methods"), ("factory", "root factory")):
        if was.get(key) != now.get(key):
            detail = f"{what} {_said(was.get(key))} -> {_said(now.get(key))}"
            yield Change("routes", "~", name, now["addon"], detail, "notice")


def _said(value: Any) -> str:
    return listed(value) if isinstance(value, list) else str(value or "none")


def _shadows(pair: Pair) -> Iterator[Change]:
    known = {(one["route"], one["by"]): one for one in pair.old.get("shadows", ())}
    before = pair.part("routes")[0]
    for one in pair.new.get("shadows", ()):
        if known.get((one["route"], one["by"])) == one:
            continue
        # Who comes later knows what was there: a route for all that is left is meant so.
        meant = not one["whole"] and one["by"] in before and one["route"] not in before
        weight = "danger" if one["whole"] else "notice" if meant else "warning"
        part = "every request" if one["whole"] else "some requests"
        yield Change(
            "routes",
            "~" if meant else "!",
            f"{one['route']} of {one['addon']} is shadowed",
            one["by_addon"],
            f"{one['by']} of {one['by_addon']} is matched first and takes {part} for it",
            weight,
        )


def views(pair: Pair) -> Iterator[Change]:
    """Views new, gone, opened, closed, taken over, and those with other code."""
    routes = {**pair.part("routes")[0], **pair.part("routes")[1]}
    for key, was, now in compared(*pair.part("views")):
        if was is None and now is not None:
            yield _new(pair, key, now, routes)
        elif now is None and was is not None:
            gone = pair.stays(was["addon"]) and f"{key} gone"
            sign = "!" if gone else "-"
            yield Change("views", sign, gone or key, was["addon"], "", "notice" if gone else "info")
        elif was is not None and now is not None:
            yield from _changed(pair, key, was, now)
    yield from _around(pair)


def _around(pair: Pair) -> Iterator[Change]:
    """What is around all views, or on all requests: view derivers, request methods, factories."""
    if pair.old and "around" not in pair.old:
        return  # older platforms did not keep it
    for name, was, now in compared(*pair.part("around")):
        one = now or was or {}
        if was is not None and now is not None:
            detail = f"{was['code']} of {was['addon']} -> {now['code']} of {now['addon']}"
            yield Change("views", "!", name, one["addon"], detail, "warning")
        elif one["hides"]:
            said = "stands in place of" if now is not None else "no longer stands in place of"
            detail = f"{one['code']} {said} what each request has"
            yield Change("views", "!", name, one["addon"], detail, "warning")
        elif name.startswith("request method") or pair.fresh(one["addon"]):
            yield Change("views", "-" if now is None else "+", name, one["addon"], one["code"])
        else:
            said = "concerns every view" if now is not None else "gone; it concerned every view"
            yield Change("views", "!", name, one["addon"], said, "warning")


def is_public(view: dict[str, Any]) -> bool:
    """Whether anybody may call a view. One that only shows errors opens nothing."""
    return view["permission"] in PUBLIC and not view.get("errors")


def _new(pair: Pair, key: str, now: dict[str, Any], routes: dict[str, Any]) -> Change:
    owner = routes.get(str(now.get("route")), {}).get("addon")
    said, grave = [], False
    if owner is not None and owner != now["addon"]:
        said.append(f"takes requests for a route of {owner}")
        grave = True
    if is_public(now):
        said.append(_PUBLIC)
        grave = grave or not pair.fresh(now["addon"])
    elif now["permission"] and not now.get("errors"):
        said.append(f"asks for {now['permission']}")
    if now.get("csrf") is False and not now.get("errors"):
        said.append("takes requests of browsers without a CSRF token")
    weight = "warning" if grave else "notice" if is_public(now) else "info"
    return Change("views", "!" if grave else "+", key, now["addon"], "; ".join(said), weight)


def _changed(pair: Pair, key: str, was: dict[str, Any], now: dict[str, Any]) -> Iterator[Change]:
    if was["addon"] != now["addon"]:
        detail = f"answered by {now['addon']} ({now['code']}), formerly by {was['addon']}"
        back = was["addon"] in pair.went
        weight = "notice" if back else "warning"
        yield Change("views", "~" if back else "!", key, now["addon"], detail, weight)
    if is_public(now) and not is_public(was):
        before = "only answered errors" if was.get("errors") else f"asked for {was['permission']}"
        detail = f"made public, anybody may call it; it {before}"
        yield Change("views", "!", key, now["addon"], detail, "danger")
    elif now["permission"] != was["permission"] and not now.get("errors"):
        yield _permission(pair, key, was, now)
    if was.get("csrf") is not False and now.get("csrf") is False and not now.get("errors"):
        detail = "takes requests of browsers without a CSRF token now"
        yield Change("views", "!", key, now["addon"], detail, "warning")
    outside = was.get("within", now.get("within"))
    if was["addon"] == now["addon"] and outside != now.get("within"):
        detail = f"within {listed(now.get('within', ()))}, formerly within {listed(outside or ())}"
        yield Change("views", "!", key, now["addon"], detail, "warning")
    if was["addon"] == now["addon"] and _code(was) != _code(now):
        yield Change("views", "~", key, now["addon"], "other code")


def _code(view: dict[str, Any]) -> tuple[Any, Any]:
    return view["code"], view["fingerprint"]


def _permission(pair: Pair, key: str, was: dict[str, Any], now: dict[str, Any]) -> Change:
    before, after = was["permission"], now["permission"]
    gained = sorted(holders(pair.new, after) - holders(pair.old, before))
    detail = f"asks for {after}, formerly for {before}"
    if after == "authenticated":
        return Change(
            "views", "!", key, now["addon"], f"{detail}: whoever is signed in may call it", "danger"
        )
    if gained and not is_public(was):
        detail = f"{detail}: the roles {listed(gained)} may call it now"
        return Change("views", "!", key, now["addon"], detail, "warning")
    return Change("views", "~", key, now["addon"], detail, "notice")


def holders(surface: Any, permission: str | None) -> set[str]:
    """The roles that hold a permission."""
    roles = surface.get("roles", {})
    return {name for name, role in roles.items() if permission in role.get("holds", ())}
