"""Who is at work: for releases, the ledger and the lease."""

from __future__ import annotations

import getpass
import os
import socket


def who() -> str:
    """`user@host`."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container whose user has no name
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"
