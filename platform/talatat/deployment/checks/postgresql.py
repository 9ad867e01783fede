"""What the user of the URL may do in PostgreSQL, and how the server is reached."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from sqlalchemy import text

from talatat.deployment.case import Deployment, is_local
from talatat.deployment.check import Found, NotChecked
from talatat.deployment.checks.running import database_hosts

# The last day on which each release gets fixes: https://www.postgresql.org/support/versioning/
RELEASES = {
    13: date(2025, 11, 13),
    14: date(2026, 11, 12),
    15: date(2027, 11, 11),
    16: date(2028, 11, 9),
    17: date(2029, 11, 8),
    18: date(2030, 11, 14),
}
SHADOWS = "talatat_shadow_"
CHECKED = ("verify-full", "verify-ca")

_ROLE = text(
    "SELECT rolname, rolsuper, rolcreaterole, rolreplication, rolbypassrls FROM pg_roles"
    " WHERE rolname = current_user"
)
_OWNED = text(
    "SELECT d.datname FROM pg_database d JOIN pg_roles r ON r.oid = d.datdba"
    " WHERE r.rolname = current_user AND d.datname <> current_database() AND NOT d.datistemplate"
    " AND NOT starts_with(d.datname::text, :shadows) ORDER BY 1"
)
_EVERYBODY = text("SELECT has_schema_privilege('public', 'public', 'CREATE')")


def _role(case: Deployment) -> Any:
    """What the user of the URL is; None where the database is an SQLite file, which has no users."""
    if case.sqlite is not None:
        return None
    with case.reading() as connection:
        return connection.execute(_ROLE).one()


def superuser(case: Deployment) -> Iterator[Found]:
    """A superuser reads and writes each database and the server's files, and passes every right by.

    Whoever finds a hole in one addon has all of it then.
    """
    role = _role(case)
    if role is not None and role.rolsuper:
        yield Found(
            f"the database's user {role.rolname} is a superuser",
            f"CREATE ROLE talatat LOGIN PASSWORD '...'; ALTER DATABASE {case.url.database} OWNER TO talatat; "
            f"and name that user in {case.ini.at('sqlalchemy.url')}",
        )


def role(case: Deployment) -> Iterator[Found]:
    """The user needs its own tables, and nothing that belongs to whoever runs the server.

    Looked for are CREATEROLE, REPLICATION and BYPASSRLS. CREATEDB is right: plans are tried in throw-away
    databases.
    """
    found = _role(case)
    if found is None or found.rolsuper:  # who may do everything is told as such
        return
    for attribute in ("createrole", "replication", "bypassrls"):
        if getattr(found, f"rol{attribute}"):
            yield Found(
                f"the database's user {found.rolname} has {attribute.upper()}",
                f'ALTER ROLE "{found.rolname}" NO{attribute.upper()};',
            )


def owner(case: Deployment) -> Iterator[Found]:
    """A user who owns other databases as well can drop them."""
    found = _role(case)
    if found is None or found.rolsuper:
        return
    with case.reading() as connection:
        others = connection.execute(_OWNED, {"shadows": SHADOWS}).scalars().all()
    if others:
        yield Found(
            f"the database's user owns other databases too: {', '.join(others)}",
            f'ALTER DATABASE "{others[0]}" OWNER TO another_user; or give this system a user of its own',
        )


def public_schema(case: Deployment) -> Iterator[Found]:
    """Where everybody may make tables and functions in the schema public, somebody's shadow ours.

    Since PostgreSQL 15 nobody may in a new database; one that was upgraded keeps the old right.
    """
    if case.sqlite is not None:
        return
    with case.reading() as connection:
        if connection.scalar(_EVERYBODY):
            yield Found(
                "every user of the server may make tables in the schema public",
                "REVOKE CREATE ON SCHEMA public FROM PUBLIC;",
            )


def tls(case: Deployment) -> Iterator[Found]:
    """Passwords and rows on the way to another machine are read by whoever stands between.

    `sslmode=verify-full` encrypts, and checks that it is the right server; libpq's default, `prefer`,
    does neither for sure.
    """
    if case.sqlite is not None:
        return
    remote = [str(one) for one in database_hosts(case) if not is_local(one)]
    said = case.url.query.get("sslmode") or case.environ.get("PGSSLMODE") or "prefer"
    if remote and said not in CHECKED:
        yield Found(
            f"{', '.join(remote)} is reached with sslmode={said}, which does not check who answers",
            "add ?sslmode=verify-full&sslrootcert=/path/to/ca.pem to sqlalchemy.url",
        )


def timeouts(case: Deployment) -> Iterator[Found]:
    """A statement that never ends, or never gets its lock, holds a thread and a connection for ever."""
    settings = case.settings.platform
    for name, seconds in (("statement_timeout", 30), ("lock_timeout", 10)):
        if not getattr(settings, name):
            yield Found(
                f"talatat.db.{name} is 0, which is none",
                case.in_app(f"talatat.db.{name} = {seconds} (or delete the line)"),
            )


def version(case: Deployment) -> Iterator[Found]:
    """A server that gets no more fixes keeps the holes that are found from then on."""
    if case.sqlite is not None:
        return
    with case.reading() as connection:
        major = int(connection.scalar(text("SHOW server_version_num"))) // 10000
    until = RELEASES.get(major, date.min if major < min(RELEASES) else None)
    if until is None:
        raise NotChecked(f"the doctor does not know until when PostgreSQL {major} is kept")
    if case.today > until:
        yield Found(
            f"PostgreSQL {major} gets no more fixes"
            + (f" since {until}" if until > date.min else ""),
            f"upgrade the server to PostgreSQL {max(RELEASES)} (pg_upgrade)",
        )
