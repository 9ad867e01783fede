"""Installed distributions made of metadata alone, which is all that resolving may look at."""

from pathlib import Path

import pytest

from talatat.addons import Inventory, inventory


class Shelf:
    """A folder of `.dist-info` folders, read as if it were site-packages."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.add_library("talatat", "1.2.0")

    def add_library(self, name: str, version: str) -> None:
        self._write(name, version, [], "")

    def add(
        self,
        name: str,
        version: str = "1.0",
        requires: tuple[str, ...] = (),
        *,
        distribution: str = "",
        critical: bool = False,
    ) -> None:
        points = f"[talatat.addons]\n{name} = shelf_{name}\n"
        if critical:
            points += f"[talatat.critical]\n{name} = shelf_{name}\n"
        self._write(distribution or f"shelf-{name}", version, requires, points)

    def _write(self, name: str, version: str, requires: object, points: str) -> None:
        info = self.folder / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir(parents=True)
        lines = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nSummary: The {name}"]
        lines += [f"Requires-Dist: {one}" for one in requires]  # type: ignore[attr-defined]
        (info / "METADATA").write_text("\n".join(lines) + "\n")
        (info / "entry_points.txt").write_text(points)

    def inventory(self) -> Inventory:
        return inventory([str(self.folder)])


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "site")
