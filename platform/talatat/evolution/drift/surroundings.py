"""What stands around the schema: packages, files, processes, plans, and the data of addons that sleep."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from packaging.version import InvalidVersion, Version
from sqlalchemy import Connection, desc, inspect, select

from talatat.addons import inventory
from talatat.composing import BY_REQUEST
from talatat.composition import PLATFORM
from talatat.db.types import utcnow
from talatat.evolution import lockfile
from talatat.evolution.amounts import counted, size
from talatat.evolution.desired import desired_of
from talatat.evolution.desired.packages import packages_of
from talatat.evolution.drift.case import EVERY, Case
from talatat.evolution.drift.report import Finding
from talatat.evolution.graph import EvolutionError
from talatat.evolution.kept import keeps_of
from talatat.evolution.live import measure
from talatat.evolution.planner import applied, order
from talatat.evolution.processes import live_processes
from talatat.evolution.tables import archives, journal, plans, releases

_RELEASES_LOOKED_AT = 200


def failing(case: Case) -> Iterator[Finding]:
    """Addons that do not compose, but for those that were left out on purpose or with another."""
    ini = case.opened.ini.uri
    for name, why in case.absent.items():
        if why.startswith((BY_REQUEST, "requires ")):
            continue
        one = None if name == EVERY else name
        mend = f"Mend it. Until then: talatat plan {ini} --without {one}" if one else "Mend it."
        yield Finding("composing", f"{name} does not compose: {why}", mend, one)


def edited_files(case: Case) -> Iterator[Finding]:
    """Revisions whose files are not what was applied."""
    for said in case.observed.ledger.edited(case.graph):
        what, _, mend = said.partition(" Put it back")
        mended = f"Put it back{mend}".replace("{ini}", case.opened.ini.uri)
        yield Finding("edited-revision", what, mended)


def ahead(case: Case) -> Iterator[Finding]:
    """Revisions that the database has and the installed packages have not."""
    for addon, heads in _heads(case).items():
        try:
            applied(case.graph, {addon: heads})
        except EvolutionError as error:
            for problem in error.problems:
                what, _, mend = problem.partition(". ")
                yield Finding("ahead", f"{what}.", mend, addon)


def _heads(case: Case) -> dict[str, list[str]]:
    """Where the composed addons stand."""
    return {one: found for one, found in case.observed.heads.items() if one in case.graph.folders}


def pending(case: Case) -> Iterator[Finding]:
    """Revisions that were not applied yet."""
    waiting = order(case.graph, applied(case.graph, _heads(case)))
    if waiting:
        said = "revision is" if len(waiting) == 1 else "revisions are"
        more = f" and {len(waiting) - 5} more" if len(waiting) > 5 else ""
        names = ", ".join(str(one) for one in waiting[:5]) + more
        yield Finding(
            "pending",
            f"{len(waiting)} {said} not applied yet: {names}.",
            f"talatat plan {case.opened.ini.uri}",
        )


def last_release(case: Case) -> Iterator[Finding]:
    """Where the composition is not what was applied last: what a plan would tell in full."""
    release = case.observed.release
    if release is None or case.composition is None:
        return
    was = {one["name"]: one["version"] for one in release.surface.get("addons", ())}
    now = {one.name: one.version for one in case.composition.addons}
    parted = [
        f"{name} {now.get(name, 'not composed')} ({was.get(name, 'not there')} in the release)"
        for name in sorted({*was, *now} - set(case.absent))
        if was.get(name) != now.get(name)
    ]
    if parted:
        yield Finding(
            "release",
            f"the .ini is not what release {release.number} applied: {', '.join(parted)}.",
            f"talatat plan {case.opened.ini.uri}",
        )


def unfinished_plan(case: Case) -> Iterator[Finding]:
    """A plan that was begun and not ended."""
    if case.observed.running is None:
        return
    with case.opened.reading() as connection:
        row = connection.execute(select(plans).where(plans.c.state == "running")).mappings().first()
        if row is None:
            return
        steps = connection.execute(
            select(journal.c.step, journal.c.state).where(journal.c.plan == row["digest"])
        ).fetchall()
    done = sum(state == "done" for _, state in steps)
    total = len(row["document"].get("steps", ()))
    yield Finding(
        "unfinished-plan",
        f"plan {row['digest'][:12]} ({row['kind']}), begun {row['started_at']:%Y-%m-%d %H:%M} by {row['who']}, "
        f"was not ended: {done} of {total} steps are done.",
        f"talatat {row['kind']} {case.opened.ini.uri} goes on with it.",
    )


def packages(case: Case) -> Iterator[Finding]:
    """Packages of the last release that are gone, or older than what was applied."""
    release = case.observed.release
    if release is None:
        return
    stock = inventory()
    for one in release.surface.get("addons", ()):
        name, was = one["name"], one["version"]
        known = (release.packages or {}).get(name, {})
        distribution = known.get("distribution") or one.get("distribution", name)
        now = stock.version(distribution)
        if now is None:
            yield Finding(
                "package-missing",
                f"addon {name}: {distribution} {was} was applied in release {release.number} and is not "
                f"installed any more.",
                f"pip install '{distribution}=={was}'; or take {name} out of talatat.addons and apply.",
                name,
            )
        elif _older(now, was):
            yield Finding(
                "package-older",
                f"addon {name}: {distribution} {now} is installed, but {was} was applied in release "
                f"{release.number}.",
                f"pip install '{distribution}=={was}', or go back: talatat rollback {case.opened.ini.uri}",
                name,
            )


def altered(case: Case) -> Iterator[Finding]:
    """Packages some files of which are not as they were installed, the lock file's word aside."""
    composition = None if case.registry is None else case.registry.system.composition
    for name, one in packages_of(composition).items() if composition else ():
        if files := one.get("altered"):
            yield Finding(
                "package-altered",
                f"{one['distribution']} {one['version']}: files are not as they were installed: "
                f"{lockfile.listed(files)}.",
                f"pip install --force-reinstall --no-deps '{one['distribution']}=={one['version']}'",
                name,
            )


