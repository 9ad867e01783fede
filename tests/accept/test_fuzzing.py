"""schemathesis with all its checks over the whole API, as every role: fifty requests an operation, and chains.

``make fuzz`` runs this alone, and the hostile corpus with its large numbers; ``TALATAT_FUZZ=N`` sends N.
What is fuzzed and how is in ``tests/fuzz/fuzzing``.
"""

import sys
from pathlib import Path

import figures
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "fuzz"))

from fuzzing.shop import ROLES, filled

EXAMPLES = figures.number("fuzz", 0, 50)


@pytest.fixture(scope="module")
def shop():
    with filled() as made:
        yield made


@pytest.mark.skipif(EXAMPLES == 0, reason="make test takes a sample in tests/fuzz")
@pytest.mark.parametrize("role", ROLES)
def test_nothing_is_found_that_the_document_does_not_say(shop, role):
    from fuzzing.running import run

    shop.restore()
    outcome = run(shop, role, shop.headers(role), examples=EXAMPLES, stateful=EXAMPLES)
    statuses = {str(status): number for status, number in sorted(outcome.statuses.items())}
    figures.keep(
        "fuzzing",
        role,
        f"TALATAT_FUZZ={EXAMPLES} make fuzz",
        operations=outcome.operations,
        requests=outcome.requests,
        **{f"requests of {phase}": number for phase, number in outcome.phases.items()},
        **{f"answers {status}": number for status, number in statuses.items()},
        **{"things found": len(outcome.findings), "seconds": outcome.seconds},
    )
    assert not outcome.findings, outcome.told()
    assert not outcome.errors, outcome.told()
    assert not any(status.startswith("5") for status in statuses)
