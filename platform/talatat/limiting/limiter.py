"""The limiter: what a request counts against, and when.

At the door, before the database is touched: its address; and that nobody is logged in, where it brings no
credentials. Whoever brings some is let in to be recognised, unless its address has shown too many that are
not valid. Below the permission, when it is known who asks: the account's policy (or `anonymous`), `writes`,
and the view's own. At the end what never came to a view, so that a flood of 401 or 404 counts as well.

A public view does not ask who is there, and the limiter does not either: such requests count by address,
login or not. Only where an address has used that up is somebody who brings credentials recognised for it, so
that they are not held up by their neighbours.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from talatat.limiting.keys import address_key, principal_key
from talatat.limiting.policies import ADDRESS, ANONYMOUS, AUTHENTICATED, CREDENTIALS, WRITES
from talatat.limiting.told import Told
from talatat.limiting.windows import InProcess, Taken, Want
from talatat.problems import Problem
from talatat.security import known_identity, tell
from talatat.security.csrf import SAFE_METHODS
from talatat.security.policy import policy_of

if TYPE_CHECKING:
    from pyramid.request import Request

    from talatat.limiting.breaker import Breaker
    from talatat.limiting.policies import Policies
    from talatat.security import Identity

log = logging.getLogger("talatat.limits")

# What one request is, however many items it holds.
NOT_BY_ITEM = frozenset({ADDRESS, CREDENTIALS})


@dataclass
class Counted:
    """What one request has counted against, over all tries to answer it."""

    exempt: bool = False
    """Only credentials that are not valid count, as for /health."""
    key: str = ""
    """That of its address."""
    presented: bool = False
    """Whether it brings credentials."""
    viewed: bool = False
    """Whether it came to a view."""
    taken: dict[str, tuple[Want, Taken]] = field(default_factory=dict)


class Limiter:
    """The limiter of one composed system: `system.limits`."""

    def __init__(self, system: Any, policies: Policies) -> None:
        self.policies = policies
        self.own = InProcess()
        self.shared: Breaker | None = None
        self._system = system
        self._told = Told()

    def enter(self, request: Request, counted: Counted) -> None:
        """Count a request at the door. Raises Problem 429."""
        counted.key, counted.presented = address_key(request), self._presents(request)
        wants = [] if counted.exempt else [(ADDRESS, 1)]
        if counted.presented:
            wants.append((CREDENTIALS, 0))
        elif not counted.exempt:
            wants.append((ANONYMOUS, 1))
        self._take(request, counted, [(name, counted.key, cost) for name, cost in wants])

    def view(self, request: Request, counted: Counted, limit: str | None) -> None:
        """Count a request that may be carried out, by `limit` as well. Raises Problem 429."""
        if counted.viewed or counted.exempt:
            return
        counted.viewed = True
        identity = known_identity(request)
        if identity is None and self._is_spent(request, counted):
            identity = request.identity  # rather who it is than a neighbour's refusal
        self._take(request, counted, list(self._of_view(request, counted, identity, limit)))

    def more(self, request: Request, counted: Counted, items: int) -> None:
        """Count further items of a batch, as if each had come alone. Raises Problem 429."""
        names = [name for name in counted.taken if name not in NOT_BY_ITEM]
        wants = [(name, counted.taken[name][0].key, items) for name in names]
        self._take(request, counted, wants)

    def leave(self, request: Request, counted: Counted) -> None:
        """Count what came to no view, or was refused for its credentials; refuses nothing any more."""
        policy, wants = policy_of(request), []
        if policy is not None and policy.known_refusal(request) is not None:
            wants.append((CREDENTIALS, counted.key, 1))
        elif not (counted.viewed or counted.exempt):
            wants += self._of_somebody(counted, known_identity(request))
        self._count(counted, wants)

    def _of_view(
        self, request: Request, counted: Counted, identity: Identity | None, limit: str | None
    ) -> Iterator[tuple[str, str, int]]:
        yield from self._of_somebody(counted, identity)
        who = counted.key if identity is None else principal_key(identity)
        if request.method not in SAFE_METHODS and not self._only_reads(request):
            yield WRITES, who, 1
        if limit is not None:
            yield limit, counted.key if self.policies[limit].by == "address" else who, 1

    def _of_somebody(
        self, counted: Counted, identity: Identity | None
    ) -> Iterator[tuple[str, str, int]]:
        if identity is not None:
            yield AUTHENTICATED, principal_key(identity), 1
        elif ANONYMOUS not in counted.taken:
            yield ANONYMOUS, counted.key, 1

    def _is_spent(self, request: Request, counted: Counted) -> bool:
        """Whether the address has nothing left, while credentials were brought that nobody looked at."""
        policy = policy_of(request)
        if not counted.presented or policy is None or policy.was_asked(request):
            return False
        taken = self._ask(self._wants([(ANONYMOUS, counted.key, 0)]))
        return any(not one.granted for one in taken)

    def _only_reads(self, request: Request) -> bool:
        route = getattr(request, "matched_route", None)
        return route is not None and route.name in self._system.database.reading_routes

    def _presents(self, request: Request) -> bool:
        environ = request.environ
        if "HTTP_AUTHORIZATION" in environ or "HTTP_COOKIE" in environ:
            return True
        sources = self._system.security.sources.values()
        asks = (getattr(source, "presented", None) for source in sources)
        return any(ask is not None and ask(request) for ask in asks)

    def _take(
        self, request: Request, counted: Counted, asked: Sequence[tuple[str, str, int]]
    ) -> None:
        for want, taken in self._count(counted, asked):
            if not taken.granted:
                self._tell(request, want, taken)
                raise refusal(want, taken)

    def _count(
        self, counted: Counted, asked: Sequence[tuple[str, str, int]]
    ) -> list[tuple[Want, Taken]]:
        wants = self._wants(asked)
        found = list(
            zip(wants, self._ask(wants), strict=False)
        )  # the first refusal may be the last
        for want, taken in found:
            if want.cost or not taken.granted:  # what was only asked for is not told
                counted.taken[want.name] = want, taken
        return found

    def _wants(self, asked: Sequence[tuple[str, str, int]]) -> list[Want]:
        quotas = ((self.policies[name].quota, name, key, cost) for name, key, cost in asked)
        return [Want(name, quota, key, cost) for quota, name, key, cost in quotas if quota]

    def _ask(self, wants: list[Want]) -> list[Taken]:
        if not wants:
            return []
        return self.own.take(wants) if self.shared is None else self.shared.take(wants)

    def _tell(self, request: Request, want: Want, taken: Taken) -> None:
        """Tell that a limit begins to refuse somebody: once a window, however many are refused."""
        if not self._told.first(f"{want.name}/{want.key}", want.quota.seconds):
            return
        identity = known_identity(request)
        subject = identity.id if want.key.startswith("p:") and identity else request.remote_addr
        try:
            tell(
                request, "talatat.limit", "refused",
                subject=subject, policy=want.name, quota=str(want.quota), wait=taken.wait,
            )  # fmt: skip
        except Exception:  # whoever listens; the refusal goes out all the same
            log.exception("that the limit %s refuses could not be told", want.name)


def refusal(want: Want, taken: Taken) -> Problem:
    """429, with the name of the policy and when to come again."""
    quota = want.quota
    if want.cost > quota.amount:
        detail = (
            f"The limit {want.name} allows {quota.amount} in {quota.seconds} seconds, and this is "
            f"{want.cost + 1} at once: send it in parts"
        )
    else:
        detail = (
            f"The limit {want.name} allows {quota.amount} in {quota.seconds} seconds: "
            f"wait for {taken.wait} seconds"
        )
    return Problem(
        429,
        "too_many_requests",
        detail,
        headers={"Retry-After": str(taken.wait)},
        extra={"policy": want.name},
    )
