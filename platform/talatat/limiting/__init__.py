"""Rate limits: how often an account or an address may ask.

    policies    the named limits of a composition, the platform's and those of addons
    keys        whose count it is
    windows     sliding windows, and the counts of this process
    shared      the counts of several processes, in Redis
    breaker     from those to these and back, when Redis does not answer
    limiter     what a request counts against, and when
    tween       at the door, before the database
    deriver     below the permission, when it is known who asks; the view option `limit`
    fields      RateLimit-Policy and RateLimit
    load        whether this process has more to do than it can
    told        a security event for each that begins to be refused, once
    health      what /health says of the two

In the .ini: `talatat.limits.anonymous = 60/minute`; `talatat.limits = off` switches everything off.
"""

from typing import Any

from talatat.errors import CompositionError
from talatat.limiting import health
from talatat.limiting.breaker import Breaker
from talatat.limiting.deriver import count_items, limited_view
from talatat.limiting.limiter import Limiter
from talatat.limiting.load import Load
from talatat.limiting.policies import Policies, Policy
from talatat.limiting.windows import InProcess
from talatat.settings import Settings
from talatat.settings.quotas import IN_PROCESS

__all__ = ["Breaker", "InProcess", "Limiter", "Load", "Policies", "Policy", "count_items"]


def _shared(settings: Settings) -> Any:
    from talatat.limiting.shared import Shared  # which needs talatat[redis]

    platform = settings.platform
    try:
        return Shared(platform.limits_storage, platform.limits_timeout)
    except (ImportError, ValueError) as error:
        place = settings.ini.at("talatat.limits.storage")
        raise CompositionError(
            f"{place}: talatat.limits.storage: {error}. Correct the line, install what it wants with "
            f"pip install 'talatat[redis]', or take it away: each process then counts for itself."
        ) from None


def includeme(config: Any) -> None:
    """The deriver and the health checks; `tween` is included last."""
    system = config.registry.system
    settings = system.settings.platform
    if settings.limits and settings.limits_storage != IN_PROCESS:
        system.limits.shared = Breaker(_shared(system.settings), system.limits.own)
    config.add_health_check("limits", health.limits)
    config.add_health_check("load", health.load)
    config.add_view_deriver(
        limited_view, "talatat_limit", under="secured_view", over="talatat_idempotency"
    )
