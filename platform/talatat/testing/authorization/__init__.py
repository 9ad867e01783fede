"""Who may do what, for every route of a composition: found by introspection, asked, written down.

    matrix = run(world, supplies)               every route, method and variant, as seven actors
    differences(matrix, read(path))             nothing, as long as the reviewed file says the same

`tries` finds what there is to ask in the composed registry, so that nothing is listed by hand and a new
route is there by itself. `requests` makes each request one that an administrator gets through with, so
that a refusal is one by authorization. What came out is compared with a file that people review.
"""

from talatat.testing.authorization.matrix import Line, broken_laws, differences, read, write
from talatat.testing.authorization.running import Outcome, World, run
from talatat.testing.authorization.supplies import Supplies, Supply
from talatat.testing.authorization.tries import Try, tries_of
from talatat.testing.authorization.unchanged import digest_of

__all__ = [
    "Line",
    "Outcome",
    "Supplies",
    "Supply",
    "Try",
    "World",
    "broken_laws",
    "differences",
    "digest_of",
    "read",
    "run",
    "tries_of",
    "write",
]
