"""Security events: what an operator wants to know afterwards, told once and to whoever listens.

A login, a token made, a code refused, a limit reached: the addon where it happens calls `tell`. It is logged
as one line, and each subscriber for `SecurityEvent` gets it (the audit addon writes it down). What is told
names things by id or name and never holds a secret.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

logger = logging.getLogger(__name__)

Outcome = Literal["succeeded", "failed", "refused"]


@dataclass(frozen=True)
class SecurityEvent:
    """Something that happened: `name` is `<addon>.<what>`, such as `accounts.login`.

    `subject` is the id or name of whom or what it happened to. What `failed` was tried with a wrong proof,
    what was `refused` was not even tried (a limit, a closed door).
    """

    request: Any = field(repr=False)
    name: str
    outcome: Outcome = "succeeded"
    subject: str | None = None
    details: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


def tell(
    request: Any,
    name: str,
    outcome: Outcome = "succeeded",
    *,
    subject: str | None = None,
    **details: Any,
) -> None:
    """Log a security event and give it to its subscribers, in the request's transaction.

    Subscribers decide whether what they keep survives the transaction: a refusal usually ends one.
    """
    event = SecurityEvent(request, name, outcome, subject, MappingProxyType(details))
    logger.log(
        logging.INFO if outcome == "succeeded" else logging.WARNING,
        "%s %s",
        name,
        outcome,
        extra={
            "security_event": name,
            "outcome": outcome,
            "subject": subject,
            "address": request.remote_addr,
            **details,
        },
    )
    request.registry.notify(event)