def _older(now: str, was: str) -> bool:
    try:
        return Version(now) < Version(was)
    except InvalidVersion:
        return False


def lock_file(case: Case) -> Iterator[Finding]:
    """Where the lock file parts from what is installed and from what was applied, or is no lock file."""
    try:
        lock = lockfile.read(case.opened.ini)
    except lockfile.UnreadableLock as error:  # plan and apply refuse as long as it is there
        yield Finding("lock-file", error.what, error.mend)
        return
    if lock is None:
        return
    told: list[tuple[str, str | None]] = []
    if case.registry is not None:
        changes = lockfile.parted(lock, desired_of(case.registry), case.observed)
        told += [(f"{one.what}: {one.detail}", one.addon) for one in changes]
    heads = {addon: sorted(found) for addon, found in case.observed.heads.items() if found}
    revisions: dict[str, list[str]] = lock.get("revisions", {})
    for addon in sorted({*heads, *revisions}):
        if addon not in heads and addon not in case.graph.folders:
            continue  # archived or purged since: the next apply writes the lock file without it
        if heads.get(addon, []) != revisions.get(addon, []):
            said = ", ".join(revisions.get(addon, [])) or "nothing"
            there = ", ".join(heads.get(addon, [])) or "nothing"
            told.append((f"the lock file has {said} of {addon}, the database {there}", addon))
    for what, owner in told:
        yield Finding(
            "lock-file",
            f"{lockfile.path_of(case.opened.ini).name}: {what}.",
            f"take the lock file from version control, or talatat apply {case.opened.ini.uri}, which writes it.",
            owner,
        )


