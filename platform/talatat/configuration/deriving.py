"""Views that are derived when they are first asked for.

Pyramid wraps each view, as it is registered, in a function for everything that its options say: eight of them, each
with a copy of the attributes of the one inside, are most of what a view costs at the start, in time and in memory.
Most views of a large system are never asked for in most processes. So what stands in the registry is a `LateView`,
which knows what Pyramid asks a derived view for, and derives it for its first request.

An error of an option is told at the start all the same: a deriver that may refuse one has a function `check`, which is
called with the same `info`. Where one does not say that it has nothing to refuse (a deriver of an addon's, a mapper, a
decorator), views are derived at the start, as ever.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from threading import RLock
from types import FunctionType
from typing import Any

from pyramid.config.views import ViewDeriverInfo, isexception, predicated_view
from pyramid.exceptions import PredicateMismatch
from pyramid.interfaces import IDefaultPermission, ISecurityPolicy, IViewDerivers
from pyramid.security import NO_PERMISSION_REQUIRED
from pyramid.viewderivers import wraps_view

# What makes Pyramid's own derivers call code of the application's, which may refuse.
_AT_ONCE = {"mapper", "decorator", "http_cache"}
# What a derived view may be asked for; nothing else is looked for on one, above all nothing of zope's.
_TOLD = frozenset(
    {"__name__", "__original_view__", "__predicates__", "__text__", "__view_attr__", "__wraps__"}
)
_lock = RLock()

View = Callable[[Any, Any], Any]


class LateView:
    """A view that is derived when it is called; `__permission__` and the like are known before."""

    __slots__ = (
        "__accept__",
        "__discriminator__",
        "__order__",
        "__permission__",
        "__phash__",
        "__request_attrs__",  # where `pviews` notes what it has found
        "_derived",
        "_info",
        "_secured",
    )

    def __init__(self, info: Any) -> None:
        permission = permission_of(info)
        self._secured = permission is not None
        self._derived: View | None = None
        # As little as a view can be derived from.
        self._info: Any = (
            info.original_view,
            info.registry,
            info.package,
            info.predicates,
            info.exception_only,
            _said(info.options),
        )
        self.__accept__ = info.options.get("accept")
        self.__order__ = info.order
        self.__phash__ = info.phash
        self.__permission__ = info.options.get("permission") if permission is None else permission

    def __call__(self, context: Any, request: Any) -> Any:
        derived = self._derived
        if derived is None:
            for predicate in self._predicates():
                if not predicate(context, request):
                    raise PredicateMismatch(f"predicate mismatch ({predicate.text()})")
            derived = self._derive()
        return derived(context, request)

    def __getattr__(self, name: str) -> Any:
        if name in _TOLD:
            return getattr(self._derive(), name)
        raise AttributeError(name)

    @property
    def __call_permissive__(self) -> View:
        return self._permissive if self._secured else _absent("__call_permissive__")

    @property
    def __permitted__(self) -> View:
        return self._permitted if self._secured else _absent("__permitted__")

    @property
    def __predicated__(self) -> View:
        return self._predicated if self._predicates() else _absent("__predicated__")

    def _permissive(self, context: Any, request: Any) -> Any:
        derived: Any = self._derive()
        return derived.__call_permissive__(context, request)

    def _permitted(self, context: Any, request: Any) -> Any:
        derived: Any = self._derive()
        return derived.__permitted__(context, request)

    def _predicated(self, context: Any, request: Any) -> bool:
        return all(predicate(context, request) for predicate in self._predicates())

    def _predicates(self) -> Any:
        info = self._info
        if info is not None:
            return info[3]
        return getattr(self._derived, "__predicates__", ())

    def _derive(self) -> View:
        with _lock:
            if self._derived is None:
                info = ViewDeriverInfo(*self._info)
                info.order, info.phash = self.__order__, self.__phash__
                self._derived = derived(info)
                self._info = None
            return self._derived


def _absent(name: str) -> View:
    raise AttributeError(name)


def _said(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options that have a value."""
    return {name: one for name, one in options.items() if one is not None and one != ()}


def derived(info: Any) -> View:
    """The view in all that its options say; not in Pyramid's outermost, which only has the attributes of `LateView`."""
    view = info.original_view
    derivers = info.registry.getUtility(IViewDerivers).sorted()
    for _, deriver in reversed([("predicated_view", predicated_view), *derivers]):
        view = wraps_view(deriver)(view, info)
    found: View = view
    return found


def permission_of(info: Any) -> str | None:
    """The permission that Pyramid's own deriver asks for; None where it asks for none."""
    registry, permission = info.registry, info.options.get("permission")
    if permission is None and not info.exception_only:
        permission = registry.queryUtility(IDefaultPermission)
    if permission == NO_PERMISSION_REQUIRED or registry.queryUtility(ISecurityPolicy) is None:
        return None
    found: str | None = permission
    return found


def may_be_late(info: Any) -> bool:
    """Whether nothing can be wrong with a view; raises what a deriver's `check` raises."""
    view, options = info.original_view, info.options
    if not _is_plain(view) or not _AT_ONCE.isdisjoint(_said(options)):
        return False
    context = options.get("context")
    if info.exception_only or (context is not None and isexception(context)):
        return False  # two views in one
    checks = _checks(info.registry.getUtility(IViewDerivers))
    if checks is None:
        return False
    for check in checks:
        check(info)
    return True


def _checks(derivers: Any) -> Sequence[Callable[[Any], None]] | None:
    """What the derivers check at the start; None where one does not say that this is all that it may refuse."""
    known: dict[str, Any] = derivers.memo
    if "checks" not in known:
        found = [deriver for _, deriver in derivers.sorted()]
        ours = all(one.__module__.startswith(("pyramid.", "talatat.")) for one in found)
        checks = [one.check for one in found if hasattr(one, "check")]
        known["checks"] = checks if ours else None
    told: Sequence[Callable[[Any], None]] | None = known["checks"]
    return told


def _is_plain(view: Any) -> bool:
    """Whether it is a function, or a class, that Pyramid can map for certain."""
    if hasattr(view, "__view_mapper__"):
        return False
    if type(view) is FunctionType:
        return view.__code__.co_varnames[:1] != ("self",)
    return inspect.isclass(view)
