"""`World`: one system with its packages, .ini and database, what is done to it, and the oracle beside it.

Everything is done as an operator does it: packages are installed, the .ini is edited, commands are run.
After everything `check` compares what the drivers find with what the oracle knows.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from random import Random
from typing import Any

from grove.doing import Told
from grove.looking import Look
from grove.oracle import Archived, Oracle
from grove.real import OTHERS
from grove.revisions import Rev, Row
from grove.series import Release, number
from grove.tables import CASCADE, Column, Table
from grove.warm import Killed, Warm
from grove.writing import Site, Store

MOMENT = "2026-01-01 12:00:00.000000"
# Values of the real addons' columns that are always the same: as SQL takes and gives them, and as Python.
PLAIN = {"list": "[]", "map": "{}", "currency": "EUR", "moment": MOMENT, "true": True}
OBJECTS: dict[str, Any] = {"list": [], "map": {}}
WORDS = (
    "amber birch coral dusk ember fern gale haze iris jade kelp loam mist nova opal pine".split()
)


# What the platform says for itself: reading, transactions, its own tables, version tables, keeps.
OWN = re.compile(
    r"^(SELECT|PRAGMA|BEGIN|SAVEPOINT|RELEASE|ROLLBACK|SET|RESET|SHOW|WITH)\b|talatat_|_alembic_version"
)


def indexes_sorted(statements: Iterable[str]) -> list[str]:
    """Statements with each run of CREATE INDEX in order: SQLAlchemy keeps indexes in a set."""
    found: list[str] = []
    for makes, group in groupby(statements, lambda text: text.startswith("CREATE INDEX")):
        run = list(group)
        found += sorted(run) if makes else run
    return found


def settled(text: str) -> str:
    """A statement on one line, a table's constraints in order: Alembic takes them from a set."""
    text = " ".join(text.split())
    if not text.startswith("CREATE TABLE"):
        return text
    body, _, tail = text.rpartition(" )")
    head, *constraints = body.split(", CONSTRAINT ")
    return ", CONSTRAINT ".join([head, *sorted(constraints)]) + f" ){tail}"


def heads_of(revs: Iterable[Rev]) -> set[str]:
    """Those that no other follows or stands for."""
    known = list(revs)
    passed = {name for one in known for name in (*one.before, *one.absorbed)}
    return {one.id for one in known} - passed


class Wrong(AssertionError):
    """A promise was broken."""


@dataclass
class Counts:
    """What a run of histories did, for the report."""

    done: dict[str, int] = field(default_factory=dict)

    def add(self, name: str, by: int = 1) -> None:
        self.done[name] = self.done.get(name, 0) + by