def older_processes(case: Case) -> Iterator[Finding]:
    """Processes that serve an older release than the last one."""
    release = case.observed.release
    if release is None:
        return
    with case.opened.reading() as connection:
        found = [one for one in live_processes(connection) if one["release"] < release.number]
    for one in found:
        yield Finding(
            "older-process",
            f"process {one['pid']} on {one['host']} serves release {one['release']}, since "
            f"{one['started_at']:%Y-%m-%d %H:%M}; the database is at {release.number}.",
            "restart it; contract steps wait for it.",
        )


def put_away(case: Case) -> Iterator[Finding]:
    """Data of addons that sleep, archives, and what was kept for the way back: good to know."""
    if case.observed.schema is None:
        return
    with case.opened.reading() as connection:
        tables = set(inspect(connection).get_table_names())
        yield from _dormant(case, connection, tables)
        if archives.name in tables:
            yield from _archives(case, connection)
        yield from _kept(case, connection)


def _dormant(case: Case, connection: Connection, there: set[str]) -> Iterator[Finding]:
    composed = {PLATFORM, *(case.composition.names if case.composition else ())}
    composed |= set(case.absent)  # left out this time only
    asleep = sorted({name for name, heads in case.observed.heads.items() if heads} - composed)
    if case.composition is None or not asleep:
        return
    surfaces = _surfaces(connection) if releases.name in there else []
    for addon in asleep:
        sizes = measure(connection, case.tables_of(addon))
        rows, bytes_ = (sum(one[what] for one in sizes.values()) for what in ("rows", "bytes"))
        since = _since(surfaces, addon)
        yield Finding(
            "dormant",
            f"addon {addon} sleeps{since}: {counted(len(sizes), 'table')}, {counted(rows, 'row')}, "
            f"{size(bytes_)}.",
            f"list it in talatat.addons to wake it, or move its data away: talatat archive "
            f"{case.opened.ini.uri} {addon}",
            addon,
        )


def _surfaces(connection: Connection) -> list[tuple[int, set[str]]]:
    """The last releases, newest first, each with its addons."""
    query = select(releases.c.number, releases.c.surface).order_by(desc(releases.c.number))
    rows = connection.execute(query.limit(_RELEASES_LOOKED_AT))
    return [
        (number, {one["name"] for one in surface.get("addons", ())}) for number, surface in rows
    ]


def _since(surfaces: Iterable[tuple[int, set[str]]], addon: str) -> str:
    first: int | None = None
    for number, addons in surfaces:
        if addon in addons:
            break
        first = number
    return "" if first is None else f" since release {first}"


def _archives(case: Case, connection: Connection) -> Iterator[Finding]:
    query = select(archives).where(archives.c.state == "kept").order_by(archives.c.made_at)
    for row in connection.execute(query).mappings():
        yield Finding(
            "archive",
            f"archive {row['id']} holds the data of {row['addon']} {row['version'] or ''}, for "
            f"{_age(row['made_at'])}.",
            f"list {row['addon']} in talatat.addons and apply to bring it back, or drop it for good: talatat "
            f"purge {case.opened.ini.uri} {row['addon']} --archive {row['id']}",
            row["addon"],
        )


def _kept(case: Case, connection: Connection) -> Iterator[Finding]:
    for one in keeps_of(connection):
        what = ", ".join(one.columns) or "the whole table"
        held = f"{one.location} keeps {counted(one.rows, 'row')} of {one.table_name} ({what}), which {one.addon} "
        if one.state == "left":
            since = f"{one.revision} dropped and did not get back: other values stood in their way"
            mend = (
                f"see talatat history {case.opened.ini.uri}; drop the table when nobody needs it."
            )
        else:
            since = f"{one.revision} dropped"
            mend = f"they come back with talatat rollback {case.opened.ini.uri}."
        yield Finding("kept", f"{held}{since}, for {_age(one.made_at)}.", mend, one.addon)


def _age(moment: datetime) -> str:
    return counted((utcnow() - moment).days, "day")
