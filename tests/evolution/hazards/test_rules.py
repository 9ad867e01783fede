"""What the linter says and leaves unsaid, where the corpus does not ask: contexts, severities, recipes, plans."""

from pathlib import Path

import pytest

from talatat.evolution.hazards import (
    Column,
    Context,
    HazardsError,
    Severity,
    Step,
    Table,
    lint,
    lint_plan,
)
from talatat.evolution.hazards.rules import RULES

INDEX = "CREATE INDEX shop_i ON shop_item (price)"
SAFE = Context(addon="shop", lock_timeout=True)


def ids(statements, dialect="postgresql", **context):
    statements = [statements] if isinstance(statements, str) else statements
    return [
        one.id for one in lint(statements, dialect, Context(**{"lock_timeout": True, **context}))
    ]


def only(statements, **context):
    [found] = lint([statements], "postgresql", Context(**{"lock_timeout": True, **context}))
    return found


@pytest.mark.parametrize(
    ("rows", "size", "severity"),
    [
        (None, None, Severity.WARNING),
        (500, 8192, Severity.NOTICE),
        (500, 32 * 1024**2, Severity.WARNING),
        (50_000, None, Severity.WARNING),
        (5_000_000, 1, Severity.DANGER),
        (10, 2 * 1024**3, Severity.DANGER),
    ],
)
def test_work_under_a_lock_weighs_by_the_table_s_size(rows, size, severity):
    assert only(INDEX, tables={"shop_item": Table(rows=rows, bytes=size)}).severity is severity


def test_a_busy_table_is_never_a_mere_notice():
    found = only(INDEX, tables={"shop_item": Table(rows=5, bytes=8192, hot=True)})
    assert found.severity is Severity.WARNING


def test_a_loss_is_a_danger_unless_the_table_is_empty():
    def weight(rows):
        found = lint(
            ["DROP TABLE t"],
            "postgresql",
            Context(phase="contract", tables={"t": Table(rows=rows)}, lock_timeout=True),
        )
        return [one.severity for one in found if one.id == "destructive"]

    assert weight(None) == weight(7) == [Severity.DANGER]
    assert weight(0) == [Severity.NOTICE]


def test_tables_made_earlier_in_the_plan_carry_no_hazard():
    assert ids(INDEX) == ["index-not-concurrent"]
    assert ids(INDEX, created=frozenset({"shop_item"})) == []
    steps = [Step(["CREATE TABLE shop_item (price bigint)"], SAFE), Step([INDEX], SAFE)]
    assert lint_plan(steps) == []


def test_a_waiver_is_recorded_and_the_finding_kept():
    found = only(INDEX, waivers={"index-not-concurrent": "the shop is closed on Sundays"})
    assert found.waived == "the shop is closed on Sundays"
    assert found.as_json()["waived"] == "the shop is closed on Sundays"


def test_a_finding_says_where_it_stands_and_which_lock_is_taken():
    found = lint_plan([Step(["SELECT 1"], SAFE), Step(["SELECT 1", INDEX], SAFE)])
    assert [(one.step, one.statement, one.lock, one.table) for one in found] == [
        (1, 1, "ShareLock", "shop_item")
    ]


@pytest.mark.parametrize(
    ("statement", "phase"),
    [
        (INDEX, "expand"),
        ("ALTER TABLE t ADD CONSTRAINT t_c CHECK (a > (b))", "contract"),
        ("ALTER TABLE t ADD CONSTRAINT t_c CHECK (a > 0)", "expand"),
        (
            "ALTER TABLE t ADD CONSTRAINT t_f FOREIGN KEY (a) REFERENCES u (b) ON DELETE SET NULL",
            "contract",
        ),
        ("ALTER TABLE t ALTER a SET NOT NULL", "contract"),
        ("ALTER TABLE t ALTER a SET NOT NULL", "expand"),
        ("ALTER TABLE t ADD COLUMN a uuid DEFAULT gen_random_uuid()", "expand"),
        ("ALTER TABLE t ADD COLUMN a bigint NOT NULL", "expand"),
        ("ALTER TABLE t ALTER a DROP DEFAULT", "expand"),
        ("CREATE UNIQUE INDEX CONCURRENTLY i ON t (a)", "contract"),
        ("REFRESH MATERIALIZED VIEW t", "expand"),
    ],
)
def test_where_a_recipe_can_be_sql_it_is(statement, phase):
    tables = {"t": Table(indexes={"t_a": ("a",)})}
    found = lint([statement], "postgresql", Context(phase=phase, tables=tables))
    assert any(one.recipe.transactions for one in found)


def test_a_recipe_sets_a_lock_timeout_where_nobody_does():
    [found] = [one for one in lint([INDEX], context=Context()) if one.id == "index-not-concurrent"]
    assert found.recipe.transactions == (
        ("SET lock_timeout = '2s'",),
        ("CREATE INDEX CONCURRENTLY shop_i ON shop_item (price)",),
    )
    assert only(INDEX).recipe.transactions == (
        ("CREATE INDEX CONCURRENTLY shop_i ON shop_item (price)",),
    )


def test_a_recipe_that_would_be_refused_itself_stays_a_text():
    found = only("CREATE UNIQUE INDEX i ON t (a)", tables={"t": Table(distinct=(frozenset("a"),))})
    assert found.recipe.transactions
    found = lint(["CREATE UNIQUE INDEX i ON t (a)"], context=Context(lock_timeout=True))
    assert {one.id: bool(one.recipe.transactions) for one in found} == {
        "index-not-concurrent": False,
        "unique-over-existing-rows": True,
    }


