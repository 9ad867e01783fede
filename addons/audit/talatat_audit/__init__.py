"""Audit: who did what, when, from where, in which request, before and after.

``includeme`` is the table of contents. Nothing hangs on single views: what sessions write is read off
their statements, what `talatat.security` tells and what commands do is taken as it is told.
"""

from typing import Any

from talatat_audit.models import Entry, Removal

__all__ = ["Entry", "Removal"]


def includeme(config: Any) -> None:
    """The table of contents of this addon."""
    from talatat.security.event import SecurityEvent
    from talatat_audit.capturing import Capturing
    from talatat_audit.health import check_chain
    from talatat_audit.resources import Entries
    from talatat_audit.sealing import SealDue, seal_when_due
    from talatat_audit.settings import AuditSettings
    from talatat_audit.told import Told

    config.add_settings_schema(AuditSettings)  # keys audit.*
    config.add_permission("audit.read", "Read who did what, with the values before and after")
    config.add_role("audit.auditor", ["audit.read"])

    system = config.registry.system
    Capturing(system).listen()  # what sessions write
    config.add_subscriber(Told(system), SecurityEvent)  # logins, tokens, refusals

    config.add_resource(Entries)
    config.add_subscriber_after_commit(seal_when_due, SealDue)
    config.add_health_check("chain", check_chain)
