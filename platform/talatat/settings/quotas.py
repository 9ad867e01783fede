"""Quotas in the .ini: `60/minute`, `10 per 5 seconds`, or `off`; and the platform's keys about limits."""

import re
from dataclasses import dataclass
from typing import Any

import colander
from limits import parse

OFF = frozenset({"off", "no", "false", "none"})
UNITS = {1: "second", 60: "minute", 3600: "hour", 86400: "day"}
LONGEST = 7 * 86400
MOST = 10**9
STORAGE = re.compile(r"(rediss?|redis\+unix)://\S+")
IN_PROCESS = "memory"


@dataclass(frozen=True)
class Quota:
    """At most `amount` in any `seconds`."""

    amount: int
    seconds: int

    def __str__(self) -> str:
        return f"{self.amount}/{UNITS.get(self.seconds, f'{self.seconds} seconds')}"

    __repr__ = __str__


def quota(text: str) -> Quota | None:
    """The quota that a text says, None for `off`. Raises ValueError with how to write one."""
    text = text.strip().lower()
    if text in OFF:
        return None
    try:
        item = None if re.search("[,;|]", text) else parse(text)
    except ValueError:
        item = None
    if item is None:
        raise ValueError(f"{text!r} is no limit: write it like 60/minute, or off")
    if not 1 <= item.amount <= MOST or item.get_expiry() > LONGEST:
        raise ValueError(f"{text!r} is no limit: from 1 to {MOST}, in at most {LONGEST} seconds")
    return Quota(item.amount, item.get_expiry())


class QuotaType(colander.SchemaType):
    """A quota, or None."""

    def deserialize(self, node: colander.SchemaNode, cstruct: Any) -> Any:
        """Quota or None; raises `colander.Invalid` with how to write it."""
        if cstruct is colander.null or isinstance(cstruct, Quota):
            return cstruct
        try:
            return quota(str(cstruct))
        except ValueError as error:
            raise colander.Invalid(node, str(error)) from None


def limit_node(name: str, default: Quota | None, title: str) -> colander.SchemaNode:
    """The key `talatat.limits.<name>`; its value says how a system is run, so a release does not keep it."""
    return colander.SchemaNode(
        QuotaType(),
        name=f"limit_{name}",
        missing=default,
        key=f"talatat.limits.{name}",
        environment=True,
        description=title,
    )


def storage(node: colander.SchemaNode, value: str) -> None:
    """Refuse what is neither `memory` nor the URL of a Redis."""
    if value != IN_PROCESS and not STORAGE.fullmatch(value):
        raise colander.Invalid(
            node, "write memory, or the URL of a Redis such as redis://:${PASSWORD}@host:6379/0"
        )


class LimitSettings(colander.MappingSchema):
    """The platform's keys about limits and overload."""

    limits = colander.SchemaNode(
        colander.Bool(),
        missing=True,
        key="talatat.limits",
        environment=True,
        description="Whether requests are counted and limited at all",
    )
    limits_storage = colander.SchemaNode(
        colander.String(),
        missing=IN_PROCESS,
        key="talatat.limits.storage",
        environment=True,
        validator=storage,
        description="Where they are counted: memory (each process its own), or a Redis for all",
    )
    limits_timeout = colander.SchemaNode(
        colander.Float(),
        missing=0.1,
        key="talatat.limits.timeout",
        environment=True,
        validator=colander.Range(0.01, 5),
        description="Seconds for which an answer of Redis is waited for",
    )
    limit_address = limit_node(
        "address", Quota(12_000, 60), "Requests of one address, whoever sends them"
    )
    limit_anonymous = limit_node(
        "anonymous", Quota(3_000, 60), "Requests of one address without a login"
    )
    limit_authenticated = limit_node("authenticated", Quota(6_000, 60), "Requests of one account")
    limit_credentials = limit_node(
        "credentials", Quota(60, 60), "Credentials of one address that are not valid"
    )
    limit_writes = limit_node(
        "writes", Quota(3_000, 60), "Requests and items of batches that change something"
    )
    max_waiting = colander.SchemaNode(
        colander.Int(),
        missing=100,
        key="talatat.max_waiting",
        environment=True,
        validator=colander.Range(0),
        description="Requests that may wait for a thread of the embedded server; 0 is any number",
    )
    max_wait = colander.SchemaNode(
        colander.Float(),
        missing=10.0,
        key="talatat.max_wait",
        environment=True,
        validator=colander.Range(0),
        description="Seconds after which a request that still waits is answered 503; 0 is none",
    )
