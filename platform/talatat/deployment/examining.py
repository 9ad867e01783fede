"""Making the deployment checks: what is found, what is accepted, what cannot be known here."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches

from sqlalchemy.exc import SQLAlchemyError

from talatat.deployment.case import Deployment
from talatat.deployment.check import DeploymentCheck, Found, NotChecked
from talatat.errors import CompositionError, TalatatError, said_by

log = logging.getLogger(__name__)

ACCEPTED = "talatat.doctor.accept"


@dataclass(frozen=True)
class Told:
    """One thing that a check found."""

    check: DeploymentCheck
    found: Found


@dataclass
class Examination:
    """`findings` want something done; `accepted` would too, had the .ini not said that they may be.

    `not_checked` tells for each check that could not be made why; `made` are the ids of the others.
    """

    findings: list[Told] = field(default_factory=list)
    information: list[Told] = field(default_factory=list)
    accepted: list[Told] = field(default_factory=list)
    not_checked: list[str] = field(default_factory=list)
    made: list[str] = field(default_factory=list)


def examine(
    deployment: Deployment, only: Collection[str] = (), *, every: bool = True
) -> Examination:
    """Make the checks named by `only`, or all; without `every` those that development has too.

    Raises CompositionError for an id that no check has.
    """
    checks: dict[str, DeploymentCheck] = deployment.registry.system.deployment_checks
    accepted = deployment.settings.platform.doctor_accept
    _known([*only], checks, "--only")
    _known(accepted, checks, deployment.ini.at(ACCEPTED) + ": " + ACCEPTED)
    seen = Examination()
    for check in checks.values():
        if (only and check.id not in only) or not (every or only or check.development):
            continue
        for one in _made(check, deployment, seen):
            if check.severity == "info":
                seen.information.append(Told(check, one))
            elif check.id in accepted:
                seen.accepted.append(Told(check, one))
            else:
                seen.findings.append(Told(check, one))
    return seen


def _made(check: DeploymentCheck, deployment: Deployment, seen: Examination) -> Iterator[Found]:
    try:
        found = list(check.look(deployment))
    except NotChecked as why:
        seen.not_checked.append(f"{check.id}: {why}")
    except (TalatatError, SQLAlchemyError, OSError) as error:
        seen.not_checked.append(f"{check.id}: {said_by(error)}")
    except Exception as error:  # an addon's check is no reason to leave the others out
        log.exception("the deployment check %s failed", check.id)
        seen.not_checked.append(f"{check.id}: it failed with {type(error).__name__}: {error}")
    else:
        seen.made.append(check.id)
        yield from found


def _known(named: Collection[str], checks: Collection[str], where: str) -> None:
    for name in named:
        if name not in checks:
            near = get_close_matches(name, checks, 1, 0.4)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise CompositionError(f"{where} names {name!r}, which is no deployment check.{hint}")
