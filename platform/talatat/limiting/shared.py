"""Counts that several processes and machines share: in Redis, by the scripts of `limits`.

All that a request takes at once goes in one pipeline. No answer is waited for longer than
`talatat.limits.timeout`, and none is asked for twice, but where a connection that had rested was closed
meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import redis
from limits.storage import RedisStorage
from redis.backoff import NoBackoff
from redis.retry import Retry

from talatat.limiting.windows import Taken, Want, taken

if TYPE_CHECKING:
    from talatat.limiting.windows import Counts

PREFIX = "talatat:limits"


class Shared:
    """The counts in one Redis. Making it opens no connection."""

    def __init__(self, url: str, timeout: float) -> None:
        options: dict[str, Any] = {
            "socket_timeout": timeout,
            "socket_connect_timeout": timeout,
            "retry": Retry(NoBackoff(), 1, (redis.ConnectionError,)),
        }
        self.errors: tuple[type[Exception], ...] = (redis.RedisError, OSError)
        self._storage = RedisStorage(url, key_prefix=PREFIX, **options)
        self._redis = self._storage.storage
        self._acquire = self._storage.lua_acquire_sliding_window
        self._look = self._storage.lua_sliding_window

    def take(self, wants: Sequence[Want]) -> list[Taken]:
        """Take all; an answer for each. Raises one of `errors`."""
        try:
            said = iter(self._asked(wants))
        except redis.exceptions.NoScriptError:  # it has begun anew, and does not know them yet
            for script in (self._acquire, self._look):
                self._redis.script_load(script.script)
            said = iter(self._asked(wants))
        return [
            taken(want, bool(next(said)) if want.cost else None, _counts(next(said)))
            for want in wants
        ]

    def _asked(self, wants: Sequence[Want]) -> list[Any]:
        """By the scripts' digests: a pipeline asks each time whether they are known, and waits for it."""
        pipeline = self._redis.pipeline(transaction=False)
        for want in wants:
            quota = want.quota
            # In braces what a cluster places by: both numbers of a key stand on one machine.
            name = f"{PREFIX}:{{{want.name}/{quota.seconds}/{want.key}}}"
            keys = (f"{name}/-1", name)
            if want.cost:
                arguments = (quota.amount, quota.seconds, want.cost)
                pipeline.evalsha(self._acquire.sha, 2, *keys, *arguments)
            pipeline.evalsha(self._look.sha, 2, *keys, quota.seconds)
        said: list[Any] = pipeline.execute()
        return said

    def look(self) -> None:
        """Raise one of `errors` where it does not answer."""
        self._redis.ping()


def _counts(said: Sequence[Any]) -> Counts:
    before, weighs, now, forgotten = said
    return (
        int(before or 0),
        max(0, int(weighs or 0)) / 1000,
        int(now or 0),
        max(0, int(forgotten or 0)) / 1000,
    )
