"""The linter over the statements that this repository's own revisions emit, in the planner's order."""

import pytest
import sqlalchemy as sa

from talatat.composing import load_composition
from talatat.evolution.graph import read_graph, script_directory
from talatat.evolution.hazards import Context, Step, lint_plan
from talatat.evolution.planner import order
from talatat.evolution.running.runner import run
from talatat.evolution.tables import version_table
from talatat.testing import write_ini

ADDONS = ["accounts", "catalog", "orders", "loyalty", "audit"]


def emitted(graph, revision, connection):
    """The statements of one revision, recorded while it runs; without those about its version row."""
    found = []

    def record(connection, cursor, statement, parameters, context, executemany):
        versions = version_table(revision.addon)
        if versions not in statement and not statement.startswith(("SELECT", "PRAGMA")):
            found.append(statement.strip())

    sa.event.listen(connection, "before_cursor_execute", record)
    run(connection, graph, revision)
    sa.event.remove(connection, "before_cursor_execute", record)
    return found


def waivers(graph, revision):
    script = script_directory(graph.folders[revision.addon]).get_revision(revision.revision)
    return dict(getattr(script.module, "waivers", {}))


@pytest.fixture
def steps(database_url, tmp_path):
    composition = load_composition(write_ini(tmp_path, ADDONS, database_url, {}))
    graph = read_graph(composition)
    packages = frozenset(addon.package.partition(".")[0] for addon in composition.addons)
    required = {name: frozenset(o for o in composition.names if o != name and composition.requires(name, o))
                for name in composition.names}  # fmt: skip
    made = []
    engine = sa.create_engine(database_url)
    with engine.connect() as connection:
        for one in order(graph, set()):
            statements = emitted(graph, one, connection)
            context = Context(
                addon=one.addon, requires=required.get(one.addon, frozenset()), phase=one.phase, packages=packages,
                source=one.path, waivers=waivers(graph, one), lock_timeout=True, label=str(one),
            )  # fmt: skip
            made.append(Step(tuple(statements), context))
        connection.rollback()
    engine.dispose()
    return made


def test_our_own_revisions_have_no_hazard_that_is_not_waived(steps, database_url):
    dialect = sa.make_url(database_url).get_backend_name()
    found = lint_plan(steps, dialect)
    assert len(steps) >= len(ADDONS) + 1
    silent = [step.context.label for step in steps if not step.statements]
    assert silent == ([] if dialect == "sqlite" else ["audit 0002_places"])  # guards SQLite alone
    assert [
        f"{steps[one.step].context.label}: {one.id}: {one.message}"
        for one in found
        if not one.waived
    ] == []
