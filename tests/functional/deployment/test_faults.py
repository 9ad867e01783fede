"""For each deployment check one change makes its finding appear, and no other."""

import os
import re
import socket
import subprocess
import time
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest
from psycopg import sql
from sqlalchemy import select

from talatat.db import utcnow
from talatat.testing import composed
from talatat_accounts.bootstrap import ensure_admin
from talatat_accounts.models import SecondFactor, User

ROOT_PROCESS = {"pid": 1, "host": socket.gethostname()}  # on Linux the first process is root's


CHEAP = {
    "accounts.secret": "file:%(here)s/secret",
    "accounts.argon2_time_cost": "1",
    "accounts.argon2_memory_cost": "8",
    "accounts.argon2_parallelism": "1",
}


def ids(examined):
    return sorted({one.check.id for one in examined.findings + examined.information})


FAULTS = {
    "talatat:debug": lambda site: site.app("pyramid.debug_notfound = true"),
    "talatat:debug-toolbar": lambda site: site.edit(
        "    accounts\n", "    accounts\n    pyramid_debugtoolbar\n"
    ),
    "talatat:tracebacks": lambda site: site.server("expose_tracebacks = yes"),
    "talatat:hosts": lambda site: site.edit("talatat.hosts = shop.example localhost 127.0.0.1", ""),
    "talatat:https": lambda site: site.edit(
        "x-forwarded-for x-forwarded-host x-forwarded-proto", "x-forwarded-for x-forwarded-host"
    ),
    "talatat:hsts": lambda site: site.app("talatat.hsts = max-age=3600; includeSubDomains"),
    "talatat:cors": lambda site: site.app("talatat.cors_origins = *"),
    "talatat:trusted-proxy": lambda site: site.edit("listen = 127.0.0.1:6543", "listen = *:6543"),
    "talatat:forwarded": lambda site: site.edit(
        "clear_untrusted_proxy_headers = true", "clear_untrusted_proxy_headers = false"
    ),
    "talatat:client-address": lambda site: site.edit(
        "= x-forwarded-for x-forwarded-host", "= x-forwarded-host"
    ),
    "talatat:secret-missing": lambda site: (
        site.edit("    accounts\n    audit\n", "    catalog\n"),  # which keeps nothing encrypted
        site.edit("talatat.secret = ${TALATAT_SECRET}", ""),
    ),
    "talatat:secret-weak": lambda site: site.environ.update(TALATAT_SECRET="abcd" * 12),
    "talatat:secret-shared": lambda site: site.environ.update(
        ACCOUNTS_SECRET=site.environ["TALATAT_SECRET"]
    ),
    "talatat:secret-files": lambda site: site.secret_in_file(0o644),
    "talatat:database-password": lambda site: site.edit(
        "${DATABASE_URL}", site.role.url.replace("@", ":hidden@")
    ),
    "talatat:ini-files": lambda site: site.ini.chmod(0o664),
    "talatat:lock-file": lambda site: site.given.update(released=True),
    "talatat:backup-age": lambda site: site.app("talatat.backup = /nowhere/latest.dump"),
    "talatat:database-tls": lambda site: site.environ.update(
        DATABASE_URL=site.role.url.replace("127.0.0.1", "db.example") + "?hostaddr=127.0.0.1"
    ),
    "talatat:database-timeouts": lambda site: site.edit(
        "talatat.db.statement_timeout = 30", "talatat.db.statement_timeout = 0"
    ),
    "talatat:database-version": lambda site: site.given.update(today=date(2099, 1, 1)),
    "talatat:root": lambda site: site.given.update(processes=[ROOT_PROCESS]),
    "talatat:server": lambda site: site.edit(
        "use = egg:talatat#waitress", "use = egg:waitress#main"
    ),
    "talatat:threads": lambda site: site.edit("threads = 8", "threads = 21"),
    "talatat:limits": lambda site: site.server("request_timeout = 0"),
    "talatat:logs": lambda site: site.edit("level = WARNING\nhandlers = stderr", "level = WARNING\nhandlers ="),
    "talatat:on-addon-error": lambda site: site.app("talatat.on_addon_error = quarantine"),
    "accounts:argon2": lambda site: site.app("accounts.argon2_memory_cost = 8192"),
    "accounts:sessions": lambda site: site.app("accounts.session_idle = 604800"),
    "accounts:tokens": lambda site: site.app("accounts.token_lifetime_max = 99999999"),
    "accounts:login-limits": lambda site: site.app("accounts.login_attempts = 1000"),
}  # fmt: skip
# The same day is one on which another is out of support too.
ALONE = {"talatat:database-version": {"talatat:python-version"}}


