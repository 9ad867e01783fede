"""What the platform demands of an addon's tables and extensions, so that addons can live together.

An addon that sleeps must harm nobody: its foreign keys to other addons cascade or set null, its names
are its own, and its constraints have names by which a migration can reach them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Table
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase, RelationshipProperty

from talatat.composition import ComposedAddon, Composition
from talatat.configuration.provenance import line_of_code
from talatat.db.base import addon_of, bases_of
from talatat.db.extension import Extension

if TYPE_CHECKING:
    from talatat.db.models import Attachment

LONGEST_NAME = 63
HARMLESS = ("CASCADE", "SET NULL")


def table_problems(composition: Composition) -> list[str]:
    """Return what is wrong with the tables of the composed addons."""
    problems: list[str] = []
    owners: dict[str, str] = {}
    for addon in composition.addons:
        for base in bases_of(addon.package):
            problems += _base_problems(addon, base, composition)
            for table in base.metadata.tables.values():
                other = owners.setdefault(table.name, addon.name)
                if other != addon.name:
                    problems.append(
                        f"{_place(addon, base, table)}: the table {table.name} is declared by addon "
                        f"{other} too. Rename one of them."
                    )
    return problems


def _base_problems(
    addon: ComposedAddon, base: type[DeclarativeBase], composition: Composition
) -> Iterator[str]:
    named = base.metadata.info["addon"]
    if named != addon.name:
        yield (
            f"addon {addon.name}: {base.__module__} calls declarative_base({named!r}). "
            f"Write declarative_base({addon.name!r})."
        )
        return
    for table in base.metadata.tables.values():
        for problem in (*_name_problems(addon, table), *_key_problems(addon, table, composition)):
            yield f"{_place(addon, base, table)}: {problem}"


def mapping_problems(composition: Composition) -> list[str]:
    """Configure the mappers of each composed addon, those of others not; return what is wrong."""
    problems: list[str] = []
    for addon in composition.addons:
        for base in bases_of(addon.package):
            try:
                base.registry.configure(cascade=True)
            except SQLAlchemyError as error:
                problems.append(
                    f"addon {addon.name}: its models ({base.__module__}) cannot be mapped: {error} "
                    f"Foreign keys and relationships to another addon take its classes, not strings."
                )
            else:
                problems += _shared_columns(addon, base)
    return problems


def _shared_columns(addon: ComposedAddon, base: type[DeclarativeBase]) -> Iterator[str]:
    """Tell of attributes that share a column: SQLAlchemy says nothing, and the last one written wins."""
    for mapper in base.registry.mappers:
        columns = Counter(
            column for attribute in mapper.column_attrs for column in attribute.columns
        )
        for column, count in columns.items():
            if count > 1 and getattr(column, "table", None) is mapper.local_table:
                yield (
                    f"addon {addon.name}, {line_of_code(mapper.class_)}: {count} attributes of "
                    f"{mapper.class_.__name__} are mapped to the one column {column}. Keep one."
                )


def _name_problems(addon: ComposedAddon, table: Table) -> Iterator[str]:
    prefix = f"{addon.name}_"
    names = [table.name, *(str(index.name) for index in table.indexes)]
    for name in names:
        if not name.startswith(prefix):
            yield f"the name {name} does not begin with {prefix!r}. Rename it."
    for constraint in table.constraints:
        kind = type(constraint).__name__
        if constraint.name is None or not str(constraint.name):
            yield f"a {kind} of {table.name} has no name: give it name=..., so that it can be reached."
        else:
            names.append(str(constraint.name))
    for name in names:
        if len(name.encode()) > LONGEST_NAME:
            yield f"the name {name} is longer than {LONGEST_NAME} bytes. Give a shorter one with name=..."


def _key_problems(addon: ComposedAddon, table: Table, composition: Composition) -> Iterator[str]:
    for constraint in table.constraints:
        if isinstance(constraint, ForeignKeyConstraint):
            for key in constraint.elements:
                yield from _foreign_key_problems(addon, key, composition)


def _foreign_key_problems(
    addon: ComposedAddon, key: ForeignKey, composition: Composition
) -> Iterator[str]:
    try:
        target = key.column.table
    except SQLAlchemyError as error:
        yield (
            f"the foreign key of {key.parent} leads nowhere: {error}. To another addon's model it takes "
            f"the column itself: ForeignKey(Model.__table__.c.id)."
        )
        return
    owner = target.metadata.info.get("addon")
    if owner in (None, addon.name):
        return
    if not composition.requires(addon.name, str(owner)):
        yield (
            f"{key.parent} refers to {target.name} of addon {owner}, which {addon.name} does not "
            f"require. Add the distribution of {owner} to the dependencies in its pyproject.toml and "
            f"install it again (pip install -e): an installed addon's requirements are its metadata's."
        )
    if (key.ondelete or "").upper() not in HARMLESS:
        yield (
            f"the foreign key of {key.parent} to {target.name} (addon {owner}) would block deletes there "
            f"while {addon.name} sleeps. Give it ondelete='CASCADE' or 'SET NULL'; a veto belongs in a "
            f"hook."
        )


def _place(addon: ComposedAddon, base: type[DeclarativeBase], table: Table) -> str:
    for mapper in base.registry.mappers:
        if mapper.local_table is table:
            return f"addon {addon.name}, {line_of_code(mapper.class_)}"
    return f"addon {addon.name}, {base.__module__}"


def extension_problems(attachments: Iterable[Attachment], composition: Composition) -> list[str]:
    """Return what is wrong with the extensions, each with the line that declares it."""
    problems: list[str] = []
    seen: list[Attachment] = []
    for one in attachments:
        found = list(_attachment_problems(one, composition))
        if not found:
            found += (
                f"{one.model.__name__} inherits from {other.model.__name__}, which {one.addon} "
                f"extends too ({other}). Extend one of them."
                for other in seen
                if other.addon == one.addon and _related(one.model, other.model)
            )
            seen.append(one)
        problems += (f"{one}: {text}" for text in found)
    return problems


def _related(one: type[Any], other: type[Any]) -> bool:
    return issubclass(one, other) or issubclass(other, one)


def _attachment_problems(one: Attachment, composition: Composition) -> Iterator[str]:
    model, extension = one.model, one.extension
    if one.presence not in ("sparse", "always"):
        yield f"presence={one.presence!r} is neither 'sparse' nor 'always'."
    if getattr(model, "__mapper__", None) is None:
        yield f"{model!r} is not a mapped class."
        return
    if not issubclass(extension, Extension) or getattr(extension, "__mapper__", None) is None:
        yield f"{extension!r} is not a model of the kind Extension: class X(Extension, Base)."
        return
    if addon_of(extension) != one.addon:
        yield f"{extension.__name__} is a model of addon {addon_of(extension)}."
    if not composition.requires(one.addon, addon_of(model)):
        yield (
            f"{model.__name__} is of addon {addon_of(model)}, which {one.addon} does not require. "
            f"Add its distribution to the dependencies."
        )
    yield from _key_of_extension(model, extension)
    yield from _collision(one)


def _key_of_extension(model: type[Any], extension: type[Any]) -> Iterator[str]:
    keys = extension.__mapper__.primary_key
    targets = {fk.column for key in keys for fk in key.foreign_keys}
    if len(keys) != 1 or targets != set(model.__mapper__.primary_key):
        yield (
            f"the primary key of {extension.__name__} is not {model.__name__}'s id. Declare it as "
            f"extension_key({model.__name__})."
        )


def _collision(one: Attachment) -> Iterator[str]:
    """Tell when the extended class has something else under the addon's name."""
    mapper = one.model.__mapper__
    if one.extension.__extends__ not in (None, one.model):
        yield (
            f"{one.extension.__name__} extends {one.extension.__extends__.__name__} already. "
            f"An extension has one model."
        )
    present = mapper.attrs.get(one.addon)
    if isinstance(present, RelationshipProperty) and "talatat.extension" in present.info:
        if present.mapper.class_ is not one.extension:
            yield (
                f"{one.model.__name__} is extended in this process by another class of that addon, "
                f"{line_of_code(present.mapper.class_)}: a process holds one composition. "
                f"Start a new process."
            )
    elif present is not None or hasattr(one.model, one.addon):
        yield (
            f"{one.model.__name__} (addon {addon_of(one.model)}, {line_of_code(one.model)}) has an "
            f"attribute {one.addon!r} of its own, where the extension would stand. Rename the addon "
            f"or the attribute."
        )
