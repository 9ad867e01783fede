"""The conformance suite: what must hold of an addon, each rule executed, on databases made for it.

    talatat check shelf                                    at the command line
    test_conformance = conformance("shelf")                in an addon's tests: one test a rule

Rules are functions with their own description (`rules`), gathered in `RULES`; `check` asks all of
them about one `Subject` and gives a `Report`, whose tier follows from what passed.
"""

from talatat.testing.conformance.model import LeftOut, Report, Result, Rule, Tier
from talatat.testing.conformance.rules import RULES
from talatat.testing.conformance.runner import check
from talatat.testing.conformance.suite import conformance

__all__ = ["RULES", "LeftOut", "Report", "Result", "Rule", "Tier", "check", "conformance"]
