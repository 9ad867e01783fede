"""Drift, three ways: what the models say, what the revisions make, what stands in the database.

(1) Models against all revisions of the installed packages: what a new revision has to bring. (2) The
revisions that were applied, as the ledger keeps them, against the database: what somebody changed by hand.
(3) Models against the database: that the two agree where neither of the others parts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from talatat.evolution.drift.case import Case
from talatat.evolution.drift.comparing import Difference, compare
from talatat.evolution.drift.mending import put_back
from talatat.evolution.drift.report import Finding
from talatat.evolution.graph import EvolutionError
from talatat.evolution.tables import VERSION_TABLE

Key = tuple[str, str, str]


def drift(case: Case, passed_over: set[str]) -> Iterator[Finding]:
    """The findings, one for each thing, with what each side says of it.

    `passed_over` are addons whose version rows are wrong: their tables part as a whole. Raises
    EvolutionError where the applied revisions cannot be had.
    """
    applied, files = case.replayed
    for addon, why in applied.failed.items():
        case.left_out.append(f"drift of {addon}: its applied revisions cannot be run again: {why}")
    outside = {*applied.failed, *passed_over}
    modelled = _of_models(case, outside)
    changed = _of_database(case, outside)
    sides = {
        "models": _models(case),
        "migrations": (files or applied).schema.canonical(),
        "database": case.observed.schema.canonical() if case.observed.schema else {},
    }
    standing = applied.schema.canonical()
    for key in sorted({*modelled, *changed}):
        says = {side: _said(key, canonical) for side, canonical in sides.items()}
        if key[0] not in case.modelled:
            says["models"] = "made in SQL alone"
        if (before := _said(key, standing)) != says["migrations"] and key in changed:
            says["applied migrations"] = before
        if key in changed:
            yield _by_hand(case, key, changed[key], says)
        else:
            yield _unwritten(case, key, modelled[key], says)


def _models(case: Case) -> Mapping[str, Mapping[str, Any]]:
    try:
        return case.models.canonical()
    except EvolutionError as error:
        case.left_out.append(f"drift of models: {error}")
        return {}


def _of_models(case: Case, outside: set[str]) -> dict[Key, Difference]:
    """(1), for the tables that models describe; what is made in SQL alone is nobody's drift."""
    _, files = case.replayed
    if files is None:
        case.left_out.append("models against migrations: the revisions' files cannot be read")
        return {}
    for addon, why in files.failed.items():
        if addon not in outside:
            case.left_out.append(f"models of {addon} against migrations: {why}")
    try:
        models = case.models.canonical()
    except EvolutionError:  # told already
        return {}
    tables = [name for name, addon in case.modelled.items() if addon not in {*files.failed}]
    parted = compare(models, files.schema.canonical(), tables)
    return {one.key: one for one in parted if one.kind != "trigger" and not _made_in_sql(one)}


def _made_in_sql(one: Difference) -> bool:
    """Whether revisions made a thing on a model's table that models do not describe."""
    if one.one is not None or one.other is None:
        return False
    text = str(one.other).lower()
    inner = text[text.find("(") + 1 :]
    if one.kind == "index":
        return "(" in inner or " where " in inner
    return one.kind == "column" and "generated" in one.other


def _of_database(case: Case, outside: set[str]) -> dict[Key, Difference]:
    """(2), for the tables of every addon with a version row, composed or not."""
    if case.observed.schema is None:
        return {}
    applied, _ = case.replayed
    standing = applied.schema.canonical()
    addons = {addon for addon, heads in case.observed.heads.items() if heads} - outside
    tables = {name for name in standing if applied.owners.get(name, case.owner(name)) in addons}
    tables |= {name for name in case.live.canonical() if case.owner(name) in addons}
    mine = [name for name in tables if not name.endswith(VERSION_TABLE)]
    return {one.key: one for one in compare(standing, case.live.canonical(), mine)}


def _said(key: Key, canonical: Mapping[str, Mapping[str, Any]]) -> Any:
    table, kind, name = key
    whole = canonical.get(table)
    if whole is None or (kind == "table" and name == table):
        return whole
    sections = {"column": "columns", "constraint": "constraints", "index": "indexes",
                "trigger": "triggers"}  # fmt: skip
    return whole.get(sections[kind], {}).get(name) if kind in sections else whole.get(name)


def _by_hand(case: Case, key: Key, one: Difference, says: Mapping[str, Any]) -> Finding:
    applied, _ = case.replayed
    table, kind, name = key
    addon = applied.owners.get(table, case.owner(table))
    what = f"{_thing(key)} is not as its revisions made it: somebody changed the database by hand."
    sql = put_back(one, applied.schema)
    mend = f"put it back: {'; '.join(sql)};" if sql else (
        f"SQLite cannot put it back in place: write a revision that does (talatat revision "
        f"{case.opened.ini.uri} {addon} --empty -m ..., with talatat.db.altering)."
    )  # fmt: skip
    if says["models"] == says["database"] and says["models"] is not None:
        mend = (
            f"the models say the same as the database. {mend[:1].upper()}{mend[1:]} Then write the revision: "
            f"talatat revision {case.opened.ini.uri} {addon} -m ..."
        )
    return Finding("database", what, mend, addon, table, kind, name, says)


def _unwritten(case: Case, key: Key, one: Difference, says: Mapping[str, Any]) -> Finding:
    table, kind, name = key
    addon = case.modelled[table]
    what = f"{_thing(key)} is another thing in the models than in the revisions."
    mend = f"write the revision: talatat revision {case.opened.ini.uri} {addon} -m ..."
    return Finding("models", what, mend, addon, table, kind, name, says)


def _thing(key: Key) -> str:
    table, kind, name = key
    if kind == "table":
        return f"table {table}" if name == table else f"{name} of table {table}"
    return f"{kind} {name} of {table}"
