"""The manifest of an archive: everything about an addon's data but the rows themselves.

It stands in `talatat_archive`, and in the archive file beside the rows. From it alone the tables can be
made again, on a machine that never saw the addon, and it can be told whether the rows are all there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from talatat.evolution.graph import EvolutionError

FORMAT = (1, 0)

# What may have to stand before a table can be made; the other kinds of parts stand on tables.
FIRST = ("type", "sequence", "function")


@dataclass(frozen=True)
class Column:
    """A stored column. `type` is the database's own word for it."""

    name: str
    type: str
    nullable: bool = True


@dataclass(frozen=True)
class ForeignKey:
    """A foreign key. `sql` is its definition on PostgreSQL; on SQLite it stands in the table's own.

    `checked` says whether the database vouched for it: one that was NOT VALID comes back as such.
    """

    name: str | None
    columns: tuple[str, ...]
    target: str
    target_columns: tuple[str, ...]
    on_delete: str
    sql: str | None = None
    checked: bool = True


@dataclass(frozen=True)
class TableEntry:
    """A table, with what there was in it. `kind` is table, virtual or shadow (SQLite's virtual tables).

    `sql` makes it, without foreign keys where these can be added later; a shadow is made by its virtual
    table. `columns` are the stored ones, in the order in which a row has them; `checksum` see `checksums`.
    `place` is its place in an order in which all can be made.
    """

    name: str
    kind: str
    sql: str
    columns: tuple[Column, ...] = ()
    key: tuple[str, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    rows: int = 0
    checksum: str = ""
    place: int = 0

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the stored columns."""
        return tuple(one.name for one in self.columns)


@dataclass(frozen=True)
class Part:
    """What belongs to the addon beside tables. `table` is the one that it stands on, if it does.

    `kind` is as of `live.Object`: type, sequence, function, index, constraint, view, trigger, setting.
    `apart` says that it would go on acting on others (a view of their tables, a trigger on them): it is
    dropped while the tables are away.
    """

    kind: str
    name: str
    sql: str
    table: str | None = None
    place: int = 0
    apart: bool = False


@dataclass(frozen=True)
class Manifest:
    """One archive. `heads` are the addon's revisions when it was made, `release` its last one that served.

    `counters` are the values of sequences; `ledger` holds the texts of the applied revisions;
    `version_sql` makes the version table.
    """

    id: str
    addon: str
    dialect: str
    made_at: str
    who: str
    heads: tuple[str, ...] = ()
    version: str | None = None
    distribution: str | None = None
    platform: str | None = None
    release: int | None = None
    requires: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    permissions: Mapping[str, Any] = field(default_factory=dict)
    roles: Mapping[str, Any] = field(default_factory=dict)
    version_sql: tuple[str, ...] = ()
    tables: tuple[TableEntry, ...] = ()
    parts: tuple[Part, ...] = ()
    counters: Mapping[str, Any] = field(default_factory=dict)
    ledger: tuple[Mapping[str, Any], ...] = ()
    format: tuple[int, int] = FORMAT

    @property
    def rows(self) -> int:
        """How many rows there are in all, those behind virtual tables included."""
        return sum(one.rows for one in self.tables)

    @property
    def own_rows(self) -> dict[str, int]:
        """The rows of the tables that the addon made: {table: rows}."""
        return {one.name: one.rows for one in self.tables if one.kind == "table"}

    def filled(self) -> Iterator[TableEntry]:
        """The tables that hold rows of their own: all but the virtual ones."""
        return (one for one in self.tables if one.kind != "virtual")

    def apart(self) -> list[Part]:
        """The parts that do not move with the tables, in the order in which they can be made."""
        return [one for one in self.parts if one.apart]

    def making(self) -> list[str]:
        """The statements that make what holds rows, empty: types, sequences, functions, tables."""
        made = [(one.place, one.sql) for one in self.parts if one.kind in FIRST]
        made += [(one.place, one.sql) for one in self.tables if one.kind != "shadow"]
        return [sql for _, sql in sorted(made)]

    def standing(self) -> tuple[list[Part], list[Part]]:
        """The parts that stand on those: what only holds them together, and what acts or shows."""
        return split(one for one in self.parts if one.kind not in FIRST)

    def as_json(self) -> dict[str, Any]:
        """The manifest as plain data."""
        return asdict(self)


def split(parts: Iterable[Part]) -> tuple[list[Part], list[Part]]:
    """Part what comes before the first view or trigger from the rest."""
    all_ = list(parts)
    acting = (place for place, one in enumerate(all_) if one.kind in ("view", "trigger"))
    place = next(acting, len(all_))
    return all_[:place], all_[place:]


def from_json(document: Any, where: str) -> Manifest:
    """Read a manifest; `where` says, in errors, what holds it.

    Raises EvolutionError for another major version and for what is no manifest.
    """
    try:
        major, minor = document["format"]
    except (TypeError, KeyError, ValueError):
        raise EvolutionError(
            f"{where}: this is no archive of an addon: its manifest tells no format. Name a file that "
            f"`talatat archive INI ADDON --file FILE` wrote."
        ) from None
    if major != FORMAT[0]:
        raise EvolutionError(
            f"{where}: the archive is of format {major}.{minor}; the installed talatat reads format "
            f"{FORMAT[0]}. Restore it with the version of talatat that wrote it "
            f"({document.get('platform') or 'not told'}), or with one that reads its format."
        )
    try:
        return _manifest(document)
    except (TypeError, KeyError, AttributeError, ValueError) as error:
        raise EvolutionError(
            f"{where}: the manifest cannot be read ({type(error).__name__}: {error}). The archive is "
            f"damaged: take another copy of it."
        ) from error


def _manifest(document: Mapping[str, Any]) -> Manifest:
    known = {name: document[name] for name in Manifest.__dataclass_fields__ if name in document}
    return Manifest(
        **{
            **known,
            "format": tuple(document["format"]),
            "heads": tuple(document["heads"]),
            "requires": tuple(document["requires"]),
            "version_sql": tuple(document["version_sql"]),
            "tables": tuple(_table(one) for one in document["tables"]),
            "parts": tuple(Part(**one) for one in document["parts"]),
            "ledger": tuple(document["ledger"]),
        }
    )


def _table(document: Mapping[str, Any]) -> TableEntry:
    return TableEntry(
        **{
            **document,
            "columns": tuple(Column(**one) for one in document["columns"]),
            "key": tuple(document["key"]),
            "foreign_keys": tuple(
                ForeignKey(
                    **{
                        **one,
                        "columns": tuple(one["columns"]),
                        "target_columns": tuple(one["target_columns"]),
                    }
                )
                for one in document["foreign_keys"]
            ),
        }
    )
