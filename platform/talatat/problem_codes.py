"""The codes that problems of one composition have: the platform's, and those that addons declare.

An action says its own in `problems=`. What is raised elsewhere, in hooks, subscribers, tweens and views
of Pyramid's, is declared by `config.add_problem("out_of_paper", 503, "The printer has no paper.")`. Each
code has a page below `/docs/problems`, to which the `type` of a problem points. One that is raised and
declared nowhere is logged once; under `talatat.testing` it is an error.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyramid.config.actions import action_method
from pyramid.exceptions import ConfigurationError

from talatat.composition import PLATFORM
from talatat.problems import CODES, CODES_OF_STATUS

if TYPE_CHECKING:
    from talatat.configuration.configurator import Configurator

log = logging.getLogger("talatat.problems")

FORM = re.compile(r"[a-z][a-z0-9_]{0,63}")
# What an HTTP exception answers whose status has no code of its own: `http_418`.
OF_STATUS = re.compile(r"http_[1-5]\d\d")
# The category of introspectables.
PROBLEMS = "talatat problems"

# What a client does about each of the platform's own codes.
REMEDIES: dict[str, str] = {
    "bad_request": "Correct the request as `detail` says. Sent again as it is, it fails again.",
    "malformed_json": "Send one JSON document in UTF-8. `detail` tells where it breaks off.",
    "duplicate_member": "Name each member of an object once; which of two values is meant cannot be told.",
    "too_deep": "Send a flatter document; `limits.max_body_depth` of `GET /api` tells how deep one may be.",
    "nul_character": "Take U+0000 out of the texts that you send.",
    "unexpected_body": "Send the request without a body.",
    "unknown_parameter": "Take the parameter away or correct its name; `detail` lists the known ones. "
    "None is ever ignored, so that a misspelt filter does not show everything.",
    "unknown_field": "Name fields that the operation's schema has, with a dot before a nested one.",
    "unknown_relation": "Name relations that the operation's `expand` lists.",
    "repeated_parameter": "Give each parameter once. Several values of a filter: `field[in]=a,b`.",
    "invalid_parameter": "Correct the value; `errors` names the parameter and what it takes.",
    "invalid_cursor": "Begin again at the first page, and follow `next` and `prev` as they are. A cursor "
    "holds for the filters and the order that it was made for.",
    "unauthorized": "Send `Authorization: Bearer` with a token that is valid, or log in. "
    "`WWW-Authenticate` says what is accepted.",
    "forbidden": "Use credentials that hold the permission; the operation's `x-permission` names it.",
    "csrf_failed": "Send the `csrf_token` that the login answered as the header `X-CSRF-Token`. A client "
    "that is no browser uses a bearer token and needs none.",
    "origin_refused": "Call from a page of this server, or with a bearer token. For pages of another "
    "origin the operator lists it in `talatat.cors_origins`.",
    "not_found": "Check the path and the id. What one may not see is not found either.",
    "method_not_allowed": "Use one of the methods in `Allow`.",
    "not_acceptable": "Send `Accept: application/json`, or leave the header out.",
    "conflict": "Read what is stored, decide anew, and send the request again.",
    "duplicate": "Choose another value for the field that `errors` points to, or use the row that has it.",
    "reference": "Make the row that is referred to first; or take away what refers to this one.",
    "constraint": "Correct the value that `errors` points to.",
    "patch_test_failed": "Read the row again, and make the patch anew on that state.",
    "precondition_failed": "Read the row again (`current` shows it), make the change on that state, and "
    "send it with the new ETag.",
    "request_timeout": "Send the whole request at once; it was not carried out.",
    "headers_too_large": "Send fewer or shorter headers, cookies among them.",
    "too_many_items": "Send the items in several batches; `limits` of `GET /api` tells how many one takes.",
    "body_too_large": "Send less at once; `limits.max_body_bytes` of `GET /api` tells how much is accepted.",
    "unsupported_media_type": "Say what the body is: `Content-Type: application/json`.",
    "invalid": "Correct every place that `errors` points to. All of them are told at once.",
    "precondition_required": "Read the row, and send its ETag as `If-Match`.",
    "too_many_requests": "Wait as long as `Retry-After` says, and ask less often from then on.",
    "internal_error": "Tell the operator the `request_id`. If it was a write, read before you try it again.",
    "unavailable": "Try again after `Retry-After` seconds.",
    "not_applied": "The operator runs `command`. Try again after `Retry-After` seconds.",
    "superseded": "The operator starts the newer process. Try again after `Retry-After` seconds.",
    "database_unavailable": "Try again after `Retry-After` seconds.",
    "busy": "Send the request again as it is, after `Retry-After` seconds.",
}


class UnlistedProblem(AssertionError):
    """A test met a problem whose code stands on no page; the text says how to declare it."""


@dataclass(frozen=True)
class ProblemCode:
    """A code as one addon means it: the status, what it means, and what a client does about it."""

    code: str
    status: int
    meaning: str
    remedy: str = ""
    addon: str = PLATFORM


def own_codes() -> list[ProblemCode]:
    """The platform's own codes."""
    status_of = {code: status for status, codes in CODES_OF_STATUS.items() for code in codes}
    return [
        ProblemCode(code, status_of.get(code, 400), meaning, REMEDIES.get(code, ""))
        for code, meaning in CODES.items()
    ]


