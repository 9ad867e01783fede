"""Evolution: how a database comes to a composition, and stays there."""

from talatat.evolution.graph import EvolutionError, Revision
from talatat.evolution.migrate import bring_to, pending
from talatat.evolution.readiness import Status, status

__all__ = ["EvolutionError", "Revision", "Status", "bring_to", "pending", "status"]
