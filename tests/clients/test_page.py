"""docs/clients.md: its commands, against the shop of these tests; what is installed there is installed here."""

import os
import sys
from pathlib import Path

from ..docs.walkthrough import ROOT, Place, steps  # noqa: TID252  # tests are no package with a name
from .generated import NODE, Made
from .shop import Shop


def test_every_command_of_the_page_does_what_is_shown(
    tmp_path: Path, shop: Shop, made: Made
) -> None:
    (tmp_path / "node_modules").symlink_to(NODE)
    (tmp_path / "src").mkdir()
    text = (ROOT / "docs" / "clients.md").read_text()
    installing = [
        one.command for one in steps(text) if one.command.startswith(("npm ", "python -m pip "))
    ]
    assert len(installing) == 2
    variables = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "NPM_CONFIG_LOGLEVEL": "error",
    }
    port = int(shop.url.rpartition(":")[2])
    instead = dict.fromkeys(installing, "true")
    with Place(tmp_path, variables, port=port, instead=instead) as place:
        place.follow(text)
