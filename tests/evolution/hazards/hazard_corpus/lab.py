"""A real PostgreSQL with the previous release in it, in which a case is run and watched.

A second connection probes, while the case's transaction is open, whether others could write to each table; the
server's own statistics tell which tables were read and written, its catalogue and an event trigger what was
written anew and why. Rows are counted on a small database and on one of three times its size: what grows, grows.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

import psycopg
import sqlalchemy as sa
from psycopg import errors

from hazard_corpus import catalogue
from hazard_corpus.cases import RELEASE, ROWS, Act, Case

SMALL, LARGE = 240, 720
MODES = ("ShareLock", "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock")
APART = ("CONCURRENTLY", "VACUUM", "REFRESH")
# What a refresh puts into a materialized view are no rows that anybody wrote.
STATISTICS = """SELECT s.relid::int, seq_tup_read + coalesce(idx_tup_fetch, 0),
    CASE c.relkind WHEN 'r' THEN n_tup_ins + n_tup_upd + n_tup_del ELSE 0 END, n_tup_del
    FROM pg_stat_xact_user_tables s JOIN pg_class c ON c.oid = s.relid"""


@dataclass
class Ran:
    """What one statement did. Tables are known by their oid, for names may change."""

    sql: str
    act: int
    addon: str
    before: catalogue.Catalogue
    after: catalogue.Catalogue | None = None
    locks: dict[int, str] = field(default_factory=dict)
    held: dict[int, str] = field(default_factory=dict)
    blocked: set[int] = field(default_factory=set)
    scanned: set[int] = field(default_factory=set)
    rewritten: set[int] = field(default_factory=set)
    reasons: set[int] = field(
        default_factory=set
    )  # why the server rewrote a table, in its own words
    written: dict[int, int] = field(default_factory=dict)
    deleted: dict[int, int] = field(default_factory=dict)
    timeout: str = "0"
    notices: list[str] = field(default_factory=list)
    tag: str = ""
    error: psycopg.Error | None = None


class Lab:
    """The template databases. `apart` says that a case commits, and needs a copy of its own."""

    def __init__(self, server):
        self.server = server
        self.known = None  # what the previous release's statements answer before anything is done
        self.templates = {}
        for size in (SMALL, LARGE):
            url = server.create_database()
            with connect(url, autocommit=True) as connection:
                connection.execute(RELEASE)
                connection.execute(ROWS % {"n": size})
                connection.execute("ANALYZE")
            self.templates[size] = url

    @staticmethod
    def apart(case: Case) -> bool:
        return bool(case.setup) or len(case.acts) > 1 or any(word in case.sql for word in APART)

    def run(self, case: Case, size: int, watch: bool = True) -> Run:
        url = self.templates[size]
        if self.apart(case):
            url = self.server.create_database(url.rpartition("/")[2])
        run = Run(self, url, watch, self.apart(case))
        for sql in case.setup:
            run.cursor.execute(sql)
        run.commit()
        return run


def connect(url, **options):
    return psycopg.connect(url.replace("+psycopg", ""), **options)


class Run:
    """One case in one database: `act` by act, each statement watched."""

    def __init__(self, lab, url, watch=True, apart=False):
        self.lab, self.url, self.watch, self.apart = lab, url, watch, apart
        self.engine = sa.create_engine(url, poolclass=sa.pool.NullPool)
        self.alchemy = self.engine.connect()
        self.connection = self.alchemy.connection.driver_connection
        self.cursor = self.connection.cursor()
        # In UTC a timestamp becomes one with a time zone without work: nobody may count on that.
        self.cursor.execute("SET TimeZone = 'Europe/Berlin'")
        self.connection.commit()
        self.notices = []
        self.connection.add_notice_handler(
            lambda one: self.notices.append((one.sqlstate, one.message_primary or ""))
        )
        self.pid = self.connection.info.backend_pid
        self.prober = connect(url, autocommit=True)
        self.ran: list[Ran] = []
        self.stood = set(catalogue.read(self.cursor).relations)

    def commit(self):
        if self.apart:
            self.connection.commit()

    def close(self):
        self.connection.rollback()
        self.alchemy.close()
        self.engine.dispose()
        self.prober.close()
        if self.apart:
            self.lab.server.drop_database(self.url)

    def act(self, number: int, act: Act) -> bool:
        """Run a revision in a transaction; stops at the first statement that fails."""
        self.cursor.execute(f"SET lock_timeout = {5000 if act.timeout else 0}")
        for sql in act.statements:
            before = self.ran[-1].after if self.ran else catalogue.read(self.cursor)
            ran = Ran(sql, number, act.addon, before)
            self.ran.append(ran)
            self._statement(ran, alone=len(act.statements) == 1)
            if ran.error is not None:
                return False
        self.commit()
        return True

    def _statement(self, ran, alone):
        ran.held = self.locks(self.cursor)
        ran.timeout = self.cursor.execute("SELECT current_setting('lock_timeout')").fetchone()[0]
        self.cursor.execute("SAVEPOINT before")
        counted = statistics(self.cursor)
        self.notices.clear()
        try:
            self.cursor.execute(ran.sql)
        except psycopg.Error as error:
            ran.error = error
            self.cursor.execute("ROLLBACK TO before")
            if error.sqlstate == "25001" and alone:
                self._apart(ran)
            return
        ran.tag = self.cursor.statusmessage or ""
        self._noticed(ran)
        count(ran, counted, statistics(self.cursor))
        ran.after = catalogue.read(self.cursor)
        ran.locks = self.locks(self.cursor)
        ran.blocked = self._blocked(ran) if self.watch else set()
        self._rewritten(ran)

    def locks(self, cursor) -> dict[int, str]:
        """The strongest blocking lock of the case's session on each table that stood before it."""
        rows = cursor.execute(
            "SELECT relation::int, mode FROM pg_locks WHERE pid = %s AND locktype = 'relation'",
            [self.pid],
        ).fetchall()
        found: dict[int, str] = {}
        for oid, mode in rows:
            if mode in MODES and oid in self.stood:
                found[oid] = max(mode, found.get(oid, mode), key=MODES.index)
        indexes = set(self.ran[-1].before.indexes)
        return {oid: mode for oid, mode in found.items() if oid not in indexes}

    def _blocked(self, ran):
        """The tables that another connection cannot write at this moment."""
        found = set()
        for oid, one in ran.before.relations.items():
            if oid not in self.stood or one.kind not in {"r", "m"}:
                continue
            if one.kind == "m":  # nobody can lock one; whoever reads it needs this lock
                found |= {oid} & set(ran.locks)
                continue
            try:
                self.prober.execute("BEGIN")
                self.prober.execute(
                    f'LOCK TABLE "{one.schema}"."{one.name}" IN ROW EXCLUSIVE MODE NOWAIT'
                )
            except errors.LockNotAvailable:
                found.add(oid)
            finally:
                self.prober.execute("ROLLBACK")
        return found

    def _noticed(self, ran):
        for state, message in self.notices:
            if message.startswith("rewritten "):
                ran.reasons.add(int(message.split()[1]))
            else:
                ran.notices.append(state)

    def _rewritten(self, ran):
        """Tables with another file than before, and something in it."""
        for oid, was in ran.before.relations.items():
            now = ran.after.relations.get(oid)
            if now and was.kind in {"r", "m"} and was.file != now.file and oid in self.stood:
                size = self.cursor.execute("SELECT pg_relation_size(%s::oid)", [oid]).fetchone()[0]
                ran.rewritten |= {oid} if size else set()

    def _apart(self, ran):
        """What cannot run in a transaction runs while a writer holds it up, and others try to write."""
        self.connection.commit()
        ran.error, failed = None, []
        self.connection.autocommit = True
        self.cursor.execute("SET lock_timeout = 0")
        holder = connect(self.url)
        for one in ran.before.relations.values():
            if one.kind == "r":
                holder.execute(f'LOCK TABLE "{one.schema}"."{one.name}" IN ROW EXCLUSIVE MODE')

        def work():
            try:
                self.cursor.execute(ran.sql)
            except psycopg.Error as error:
                failed.append(error)

        thread = threading.Thread(target=work)
        thread.start()
        patience = time.monotonic() + 2
        while thread.is_alive() and time.monotonic() < patience:
            if self.prober.execute(
                "SELECT count(*) FROM pg_locks WHERE pid = %s AND NOT granted", [self.pid]
            ).fetchone()[0]:
                ran.locks = self.locks(self.prober)
                ran.blocked = self._blocked(ran)
                break
            time.sleep(0.005)
        holder.rollback()
        holder.close()
        thread.join()
        self.connection.autocommit = False
        if failed:
            ran.error = failed[0]
            return
        self._noticed(ran)
        ran.after = catalogue.read(self.cursor)
        self._rewritten(ran)


def statistics(cursor):
    return {row[0]: row[1:] for row in cursor.execute(STATISTICS).fetchall()}


def count(ran, before, after):
    for oid, (read, written, deleted) in after.items():
        was = before.get(oid, (0, 0, 0))
        if read - was[0] >= SMALL * 0.4:
            ran.scanned.add(oid)
        if written > was[1]:
            ran.written[oid] = written - was[1]
        if deleted > was[2]:
            ran.deleted[oid] = deleted - was[2]
