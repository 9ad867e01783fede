"""The directives of this room: `add_settings_schema`, `override_setting_default`."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import colander
from pyramid.config import PHASE0_CONFIG
from pyramid.config.actions import action_method

from talatat.configuration.provenance import line_of

if TYPE_CHECKING:
    from talatat.configuration.configurator import Configurator


class SettingsDirectives:
    """Directives that concern settings, for the Configurator."""

    @action_method
    def add_settings_schema(
        self: "Configurator", schema: Callable[[], colander.SchemaNode]
    ) -> None:
        """Declare the addon's keys. They are read and checked at once; problems are raised together.

        Read them in requests and actions (`system.settings["addon"].key`), not in an includeme: a
        dependent may still override a default.
        """
        owner, settings = self.owner, self.registry.system.settings
        node = schema()
        settings.declare(owner, node)
        intr = self.introspectable(
            "talatat settings", owner, f"settings of {owner}", "settings schema"
        )
        intr["schema"], intr["callable"] = node, schema
        self.action(("settings schema", owner), None, introspectables=(intr,), order=PHASE0_CONFIG)
        for child in node.children:
            key = f"{owner}.{child.name}"
            intr = self.introspectable("talatat setting defaults", key, key, "setting")
            intr["key"], intr["default"] = key, child.missing
            self.action(("setting", key), None, introspectables=(intr,), order=PHASE0_CONFIG)

    @action_method
    def override_setting_default(self: "Configurator", key: str, default: Any) -> None:
        """Another default for an addon's key; the .ini's own value still wins.

        Stands inside `config.overriding("addon")`.
        """
        settings = self.registry.system.settings
        intr = self.introspectable("talatat setting defaults", key, key, "setting")
        intr["key"], intr["default"] = key, default

        place = f"addon {self.owner}, {line_of(self.action_info)}"

        def apply() -> None:
            settings.change_default(key, default, place)

        self.action(("setting", key), apply, introspectables=(intr,), order=PHASE0_CONFIG)
