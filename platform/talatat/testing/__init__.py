"""For people who test addons: composed systems, throw-away servers, fixtures."""

from talatat.testing.composed import TestSystem, composed, write_ini
from talatat.testing.drift import differences
from talatat.testing.servers import PostgreSQL, Unavailable

__all__ = ["PostgreSQL", "TestSystem", "Unavailable", "composed", "differences", "write_ini"]
