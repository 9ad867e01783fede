"""`ReleaseSeries`: one addon's releases, each with its revisions and with the tables that its models map.

A series is made by chance from a seed, and the same from the same seed. It holds every kind of change that
has a place in the addon, a squash of the first revisions, and where asked two release lines that part and
are merged again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any

from grove.kinds import KINDS, new_column
from grove.revisions import Add, Create, Rev
from grove.tables import CASCADE, SET_NULL, STARS, Column, Table


@dataclass(frozen=True)
class Release:
    """One version of one addon: what its package holds. `requires` are the lowest versions of others."""

    addon: str
    version: str
    revisions: tuple[Rev, ...]
    tables: Mapping[str, Table]
    requires: Mapping[str, str]

    @property
    def ids(self) -> frozenset[str]:
        return frozenset(one.id for one in self.revisions)

    @property
    def heads(self) -> frozenset[str]:
        followed = {down for one in self.revisions for down in one.before}
        return self.ids - followed

    @property
    def absorbed(self) -> frozenset[str]:
        """The revisions that a squashed one stands for."""
        return frozenset(name for one in self.revisions for name in one.absorbed)

    def follows(self, other: Release) -> bool:
        """Whether a database at `other` can be brought here: this one knows where it stands."""
        return other.heads <= self.ids

    def __str__(self) -> str:
        return f"{self.addon} {self.version}"


@dataclass(frozen=True)
class ReleaseSeries:
    """All releases of one addon, oldest first, and the addons that it requires."""

    addon: str
    requires: tuple[str, ...]
    releases: tuple[Release, ...]
    home: Path | None = None
    main: str = ""

    def of(self, version: str) -> Release:
        return next(one for one in self.releases if one.version == version)

    @property
    def classes(self) -> dict[str, str]:
        """The class of each table that any release has."""
        return {t.name: t.class_name for one in self.releases for t in one.tables.values()}


def number(version: str) -> tuple[int, ...]:
    """A version as it is compared."""
    return tuple(int(part) for part in version.split("."))


@dataclass
class Draft:
    """A series while it is made."""

    addon: str
    rng: Random
    required: tuple[ReleaseSeries, ...] = ()
    tables: dict[str, Table] = field(default_factory=dict)
    revisions: list[Rev] = field(default_factory=list)
    requires: dict[str, str] = field(default_factory=dict)
    waiting: list[Callable[[], object]] = field(default_factory=list)
    releases: list[Release] = field(default_factory=list)
    counted: int = 0
    named: int = 0
    given_main: str = ""

    @property
    def main(self) -> str:
        """The table that others extend."""
        return self.given_main or f"{self.addon}_item"

    def add(self, what: str, phase: str, up: str, down: str, *effects: Any, **says: Any) -> Rev:
        """Add a revision after the last one."""
        self.counted += 1
        before = says.pop("before", (self.revisions[-1].id,) if self.revisions else ())
        made = Rev(
            f"{self.counted:04d}_{what}"[:32], phase, up, down, effects, before=before, **says
        )
        self.revisions.append(made)
        return made

    def fresh(self, stem: str) -> str:
        """A name that no column or table of the series has had."""
        self.named += 1
        return f"{stem}{self.named}"

    def others(self) -> list[tuple[Table, dict[str, str]]]:
        """Tables of required addons that stay, each with the revision to require for it.

        The newest of those is as good as the oldest: an addon may depend on the core's latest migration.
        """
        found: list[tuple[Table, dict[str, str]]] = []
        for series in self.required:
            release = self.rng.choice(series.releases[:-1] or series.releases)
            newer = [
                one for one in series.releases if number(one.version) >= number(release.version)
            ]
            for name, table in release.tables.items():
                if table.extends is None and all(name in one.tables for one in newer):
                    found.append((table, {series.addon: self._requirement(series, release)}))
        return found

    def _requirement(self, series: ReleaseSeries, release: Release) -> str:
        """Require the newest revision of `release`; note that its version is needed from now on."""
        known = self.requires.get(series.addon, "0")
        if number(release.version) > number(known):
            self.requires[series.addon] = release.version
        return release.revisions[-1].id

    def later(self, change: Callable[[], object]) -> None:
        """Do it now, or in the next release."""
        if self.rng.random() < 0.5:
            change()
        else:
            self.waiting.append(change)

    def column(self, *, parent: bool = False, **like: object) -> tuple[Table, Column] | None:
        """A column of the addon's own that may be changed, with its table; None where there is none."""
        found = [
            (table, column)
            for table in self.tables.values()
            if not parent or table.name == self.main
            for column in table.columns.values()
            if column.written and column.nullable and not column.references and not column.index
            if not column.given
            if all(getattr(column, key) == value for key, value in like.items())
        ]
        return self.rng.choice(found) if found else None

    def record(self) -> Table:
        """A table that is no extension."""
        return self.rng.choice([one for one in self.tables.values() if one.extends is None])

    def referred(self) -> set[str]:
        """The tables that a table of this addon refers to."""
        return {target for table in self.tables.values() for target, _ in table.references.values()}

    def release(self, version: str) -> Release:
        """Close a release: what there is now is what its package holds."""
        made = Release(
            self.addon, version, tuple(self.revisions), dict(self.tables), dict(self.requires)
        )
        self.releases.append(made)
        return made

    def begin(self) -> None:
        """Begin a release: what the one before left for later is done now."""
        waiting, self.waiting = self.waiting, []
        for change in waiting:
            change()


