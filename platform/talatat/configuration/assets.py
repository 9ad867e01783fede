"""Overriding assets and templates between addons, with the same rules as for everything else.

Pyramid's asset overrides never conflict: the last one wins silently. One marker action stands for each
overridden file, so that two siblings that override one template are a conflict.
"""

from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyramid.config import PHASE1_CONFIG
from pyramid.config.actions import action_method
from pyramid.exceptions import ConfigurationError

from talatat.errors import CompositionError

if TYPE_CHECKING:
    from talatat.configuration.configurator import Configurator


class AssetDirectives:
    """`override_asset` of Pyramid, checked."""

    @action_method
    def override_asset(
        self: "Configurator", to_override: str, override_with: str, _override: Any = None
    ) -> None:
        """Replace a file or folder of another addon; stands inside `config.overriding("addon")`."""
        target = self.absolute_asset_spec(to_override)
        package, _, path = target.partition(":")
        owner = self._owner_of(package)
        if owner != self.owner and owner not in self.overridden:
            raise CompositionError(
                f"addon {self.owner} overrides the asset {target} of {owner}. Declare it inside "
                f'`with config.overriding("{owner}"):`.'
            )
        for spec in (target, self.absolute_asset_spec(override_with)):
            if not _exists(spec):
                raise ConfigurationError(f"override_asset: there is no {spec}. Correct the path.")
        for name in _overridden_files(path, self.absolute_asset_spec(override_with)):
            _mark(self, owner, package, name)
        super().override_asset(to_override, override_with, _override)


def _exists(spec: str) -> bool:
    package, _, path = spec.partition(":")
    if Path(spec).is_absolute():
        return Path(spec).exists()
    found = files(package).joinpath(path)
    return found.is_file() or found.is_dir()


def _mark(config: "Configurator", owner: str, package: str, name: str) -> None:
    """Two rival actions for one file: the owner's, which has the file, and this addon's."""
    spec = f"{package}:{name}"
    file = files(package).joinpath(name)
    for by in dict.fromkeys((owner, config.owner)):
        intr = config.introspectable("talatat assets", (by, spec), spec, "asset")
        if by == owner and file.is_file():
            intr["content"] = file.read_bytes()
        if by != config.owner and spec in config.registry.system.marked_assets:
            continue
        config.registry.system.marked_assets.add(spec)
        config.action(
            ("asset", spec),
            None,
            introspectables=(intr,),
            order=PHASE1_CONFIG,
            owner=by,
            overriding=config.overridden if by == config.owner else frozenset(),
        )


def _overridden_files(path: str, override_with: str) -> list[str]:
    """The files below `path` that an override hides; a file's own path where it is one."""
    if path and not path.endswith("/"):
        return [path]
    package, _, prefix = override_with.partition(":")
    root = Path(package) if Path(package).is_absolute() else Path(str(files(package))) / prefix
    return [path + str(f.relative_to(root)) for f in sorted(root.rglob("*")) if f.is_file()]
