"""What has to hold of every addon, one test a rule: docs/conformance.md."""

from talatat.testing.conformance import conformance

test_conformance = conformance("audit", conventions_on=["sqlite"])
