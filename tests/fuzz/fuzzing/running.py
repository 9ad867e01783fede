"""One run: schemathesis' own engine, with all of its checks, over one document as one role.

Four phases: the document's examples, boundary values and omissions of every parameter and body
(`coverage`, the same at each run), random requests right and wrong (`fuzzing`), and chains of requests
along the links that the document says or that its shapes suggest (`stateful`). A run is the same each
time: fixed seed, no database of examples, one thread.
"""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema
from schemathesis.transport.wsgi import WSGI_TRANSPORT, WSGITransport

# The usual ones and 412: a precondition is judged before the body.
REFUSALS = [
    "400",
    "401",
    "403",
    "404",
    "405",
    "406",
    "409",
    "412",
    "413",
    "415",
    "422",
    "428",
    "429",
]
PHASES = ("examples", "coverage", "fuzzing", "stateful")

# What no schema can tell: "<pointer or parameter> <code>: <detail>" of errors with which a request may be
# refused although it fits, and why. Refused with any other one, the document promises too much.
NOT_IN_A_SCHEMA = {
    r"/?cursor invalid_cursor": "signed by this server for the same query",
    r".* (precondition_failed|precondition_required)": "the state of the row",
    r".* nul_character": "in any text; a pattern on every string would hide those that matter",
    r"/?(fields|expand) unknown_(field|relation)": "depends on the permissions of who asks",
    r"/?(fields|expand) .*(deep at most|is not a field)": "a tree, which a pattern cannot follow",
    r".* invalid_parameter: holds the character U\+0000": "the same in a query string",
    r".*/attributes invalid: .*(name has|cannot be stored)": "rules of names, and numbers of 64 bits",
    r"/where.* too_deep:": "a schema that contains itself has no depth",
    r"/where.*/value invalid: .*a name has": "rules of names",
    r"/?sort .*is named twice": "a pattern cannot count names",
    r".* unknown_(category|customer|group|product|resource|role|scope)": "what is stored and composed",
    r".*/(password|new) weak_password": "a setting of the site",
    r".*/name invalid: a name has": "spellings are folded first (NFKC, case)",
    r"price.* invalid_parameter: must be an amount": "a currency's own decimals",
    r".*/(price|expected_price).* invalid: .*decimals": "a currency's own decimals",
    r".*/price invalid: a price is not negative": "money is one type, whatever it is of",
    r"/user length: Shorter": "spellings are folded first (NFKC, case)",
    r"/customer_id (required|create_only)": "a PUT that creates needs what one that replaces may not change",
    r"(/items/\d+/body)?/\d+(/.*)? ": "what an operation of a JSON patch makes of the row",
}


@dataclass(frozen=True)
class Finding:
    """One way in which the API is not what its document says."""

    check: str
    operation: str
    title: str
    message: str
    request: str
    status: int | None
    answer: str

    def __str__(self) -> str:
        return (
            f"{self.operation}: {self.title} ({self.check})\n  {self.message}\n"
            f"  {self.request}\n  -> {self.status} {self.answer}"
        )


@dataclass
class Outcome:
    """What a run did and found."""

    role: str
    operations: int = 0
    requests: int = 0
    seconds: float = 0.0
    statuses: Counter[int] = field(default_factory=Counter)
    phases: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def told(self) -> str:
        """All findings and errors, for a person."""
        listed = [str(one) for one in self.findings] + self.errors
        return f"{len(listed)} found as {self.role}:\n\n" + "\n\n".join(listed[:40])


