"""The hazards, by theme. Importing this fills the registry, in the order of the documentation."""

from talatat.evolution.hazards.registry import RULES

from talatat.evolution.hazards.rules import locking  # isort: skip
from talatat.evolution.hazards.rules import transactions  # isort: skip
from talatat.evolution.hazards.rules import serving  # isort: skip
from talatat.evolution.hazards.rules import rows  # isort: skip
from talatat.evolution.hazards.rules import naming  # isort: skip
from talatat.evolution.hazards.rules import ownership  # isort: skip
from talatat.evolution.hazards.rules import plans  # isort: skip
from talatat.evolution.hazards.rules import rebuilding  # isort: skip

__all__ = [
    "RULES",
    "locking",
    "naming",
    "ownership",
    "plans",
    "rebuilding",
    "rows",
    "serving",
    "transactions",
]
