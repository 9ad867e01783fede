"""What must be in the database: a plain dict of rows for each table, and what was put away.

The oracle knows what each revision does to rows (`grove.revisions`), what a foreign key does when a row
goes, and the promises of the platform: what a step drops is kept and comes back when that step is undone,
a disabled addon's rows stay, an archived addon's rows come back but for those whose parents went meanwhile,
a guaranteed extension row is there after every apply. It knows nothing of how the platform does it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from grove.revisions import Add, Create, Drop, Effect, Fill, Remove, Rev, Row
from grove.series import Release
from grove.tables import CASCADE, Column, Table

Rows = dict[str, Row]
Done = tuple[str, str, Rev]  # up or down, addon, revision


@dataclass
class Keep:
    """What one step dropped: a column's values by key, or a table's rows by key (`column` None).

    `beside` is what else the rows held then: a row that holds it still was not changed since.
    """

    addon: str
    revision: str
    direction: str
    table: str
    column: str | None
    values: dict[str, Any]
    beside: Rows = field(default_factory=dict)


@dataclass
class Archived:
    """An addon that was moved away: its tables with their rows, and the revisions it stood at."""

    id: str
    tables: dict[str, Table]
    rows: dict[str, Rows]
    standing: list[Rev]


@dataclass
class Snapshot:
    """What a release recorded: the versions composed, the lines of the .ini, the revisions that stood."""

    versions: dict[str, str]
    listed: list[str]
    standing: dict[str, list[str]]


@dataclass
class Oracle:
    """See the module. `standing` are the revisions applied, in order; `versions` those composed now."""

    tables: dict[str, Table] = field(default_factory=dict)
    rows: dict[str, Rows] = field(default_factory=dict)
    standing: list[tuple[str, Rev]] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)
    keeps: list[Keep] = field(default_factory=list)
    last: dict[tuple[str, str], str] = field(default_factory=dict)
    archived: dict[str, Archived] = field(default_factory=dict)
    releases: dict[int, Snapshot] = field(default_factory=dict)

    # What rows do

    def insert(self, table: str, row: Row) -> None:
        self.rows[table][str(row[self.tables[table].key])] = dict(row)

    def update(self, table: str, key: str, values: Row) -> None:
        self.rows[table][key].update(values)

    def delete(self, table: str, key: str) -> None:
        """Delete a row with all that goes with it."""
        del self.rows[table][key]
        for other, column, ondelete in self._referring(table):
            for child, row in list(self.rows[other].items()):
                if row[column] == key and child in self.rows[other]:
                    if ondelete == CASCADE:
                        self.delete(other, child)
                    else:
                        row[column] = None

    def _referring(self, target: str) -> Iterator[tuple[str, str, str]]:
        for name, table in self.tables.items():
            for column, (to, ondelete) in table.references.items():
                if to == target:
                    yield name, column, ondelete

    # What revisions do

    def at(self, addon: str) -> list[str]:
        """The revisions at which an addon stands, in order."""
        return [rev.id for name, rev in self.standing if name == addon]

    def apply(self, releases: Mapping[str, Release]) -> None:
        """Bring the database to these releases; the order between addons plays no part for rows."""
        for addon in releases:
            if addon in self.archived:
                self._move_back(addon)
        steps: list[Done] = []
        for addon, release in releases.items():
            there = set(self.at(addon))
            steps += [("up", addon, rev) for rev in release.revisions if rev.id not in there]
        self.run(steps)
        self.versions = {addon: release.version for addon, release in releases.items()}
        for table in list(self.tables.values()):
            if table.addon in releases and table.presence == "always" and table.extends:
                self._fill(table)

    def _fill(self, table: Table) -> None:
        for key in self.rows[table.extends or ""]:
            if key not in self.rows[table.name]:
                values = {
                    one.name: one.default if one.default is not None else one.python_default
                    for one in table.columns.values()
                }
                self.rows[table.name][key] = {table.key: key, "version": 1, **values}

    def roll_back(self, number: int) -> None:
        """Undo what was applied since release `number`.

        That is what the addons of that release have beyond it, and what requires that. Addons that were
        enabled since sleep.
        """
        snapshot = self.releases[number]
        going = {
            (addon, rev.id)
            for addon, rev in self.standing
            if addon in snapshot.versions and rev.id not in snapshot.standing.get(addon, [])
        }
        more = True
        while more:
            found = {
                (addon, rev.id)
                for addon, rev in self.standing
                if going & {*((addon, one) for one in rev.before), *self._required(rev)}
            }
            more = not found <= going
            going |= found
        self.run(
            [
                ("down", addon, rev)
                for addon, rev in reversed(self.standing)
                if (addon, rev.id) in going
            ]
        )
        self.versions = dict(snapshot.versions)

    def _required(self, rev: Rev) -> Iterator[tuple[str, str]]:
        """What a revision requires of other addons; a squashed one stands for those it replaces."""
        for addon, name in rev.requires.items():
            places = [one.id for own, one in self.standing if own == addon and name in one.absorbed]
            yield addon, places[0] if places else name

    def is_ahead(self, number: int) -> bool:
        """Whether a release stood at something that was taken back, or purged, since.

        Or has an addon whose archive stands at more: that release's package could not bring it back.
        """
        snapshot = self.releases[number]
        for addon in set(self.archived) & set(snapshot.versions):
            there = {rev.id for rev in self.archived[addon].standing}
            if there - set(snapshot.standing.get(addon, [])):
                return True
        return any(
            set(snapshot.standing.get(addon, [])) - set(self.at(addon))
            for addon in snapshot.versions
            if self.at(addon)
        )

    def has_gaps(self) -> bool:
        """Whether what is composed lacks something that only an apply brings: rows, or whole addons."""
        for addon in self.versions:
            if not self.at(addon):
                return True
        return any(
            set(self.rows[table.extends]) - set(self.rows[table.name])
            for table in self.tables.values()
            if table.extends and table.presence == "always" and table.addon in self.versions
        )

    def run(self, steps: list[Done]) -> None:
        """Run steps; what was kept comes back as soon as nothing later computes it."""
        for number, (direction, addon, rev) in enumerate(steps):
            effects = rev.effects if direction == "up" else tuple(reversed(rev.effects))
            for effect in effects:
                self._do(direction, addon, rev, effect)
            self.last[addon, rev.id] = direction
            if direction == "up":
                self.standing.append((addon, rev))
            else:
                self.standing.remove((addon, rev))
            self._put_back(steps[number + 1 :])
        self._put_back([])

    def _do(self, direction: str, addon: str, rev: Rev, effect: Effect) -> None:
        up = direction == "up"
        match effect:
            case Create(table) | Remove(table):
                if isinstance(effect, Create) == up:
                    self.tables[table.name], self.rows[table.name] = table, {}
                else:
                    self._keep(
                        Keep(addon, rev.id, direction, table.name, None, self.rows[table.name])
                    )
                    del self.rows[table.name], self.tables[table.name]
            case Add(name, column) | Drop(name, column):
                if isinstance(effect, Add) == up:
                    self.tables[name] = self.tables[name].with_column(column)
                    for row in self.rows[name].values():
                        row[column.name] = column.born
                else:
                    values = {key: row.pop(column.name) for key, row in self.rows[name].items()}
                    beside = {key: dict(row) for key, row in self.rows[name].items()}
                    self._keep(Keep(addon, rev.id, direction, name, column.name, values, beside))
                    self.tables[name] = self.tables[name].without_column(column.name)
            case Fill(name, forth, back):
                for row in self.rows[name].values():
                    row.update((forth if up else back)(row))

    def _keep(self, keep: Keep) -> None:
        keep.values = {key: value for key, value in keep.values.items() if value is not None}
        if keep.values:
            self.keeps.append(keep)

    # What comes back

    def _put_back(self, later: list[Done]) -> None:
        for keep in sorted(self.keeps, key=lambda one: one.column is not None):
            undone = self.last.get((keep.addon, keep.revision)) != keep.direction
            moment = self._moment(keep, later)
            if undone and keep.table in self.tables and moment != "none":
                if keep.column is None:
                    self._rows_back(keep)
                elif keep.column in self.tables[keep.table].columns:
                    column = self.tables[keep.table].columns[keep.column]
                    self._values_back(keep, column, changed_too=moment == "all")
        self.keeps = [one for one in self.keeps if one.values]

    def _moment(self, keep: Keep, later: list[Done]) -> str:
        """Which values come back now: all, none, or those of rows that nobody changed since.

        A later step that computes the column where it is NULL leaves alone what came back before it; one
        that computes it in any case has the last word.
        """
        computing = {
            direction
            for direction, addon, rev in later
            for effect in rev.effects
            if addon == keep.addon and isinstance(effect, Fill) and effect.table == keep.table
            if keep.column in (effect.fills if direction == "up" else effect.refills)
        }
        return "none" if "down" in computing else "unchanged" if computing else "all"

    def _rows_back(self, keep: Keep) -> None:
        table, rows = self.tables[keep.table], self.rows[keep.table]
        for key, row in list(keep.values.items()):
            if key in rows:
                del keep.values[key]
                continue
            back = {
                name: row.get(name, table.columns[name].born if name in table.columns else None)
                for name in (*self._fixed(table), *table.columns)
            }
            if self._pruned(table, back):
                continue  # its parent may still come back
            rows[key] = back
            del keep.values[key]

    def _values_back(self, keep: Keep, column: Column, *, changed_too: bool) -> None:
        for key, value in list(keep.values.items()):
            row = self.rows[keep.table].get(key)
            if row is not None and not changed_too:
                beside = {name: one for name, one in row.items() if name != column.name}
                if beside != keep.beside[key]:
                    continue
            if row is not None and row[column.name] in (None, column.default):
                if column.references and value not in self.rows.get(column.references[0], {}):
                    continue
                row[column.name] = value
            del keep.values[key]

    def _pruned(self, table: Table, row: Row) -> bool:
        """Whether a row that comes back has lost what it cannot be without; lets go of the rest."""
        for column, (target, ondelete) in table.references.items():
            if row[column] is not None and row[column] not in self.rows.get(target, {}):
                if ondelete == CASCADE:
                    return True
                row[column] = None
        return False

    @staticmethod
    def _fixed(table: Table) -> tuple[str, ...]:
        more = () if table.extends else ("created_at", "updated_at")
        return (table.key, "version", *more)

    # What is moved away

    def archive(self, addon: str, archive_id: str) -> None:
        own = [name for name, table in self.tables.items() if table.addon == addon]
        standing = [rev for name, rev in self.standing if name == addon]
        self.archived[addon] = Archived(
            archive_id,
            {name: self.tables.pop(name) for name in own},
            {name: self.rows.pop(name) for name in own},
            standing,
        )
        self.standing = [one for one in self.standing if one[0] != addon]

    def _move_back(self, addon: str) -> None:
        found = self.archived.pop(addon)
        self.tables.update(found.tables)
        self.rows.update({name: {} for name in found.tables})
        for name, table in found.tables.items():
            for key, row in found.rows[name].items():
                if not self._pruned(table, row):
                    self.rows[name][key] = row
        self.standing += [(addon, rev) for rev in found.standing]

    def purge(self, addon: str) -> None:
        del self.archived[addon]
        self.keeps = [one for one in self.keeps if one.addon != addon]

    def recorded(self, number: int, listed: list[str]) -> None:
        """A release was recorded."""
        standing = {addon: self.at(addon) for addon, _ in self.standing}
        self.releases[number] = Snapshot(dict(self.versions), listed, standing)
