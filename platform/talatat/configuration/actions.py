"""Pyramid's actions, each stamped with its addon, resolved by who requires whom.

Between actions of one addon Pyramid's own rule holds: the shorter include path wins. Between addons
an action beats another only if it was declared inside `config.overriding(other)` by an addon that
requires the other, or if its addon includes the other's package itself. Exactly one unbeaten action
must remain. It runs in the loser's place, so that the order of routes holds.

Resolution is linear in the number of actions; Pyramid's removes from a list for each.
"""

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from pyramid.config.actions import ActionState as PyramidActionState
from pyramid.config.actions import normalize_actions
from pyramid.exceptions import ConfigurationExecutionError
from pyramid.registry import undefer

from talatat.composition import PLATFORM
from talatat.configuration.provenance import (
    Action,
    Override,
    described,
    fingerprint,
    line_of,
    owner_of,
    placed,
)
from talatat.errors import AddonError, CompositionError

Requires = Callable[[str, str], bool]


class ActionState(PyramidActionState):
    """The pending actions of one registry.

    `includers` tells for each third-party package which owners include it: they may override it, as
    Pyramid lets whoever includes a package do. `losers` tells whose declaration of a discriminator was
    overridden: they keep their views on a route of theirs that another replaced.
    """

    def __init__(self, requires: Requires, overrides: list[Override]) -> None:
        super().__init__()
        self.actions: list[Any] = []
        self.requires = requires
        self.overrides = overrides
        self.includers: dict[str, set[str]] = {}
        self.replacements: dict[tuple[str, str], list[Action]] = {}
        self.losers: dict[Any, set[str]] = {}

    def may_override(self, one: str, other: str) -> bool:
        """Whether addon `one` may override `other`: it requires it, or what includes it."""
        if one == other or self.requires(one, other) or (other == PLATFORM and one != PLATFORM):
            return True
        return any(one == who or self.requires(one, who) for who in self.includers.get(other, ()))

    def execute_actions(self, clear: bool = True, introspector: Any = None) -> list[Action]:
        """Resolve and run what is pending, in order; actions may add actions of the same or a later order.

        Raises `CompositionError` with every conflict of one order, `AddonError` where an action fails.
        """
        pending: dict[int, list[Action]] = {}
        taken: dict[Any, Action] = {}
        done: list[Action] = []
        self._absorb(pending, None)
        while pending:
            order = min(pending)
            queue = deque(self._resolved(pending.pop(order), taken))
            while queue:
                action = queue.popleft()
                _run(action, introspector)
                done.append(action)
                if self.actions:
                    self._absorb(pending, order)
                    if order in pending:
                        queue.extend(self._resolved(pending.pop(order), taken))
        self.actions = [] if clear else done
        return done

    def _absorb(self, pending: dict[int, list[Action]], running: int | None) -> None:
        added, self.actions = normalize_actions(self.actions), []
        for action in added:
            order = action["order"] or 0
            if running is not None and order < running:
                raise CompositionError(
                    f"{placed(action)} adds {described(action)} at order {order} while order {running} "
                    f"is running: declare it in the includeme itself."
                )
            pending.setdefault(order, []).append(action)

    def _resolved(self, group: list[Action], taken: dict[Any, Action]) -> list[Action]:
        """The winners of one order, each at the first place of its discriminator."""
        rivals: dict[Any, list[Action]] = {}
        places: list[list[Action]] = []
        for action in self._replaced(group):
            action["discriminator"] = discriminator = undefer(action["discriminator"])
            if discriminator is None:
                places.append([action])
            elif discriminator in rivals:
                rivals[discriminator].append(action)
            else:
                rivals[discriminator] = [action]
                places.append(rivals[discriminator])
        winners, problems = [], []
        for actions in places:
            earlier = taken.get(actions[0]["discriminator"])
            contenders = actions if earlier is None else [earlier, *actions]
            unbeaten = self._unbeaten(contenders)
            if len(unbeaten) > 1:
                problems.append(_conflict(unbeaten, self.may_override))
                continue
            self._record(unbeaten[0], contenders)
            if unbeaten[0] is not earlier:
                if earlier is not None:
                    problems.append(_too_late(unbeaten[0], earlier))
                winners.append(unbeaten[0])
                if unbeaten[0]["discriminator"] is not None:
                    taken[unbeaten[0]["discriminator"]] = unbeaten[0]
        if problems:
            raise CompositionError(problems)
        return winners

    def _replaced(self, group: Iterable[Action]) -> Iterable[Action]:
        """The group with subscribers and tweens swapped that a dependent replaces by name."""
        for action in group:
            intrs = action.get("introspectables") or ()
            key = _named(intrs[0]) if intrs and self.replacements else None
            if key is None or key not in self.replacements:
                yield action
                continue
            contenders = [action, *self.replacements[key]]
            unbeaten = self._unbeaten(contenders)
            if len(unbeaten) > 1:
                raise CompositionError(_conflict(unbeaten, self.may_override))
            self._record(unbeaten[0], contenders)
            winner = dict(unbeaten[0], used=True)
            unbeaten[0]["used"] = True
            if winner.get("substitute"):
                winner.update(winner["substitute"](action))
            yield winner

    def unused_replacements(self) -> list[str]:
        """A problem for each replacement that found nothing to replace."""
        return [
            f"{placed(action)} replaces {name}, which nobody registers. Correct the dotted name."
            for (_, name), actions in self.replacements.items()
            for action in actions
            if not any(other.get("used") for other in actions)
        ]

    def _unbeaten(self, contenders: list[Action]) -> list[Action]:
        if len(contenders) == 1:
            return contenders
        return [
            one
            for one in contenders
            if not any(self._beats(other, one) for other in contenders if other is not one)
        ]

    def _beats(self, one: Action, other: Action) -> bool:
        mine, theirs = owner_of(one), owner_of(other)
        if mine != theirs and theirs in one.get("overriding", ()):
            return True
        shorter, longer = tuple(one["includepath"]), tuple(other["includepath"])
        nested = len(shorter) < len(longer) and longer[: len(shorter)] == shorter
        return nested and (mine == theirs or mine in self.includers.get(theirs, ()))

    def _record(self, winner: Action, contenders: list[Action]) -> None:
        for loser in contenders:
            if loser is not winner and owner_of(loser) != owner_of(winner):
                self.losers.setdefault(loser["discriminator"], set()).add(owner_of(loser))
                if owner_of(winner) == PLATFORM:  # its own affair
                    continue
                what = described(loser)
                self.overrides.append(
                    Override(
                        what.partition(" ")[0],
                        what.partition(" ")[2],
                        owner_of(winner),
                        line_of(winner["info"]),
                        owner_of(loser),
                        line_of(loser["info"]),
                        fingerprint(loser),
                    )
                )


