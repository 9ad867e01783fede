"""The platform's own tables of evolution: what was applied, by whom, what runs now, what was put away.

All of them are made by the platform's revisions (migrations/versions). They are read and written with
these descriptions only, so that no command needs a composed system.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Integer, MetaData, Table, Text

from talatat.db.base import NAMING_CONVENTION
from talatat.db.types import JSONDocument, UTCDateTime

# What follows an addon's name in the name of its version table, which Alembic makes and keeps.
VERSION_TABLE = "_alembic_version"

metadata = MetaData(naming_convention=NAMING_CONVENTION, info={"addon": "talatat"})

# One row: the name of this database, by which a plan knows that it was made for it.
identity = Table("talatat_identity", metadata, Column("id", Text, primary_key=True))

# What was applied as a whole. `kind` is apply, rollback, archive, restore or purge; `plan` its digest;
# `packages` what was installed: {addon: {distribution, version, hash}}.
releases = Table(
    "talatat_release",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("made_at", UTCDateTime, nullable=False),
    Column("who", Text, nullable=False),
    Column("surface", JSONDocument, nullable=False),
    Column("kind", Text),
    Column("plan", Text),
    Column("note", Text),
    Column("packages", JSONDocument),
)

# One row for each revision that was run, up or down; only ever appended to. `text` is the revision's
# file as it was run, so that the way down exists when the package is gone or older.
ledger = Table(
    "talatat_ledger",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("addon", Text, nullable=False),
    Column("revision", Text, nullable=False),
    Column("direction", Text, nullable=False),
    Column("phase", Text, nullable=False),
    Column("down", JSONDocument, nullable=False),
    Column("requires", JSONDocument, nullable=False),
    Column("version", Text),
    Column("plan", Text),
    Column("checksum", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("reversible", Text, nullable=False),
    Column("started_at", UTCDateTime, nullable=False),
    Column("finished_at", UTCDateTime, nullable=False),
    Column("who", Text, nullable=False),
    Column("lock_wait_ms", BigInteger, nullable=False),
)

# Plans that were begun. `state` is running, done or superseded.
plans = Table(
    "talatat_plan",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("document", JSONDocument, nullable=False),
    Column("state", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("started_at", UTCDateTime, nullable=False),
    Column("finished_at", UTCDateTime),
)

# The steps of plans that were begun, each with how far it came (`progress`: the last key of a backfill).
journal = Table(
    "talatat_journal",
    metadata,
    Column("plan", Text, primary_key=True),
    Column("step", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("progress", JSONDocument, nullable=False),
    Column("started_at", UTCDateTime, nullable=False),
    Column("finished_at", UTCDateTime),
)

# Who is changing this database now: at most one row, named "apply".
lease = Table(
    "talatat_lease",
    metadata,
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("command", Text, nullable=False),
    Column("plan", Text),
    Column("taken_at", UTCDateTime, nullable=False),
    Column("seen_at", UTCDateTime, nullable=False),
)

# The processes that serve, each with the release that it serves and when it was last seen.
processes = Table(
    "talatat_process",
    metadata,
    Column("id", Text, primary_key=True),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("release", Integer, nullable=False),
    Column("started_at", UTCDateTime, nullable=False),
    Column("seen_at", UTCDateTime, nullable=False),
)

# Addons whose data was moved away. `state` is kept, restored or purged; `location` is the schema
# (PostgreSQL) or the prefix of the tables (SQLite) that holds them.
archives = Table(
    "talatat_archive",
    metadata,
    Column("id", Text, primary_key=True),
    Column("addon", Text, nullable=False),
    Column("version", Text),
    Column("made_at", UTCDateTime, nullable=False),
    Column("who", Text, nullable=False),
    Column("location", Text, nullable=False),
    Column("manifest", JSONDocument, nullable=False),
    Column("state", Text, nullable=False),
    Column("changed_at", UTCDateTime, nullable=False),
)

# Columns and tables that a step was about to drop, kept as a table of their own (`location`), so that
# the way back has them. `columns` are the kept ones, [] a whole table; `key` its primary key's columns.
# `state` is kept, put_back, purged, or left: what is still in it was not wanted where it came from.
kept = Table(
    "talatat_kept",
    metadata,
    Column("id", Text, primary_key=True),
    Column("addon", Text, nullable=False),
    Column("revision", Text, nullable=False),
    Column("direction", Text, nullable=False),
    Column("table_name", Text, nullable=False),
    Column("columns", JSONDocument, nullable=False),
    Column("key", JSONDocument, nullable=False),
    Column("location", Text, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("whole", Boolean, nullable=False),
    Column("plan", Text),
    Column("made_at", UTCDateTime, nullable=False),
    Column("state", Text, nullable=False),
)


def version_table(addon: str) -> str:
    """Return the name of an addon's version table."""
    return f"{addon}{VERSION_TABLE}"
