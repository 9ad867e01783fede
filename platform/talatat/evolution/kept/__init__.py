"""What a step is about to take away is put away first, and comes back when the step is taken back.

    lost(before, after, statements)     at plan time: which columns and tables a step loses
    put_away(connection, ...)           in the step's transaction: copies them into a table of their own
    put_back(connection, steps, done)   between steps: writes them where they belong again

A keep belongs to one revision and one direction: what the way up dropped comes back after the way down of
the very same revision, and the other way round, never because some later column has the same name. It
comes back as soon as that revision was run, but after the steps of the plan that compute the same column
or fill the same table: what was recomputed is true, what was kept is old (`computing` has the details).
What cannot be put back (its type changed, its parent is gone, another value stands there) stays in the
keep, and is told.
"""

from talatat.evolution.kept.away import put_away
from talatat.evolution.kept.back import put_back
from talatat.evolution.kept.losing import lost
from talatat.evolution.kept.record import Keep, Returned, forget, keeps_of, remaining

__all__ = ["Keep", "Returned", "forget", "keeps_of", "lost", "put_away", "put_back", "remaining"]
