"""The run: every try as every actor, and what came of each, told in a word."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Protocol

from talatat.codes import CODE_OF_STATUS
from talatat.security.grants import AUTHENTICATED, PUBLIC
from talatat.testing.authorization.actors import ACTORS
from talatat.testing.authorization.matrix import Line
from talatat.testing.authorization.ready import Owned, Ready
from talatat.testing.authorization.requests import Requests
from talatat.testing.authorization.supplies import Supplies
from talatat.testing.authorization.tries import Try, tries_of
from talatat.testing.rest.sending import Answer, Headers, over_wsgi
from talatat.testing.rest.server import Credentials, Server


class World(Protocol):
    """A composed system with rows of two owners."""

    app: Any
    registry: Any

    def admit(self, needs: Collection[str]) -> Mapping[str, Headers]:
        """The headers of all actors; the owner, the other owner and both tokens hold `needs`.

        The database as this leaves it is what `restore` puts back.
        """

    def restore(self) -> None:
        """Put the database back as it was after `admit`."""

    def digest(self) -> str:
        """A digest of what the database holds."""


@dataclass
class Outcome:
    """What came out: the lines, how many requests were sent, and refusals that left a trace."""

    lines: list[Line] = field(default_factory=list)
    requests: int = 0
    traces: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


def run(
    world: World, supplies: Supplies | None = None, only: Callable[[Try], bool] | None = None
) -> Outcome:
    """Ask everything that the composition offers, or what `only` picks, as every actor."""
    outcome = Outcome()
    asking = _Asking(world, supplies or {}, outcome)
    tries = sorted(filter(only, tries_of(world.registry)), key=lambda one: sorted(one.needs))
    for needs, group in groupby(tries, key=lambda one: sorted(one.needs)):
        asking.admit(needs)
        outcome.lines += [asking.line(one) for one in group]
    outcome.lines.sort(key=lambda line: line.key)
    return outcome


class _Asking:
    def __init__(self, world: World, supplies: Supplies, outcome: Outcome) -> None:
        self.world, self.supplies, self.outcome = world, supplies, outcome
        self.send = over_wsgi(world.app)
        self.actors: Mapping[str, Headers] = {}
        self.server = Server(self.send, Credentials({}))
        self._owned: dict[str, Owned] = {}
        self.requests = Requests(self.server, self._rows, supplies, self._as_admin)
        self._clean = ""
        self._needs: frozenset[str] = frozenset()

    def admit(self, needs: Iterable[str]) -> None:
        """Let the actors hold these permissions from here on."""
        self._needs = frozenset(needs)
        self.actors = self.world.admit(self._needs)
        self._clean = self.world.digest()

    def _as_admin(self, ready: Ready) -> Answer:
        answer = self.send(ready.sent(self.actors["admin"]))
        if ready.method != "GET":
            self.world.restore()
        return answer

    def _rows(self, resource: Any) -> Owned:
        """Whose rows a resource has, as its own scope says of the two owners."""
        name = resource if isinstance(resource, str) else resource.full_name
        if name not in self._owned:
            needs, path = self._needs, self.server.kinds[name].path
            read = self.world.registry.system.resources[name].permission("list")
            self.admit({read or PUBLIC} - {PUBLIC, AUTHENTICATED})
            owner, other, admin = (
                self._listed(path, self.actors[who]) for who in ("owner", "other", "admin")
            )
            mine = tuple(one for one in owner if one not in other)
            theirs = tuple(one for one in other if one not in owner)
            self._owned[name] = Owned(mine, theirs, tuple(admin))
            self.admit(needs)
        return self._owned[name]

    def _listed(self, path: str, who: Headers) -> list[str]:
        answer = self.send(Ready("GET", f"{path}?limit=500").sent(who))
        # The oldest first: what `admit` itself has written is gone when somebody else is admitted.
        return (
            sorted(str(one["id"]) for one in answer.json["items"]) if answer.status == 200 else []
        )

    def line(self, one: Try) -> Line:
        """What came of one try."""
        said = [self._outcomes(one, method) for method in one.method.split(" ")]
        outcomes = {
            actor: " ".join(dict.fromkeys(each[actor] for each in said)) for actor in ACTORS
        }
        return Line(
            one.route, one.path, one.method, one.variant, one.permission, one.rows, outcomes
        )

    def _outcomes(self, one: Try, method: str) -> dict[str, str]:
        ready = self.requests.ready(one, method)
        found = {}
        for actor in ACTORS:
            answer = self.send(ready.sent(self.actors[actor]))
            self.outcome.requests += 1
            found[actor] = worded(answer, ready)
            if answer.status >= 500:
                self.outcome.failures.append(f"{one.name} as {actor}: {answer}")
            self._after(one, method, actor, answer)
        return found

    def _after(self, one: Try, method: str, actor: str, answer: Answer) -> None:
        if answer.status < 400:
            if method != "GET" and one.operation != "search":
                self.world.restore()
        elif (now := self.world.digest()) != self._clean:
            self.outcome.traces.append(f"{one.name} refuses {actor} ({answer.status}) and writes")
            self.world.restore()
            assert self.world.digest() == self._clean, now


def worded(answer: Answer, ready: Ready) -> str:
    """An answer in a word: the refusal, which rows were seen, or `allowed`.

    A refusal with a code of its own is one by the view, which was reached: that tells the code.
    """
    if answer.status >= 400:
        own = "" if answer.code == CODE_OF_STATUS.get(answer.status) else answer.code
        return f"{answer.status} {own}".rstrip()
    if not ready.mine or not answer.body or not answer.content_type.endswith("json"):
        return "allowed"
    shown = {str(one.get("id")) for one in answer.json.get("items", ())}
    mine, theirs = bool(shown & ready.mine), bool(shown & ready.theirs)
    if mine and theirs:
        return "all"
    return "own" if mine or theirs else "none"
