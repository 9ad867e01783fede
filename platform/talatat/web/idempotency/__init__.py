"""`Idempotency-Key`: a POST that is sent again is carried out once, and answered as it was.

    claims      what a key stands for: whose it is, for which request
    keeping     the table of kept answers, and the lock that one request holds on its key
    answers     an answer as it is kept, and again as a response
    deriver     the view deriver, which does all of it for every view below /api

The answer is kept in the transaction of the work, so there is never the one without the other, however
the process ends. A deriver, not a tween: it stands below the permission and above the view, so a key gives
nothing to who may not ask (any more), a view says what it takes (`idempotency="required"`, or "refused"
where the answer holds a secret, or "ignored"), and all tries of pyramid_retry have it inside. A request
without the header costs one look into the environ.
"""

from typing import Any

from talatat.web.idempotency.deriver import idempotent_view


def includeme(config: Any) -> None:
    """Below the permission, above all that makes the response."""
    config.add_view_deriver(
        idempotent_view, "talatat_idempotency", under="secured_view", over="owrapped_view"
    )
