"""The way back: schema and data as they were at an earlier release, from what the database itself keeps.

No addon is imported or even looked for. The revisions' texts come from the ledger and the values that
were dropped from their keeps, so it works with the older packages installed and the newer ones gone.
"""

from talatat.evolution.rollback.afterwards import Afterwards, afterwards
from talatat.evolution.rollback.carrying import RolledBack, carry_back, nothing_left, roll_back
from talatat.evolution.rollback.planning import Prepared, plan_rollback, prepared

__all__ = [
    "Afterwards",
    "Prepared",
    "RolledBack",
    "afterwards",
    "carry_back",
    "nothing_left",
    "plan_rollback",
    "prepared",
    "roll_back",
]
