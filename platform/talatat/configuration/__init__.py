"""How addons are composed: the configurator, overrides, conflicts and provenance."""