@pytest.mark.parametrize("check", FAULTS)
def test_one_change_makes_the_one_finding_appear(site, monkeypatch, check):
    FAULTS[check](site)
    seen = site.examined(monkeypatch)
    found = [one for one in ids(seen) if one not in ("talatat:backup", *ALONE.get(check, ()))]
    assert found == [check]
    for one in seen.findings:
        assert one.found.cure
        assert site.environ["TALATAT_SECRET"] not in one.found.what + one.found.cure


@pytest.mark.parametrize(
    ("words", "check"),
    [
        ("SUPERUSER", "talatat:database-superuser"),
        ("CREATEROLE", "talatat:database-role"),
        ("REPLICATION", "talatat:database-role"),
        ("BYPASSRLS", "talatat:database-role"),
    ],
)
def test_a_right_too_many_of_the_databases_user_is_found(site, monkeypatch, words, check):
    with altered(site.role, words):
        assert ids(site.examined(monkeypatch)) == ["talatat:backup", check]


@contextmanager
def altered(role, words):
    role.alter(words)
    try:
        yield
    finally:
        role.alter(f"NO{words}")


def test_a_user_who_owns_another_database_is_found(site, monkeypatch):
    name = sql.Identifier(f"{site.role.name}_other")
    site.role.sql("CREATE DATABASE {} OWNER {}", name, sql.Identifier(site.role.name))
    try:
        assert ids(site.examined(monkeypatch)) == ["talatat:backup", "talatat:database-owner"]
    finally:
        site.role.sql("DROP DATABASE {}", name)


def test_a_schema_in_which_everybody_makes_tables_is_found(site, monkeypatch):
    import psycopg

    with psycopg.connect(
        site.role.server.url(site.role.name).replace("+psycopg", ""), autocommit=True
    ) as connection:
        connection.execute("GRANT CREATE ON SCHEMA public TO PUBLIC")
        try:
            assert ids(site.examined(monkeypatch)) == ["talatat:backup", "talatat:database-schema"]
        finally:
            connection.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda site: site.app("talatat.limits = off"), "counted and limited"),
        (lambda site: site.app("talatat.max_body = 999999999"), "a body of 999999999 bytes"),
        (lambda site: site.server("max_request_header_size = 9999999"), "max_request_header_size"),
        (lambda site: site.server("request_timeout = 3600"), "3600 seconds"),
    ],
)
def test_each_limit_that_is_taken_away_is_found(site, monkeypatch, change, what):
    site.on_sqlite()
    change(site)
    seen = site.examined(monkeypatch)
    assert ids(seen) == ["talatat:backup", "talatat:limits"]
    assert what in seen.findings[0].found.what


def test_a_python_without_fixes_is_found(site, monkeypatch):
    site.on_sqlite()
    site.given["today"] = date(2099, 1, 1)
    assert ids(site.examined(monkeypatch)) == ["talatat:backup", "talatat:python-version"]


@pytest.mark.parametrize(
    ("wrong", "what"),
    [
        (lambda file: file.chmod(0o644), "shop.sqlite has the mode 0644"),
        (lambda file: file.with_name("shop.sqlite-wal").chmod(0o660), "shop.sqlite-wal has the mode 0660"),
        (lambda file: file.parent.chmod(0o777), "everybody may write into"),
    ],
)  # fmt: skip
def test_a_database_file_that_others_reach_is_found(site, monkeypatch, wrong, what):
    file = site.on_sqlite()
    for one in (file, file.with_name("shop.sqlite-wal")):
        one.touch(0o600)
    assert ids(site.examined(monkeypatch)) == ["talatat:backup"]
    wrong(file)
    seen = site.examined(monkeypatch)
    assert ids(seen) == ["talatat:backup", "talatat:sqlite-files"]
    (found,) = seen.findings
    assert what in found.found.what
    assert found.found.cure.startswith("chmod")


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "9p"])
def test_a_database_file_on_a_network_is_found(site, monkeypatch, tmp_path, kind):
    file = site.on_sqlite()
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        "1 0 8:1 / / rw - ext4 /dev/root rw\n"
        f"2 1 0:9 / {file.parent} rw,relatime shared:1 - {kind} server:/share rw\n"
        "3 1 0:9 / /elsewhere rw - nfs server:/other rw\n"
    )
    site.given["mounts"] = mounts
    seen = site.examined(monkeypatch)
    assert ids(seen) == ["talatat:backup", "talatat:sqlite-network"]
    assert kind in seen.findings[0].found.what
    mounts.write_text("1 0 8:1 / / rw - ext4 /dev/root rw\n")
    assert ids(site.examined(monkeypatch)) == ["talatat:backup"]
    mounts.unlink()
    assert any("talatat:sqlite-network" in one for one in site.examined(monkeypatch).not_checked)