class World:
    """See the module. `listed` are the lines of `talatat.addons` in the .ini."""

    def __init__(
        self, folder: Path, url: str, store: Store, warm: Warm, counts: Counts | None = None
    ) -> None:
        self.folder, self.url, self.store, self.warm = folder, url, store, warm
        self.site = Site(folder / "site")
        self.ini = folder / "system.ini"
        self.oracle = Oracle()
        self.listed: list[str] = []
        self.counts = counts or Counts()
        self.look = Look(url)
        self.ids = self.archives = 0
        self.files: dict[str, tuple[Path, Archived]] = {}
        (folder / "secret").write_text("a secret of histories, long enough to sign with\n")

    def close(self) -> None:
        self.look.connection.close()

    # Packages and .ini

    def install(self, addon: str, version: str) -> None:
        """Install one release in the place of another."""
        self.site.install(addon, version, self.store.home(addon, version))

    def declare(self, names: Iterable[str]) -> None:
        """Write the .ini."""
        self.listed = list(names)
        lines = [
            "[app:main]",
            "use = egg:talatat",
            "talatat.addons =",
            *(f"    {name}" for name in self.listed),
            f"sqlalchemy.url = {self.url.replace('%', '%%')}",
            "talatat.secret = file:%(here)s/secret",
        ]
        if "accounts" in self.store.series:
            lines.append("accounts.secret = file:%(here)s/secret")
        self.ini.write_text("\n".join(lines) + "\n")

    def wanted(self) -> dict[str, Release]:
        """The releases that are composed: those listed and what they require, what is required first."""
        found: dict[str, Release] = {}

        def visit(addon: str) -> None:
            release = self.store.series[addon].of(self.site.installed[addon])
            for name in release.requires:
                visit(name)
            found.setdefault(addon, release)

        for name in self.listed:
            visit(name)
        return found

    def fits(self) -> bool:
        """Whether every requirement of what is composed is met by what is installed."""
        try:
            wanted = self.wanted()
        except KeyError:
            return False
        return all(
            number(wanted[name].version) >= number(low)
            for release in wanted.values()
            for name, low in release.requires.items()
        )

    def reachable(self) -> bool:
        """Whether the database can be brought to what is composed: its heads are known there."""
        return all(self.heads(addon) <= one.ids for addon, one in self.wanted().items())

    def heads(self, addon: str) -> set[str]:
        """The revisions that stand in an addon's version table, or in its archive."""
        revs = [rev for name, rev in self.oracle.standing if name == addon]
        if addon in self.oracle.archived:
            revs = self.oracle.archived[addon].standing
        return heads_of(revs)

    # Commands

    def command(self, *argv: str) -> Told:
        """Run one command in a process of its own."""
        (told,) = self.warm("commands", self.site.folder, list(argv))
        return told  # type: ignore[no-any-return]

    def plan(self, *accept: str) -> tuple[Told, Path]:
        """Make and save a plan."""
        path = self.folder / "saved.plan"
        options = [word for name in accept for word in ("--accept", name)]
        told = self.command("plan", str(self.ini), "--json", "--out", str(path), *options)
        return told, path

    def accepted_plan(self) -> tuple[dict[str, Any], Path]:
        """Plan, and accept what has to be accepted."""
        told, path = self.plan()
        self.expect(told, 0, 2, 3)
        names = [one["accept"] for one in told.json["blockers"]]
        if names:
            if None in names:
                texts = "\n".join(one["text"] for one in told.json["blockers"])
                raise Wrong(f"blocked:\n{texts}")
            self.counts.add("accepted steps", len(names))
            told, path = self.plan(*names)
            self.expect(told, 2)
        return told.json, path

    def apply(self, kill_at: int | None = None) -> dict[str, Any]:
        """Plan and apply, perhaps killed at its `kill_at`-th statement and then applied again."""
        plan, path = self.accepted_plan()
        ini = str(self.ini)
        last = ["plan", ini, "--json"]
        argv = ["apply", ini, str(path), "--yes", "--json"]
        try:
            told = self.warm(
                "commands", self.site.folder, argv, last, url=self.url, kill_at=kill_at
            )
        except Killed:
            self.counts.add("crashes")
            told = self.warm("commands", self.site.folder, argv, last)
        self.expect(told[0], 0)
        if kill_at is None and plan["exit_code"] == 2:
            self._as_planned(plan, told[0])
        self.expect(told[1], 0)
        self.counts.add("steps", len(plan["steps"]))
        self.applied()
        return plan

    def applied(self) -> None:
        """Take note that what is wanted was applied, and compare."""
        self.oracle.apply(self.wanted())
        self.counts.add("applies")
        self._released()
        self.check()

    def _as_planned(self, plan: dict[str, Any], told: Told) -> None:
        """Statements that the apply sent to the system's database, as against those of the plan."""
        planned = [settled(text) for step in plan["steps"] for text in step["statements"]]
        executed = [settled(text) for text in told.statements]
        filled = tuple(
            f"UPDATE {one['table']} " for step in plan["steps"] for one in step["batches"]
        )
        # A restore is one step of the plan, whose statements are the archive's.
        moved = [step["addon"] for step in plan["steps"] if step["kind"] == "restore"]
        back = re.compile("|".join(rf"\b{name}_" for name in moved) or r"\Z.")
        known = set(planned)
        sent = indexes_sorted(text for text in executed if text in known)
        if moved:  # an archive may make the very index that a rebuild makes again
            for text in reversed(indexes_sorted(planned)):
                while sent and sent[-1] != text:
                    sent.pop()
                if not sent:
                    raise Wrong(f"planned and not sent, or not in this order: {text}")
                sent.pop()
        elif sent != indexes_sorted(planned):
            raise Wrong(f"planned {planned}\nsent {sent}")
        more = [
            text
            for text in executed
            if text not in known and not text.startswith(filled)
            if not OWN.search(text) and not back.search(text)
        ]
        if more:
            raise Wrong(f"sent though it was not planned: {more}")
        self.counts.add("statements compared", len(planned))

    def refuse(self) -> None:
        """Plan and apply what cannot be: nothing may change."""
        before = self.look.tables()
        told, path = self.plan()
        self.expect(told, 1, 3)
        if told.code == 3:
            told = self.command("apply", str(self.ini), str(path), "--yes")
        else:
            told = self.command("apply", str(self.ini), "--yes")
        self.expect(told, 1, 3)
        if before != self.look.tables():
            raise Wrong("tables changed though the apply was refused")
        self.counts.add("refused")
        self.check()

    def roll_back(self, number: int, kill_at: int | None = None) -> None:
        """Go back to a release, install what it had, and find nothing left to do."""
        argv = ["rollback", str(self.ini), "--to", str(number), "--yes", "--json"]
        snapshot = self.oracle.releases[number]
        if self.oracle.is_ahead(number):
            self.expect(self.command(*argv), 3)
            self.counts.add("rollbacks refused")
            self.check()
            return
        try:
            (told,) = self.warm("commands", self.site.folder, argv, url=self.url, kill_at=kill_at)
        except Killed:
            self.counts.add("crashes")
            (told,) = self.warm("commands", self.site.folder, argv)
        self.expect(told, 0)
        self.oracle.roll_back(number)
        self.counts.add("rollbacks")
        self.check()
        for addon, version in snapshot.versions.items():
            self.install(addon, version)
        self.declare(snapshot.listed)
        self._released()
        if self.oracle.has_gaps():
            self.apply()
        else:
            self.expect(self.command("plan", str(self.ini), "--json"), 0)

    def archive(self, addon: str, *, to_file: bool = False) -> None:
        """Move a disabled addon's data away."""
        self.archives += 1
        path = self.folder / f"{addon}-{self.archives}.archive"
        more = ["--file", str(path)] if to_file else []
        told = self.command("archive", str(self.ini), addon, "--json", *more)
        self.expect(told, 0)
        (made,) = told.json["archives"]
        self.oracle.archive(addon, made["archive"])
        if to_file:
            self.files[addon] = (path, deepcopy(self.oracle.archived[addon]))
            self.counts.add("archived to a file")
        self.counts.add("archived")
        self._released()
        self.check()

    def restore(self, addon: str) -> None:
        """Bring the data in a file back, and apply; the .ini lists the addon already."""
        path, archived = self.files.pop(addon)
        told = self.command("restore", str(self.ini), str(path), "--json")
        self.expect(told, 0)
        self.oracle.archived[addon] = archived
        self.counts.add("restored from a file")
        self.apply()

    def purge(self, addon: str) -> None:
        """Drop an archive for good."""
        archive = self.oracle.archived[addon].id
        told = self.command("purge", str(self.ini), addon, "--archive", archive, "--yes", "--json")
        self.expect(told, 0)
        self.oracle.purge(addon)
        self.counts.add("purged")
        self._released()
        self.check()

    def same_as_fresh(self, url: str) -> None:
        """The schema of what is composed is that of a new system with the same composition."""
        grown = self.warm("canonical_schema", self.site.folder, self.url)
        mine, self.url = self.url, url
        try:
            self.declare(self.listed)
            plan = self.command("plan", str(self.ini), "--json")
            accept = [word for one in plan.json["blockers"] for word in ("--accept", one["accept"])]
            self.expect(self.command("apply", str(self.ini), "--yes", "--json", *accept), 0)
            fresh = self.warm("canonical_schema", self.site.folder, url)
        finally:
            self.url = mine
            self.declare(self.listed)
        for name, table in fresh.items():
            if grown.get(name) != table:
                raise Wrong(f"{name}: grown to {grown.get(name)}, fresh {table}")
        self.counts.add("schemas compared with fresh ones")

    def _released(self) -> None:
        found = self.look.query("SELECT max(number) AS n FROM talatat_release")[0]["n"]
        if found is not None and found not in self.oracle.releases:
            self.oracle.recorded(int(found), list(self.listed))

    @staticmethod
    def expect(told: Told, *codes: int) -> None:
        if told.code not in codes:
            raise Wrong(f"exit code {told.code}, not {codes}:\n{told.text}")

    # Rows

    def writable(self) -> list[Table]:
        """The tables of enabled addons, as the release that runs knows them."""
        enabled = self.oracle.versions
        return [one for one in self.oracle.tables.values() if one.addon in enabled]

    def value(self, column: Column, rng: Random) -> Any:
        if column.references:
            ids = sorted(self.oracle.rows.get(column.references[0], {}))
            return rng.choice(ids if column.required else [*ids, None]) if ids else None
        if column.domain in PLAIN:
            return PLAIN[column.domain]
        if column.domain == "unique":
            self.ids += 1
            return f"{rng.choice(WORDS)}-{self.ids}"
        if column.domain == "number":
            return rng.randrange(1, 1000)
        if column.domain == "digits":
            return str(rng.randrange(1, 10**9))
        if column.domain == "full":
            return f"{rng.choice(WORDS)} {rng.choice(WORDS)}"
        return f"{rng.choice(WORDS)}-{rng.randrange(1000)}"

    def values(self, table: Table, rng: Random) -> Row:
        """Values for the columns that the release that runs writes."""
        release = self.store.series[table.addon].of(self.oracle.versions[table.addon])
        known = release.tables[table.name].columns
        return {
            name: self.value(column, rng)
            for name, column in table.columns.items()
            if name in known and known[name].written
        }

    def new_id(self) -> str:
        self.ids += 1
        return f"00000000-0000-7000-8000-{self.ids:012d}"

    def insert(self, table: Table, rng: Random) -> None:
        """One row more, by SQL."""
        row: Row = {"version": 1, **self.values(table, rng)}
        if not self._fits(table, row):
            return
        if table.extends:
            free = sorted(set(self.oracle.rows[table.extends]) - set(self.oracle.rows[table.name]))
            if not free:
                return
            row[table.key] = rng.choice(free)
        else:
            row |= {"id": self.new_id(), "created_at": MOMENT, "updated_at": MOMENT}
        for name, column in table.columns.items():
            if column.name not in row and column.default is not None:
                row[name] = column.default
        self.look.insert(table.name, row)
        self.oracle.insert(table.name, self.look.one(table.name, table.key, row[table.key]))
        self.counts.add("rows written")

    def _fits(self, table: Table, row: Row) -> bool:
        """Whether required references were found, and unique ones are free."""
        rows = self.oracle.rows[table.name].values()
        return all(
            row[name] is not None and not any(one[name] == row[name] for one in rows)
            for name, column in table.columns.items()
            if column.references and column.required
        )

    def write(self, rng: Random, many: int | None = None) -> None:
        """Rows are written, changed and deleted here and there."""
        for _ in range(many or rng.randrange(4, 12)):
            how = rng.choice(
                [self.insert, self.insert, self.insert, self.update, self.update, self.delete]
            )
            how(rng.choice(self.writable()), rng)
        self.check()

    def update(self, table: Table, rng: Random) -> None:
        keys = sorted(self.oracle.rows[table.name])
        if not keys:
            return
        key, values = rng.choice(keys), self.values(table, rng)
        chosen = {
            name: values[name]
            for name in sorted(values)
            if rng.random() < 0.6
            and not (table.columns[name].references and table.columns[name].required)
        }
        if chosen:
            sets = ", ".join(f"{name} = ?" for name in chosen)
            statement = f"UPDATE {table.name} SET {sets} WHERE {table.key} = ?"
            self.look.execute(statement, [*chosen.values(), key])
            self.oracle.update(table.name, key, chosen)
            self.counts.add("rows changed")

    def delete(self, table: Table, rng: Random) -> None:
        keys = sorted(self.oracle.rows[table.name])
        if table.presence == "always" or not keys:
            return
        key = rng.choice(keys)
        self.look.execute(f"DELETE FROM {table.name} WHERE {table.key} = ?", [key])
        self.oracle.delete(table.name, key)
        self.counts.add("rows deleted")

    def make_by_application(self, rng: Random, many: int) -> None:
        """Rows through the composed application: its guaranteed extensions come with them."""
        mains = {one.main or f"{one.addon}_item" for one in self.store.series.values()}
        tables = [one for one in self.writable() if one.name in mains - {"loyalty_account"}]
        wanted = []
        for _ in range(many):
            table = rng.choice(tables)
            values = self.values(table, rng)
            asked = {
                name: OBJECTS.get(table.columns[name].domain, one) for name, one in values.items()
            }
            wanted.append((table.addon, table.class_name, asked, table.name))
        made = self.warm("make_rows", self.site.folder, str(self.ini), [one[:3] for one in wanted])
        for (_, _, _, name), key in zip(wanted, made, strict=True):
            self.oracle.insert(name, self.look.one(name, "id", key))
            self._extended(name, key)
        self.counts.add("rows by the application", many)

    def _extended(self, name: str, key: str) -> None:
        for table in self.writable():
            if table.extends == name and table.presence == "always":
                self.oracle.insert(table.name, self.look.one(table.name, table.key, key))

    # Promises

    def check(self) -> None:
        """Every row is there with every value, none more, and no reference leads nowhere."""
        there = self.look.tables()
        for name, table in self.oracle.tables.items():
            if name not in there:
                raise Wrong(f"table {name} is gone")
            self._same(name, self.oracle.rows[name], self.look.rows(name, table.key), table)
        own = tuple(f"{addon}_" for addon in self.store.series)
        more = {
            name
            for name in there - set(self.oracle.tables)
            if name.startswith(own) and not name.endswith("_alembic_version")
            if not name.startswith(OTHERS)
        }
        if more:
            raise Wrong(f"tables that nobody should have made: {sorted(more)}")
        if orphans := self.look.orphans():
            raise Wrong(f"orphans: {orphans}")

    def _same(self, name: str, wanted: dict[str, Row], found: dict[str, Row], table: Table) -> None:
        if lost := sorted(set(wanted) - set(found)):
            raise Wrong(f"{name}: rows are lost: {lost}")
        if more := sorted(set(found) - set(wanted)):
            raise Wrong(f"{name}: rows that nobody wrote: {more}")
        columns = {table.key, "version", *table.columns}
        columns |= set() if table.extends else {"created_at", "updated_at"}
        for key, row in wanted.items():
            if set(found[key]) != columns:
                raise Wrong(f"{name}: columns {sorted(found[key])}, not {sorted(columns)}")
            apart = {
                one: (row.get(one), found[key][one])
                for one in columns
                if row.get(one) != found[key][one]
            }
            if apart:
                raise Wrong(f"{name} {key}: {{column: (should be, is)}} {apart}")
        self.counts.add("rows compared", len(wanted))


__all__ = ["CASCADE", "Counts", "World", "Wrong", "json"]
