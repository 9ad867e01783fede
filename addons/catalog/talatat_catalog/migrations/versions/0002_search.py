"""The search index: FTS5 with its documents on SQLite, postings with their impact on PostgreSQL."""

import sqlalchemy as sa
from alembic import op

from talatat.db import types as t

revision = "0002_search"
down_revision = "0001_products"
requires: dict[str, str] = {}
phase = "expand"

FIELDS = ("title", "supplier", "code", "description", "attributes")


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        upgrade_postgresql()
    else:
        upgrade_sqlite()


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.drop_table("catalog_search_posting")
        return
    for table in ("catalog_search_place", "catalog_search_term", "catalog_search"):
        op.execute(f"DROP TABLE {table}")
    op.drop_table("catalog_search_document")


def upgrade_postgresql() -> None:
    op.create_table(
        "catalog_search_posting",
        # Compared byte by byte: terms are folded already, and this is several times faster.
        sa.Column("term", sa.Text(collation="C"), nullable=False),
        product_reference(index=True),
        sa.Column("impact", sa.REAL, nullable=False),
    )
    # The impact stands in the index too: a search reads nothing else.
    op.execute(
        "ALTER TABLE catalog_search_posting ADD CONSTRAINT catalog_search_posting_pk "
        "PRIMARY KEY (term, product_id) INCLUDE (impact)"
    )


def upgrade_sqlite() -> None:
    op.create_table(
        "catalog_search_document",
        sa.Column("id", sa.Integer, primary_key=True),
        product_reference(unique=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in FIELDS),
        *(sa.Column(f"{name}_norm", sa.Float, nullable=False) for name in FIELDS),
    )
    columns = ", ".join(FIELDS)
    # Terms are made by the addon's own analysis, which keeps letters and digits of any script, and
    # the point in numbers: exactly what this tokenizer does not split.
    op.execute(
        f"CREATE VIRTUAL TABLE catalog_search USING fts5({columns}, "
        "content='catalog_search_document', content_rowid='id', tokenize=\"ascii tokenchars '.'\")"
    )
    op.execute("CREATE VIRTUAL TABLE catalog_search_term USING fts5vocab(catalog_search, row)")
    op.execute(
        "CREATE VIRTUAL TABLE catalog_search_place USING fts5vocab(catalog_search, instance)"
    )
    for trigger in triggers(columns):
        op.execute(trigger)


def triggers(columns: str) -> list[str]:
    """Statements that keep the full-text table the same as the documents, whoever changes these."""
    old = ", ".join(f"old.{name}" for name in FIELDS)
    new = ", ".join(f"new.{name}" for name in FIELDS)
    put = f"INSERT INTO catalog_search (rowid, {columns}) VALUES (new.id, {new});"
    take = (
        f"INSERT INTO catalog_search (catalog_search, rowid, {columns}) "
        f"VALUES ('delete', old.id, {old});"
    )
    when = {"insert": put, "delete": take, "update": f"{take} {put}"}
    return [
        f"CREATE TRIGGER catalog_search_document_{event} AFTER {event.upper()} "
        f"ON catalog_search_document BEGIN {body} END"
        for event, body in when.items()
    ]


def product_reference(index: bool = False, unique: bool = False) -> sa.Column:
    """The product that a row belongs to and goes with."""
    key = sa.ForeignKey("catalog_product.id", ondelete="CASCADE")
    return sa.Column("product_id", t.UUIDv7(), key, nullable=False, index=index, unique=unique)
