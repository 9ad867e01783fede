"""Deployment checks: whether a system is set up so that its promises hold where it runs.

`talatat doctor` makes them. The platform's own are below; addons add theirs by
`config.add_deployment_check`. `docs/deployment-checks.md` is made of all of them.
"""

from typing import Any

from talatat.deployment.case import Deployment, Server
from talatat.deployment.check import (
    DeploymentCheck,
    DeploymentDirectives,
    Found,
    NotChecked,
    Severity,
)

__all__ = [
    "Deployment",
    "DeploymentCheck",
    "DeploymentDirectives",
    "Found",
    "NotChecked",
    "Server",
    "Severity",
]


def includeme(config: Any) -> None:
    """The platform's own checks."""
    config.include(".checks")