def test_columns_that_were_found_distinct_may_become_unique():
    statement = "CREATE UNIQUE INDEX CONCURRENTLY i ON t (b, a)"
    assert ids(statement) == ["unique-over-existing-rows"]
    assert ids(statement, tables={"t": Table(distinct=(frozenset("a"),))}) == []


def test_a_longer_varchar_is_known_by_the_type_that_stands():
    statement = "ALTER TABLE t ALTER a TYPE varchar(60)"
    assert ids(statement) == ["type-change-rewrite", "narrowing"]
    assert ids(statement, tables={"t": Table(columns={"a": Column("character varying(40)")})}) == []


def test_with_no_addon_named_nothing_is_foreign_and_no_name_is_strange():
    assert ids("CREATE TABLE anything (id bigint CONSTRAINT pk PRIMARY KEY)") == []
    assert ids("CREATE TABLE anything (id bigint CONSTRAINT pk PRIMARY KEY)", addon="shop") == [
        "outside-namespace", "outside-namespace"
    ]  # fmt: skip


def test_ownership_that_is_said_goes_before_what_a_name_begins_with():
    tables = {"shop_item": Table(owner="gift")}
    statement = "COMMENT ON TABLE shop_item IS 'x'"
    assert ids(statement, addon="gift", tables=tables) == []
    assert ids(statement, addon="shop", tables=tables) == ["foreign-object-touched"]


def test_the_platform_s_tables_may_be_referred_to_by_every_addon():
    statement = "CREATE TABLE gift_x (id bigint CONSTRAINT gift_x_pk PRIMARY KEY CONSTRAINT gift_x_fk REFERENCES {} ON DELETE CASCADE)"
    assert ids(statement.format("talatat_load"), addon="gift") == []
    assert ids(statement.format("news_post"), addon="gift", tables={"news_post": Table(owner="news")}) == [
        "foreign-key-unrequired"
    ]  # fmt: skip


def test_statements_of_a_file_run_apart_but_for_those_between_begin_and_commit():
    index = "CREATE INDEX CONCURRENTLY i ON t (a)"
    assert ids([index, "SELECT 1"], transactional=False) == []
    assert ids([index, "SELECT 1"]) == ["concurrently-in-transaction"]
    assert ids(["BEGIN", index, "COMMIT"], transactional=False) == ["concurrently-in-transaction"]
    assert ids(["BEGIN", "SELECT 1", "COMMIT", index], transactional=False) == []


def test_a_local_timeout_ends_with_its_transaction():
    statements = [
        "BEGIN",
        "SET LOCAL lock_timeout = '1s'",
        "COMMIT",
        "ALTER TABLE t ADD COLUMN a int",
    ]
    assert ids(statements, transactional=False, lock_timeout=False) == ["lock-timeout-missing"]
    statements[1] = "SET lock_timeout = '1s'"
    assert ids(statements, transactional=False, lock_timeout=False) == []


def test_the_driver_s_placeholders_are_read():
    assert ids("UPDATE t SET a = %(a)s WHERE id = %(id)s") == []
    assert ids("UPDATE t SET a = %s WHERE b = %s") == ["unbatched-update"]


@pytest.mark.parametrize(
    "statement", ["ALTER TABEL t", "SELECT 1; DROP", "SELECT 1\0; DROP TABLE t"]
)
@pytest.mark.parametrize("dialect", ["postgresql", "sqlite"])
def test_what_does_not_parse_is_an_error_that_says_which_statement(statement, dialect):
    with pytest.raises(HazardsError, match="statement 2 cannot be read"):
        lint(["SELECT 1", statement], dialect)


def test_an_unknown_dialect_is_an_error_that_lists_the_known():
    with pytest.raises(HazardsError, match="postgresql, sqlite"):
        lint([], "oracle")


def test_a_statement_nested_beyond_measure_is_called_opaque():
    assert ids(f"SELECT {'+'.join('1' * 3000)}") == ["opaque-code"]


REVISION = "from alembic import op\nimport sqlalchemy as sa\nfrom talatat.db import types as t\n"


@pytest.mark.parametrize(
    "line",
    [
        "from talatat_shop.models import Item",
        "from talatat_shop import Item",
        "import talatat_shop.pricing as pricing",
        "from ...models import Item",
        "from talatat.events.models import Row",
        "def upgrade():\n    from talatat_gift import Card",
        "import importlib\nitem = importlib.import_module('talatat_shop.items')",
    ],
)
def test_a_revision_that_imports_its_addon_s_models_is_named_with_the_line(tmp_path, line):
    path = Path(tmp_path, "0001_x.py")
    path.write_text(REVISION + line)
    packages = frozenset({"talatat_shop", "talatat_gift"})
    [found] = lint([], context=Context(source=path, packages=packages))
    assert found.id == "imports-application-models"
    assert found.statement is None
    assert "0001_x.py:" in found.message


def test_a_revision_that_says_its_columns_itself_is_clean(tmp_path):
    path = Path(tmp_path, "0001_x.py")
    path.write_text(REVISION + "from pathlib import Path\nimport json\n")
    assert lint([], context=Context(source=path, packages=frozenset({"talatat_shop"}))) == []


def test_every_rule_describes_itself_and_no_id_is_said_twice():
    for name, rule in RULES.items():
        assert name == name.lower().replace("_", "-")
        assert rule.title
        assert rule.why.endswith(".")
        assert rule.recipe.endswith(".")
        assert rule.each or rule.statement or rule.plan or rule.source
