"""The data of addons that sleep, moved away and brought back.

    archive(opened, "loyalty", file=None)      moves it away; nothing of it acts on others any more
    move_back(connection, archive_id)          the step `restore` of a plan: the addon is composed again
    restore_file(opened, path)                 the same from an archive file, here or elsewhere
    purge(opened, "loyalty", archive_id)       drops it for good

Each is one transaction under the lock of `talatat apply`: a kill at any moment leaves the old state or the
new one. No addon is imported. What comes back is what went, byte for byte; rows whose parents were
deleted meanwhile are kept apart and reported.
"""

from talatat.evolution.archive.from_file import restore_file
from talatat.evolution.archive.manifest import Manifest
from talatat.evolution.archive.moving import Archived, archive
from talatat.evolution.archive.orphans import Orphans
from talatat.evolution.archive.purging import purge, purgeable
from talatat.evolution.archive.restoring import Report, move_back, statements_of

__all__ = [
    "Archived",
    "Manifest",
    "Orphans",
    "Report",
    "archive",
    "move_back",
    "purge",
    "purgeable",
    "restore_file",
    "statements_of",
]