def _named(intr: Any) -> tuple[str, str] | None:
    """(category, dotted name) of a subscriber or tween, which Pyramid lets pass without conflict."""
    if intr.category_name == "subscribers":
        target = intr["subscriber"]
        return "subscribers", f"{target.__module__}.{getattr(target, '__qualname__', '?')}"
    if intr.category_name == "tweens":
        return "tweens", intr["name"]
    return None


def _run(action: Action, introspector: Any) -> None:
    try:
        if action["callable"] is not None:
            action["callable"](*action["args"], **action["kw"])
    except CompositionError:
        raise
    except Exception as error:
        if owner_of(action) == PLATFORM:
            raise ConfigurationExecutionError(type(error), error, action["info"]) from error
        raise AddonError(
            owner_of(action),
            f"{placed(action)}: {described(action)} failed: {type(error).__name__}: {error}",
        ) from error
    for intr in action.get("introspectables") or ():
        if introspector is not None:
            intr.register(introspector, action["info"])


def _conflict(unbeaten: list[Action], may_override: Callable[[str, str], bool]) -> str:
    owners = list(dict.fromkeys(owner_of(action) for action in unbeaten))
    lines = "; ".join(f"{placed(action)} declares {described(action)}" for action in unbeaten)
    if len(owners) == 1:
        return f"addon {owners[0]} declares the same thing more than once: {lines}. Delete one."
    for one in owners:
        others = [other for other in owners if other != one]
        if all(may_override(one, other) for other in others):
            names = ", ".join(f'"{other}"' for other in others)
            out = f"wrap {one}'s declaration in `with config.overriding({names}):`"
            break
    else:
        names = ", ".join(f'"{owner}"' for owner in owners)
        out = f"decide in an addon that requires both, inside `with config.overriding({names}):`"
    return (
        f"conflict: {lines}. Two ways out: {out}, or take one of "
        f"{' and '.join(owners)} out of talatat.addons."
    )


def _too_late(late: Action, earlier: Action) -> str:
    return (
        f"{placed(late)} overrides {described(earlier)} of {placed(earlier)}, which has run already. "
        f"Declare it in the includeme, not in an action."
    )
