"""The names that third-party addons are written against. A removal needs a deprecation first."""

import json
from pathlib import Path

from pyramid.config import Configurator as Pyramids

import talatat
import talatat.db
import talatat.events
import talatat.resources
from talatat.configuration.configurator import Configurator
from talatat.resources import Resource

SNAPSHOT = Path(__file__).with_name("public_contract.json")


def contract() -> dict[str, list[str]]:
    def public(kind: type) -> list[str]:
        return sorted(name for name in dir(kind) if not name.startswith("_"))

    return {
        "talatat": sorted(talatat.__all__),
        "talatat.db": sorted(talatat.db.__all__),
        "talatat.events": sorted(talatat.events.__all__),
        "talatat.resources": sorted(talatat.resources.__all__),
        "directives": sorted(set(public(Configurator)) - set(public(Pyramids))),
        "Resource": public(Resource),
    }


def test_no_public_name_goes_or_comes_unseen():
    """After a wanted change: python tests/unit/test_public_contract.py writes the snapshot anew."""
    assert contract() == json.loads(SNAPSHOT.read_text())


def test_every_directive_says_what_it_does():
    for name in contract()["directives"]:
        member = getattr(Configurator, name)
        assert not callable(member) or member.__doc__, f"{name} has no docstring"


if __name__ == "__main__":
    SNAPSHOT.write_text(json.dumps(contract(), indent=2) + "\n")
