"""SIGKILL between a commit and what must follow it, and in the middle of a migration: nothing is lost."""

import signal
import subprocess
import sys
import textwrap
import time

import pytest
from sqlalchemy import text

from talatat.evolution.migrate import bring_to, pending
from talatat.testing.databases import make_database

MAIL = {
    "__init__.py": """
        import os, time
        from dataclasses import dataclass
        from sqlalchemy import text
        from talatat.events import Event

        @dataclass
        class Ordered(Event):
            number: int

        def send(event):
            with open(os.environ["MAIL_LOG"], "a") as log:
                log.write(f"{event.key} {event.number}\\n")
            event.request.db.execute(text("INSERT INTO mail_sent VALUES (:n)"), {"n": event.number})
            if os.environ.get("MAIL_SLOW"):
                time.sleep(60)

        def includeme(config):
            config.add_subscriber_after_commit(send, Ordered)
        """,
    "migrations/versions/0001_mail.py": """
        import sqlalchemy as sa
        from alembic import op
        revision, down_revision = "0001_mail", None
        def upgrade():
            op.create_table("mail_sent", sa.Column("number", sa.Integer))
        """,
}
START = """
    import sys, time
    sys.path.insert(0, sys.argv[1])
    from talatat.composing import compose, load_composition
    from talatat.events import emit
    config = compose(load_composition(sys.argv[2]))
    system = config.registry.system
"""


@pytest.fixture
def mail(addons, tmp_path, monkeypatch):
    monkeypatch.setenv("MAIL_LOG", str(tmp_path / "mail.log"))
    addons.write("mail", MAIL)
    addons.log = tmp_path / "mail.log"
    addons.log.touch()
    return addons


def run_until_killed(addons, ini, code, mark, **environment):
    """Run `code` in a process of its own and SIGKILL it when it has printed, or logged, `mark`."""
    import os

    script = textwrap.dedent(START) + textwrap.dedent(code)
    process = subprocess.Popen(
        [sys.executable, "-u", "-W", "ignore", "-c", script, str(addons.folder), ini],
        stdout=subprocess.PIPE, text=True, env={**os.environ, **environment},
    )  # fmt: skip
    try:
        give_up = time.monotonic() + 90
        if callable(mark):
            while not mark():
                assert process.poll() is None, "the process ended by itself"
                assert time.monotonic() < give_up
                time.sleep(0.02)
        else:
            assert process.stdout.readline().strip() == mark
    finally:
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        process.stdout.close()


def sent(system):
    with system.session(reading=True) as session:
        return session.scalars(text("SELECT number FROM mail_sent")).all()


EMIT = """
    system.outbox.automatic = AUTOMATIC
    from types import SimpleNamespace
    with system.database.transaction() as (tm, session):
        from talatat_mail_module import Ordered
        emit(SimpleNamespace(db=session, tm=tm, registry=config.registry), Ordered(7))
    print("committed")
    time.sleep(60)
"""


def emitting(addons, automatic):
    return EMIT.replace("talatat_mail_module", f"{addons.prefix}_mail").replace(
        "AUTOMATIC", str(automatic)
    )


def test_an_event_is_delivered_by_the_next_process_when_the_first_dies_after_the_commit(
    mail, database_url
):
    with mail.composed("mail", url=database_url):
        pass
    run_until_killed(mail, mail.ini("mail", url=database_url), emitting(mail, False), "committed")
    assert mail.log.read_text() == ""
    with mail.composed("mail", url=database_url) as system:
        assert system.deliver() == 1
        assert sent(system) == [7]
        assert len(mail.log.read_text().splitlines()) == 1


def test_a_server_that_starts_delivers_what_the_dead_one_left(mail, database_url):
    with mail.composed("mail", url=database_url):
        pass
    run_until_killed(mail, mail.ini("mail", url=database_url), emitting(mail, False), "committed")
    with mail.composed("mail", url=database_url, deliver=True) as system:
        system.app.get("/api", status="*")  # the first request starts the courier
        give_up = time.monotonic() + 60
        while not sent(system):
            assert time.monotonic() < give_up
            time.sleep(0.05)
        assert sent(system) == [7]


def test_a_delivery_that_was_killed_is_made_again_under_the_same_key_and_its_work_once(
    mail, database_url
):
    with mail.composed("mail", url=database_url):
        pass
    ini = mail.ini("mail", url=database_url)
    run_until_killed(mail, ini, emitting(mail, True), mail.log.read_text, MAIL_SLOW="1")
    with mail.composed("mail", url=database_url) as system:
        # The dead process's lock goes with its connection: on PostgreSQL as soon as the server notices.
        give_up = time.monotonic() + 60
        while system.deliver() == 0:
            assert time.monotonic() < give_up
            time.sleep(0.05)
        assert sent(system) == [7]
    first, second = mail.log.read_text().splitlines()
    assert first == second


def test_a_migration_that_was_killed_is_run_again_from_the_revision_that_it_was_in(
    mail, database_url
):
    mail.revision("mail", "0002_slow", """
        op.create_table("mail_half", sa.Column("id", sa.Integer))
        import os, time
        if os.environ.get("MAIL_SLOW"):
            with open(os.environ["MAIL_LOG"], "a") as log:
                log.write("half")
            time.sleep(60)
        """, down="0001_mail")  # fmt: skip
    ini = mail.ini("mail", url=database_url)
    run_until_killed(mail, ini, """
        from talatat.evolution.migrate import bring_to
        bring_to(system.composition, system.database)
        """, mail.log.read_text, MAIL_SLOW="1")  # fmt: skip
    database = make_database(database_url)
    composition = mail.composition("mail", url=database_url)
    assert [one.revision for one in pending(composition, database)] == ["0002_slow"]
    assert [one.revision for one in bring_to(composition, database)] == ["0002_slow"]
    with database.engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM mail_half")) == 0
    database.dispose()