def run(
    app: Any,
    role: str,
    headers: dict[str, str],
    *,
    examples: int,
    stateful: int,
    phases: tuple[str, ...] = PHASES,
    only: str | None = None,
    seed: int = 4,
) -> Outcome:
    """Fuzz `app`: `examples` for each operation, `stateful` chains of requests.

    `only` is a regular expression of the paths that are asked; all of them where it is None.
    """
    outcome, began = Outcome(role), time.monotonic()
    schema = schemathesis.openapi.from_wsgi(
        "/api/openapi.json", app, config=_config(headers, examples, stateful, phases, seed)
    )
    schema.hook("filter_failure")(_kept)
    if only is not None:
        schema = schema.include(path_regex=only)
    outcome.operations = schema.statistic.operations.selected
    seen: set[tuple[str, str, str]] = set()
    for event in from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished):
            outcome.phases[event.phase.value] += len(event.recorder.interactions)
            _take(outcome, event.recorder, seen)
        elif isinstance(event, events.NonFatalError):
            outcome.errors.append(f"{event.label}: {event.info.title} {event.info.message}")
        elif isinstance(event, events.FatalError):
            raise event.exception
    outcome.requests = sum(outcome.phases.values())
    outcome.seconds = round(time.monotonic() - began, 1)
    return outcome


def _config(
    headers: dict[str, str], examples: int, stateful: int, phases: tuple[str, ...], seed: int
) -> SchemathesisConfig:
    generation = {
        "max-examples": examples,
        "deterministic": True,
        "database": "none",
        "no-shrink": True,
    }
    chains = {**generation, "max-examples": stateful}
    told: dict[str, Any] = {name: {"enabled": name in phases} for name in PHASES}
    told["stateful"]["generation"] = chains
    told["coverage"]["generate-duplicate-query-parameters"] = True
    return SchemathesisConfig.from_dict(
        {
            "seed": seed,
            "workers": 1,
            "continue-on-failure": True,
            "headers": headers,
            "generation": generation,
            "phases": told,
            "checks": {"negative_data_rejection": {"expected-statuses": REFUSALS}},
            # Otherwise it asks the process of the tests to put colours and a report into its output.
            "color": False,
        }
    )


def _take(outcome: Outcome, recorder: Any, seen: set[tuple[str, str, str]]) -> None:
    for interaction in recorder.interactions.values():
        if interaction.response is not None:
            outcome.statuses[interaction.response.status_code] += 1
    for case_id, checks in recorder.checks.items():
        for check in checks:
            if check.failure_info is None:
                continue
            failure, response = check.failure_info.failure, recorder.interactions[case_id].response
            operation = failure.operation or recorder.label
            if (key := (check.name, operation, failure.title)) in seen:
                continue
            seen.add(key)
            answer = "" if response is None else response.content[:600].decode("utf-8", "replace")
            status = None if response is None else response.status_code
            request = check.failure_info.code_sample[:600]
            outcome.findings.append(Finding(*key, failure.message[:600], request, status, answer))


def _kept(context: Any, failure: Any, case: Any, response: Any) -> bool:
    """Whether a failure counts: a request that fits may be refused for what no schema can tell.

    A batch that is not atomic is 207 when all of its items are refused, too.
    """
    kind = type(failure).__name__
    if kind not in ("RejectedPositiveData", "AcceptedNegativeData"):
        return True
    try:
        problem = json.loads(response.content)
    except ValueError:
        return True
    if kind == "AcceptedNegativeData":
        items = problem.get("items", []) if response.status_code == 207 else []
        return not items or any(item["status"] < 400 for item in items)
    errors = problem.get("errors") or [problem]
    return not all(_is_beyond_schemas(error) for error in errors)


def _is_beyond_schemas(error: dict[str, Any]) -> bool:
    where = error.get("pointer") or error.get("parameter") or ""
    told = f"{where} {error['code']}: {error['detail']}"
    return any(re.match(pattern, told) for pattern in NOT_IN_A_SCHEMA)


def _send(case: Any, **options: Any) -> Any:
    """Send in process, under an Idempotency-Key of its own.

    The document's example of a key would be sent with everything, and all but the first be refused as sent
    under the key of another request. The probes of `ignored_auth` hand over options of sockets, too.
    """
    for name in ("max_redirects", "verify", "cert", "proxies"):
        options.pop(name, None)
    key = (case.headers or {}).get("Idempotency-Key")
    if isinstance(key, str) and re.fullmatch(r"[!-~]([ -~]{0,200}[!-~])?", key):
        case.headers["Idempotency-Key"] = f"{key}.{next(_KEYS)}"
    return WSGITransport.send(WSGI_TRANSPORT, case, **options)


_KEYS = count()
WSGI_TRANSPORT.send = _send
