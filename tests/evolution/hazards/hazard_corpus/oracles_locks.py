"""The lock watcher's oracles: who is kept waiting, and for how much work."""

from __future__ import annotations


def of_statements(rans, truth):
    """The statements of one transaction, in order."""
    for ran in rans:
        fresh = {
            oid
            for oid in ran.locks
            if oid not in ran.held and ran.before.relations[oid].kind in "rm"
        }
        worked = ran.scanned | ran.rewritten
        if ran.blocked & worked or (ran.blocked and ran.scanned & set(ran.locks)):
            for hazard, oid in kinds(ran):
                lock = ran.locks.get(oid) if oid not in ran.held else None
                truth.say(hazard, "lock watcher", lock)
        if fresh and ran.blocked and ran.timeout == "0" and not ran.held:
            truth.say("lock-timeout-missing", "lock watcher")
        if fresh and ran.blocked and ran.held:
            truth.say("several-locked-tables", "lock watcher")


def of_plan(case, run, truth):
    """A busy table that two addons lock and change."""
    changed: dict[int, set[str]] = {}
    for ran in run.ran:
        for oid in ran.blocked & set(ran.locks):
            if ran.before.portrait(oid) != ran.after.portrait(oid):
                changed.setdefault(oid, set()).add(ran.addon)
    for oid, addons in changed.items():
        if len(addons) > 1 and run.ran[0].before.relations[oid].name in case.hot:
            truth.say("hot-table-shared", "lock watcher")


def kinds(ran):
    """Which hazards a statement is that works under a lock, from what became of the catalogue."""
    was, now = ran.before, ran.after
    named = {one.name for one in was.constraints.values()}
    made = {oid: one for oid, one in now.constraints.items() if oid not in was.constraints}
    yield from _built(ran, made)
    for oid, one in now.constraints.items():
        fresh = one.valid and one.name not in named
        if oid in was.constraints:
            fresh = one.valid and not was.constraints[oid].valid
        hazard = {"f": "foreign-key-validated", "c": "check-validated"}.get(one.kind)
        if (
            fresh
            and hazard
            and one.table in was.relations
            and one.table in ran.scanned & ran.blocked
        ):
            yield hazard, one.table
    keys = {one.table for one in made.values() if one.kind == "p" and one.index not in was.indexes}
    for key, column in now.columns.items():
        old = was.columns.get(key)
        if old and column.not_null and not old.not_null and key[0] in ran.scanned - keys:
            yield "set-not-null-scan", key[0]
    for table in ran.rewritten:
        hazards = {4: "type-change-rewrite", 2: "volatile-default"}
        for reason in ran.reasons or {0}:
            yield hazards.get(reason, "table-rewritten"), table


def _built(ran, made):
    """Indexes that are new, or written again where their table was not."""
    was, now = ran.before, ran.after
    backing = {one.index for one in made.values()}
    before = {was.relations[oid].name: oid for oid in was.indexes}
    for oid, table in now.indexes.items():
        old = before.get(now.relations[oid].name)
        again = old is not None and now.relations[oid].file != was.relations[old].file
        if table not in was.relations or table in ran.rewritten or (old is not None and not again):
            continue
        if again and changed_types(was, now, table):
            yield "type-change-rewrite", table
        else:
            yield ("constraint-builds-index" if oid in backing else "index-not-concurrent"), table


def changed_types(was, now, table):
    return [
        key
        for key, column in now.columns.items()
        if key[0] == table and key in was.columns and column.type != was.columns[key].type
    ]