def start(draft: Draft, extends: Mapping[str, str]) -> None:
    """The first release: a table of items, extensions (table: presence), and a table between addons."""
    addon = draft.addon
    items = Table(addon, f"{addon}_item")
    for column in (
        Column("name"),
        Column("person", domain="full"),
        Column("code", domain="digits"),
        Column("quantity", "int", "number"),
        Column("points", "int", "number", default=0),
    ):
        items = items.with_column(column)
    _make(draft, items)
    for target, presence in extends.items():
        table = Table(
            addon, f"{addon}_{target.replace('_', '')}", extends=target, presence=presence
        )
        table = table.with_column(Column("stars", "int", "number", python_default=STARS))
        _make(draft, table.with_column(Column("remark")))
    for series in draft.required:
        target = f"{series.addon}_item"
        ondelete = draft.rng.choice([CASCADE, SET_NULL])
        link = Column("target", "uuid", references=(target, ondelete), index=True)
        link_table = Table(addon, f"{addon}_link{series.addon}").with_column(link)
        _make(draft, link_table.with_column(Column("label")))


def _make(draft: Draft, table: Table) -> None:
    draft.tables[table.name] = table
    requires = {
        series.addon: series.releases[0].revisions[-1].id
        for series in draft.required
        if any(target.startswith(f"{series.addon}_") for target, _ in table.references.values())
    }
    draft.add(
        f"make_{table.name.partition('_')[2]}",
        "expand",
        table.create(),
        f'op.drop_table("{table.name}")',
        Create(table),
        requires=requires,
    )


def squash(draft: Draft) -> None:
    """Replace all revisions so far by one that makes what they made, under the last one's id.

    A database that stands at that one needs nothing; one that stands before it has to be brought to the
    release before first.
    """
    old = draft.revisions
    requires: dict[str, str] = {}
    for one in old:
        requires.update(one.requires)
    tables = list(draft.tables.values())
    made = Rev(
        old[-1].id,
        "expand",
        "\n".join(table.create() for table in tables),
        "\n".join(f'op.drop_table("{table.name}")' for table in reversed(tables)),
        tuple(Create(table) for table in tables),
        requires,
        absorbed=tuple(dict.fromkeys(name for one in old for name in (*one.absorbed, one.id)))[:-1],
    )
    draft.revisions = [made]


def part(draft: Draft, version: str) -> Rev:
    """A release line of its own: one revision more than the last release, unknown to the next."""
    revisions, tables = list(draft.revisions), dict(draft.tables)
    name = f"{draft.addon}_item"
    column = Column(draft.fresh("hot"))
    draft.tables[name] = draft.tables[name].with_column(column)
    hot = draft.add(
        column.name,
        "expand",
        f'op.add_column("{name}", {column.migration(bare=True)})',
        f'op.drop_column("{name}", "{column.name}")',
        Add(name, column),
    )
    draft.release(version)
    draft.revisions, draft.tables = revisions, tables
    return hot


def merge(draft: Draft, hot: Rev) -> None:
    """Take the other line's revision in, and join the two."""
    (added,) = hot.effects
    assert isinstance(added, Add)
    draft.tables[added.table] = draft.tables[added.table].with_column(added.column)
    last = draft.revisions[-1].id
    draft.revisions.append(hot)
    draft.add("merge", "expand", "", "", before=(last, hot.id))


def grow(
    addon: str,
    seed: int,
    required: tuple[ReleaseSeries, ...] = (),
    extends: Mapping[str, str] | None = None,
    *,
    releases: int = 6,
    squashed: int | None = None,
    lines: int | None = None,
) -> ReleaseSeries:
    """Make a series of `releases` releases: 1.0, 1.1, ...

    Every kind of change is in it, in an order of chance. `squashed`: which release has the revisions of
    the one before squashed. `lines`: after which one another line parts (1.N.1), merged two releases later.
    """
    draft = Draft(addon, Random(f"{addon}-{seed}"), required)
    draft.requires = {one.addon: one.releases[0].version for one in required}
    start(draft, extends or {})
    draft.release("1.0")
    kinds = list(KINDS)
    draft.rng.shuffle(kinds)
    hot = None
    for index in range(1, releases):
        if squashed == index and (hot is None or lines == index - 1):
            squash(draft)
        draft.begin()
        if lines is not None and index == lines + 2 and hot is not None:
            merge(draft, hot)
            hot = None
        share = -(-len(kinds) // (releases - index)) or 1
        chosen, kinds = kinds[:share], kinds[share:] or draft.rng.sample(list(KINDS), 1)
        for kind in chosen:
            if not KINDS[kind](draft):
                new_column(draft)
        draft.release(f"1.{index}")
        if lines == index:
            hot = part(draft, f"1.{index}.1")
    return ReleaseSeries(addon, tuple(one.addon for one in required), tuple(draft.releases))


__all__ = ["Draft", "Release", "ReleaseSeries", "grow", "number", "replace", "start"]
