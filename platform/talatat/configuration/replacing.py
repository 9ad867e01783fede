"""Replacing what Pyramid registers without a name that could conflict: subscribers and tweens."""

from typing import TYPE_CHECKING, Any

from pyramid.config.actions import action_method
from pyramid.interfaces import ITweens

if TYPE_CHECKING:
    from talatat.configuration.configurator import Configurator
    from talatat.configuration.provenance import Action


class ReplaceDirectives:
    """`replace_subscriber` and `replace_tween`; both stand inside `config.overriding("addon")`."""

    @action_method
    def replace_subscriber(self: "Configurator", old: str, new: Any = None) -> None:
        """Put `new` in the place of the subscriber with the dotted name `old`; None takes it away."""
        target = self.maybe_dotted(new)

        def substitute(action: "Action") -> dict[str, Any]:
            interfaces = action["introspectables"][0]["interfaces"]

            def register() -> None:
                self.registry.registerHandler(self._derive_subscriber(target, ()), interfaces)

            return {"callable": register if target else None, "order": action["order"]}

        _replace(self, "subscribers", old, target, substitute)

    @action_method
    def replace_tween(self: "Configurator", old: str, new: Any = None) -> None:
        """Put the tween factory `new` in the place of the one named `old`; None takes it away."""
        factory = self.maybe_dotted(new)

        def substitute(action: "Action") -> dict[str, Any]:
            intr = action["introspectables"][0]

            def register() -> None:
                tweens = self.registry.getUtility(ITweens)
                tweens.add_implicit(old, factory, under=intr["under"], over=intr["over"])

            return {
                "callable": register if factory else None,
                "order": action["order"],
                "discriminator": action["discriminator"],
            }

        _replace(self, "tweens", old, factory, substitute)


def _replace(config: "Configurator", category: str, old: str, new: Any, substitute: Any) -> None:
    intr = config.introspectable(f"talatat replaced {category}", old, old, category[:-1])
    intr["addon"], intr["replaced"], intr["callable"] = config.owner, old, new
    config.action_state.replacements.setdefault((category, old), []).append(
        {
            "discriminator": None,
            "callable": None,
            "args": (),
            "kw": {},
            "order": 0,
            "includepath": config.includepath,
            "info": config.action_info,
            "introspectables": (intr,),
            "owner": config.owner,
            "overriding": config.overridden,
            "substitute": substitute,
        }
    )
