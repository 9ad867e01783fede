"""One step of a plan for people: its SQL, what it locks, how much, what is dangerous, the way back."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from talatat.evolution.amounts import counted, size
from talatat.evolution.model import Step
from talatat.evolution.plan.page import Page

_DOES = {
    "upgrade": "upgrade",
    "downgrade": "downgrade",
    "fill": "fill: make the rows that are guaranteed and missing",
    "restore": "restore the archive",
}
_BACK = {
    "reversible": "yes, without loss",
    "restorable": "yes, what it drops is kept",
    "forward only": "no way back",
}


def show_step(
    page: Page, sign: str, number: int, total: int, step: Step, accepted: Collection[str] = ()
) -> None:
    """Print one step of `total`."""
    what = _DOES[step.kind]
    phase = f", {step.phase}" if step.kind in ("upgrade", "downgrade") else ""
    page.signed(1, sign, f"{step.addon} {step.name}  ({what}{phase}; step {number} of {total})")
    page.sql(3, step.statements)
    for batch in step.batches:
        _batch(page, batch, step.measured)
    for label, text in _facts(step, accepted):
        page.words(3, f"{label:<9} {text}")
    for finding in step.hazards:
        if not finding.get("waived"):
            _hazard(page, finding)
    waived = {(one["id"], one["waived"]): None for one in step.hazards if one.get("waived")}
    for name, reason in waived:  # one waiver may hold for several statements
        page.words(3, f"waived    {name}: {reason}")


def _facts(step: Step, accepted: Collection[str]) -> Iterator[tuple[str, str]]:
    for table in dict.fromkeys((*step.locks, *step.rewrites, *step.measured)):
        said = [_amount(step.measured.get(table))]
        if table in step.locks:
            said.append(f"lock {step.locks[table]}")
            said.append("rewritten" if table in step.rewrites else "not rewritten")
        elif table in step.rewrites:
            said.append("rewritten")
        yield "table", f"{table}: {', '.join(filter(None, said))}"
    if not step.transactional:
        yield "note", "outside of a transaction: when it fails, it is cleaned up and run again"
    for kept in step.keeps:
        columns = ", ".join(kept.get("columns") or ()) or "the whole table"
        yield "kept", f"{kept.get('table', '?')}: {columns}"
    if step.kind in ("upgrade", "downgrade"):
        back = _BACK[step.reversibility]
        if step.reversibility == "forward only":
            back += " (accepted)" if step.key in accepted else f"; name it: --accept {step.key}"
        yield "way back", back


def _amount(measured: Mapping[str, Any] | None) -> str:
    if not isinstance(measured, Mapping):
        return ""
    said = []
    if measured.get("rows") is not None:
        said.append(counted(measured["rows"], "row"))
    if measured.get("bytes") is not None:
        said.append(size(measured["bytes"]))
    return ", ".join(said)


def _batch(page: Page, batch: Mapping[str, Any], measured: Mapping[str, Any]) -> None:
    where = f" WHERE {batch['where']}" if batch.get("where") else ""
    page.sql(3, [" ".join(("UPDATE", batch["table"], "SET", batch["set"])) + where])
    about = _amount(measured.get(batch["table"])) or "rows not counted"
    page.words(
        3,
        f"{'batches':<9} along {batch['key']}, {counted(batch['size'], 'row')} at first, each in a "
        f"transaction of its own; {about}",
    )


def _hazard(page: Page, finding: Mapping[str, Any]) -> None:
    weight = str(finding["severity"])
    lock = f" ({finding['lock']})" if finding.get("lock") else ""
    page.signed(3, "!", f"{weight} {finding['id']}{lock}: {finding['message']}", weight)
    recipe = finding.get("recipe") or {}
    if recipe.get("text"):
        page.words(5, f"Safe way: {recipe['text']}")
    for transaction in recipe.get("transactions", ()):
        page.sql(6, transaction)
