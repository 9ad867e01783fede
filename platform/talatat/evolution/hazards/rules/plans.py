"""What shows only in a whole plan, or in a revision's file."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from talatat.evolution.hazards import operations as op
from talatat.evolution.hazards.locks import blocking
from talatat.evolution.hazards.model import Context
from talatat.evolution.hazards.registry import Done, Hit, rule
from talatat.evolution.hazards.world import World

_LOADERS = {"import_module", "__import__", "resolve", "find_spec"}


@rule(
    "hot-table-shared",
    title="Two addons change one busy table in one plan",
    why="Each change is a lock that all who use the table wait for; one after the other they add up.",
    recipe="Apply the two addons' upgrades in plans of their own, some time apart.",
    scale="work", dialects=("postgresql",), of="plan",
)  # fmt: skip
def hot_table_shared(world: World, done: Sequence[Done]) -> Iterator[Hit]:
    first: dict[str, str | None] = {}
    told: set[tuple[str, str | None]] = set()
    for place in done:
        addon = place.context.addon
        for one in place.parsed.operations:
            table = one.table or ""
            if (
                isinstance(one, op.Lock)
                or not world.hot(table)
                or table not in blocking(one, world)
            ):
                continue
            earlier = first.setdefault(table, addon)
            if earlier != addon and (table, addon) not in told:
                told.add((table, addon))
                lock = place.locks.get(table)
                at = (place.step, place.statement)
                yield Hit(f"{table} is changed by {earlier} and by {addon}", table, lock, place=at)


@rule(
    "imports-application-models",
    title="A migration imports application models",
    why="The revision then means what the newest code means: on a new site, years later, it makes other tables than it "
    "made here, or fails because a name is gone.",
    recipe="Say the columns in the revision itself: sa.table(...) and sa.column(...) for rows, talatat.db.types for types.",
    scale="warning", of="source",
)  # fmt: skip
def imports_application_models(context: Context) -> Iterator[Hit]:
    source = context.source
    if source is None:
        return
    tree = ast.parse(source.read_text(encoding="utf-8"), str(source))
    for node in ast.walk(tree):
        for name in _imported(node):
            if _is_application(name, context):
                yield Hit(f"{source.name}:{getattr(node, 'lineno', 1)} imports {name}")


def _imported(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (one.name for one in node.names)
    elif isinstance(node, ast.ImportFrom):
        module = "." * node.level + (node.module or "")
        yield from (f"{module}.{one.name}" for one in node.names)
    elif isinstance(node, ast.Call) and node.args:
        called = (
            node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        )
        first = node.args[0]
        if called in _LOADERS and isinstance(first, ast.Constant) and isinstance(first.value, str):
            yield first.value


def _is_application(name: str, context: Context) -> bool:
    """Whether a dotted name leads into an addon, or to models."""
    parts = name.split(".")
    return name.startswith(".") or parts[0] in context.packages or "models" in parts