def test_a_secret_under_version_control_is_found(site, monkeypatch):
    path = site.secret_in_file()
    git = ["git", "-c", "user.name=k", "-c", "user.email=k@shop.example", "-C", path.parent]
    subprocess.run([*git, "init", "-q"], check=True)
    assert ids(site.examined(monkeypatch)) == ["talatat:backup"]
    subprocess.run([*git, "add", path.name], check=True)
    subprocess.run([*git, "commit", "-qm", "oops"], check=True)
    assert ids(site.examined(monkeypatch)) == ["talatat:backup", "talatat:secret-committed"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_secret_that_belongs_to_a_stranger_is_found(site, monkeypatch, one_process):
    path = site.secret_in_file()
    os.chown(path, 65533, -1)
    site.given["processes"] = [one_process]
    assert [one for one in ids(site.examined(monkeypatch)) if one != "talatat:root"] == [
        "talatat:backup", "talatat:secret-files",
    ]  # fmt: skip


def test_a_folder_of_a_secret_into_which_everybody_writes_is_found(site, monkeypatch):
    path = site.secret_in_file()
    path.parent.chmod(0o777)
    assert ids(site.examined(monkeypatch)) == ["talatat:backup", "talatat:secret-files"]


def test_a_session_factory_with_an_open_cookie_is_found(site, monkeypatch, addons):
    addons.write(
        "basket",
        {
            "__init__.py": """
            from pyramid.session import SignedCookieSessionFactory
            def includeme(config):
                config.set_session_factory(SignedCookieSessionFactory("x" * 40, httponly=True))
            """
        },
    )
    site.edit("    accounts\n", "    accounts\n    basket\n")
    seen = site.examined(monkeypatch)
    assert ids(seen) == ["talatat:backup", "talatat:cookies"]
    assert "lacks secure" in seen.findings[0].found.what


def test_an_administrator_without_a_second_factor_is_told(site, monkeypatch):
    file = site.on_sqlite()
    with composed(["accounts"], url=site.environ["DATABASE_URL"], settings=CHEAP) as system:
        ensure_admin(system.system, "root")
        site.given["released"] = True
        site.ini.with_suffix(".lock").touch()
        for one in file.parent.iterdir():  # copied from a template
            one.chmod(0o600)
        seen = site.examined(monkeypatch)
        assert ids(seen) == ["accounts:second-factor", "talatat:backup"]
        told = {one.check.id: one.found.what for one in seen.information}
        assert told["accounts:second-factor"].endswith("without a second factor: root")
        with system.session() as session:
            user = session.scalar(select(User))
            session.add(
                SecondFactor(user_id=user.id, seed="JBSWY3DPEHPK3PXP", confirmed_at=utcnow())
            )
        assert ids(site.examined(monkeypatch)) == ["talatat:backup"]


def test_an_old_backup_and_one_that_is_new(site, monkeypatch, tmp_path):
    backup = tmp_path / "latest.dump"
    backup.touch()
    site.app(f"talatat.backup = {backup}")
    assert ids(site.examined(monkeypatch)) == []
    old = time.time() - 5 * 24 * 3600
    os.utime(backup, (old, old))
    assert ids(site.examined(monkeypatch)) == ["talatat:backup-age"]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda site: site.edit("127.0.0.1:6543", "0.0.0.0:6543"), "0.0.0.0"),
        (lambda site: site.edit("listen = 127.0.0.1:6543", ""), "0.0.0.0"),
        (
            lambda site: site.environ.update(
                DATABASE_URL=site.role.url.replace("127.0.0.1", "db.example")
                + "?hostaddr=127.0.0.1"
            ),
            "db.example",
        ),
    ],
)
def test_development_beyond_this_machine_is_found(site, monkeypatch, change, what):
    site.app("talatat.development = true")
    before = site.examined(monkeypatch)
    assert "talatat:development" not in ids(before)
    change(site)
    seen = [
        one for one in site.examined(monkeypatch).findings if one.check.id == "talatat:development"
    ]
    assert what in seen[0].found.what


WORDS = re.compile(r"\A(talatat|accounts):[a-z0-9-]+\Z")


def test_every_check_of_the_platform_and_of_accounts_has_a_fault_here(site, monkeypatch):
    source = Path(__file__).read_text()
    seen = site.examined(monkeypatch)
    made = {*seen.made, *(one.partition(": ")[0] for one in seen.not_checked)}
    assert len(made) > 35
    assert all(WORDS.match(one) for one in made)
    assert [one for one in sorted(made) if f'"{one}"' not in source] == []
