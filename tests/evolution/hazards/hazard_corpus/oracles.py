"""What a case does, found out by doing it: the hazards that are there, each by an oracle of its own.

lock watcher       index-not-concurrent, constraint-builds-index, foreign-key-validated, check-validated, set-not-null-scan,
                   type-change-rewrite, volatile-default, table-rewritten, several-locked-tables, lock-timeout-missing,
                   ddl-with-backfill, hot-table-shared: a second connection probes each table while the transaction is open
growth             unbatched-update, destructive (deletes): the rows written on a database and on one three times its size
previous release   rename-, drop-while-serving, dropped-default, contract-in-expand, narrowing: its statements, before and after
execution          not-null-without-default, unique-over-existing-rows, enum-value-in-transaction, concurrently-in-transaction,
                   foreign-key-unrequired (without that addon's tables), long-identifier (the server's notice), int4-key (a large
                   key), opaque-code (code that changed something)
disabled addon     foreign-key-restricts, constraint-while-disabled, view-, trigger-on-foreign-table, foreign-object-touched: what
                   the owner can no longer do, what became of its tables
catalogue          destructive (columns, tables), outside-namespace, unnamed-constraint
planner            unindexed-foreign-key: the plan that the server makes to find what refers to a row, among many
"""

from __future__ import annotations

import psycopg

from hazard_corpus import oracles_addons, oracles_locks, oracles_release
from hazard_corpus.cases import Case, owner
from hazard_corpus.lab import LARGE, SMALL, Lab, Run
from hazard_corpus.oracles_release import NARROW
from hazard_corpus.truth import Truth, planned
from talatat.evolution.hazards.rules import RULES

_HAZARDS = {
    "25001": "concurrently-in-transaction",
    "55P04": "enum-value-in-transaction",
    "23505": "unique-over-existing-rows",
    "23P01": "unique-over-existing-rows",
    **dict.fromkeys(NARROW, "narrowing"),
}


def judge(case: Case, lab: Lab) -> Truth:
    """Run a case, and whatever the oracles need beside it."""
    run = lab.run(case, SMALL)
    try:
        truth = Truth(planned(case, run))
        _judge(case, run, truth)
        run.connection.rollback()
        if not any(ran.error for ran in run.ran):
            _without_others(case, lab, truth)
            if any(ran.written for ran in run.ran):
                _grown(case, run, truth, lab)
            _code(run, truth)
    finally:
        run.close()
    return truth


def _judge(case: Case, run: Run, truth: Truth) -> None:
    release = oracles_release.Release(run, fresh=bool(case.setup))
    rows = oracles_release.counts(run)
    for number, act in enumerate(case.acts):
        first = len(run.ran)
        done = run.act(number, act)
        of_errors(run.ran[first:], release.catalogue, truth)
        if not done:
            truth.undecided = set(RULES) - set(truth.harms)
            return
        oracles_locks.of_statements(run.ran[first:], truth)
        following = case.acts[number + 1].phase if number + 1 < len(case.acts) else "contract"
        if act.phase != "contract" and following == "contract":
            release.judge_serving(case.acts[: number + 1], truth)
        oracles_addons.of_act(run, act, run.ran[first:], truth)
    release.judge_rows(case.acts, rows, truth)
    oracles_locks.of_plan(case, run, truth)
    oracles_addons.of_names(run, truth)
    oracles_addons.of_foreign_keys(run, truth)


def of_errors(rans, before, truth):
    known = {one.name for one in before.columns.values()}
    for ran in rans:
        if "42622" in ran.notices:
            truth.say("long-identifier", "execution")
        if ran.error is None:
            continue
        state = ran.error.sqlstate
        if state == "23502" and ran.error.diag.column_name not in known:
            truth.say("not-null-without-default", "execution")
        elif state in _HAZARDS:
            truth.say(_HAZARDS[state], "execution")
        else:
            raise AssertionError(f"the case is no case: {ran.sql}: {ran.error}")


def _code(run, truth):
    """Code that did something: whatever else it did follows from that."""
    if any(ran.tag in {"DO", "CALL"} for ran in run.ran):
        changed = any(ran.written or ran.before != ran.after for ran in run.ran)
        truth.harms = {"opaque-code": "execution"} if changed else {}


def _without_others(case, lab, truth):
    """Whether a revision runs where the addons that it does not require are not."""
    for act in case.acts:
        for other in {"shop", "gift", "news"} - {act.addon} - act.requires:
            if "REFERENCES" not in " ".join(act.statements) or f"{other}_" not in " ".join(
                act.statements
            ):
                continue
            run = Run(lab, lab.templates[SMALL], watch=False)
            try:
                for kind, name in _theirs(run, other):
                    run.cursor.execute(f"DROP {kind} IF EXISTS {name} CASCADE")
                if not run.act(0, act) and run.ran[-1].error.sqlstate == "42P01":
                    truth.say("foreign-key-unrequired", "execution")
            finally:
                run.close()


def _theirs(run, addon):
    kinds = {"r": "TABLE", "m": "MATERIALIZED VIEW"}
    rows = run.cursor.execute(
        "SELECT relkind, relname FROM pg_class WHERE relkind IN ('r', 'm')"
    ).fetchall()
    return [(kinds[kind], name) for kind, name in rows if owner(name) == addon]


def _grown(case, small, truth, lab):
    """The rows that each statement writes, on a database three times as large."""
    large = lab.run(case, LARGE, watch=False)
    try:
        done = all(large.act(number, act) for number, act in enumerate(case.acts))
    except psycopg.Error as error:
        raise AssertionError(f"{case.sql} runs on one size only") from error
    finally:
        large.close()
    if not done:
        return
    by_act: dict[int, list] = {}
    for one, other in zip(small.ran, large.ran, strict=True):
        more = sum(other.written.values()) - sum(one.written.values()) > SMALL // 4
        old = bool(small.stood & set(one.written))
        if more and old:
            truth.say("unbatched-update", "growth")
        if sum(other.deleted.values()) - sum(one.deleted.values()) > SMALL // 4:
            truth.say("destructive", "growth")
        by_act.setdefault(one.act, []).append((one, more, old))
    for statements in by_act.values():
        filled = False
        for one, more, old in statements:
            if (more and (one.held or one.locks)) or (filled and one.locks):
                truth.say("ddl-with-backfill", "lock watcher")
            filled = filled or (more and old)
