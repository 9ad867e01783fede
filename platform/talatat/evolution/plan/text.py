"""A plan for people: what an operator reads before saying yes.

Signs and words carry the meaning, colours only repeat it. Sections without a difference are left out,
long lists of harmless things are folded into a line (`full` shows them all), and the last line sums up.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from rich.console import Console

from talatat.configuration.provenance import shown_path
from talatat.evolution.amounts import counted
from talatat.evolution.model import SECTIONS, Blocker, Change, Plan, Step
from talatat.evolution.plan.page import Page
from talatat.evolution.plan.step_text import show_step

# What the signs say, in the order in which they are explained.
SIGNS = {"+": "new", "~": "changed", "-": "gone", "!": "weakens what somebody counts on"}
TITLES = {
    "packages": "Packages",
    "states": "States of addons",
    "routes": "Routes",
    "views": "Views",
    "overrides": "Overrides",
    "hooks": "Hooks and subscribers",
    "permissions": "Permissions and roles",
    "api": "API",
    "settings": "Settings",
    "jobs": "Jobs",
}
# What a folded line calls its entries: `+ 14 routes of catalog`.
NOUNS = {"api": "operations, schemas and fields", "hooks": "hooks", "permissions": "permissions"}
STEPS_STAND_AFTER = "states"
MOST_UNFOLDED = 4
_WORD = re.compile(r"\w+")
FOLDED = ("info", "notice")


def render(plan: Plan, console: Console, *, full: bool = False) -> None:
    """Print `plan`. `full` shortens no SQL and folds no list."""
    page = Page(console, full=full)
    if plan.empty and not plan.blockers:
        page.line(0, _nothing(plan))
        return
    _head(page, plan)
    for name in SECTIONS:
        _changes(page, name, list(plan.in_section(name)))
        if name == STEPS_STAND_AFTER:
            _steps(page, plan)
    _warnings(page, plan)
    _blockers(page, plan)
    page.gap()
    page.line(0, summary(plan), style="bold")


def _nothing(plan: Plan) -> str:
    at = "no release" if plan.base.release is None else f"release {plan.base.release}"
    return f"No changes. The database is at the composition ({at})."


def _head(page: Page, plan: Plan) -> None:
    base, ini = plan.base, shown_path(plan.ini)
    whence = "an empty history" if base.release is None else f"release {base.release}"
    if plan.kind == "rollback":
        whither = "before the first" if plan.to_release is None else f"to release {plan.to_release}"
        page.line(0, f"Rollback of {ini} from {whence} {whither}", style="bold")
    else:
        page.line(0, f"Plan for {ini}, from {whence}", style="bold")
    page.line(0, f"Database {base.database}")
    used = {_sign(step) for step in plan.steps} | {change.symbol for change in plan.changes}
    if plan.blockers or any(step.hazards for step in plan.steps):
        used.add("!")
    page.line(0, "Signs: " + ", ".join(f"{s} {word}" for s, word in SIGNS.items() if s in used))


def _sign(step: Step) -> str:
    if step.kind == "downgrade" or step.phase == "contract":
        return "-"
    return "~" if step.batches else "+"


def _changes(page: Page, section: str, changes: list[Change]) -> None:
    if not changes:
        return
    page.title(TITLES.get(section, section.capitalize()))
    for group in _grouped(changes, fold=not page.full):
        if len(group) == 1:
            _change(page, group[0])
        else:
            first, noun = group[0], NOUNS.get(section, section)
            of = f" of {first.addon}" if first.addon else ""
            said = f": {first.detail}" if first.weight != "info" else ""
            page.signed(1, first.symbol, f"{len(group)} {noun}{of}{said}", first.weight)
            page.words(3, ", ".join(one.what for one in group), style="dim")


_Kind = tuple[str, str | None, str]


def _kind(change: Change) -> _Kind:
    """What may be folded together; a notice only with what says the same."""
    return change.symbol, change.addon, "" if change.weight == "info" else change.detail


def _grouped(changes: Iterable[Change], *, fold: bool) -> Iterator[list[Change]]:
    """The changes one by one, but harmless ones of one kind together where they are many."""
    groups: dict[_Kind, list[Change]] = {}
    for one in changes:
        if fold and one.weight in FOLDED:
            groups.setdefault(_kind(one), []).append(one)
    for one in changes:
        group = groups.get(_kind(one), []) if one.weight in FOLDED else []
        if len(group) <= MOST_UNFOLDED:
            yield [one]
        elif group[0] is one:
            yield group


def _change(page: Page, change: Change) -> None:
    weight = f"{change.weight}: " if change.weight in ("warning", "danger") else ""
    detail = f": {change.detail}" if change.detail else ""
    text = f"{weight}{change.what}{detail}"
    if change.addon is not None and change.addon not in _WORD.findall(text):
        text += f" ({change.addon})"
    page.signed(1, change.symbol, text, change.weight)


def _steps(page: Page, plan: Plan) -> None:
    data = [step.kind == "fill" or bool(step.batches) for step in plan.steps]
    for title, wanted in (("Schema", False), ("Data", True)):
        if wanted not in data:
            continue
        page.title(title)
        numbered = [pair for pair in enumerate(plan.steps, 1) if data[pair[0] - 1] is wanted]
        for number, step in numbered:
            if (number, step) != numbered[0]:
                page.gap()
            show_step(page, _sign(step), number, len(plan.steps), step, plan.accepted)


def _warnings(page: Page, plan: Plan) -> None:
    if plan.measured.get("warnings"):
        page.title("To look at before")
        for text in plan.measured["warnings"]:
            page.signed(1, "!", text)


def _blockers(page: Page, plan: Plan) -> None:
    if plan.blockers:
        page.title("Blockers")
        for one in plan.blockers:
            _blocker(page, plan, one)
    if plan.accepted:
        page.title("Accepted")
        page.words(1, ", ".join(plan.accepted))


def _blocker(page: Page, plan: Plan, one: Blocker) -> None:
    page.signed(1, "!", one.text, "danger")
    if one.accept is not None:
        page.words(
            3, f"To go on all the same: talatat {plan.kind} {plan.ini} --accept {one.accept}"
        )


def summary(plan: Plan) -> str:
    """The last line: how much there is of what."""
    signs = Counter(one.symbol for one in plan.changes)
    data = sum(1 for step in plan.steps if step.kind == "fill" or step.batches)
    counts = [(len(plan.steps) - data, "schema step"), (data, "data step")]
    steps = [counted(number, noun) for number, noun in counts if number]
    parts = [
        f"{signs['+']} to add, {signs['~'] + signs['!']} to change, {signs['-']} to remove",
        ", ".join(steps) or "no step",
    ]
    weights = Counter(one.weight for one in plan.changes)
    for step in plan.steps:
        weights.update(str(one["severity"]) for one in step.hazards if not one.get("waived"))
    said = [counted(weights[name], name) for name in ("danger", "warning") if weights[name]]
    if said:
        parts.append(" and ".join(said))
    text = f"{plan.kind.capitalize()}: " if plan.kind != "apply" else "Plan: "
    text += "; ".join(parts) + "."
    if plan.blockers:
        text += f" Blocked: {counted(len(plan.blockers), 'reason')} above."
    return text
