"""The directive of this room: `config.extend_model`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyramid.config import PHASE0_CONFIG
from pyramid.config.actions import action_method

from talatat.db.models import Attachment, Presence

if TYPE_CHECKING:
    from talatat.configuration.configurator import Configurator


class ModelDirectives:
    """Directives that concern models, for the Configurator."""

    @action_method
    def extend_model(
        self: Configurator, model: Any, extension: Any, presence: Presence = "sparse"
    ) -> None:
        """Extend another addon's `model` by a table of one's own.

        `presence`: "sparse" (a row where there is something to say) or "always" (a row is made with
        each row of the model, so that it can be sorted by). Both classes may be dotted names.
        """
        model, extension = self.maybe_dotted(model), self.maybe_dotted(extension)
        target = f"{model.__module__}.{model.__qualname__}"
        intr = self.introspectable(
            "talatat model extensions",
            (target, self.owner),
            f"{extension.__qualname__} extends {model.__qualname__}",
            "model extension",
        )
        intr["model"], intr["extension"], intr["presence"] = model, extension, presence
        intr["callable"] = extension
        attachment = Attachment(self.owner, model, extension, presence, intr)
        models = self.registry.system.models
        self.action(
            ("model extension", target, self.owner),
            lambda: models.add(attachment),
            introspectables=(intr,),
            order=PHASE0_CONFIG,
        )