def codes_of(problems: Mapping[str, str | tuple[int, str]] | None, addon: str) -> list[ProblemCode]:
    """What an action or a view says in `problems=`: 409 where it names no status."""
    return [
        ProblemCode(code, *((409, said) if isinstance(said, str) else said), addon=addon)
        for code, said in (problems or {}).items()
    ]


class ProblemCodes:
    """All codes of a composition. `strict` makes a code that is raised and not declared an error."""

    def __init__(self) -> None:
        self.strict = False
        self._declared: dict[str, dict[str, ProblemCode]] = {}
        self._told: set[str] = set()
        self.add(*own_codes())

    def add(self, *codes: ProblemCode) -> None:
        """Take note; an addon may say the same code twice, the first word stands."""
        for one in codes:
            self._declared.setdefault(one.code, {}).setdefault(one.addon, one)

    def __contains__(self, code: object) -> bool:
        return code in self._declared or OF_STATUS.fullmatch(str(code)) is not None

    def by_addon(self) -> dict[str, list[ProblemCode]]:
        """The codes of each addon, in alphabetical order."""
        found: dict[str, list[ProblemCode]] = {}
        for code in sorted(self._declared):
            for one in self._declared[code].values():
                found.setdefault(one.addon, []).append(one)
        return found

    def meanings(self, code: str) -> list[ProblemCode]:
        """What a code means, for each addon that declares it; empty where none does."""
        return list(self._declared.get(code, {}).values())

    def meet(self, code: str, addon: str) -> None:
        """Notice that a problem with this code goes out. Raises `UnlistedProblem` where that is strict."""
        if code in self:
            return
        text = (
            f"the addon {addon} answers a problem with the code {code!r}, which is declared nowhere: "
            f"name it in problems= of the action or view, or say config.add_problem({code!r}, ...)"
        )
        if self.strict:
            raise UnlistedProblem(text)
        if code not in self._told:
            self._told.add(code)
            log.warning(text)


class ProblemDirectives:
    """The directive of this room, for the Configurator."""

    @action_method
    def add_problem(
        self: Configurator, code: str, status: int, meaning: str, remedy: str = ""
    ) -> None:
        """Declare a code that the addon's problems have, beside those that its actions name.

        `meaning` is a sentence for the page of the code, `remedy` says what a client does about it.
        """
        if not FORM.fullmatch(code):
            raise ConfigurationError(
                f"{code!r} is no code of a problem: write it like 'out_of_stock'"
            )
        if not 400 <= status <= 599 or not meaning:
            raise ConfigurationError(
                f"the problem {code!r} needs a status from 400 to 599 and a sentence that says what it means"
            )
        declared = ProblemCode(code, status, meaning, remedy, self.owner)
        intr = self.introspectable(PROBLEMS, (self.owner, code), code, "problem")
        intr.update(name=code, status=status, title=meaning)
        codes: Any = self.registry.system.problem_codes
        self.action(
            ("problem", self.owner, code), lambda: codes.add(declared), introspectables=(intr,)
        )
