"""Hazards: what the SQL of migrations may do to a system that is being used.

`lint` judges one revision's statements, `lint_plan` those of a whole plan. Nothing here opens a connection
but `observe`, which reads what the rules want to know of the tables from one that it is given.
"""

from talatat.evolution.hazards.linter import lint, lint_plan
from talatat.evolution.hazards.model import (
    Column,
    Context,
    Finding,
    HazardsError,
    Recipe,
    Severity,
    Step,
    Table,
)

__all__ = [
    "Column",
    "Context",
    "Finding",
    "HazardsError",
    "Recipe",
    "Severity",
    "Step",
    "Table",
    "lint",
    "lint_plan",
]
