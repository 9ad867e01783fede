"""All rules by theme. Importing this fills the registry; `RULES` lists them by tier, as they are asked."""

from talatat.testing.conformance.model import RULES as _FOUND
from talatat.testing.conformance.model import Tier

from talatat.testing.conformance.rules import composing  # isort: skip
from talatat.testing.conformance.rules import installing  # isort: skip
from talatat.testing.conformance.rules import naming  # isort: skip
from talatat.testing.conformance.rules import settings  # isort: skip
from talatat.testing.conformance.rules import serving  # isort: skip
from talatat.testing.conformance.rules import careless  # isort: skip
from talatat.testing.conformance.rules import documents  # isort: skip
from talatat.testing.conformance.rules import conventions  # isort: skip
from talatat.testing.conformance.rules import migrating  # isort: skip
from talatat.testing.conformance.rules import leaving  # isort: skip
from talatat.testing.conformance.rules import keeping  # isort: skip

_TIERS = list(Tier)
RULES = {one.id: one for one in sorted(_FOUND.values(), key=lambda one: _TIERS.index(one.tier))}

__all__ = [
    "RULES",
    "careless",
    "composing",
    "conventions",
    "documents",
    "installing",
    "keeping",
    "leaving",
    "migrating",
    "naming",
    "serving",
    "settings",
]
