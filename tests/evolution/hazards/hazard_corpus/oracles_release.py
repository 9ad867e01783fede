"""What the release that was there can no longer do, and what became of its rows."""

from __future__ import annotations

from hazard_corpus import catalogue
from hazard_corpus.cases import owner
from hazard_corpus.probes import answers, probes, refused

NARROW = {"22001", "22003", "22P02", "22007", "22008"}
GONE = {"42P01", "42703", "42883", "42704", "22P02", "3F000"}
REFUSED = {"23502", "23503", "23505", "23514", "23P01"}


class Release:
    """The previous release: its statements, with what they answered before."""

    def __init__(self, run, fresh):
        self.run = run
        self.catalogue = catalogue.read(run.cursor)
        if fresh or run.lab.known is None:
            known = answers(run.cursor, probes(run.cursor))
            run.commit()
            if not fresh:
                run.lab.known = known
        self.known = known if fresh else run.lab.known

    def refusals(self):
        return list(refused(self.known, answers(self.run.cursor, list(self.known))))

    def judge_serving(self, acts, truth):
        """It serves, and the statements of `acts` were run."""
        before, after = self.catalogue, self.run.ran[-1].after
        phased = acts[-1].phase in {"expand", "data"}
        for probe, state in self.refusals():
            if state == "23503" and not new_keys(before, after):
                continue  # the row that it refers to is gone
            short = probe.kind == "short"
            if state in GONE:
                for hazard in taken(before, after):
                    truth.say(hazard, "previous release")
            if short and state in {"lost default", "23502"} and lost_default(before, after):
                truth.say("dropped-default", "previous release")
            if short and state == "23502" and new_not_null(before, after):
                truth.say("not-null-without-default", "previous release")
            if phased and state in {*REFUSED, *NARROW, *GONE, "lost default", "cut"}:
                truth.say("contract-in-expand", "previous release")

    def judge_rows(self, acts, rows, truth):
        """Whatever the phase: rows that are gone, values that no longer fit, owners that are refused."""
        after, now = self.run.ran[-1].after, counts(self.run)
        emptied = {oid for oid, number in rows.items() if number and not now.get(oid)}
        retyped = any(key in after.columns and column.type != after.columns[key].type
                      for key, column in self.catalogue.columns.items())  # fmt: skip
        for probe, state in self.refusals():
            if state == "23503" and not new_keys(self.catalogue, after):
                continue  # the row that it refers to is gone
            if state == "23503" and probe.kind == "delete":
                continue  # a veto: asked of each foreign key
            if state in {*REFUSED, *NARROW, "cut"} and any(
                act.addon != probe.owner for act in acts
            ):
                truth.say("constraint-while-disabled", "disabled addon")
            if state in {*NARROW, "cut"} - {"22P02"} and retyped:
                truth.say("narrowing", "previous release")
        if emptied:
            truth.say("destructive", "catalogue")
        known = self.catalogue.relations
        cut_off = emptied - {
            oid for ran in self.run.ran for oid in ran.deleted
        }  # no row by row: truncated
        if any(owner(known[oid].name) not in {act.addon for act in acts} for oid in cut_off):
            truth.say("foreign-object-touched", "disabled addon")
        for key, column in self.catalogue.columns.items():
            gone = after.columns.get(key)
            if gone and gone.dropped and not column.dropped and key[0] in rows:
                truth.say("destructive", "catalogue")


def counts(run):
    """The rows of each table, wherever it stands."""
    found = {}
    for oid, one in catalogue.read(run.cursor).tables().items():
        found[oid] = run.cursor.execute(
            f'SELECT count(*) FROM "{one.schema}"."{one.name}"'
        ).fetchone()[0]
    return found


def taken(before, after):
    """Whether what is missing was renamed or dropped."""
    for oid, one in before.relations.items():
        now = after.relations.get(oid)
        if one.kind == "i":
            continue
        if now is None or now.schema != one.schema:
            yield "drop-while-serving"
        elif now.name != one.name:
            yield "rename-while-serving"
    for key, column in before.columns.items():
        now = after.columns.get(key)
        if now and now.dropped and not column.dropped:
            yield "drop-while-serving"
        elif now and now.name != column.name:
            yield "rename-while-serving"
    for kind, known in before.objects.items():
        for oid, name in known.items():
            if after.objects[kind].get(oid, name) != name:
                yield "rename-while-serving"
            elif oid not in after.objects[kind] and kind != "labels":
                yield "drop-while-serving"


def lost_default(before, after):
    return any(
        column.default and key in after.columns and not after.columns[key].default and not after.columns[key].dropped
        for key, column in before.columns.items()
    )  # fmt: skip


def new_keys(before, after):
    return any(
        one.kind == "f" for oid, one in after.constraints.items() if oid not in before.constraints
    )


def new_not_null(before, after):
    return any(
        column.not_null and not column.default
        for key, column in after.columns.items()
        if key not in before.columns and key[0] in before.relations
    )
