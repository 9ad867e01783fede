"""The plans that are interrupted: what a small shop's addon `shelf` brings in its next release.

Each is one or more revisions after `0001_books`, whose table holds fifty books. Bodies are Python; `down`
follows the order in which they stand.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Revision:
    """One revision: its body, its phase, and further lines of its module."""

    body: str
    phase: str = "expand"
    head: str = ""


def add(column: str, kind: str = "sa.Text()") -> Revision:
    return Revision(f'op.add_column("shelf_book", sa.Column("{column}", {kind}))')


def fill(column: str, value: str, size: int = 7) -> Revision:
    batch = f'Batch("shelf_book", set="{column} = {value}", where="{column} IS NULL", size={size})'
    return Revision("pass", "data", f"batches = [{batch}]")


def index(columns: str, name: str, unique: bool = False) -> Revision:
    body = (
        f'op.create_index("{name}", "shelf_book", {columns}, unique={unique}, '
        "postgresql_concurrently=True)"
    )
    return Revision(body, "expand", "transactional = False")


def rebuilt(change: str, phase: str = "contract") -> Revision:
    return Revision(f'with op.batch_alter_table("shelf_book") as table:\n    table.{change}', phase)


def table(name: str, more: str = "") -> Revision:
    key = 'sa.Column("id", t.UUIDv7(), primary_key=True)'
    return Revision(f'op.create_table("shelf_{name}", {key}{more})')


REFERS = ', sa.Column("book_id", t.UUIDv7(), sa.ForeignKey("shelf_book.id", ondelete="CASCADE"), index=True)'
COPY = Revision(
    'op.execute("INSERT INTO shelf_copy (id, book_id) SELECT id, id FROM shelf_book")', "data"
)
DROP_TITLE = rebuilt('drop_column("title")')

PLANS: Mapping[str, tuple[Revision, ...]] = {
    "a table": (table("tag"),),
    "a table that refers to books": (table("copy", REFERS),),
    "a table that is filled": (table("copy", REFERS), COPY),
    "three tables": (table("one"), table("two"), table("three")),
    "a column": (add("slug"),),
    "a column with a default": (add("copies", 'sa.Integer(), nullable=False, server_default="1"'),),
    "two columns in two revisions": (add("slug"), add("isbn")),
    "a column that is filled in batches": (add("slug"), fill("slug", "lower(title)")),
    "two columns that are filled": (
        add("slug"), fill("slug", "lower(title)"), add("isbn"), fill("isbn", "title || '-13'"),
    ),
    "an index": (index('["title"]', "shelf_book_title_ix"),),
    "a unique index": (index('["title"]', "shelf_book_title_uq", unique=True),),
    "two indexes": (
        index('["title"]', "shelf_book_title_ix"), index('["created_at"]', "shelf_book_created_ix"),
    ),
    "a column, its rows and its index": (
        add("slug"), fill("slug", "lower(title)"), index('["slug"]', "shelf_book_slug_ix"),
    ),
    "a column is dropped": (DROP_TITLE,),
    "a rename by copying": (add("name"), fill("name", "title"), DROP_TITLE),
    "a split": (
        add("head"), add("tail"),
        Revision("pass", "data", 'batches = [Batch("shelf_book", set="head = substr(title, 1, 5), '
                 'tail = substr(title, 7)", where="head IS NULL", size=9)]'),
        DROP_TITLE,
    ),
    "a change of type by a new column": (
        add("number", "sa.BigInteger()"), fill("number", "CAST(version AS BIGINT) * 10"),
    ),
    "NOT NULL after a backfill": (
        add("slug"), fill("slug", "lower(title)"),
        rebuilt('alter_column("slug", existing_type=sa.Text(), nullable=False)'),
    ),
    "a check": (rebuilt('create_check_constraint(op.f("shelf_book_version_ck"), "version > 0")', "expand"),),
    "a unique constraint": (rebuilt('create_unique_constraint("shelf_book_title_uq", ["title"])', "expand"),),
    "a rebuilt parent": (
        table("copy", REFERS), COPY, rebuilt('alter_column("title", existing_type=sa.String(), nullable=True)'),
    ),
    "a table is dropped": (table("copy", REFERS), COPY, Revision('op.drop_table("shelf_copy")', "contract")),
    "a view": (Revision('op.execute("CREATE VIEW shelf_titles AS SELECT id, title FROM shelf_book")'),),
    "rows are written by a data revision": (
        Revision("op.execute(\"UPDATE shelf_book SET title = title || '!' WHERE version = 1\")", "data"),
    ),
    "a backfill that may run once only": (
        Revision("pass", "data", 'batches = [Batch("shelf_book", set="version = version + 1", size=11)]'),
    ),
    "all at once": (
        add("slug"), fill("slug", "lower(title)"), index('["slug"]', "shelf_book_slug_ix"),
        table("copy", REFERS), COPY, DROP_TITLE, table("late"),
    ),
}  # fmt: skip


def files(plan: str) -> dict[str, str]:
    """The revision files of one plan, by name."""
    found, down = {}, "0001_books"
    for number, one in enumerate(PLANS[plan], 2):
        name = f"{number:04d}_step"
        body = "\n    ".join(one.body.splitlines())
        found[f"{name}.py"] = (
            "import sqlalchemy as sa\nfrom alembic import op\nfrom talatat.db import types as t\n"
            "from talatat.db.batches import Batch\n"
            f"revision, down_revision, phase = {name!r}, {down!r}, {one.phase!r}\n"
            f"reversible = True\n{one.head}\n\n\ndef upgrade():\n    {body}\n"
        )
        down = name
    return found
