"""The deployment checks in the doctor's report."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from talatat.deployment.case import Deployment
from talatat.deployment.examining import ACCEPTED, Told
from talatat.deployment.examining import examine as examine_deployment
from talatat.evolution import lockfile
from talatat.evolution.drift import Case, Finding, Report
from talatat.evolution.processes import live_processes


def deployment(
    report: Report, case: Case, *, every: bool = False, only: Collection[str] = ()
) -> None:
    """Add to the report what the deployment checks say.

    Those that concern development are made for every .ini. All are made for one that is served, and with
    `every`. Raises CompositionError for an id that no check has.
    """
    if case.registry is None:
        report.left_out.append("deployment checks: the system does not compose")
        return
    looked_at = deployment_of(case)
    every = every or looked_at.serves
    seen = examine_deployment(looked_at, only, every=every)
    report.findings += _findings(seen.findings)
    report.information += _findings(seen.information)
    report.information += _findings(seen.accepted, f", which {ACCEPTED} accepts")
    report.left_out += [f"not checked: {text}" for text in seen.not_checked]
    report.checks += seen.made
    if not (every or only):
        report.information.append(_not_made(looked_at))


def deployment_of(case: Case) -> Deployment:
    """What the deployment checks look at, of the doctor's own case."""
    assert case.registry is not None
    opened = case.opened

    def processes() -> list[Mapping[str, Any]]:
        if not opened.exists:
            return []
        with opened.reading() as connection:
            return list(live_processes(connection))

    return Deployment(
        opened.ini,
        case.registry.system.settings,
        case.registry,
        opened.reading,
        processes,
        lockfile.path_of(opened.ini),
        case.observed.release is not None,
    )


def _findings(told: Iterable[Told], more: str = "") -> list[Finding]:
    return [
        Finding(
            one.check.id,
            f"{one.found.what} ({one.check.id}{more})",
            one.found.cure,
            one.check.addon,
            severity=one.check.severity,
        )
        for one in told
    ]


def _not_made(case: Deployment) -> Finding:
    why = "it is of development" if case.development else "it has no [server:main]"
    return Finding(
        "deployment",
        f"the deployment checks are not made of {case.ini.shown}: {why}.",
        f"talatat doctor {case.ini.uri} --deploy makes them.",
        severity="info",
    )
