"""An addon that has one of everything that the database systems know."""

from __future__ import annotations

import re

from tests.evolution.live import rich

from talatat.evolution.archive import archive, move_back, purge, restore_file

NAMES = (
    "all_titles big book document draft Genre is_big label labels mood numbers pair percent place sale sale_old"
    " sale_rest search search_term shelf span title_counts titles total touch twice"
).split()
ROWS = {
    "sqlite": """
        INSERT INTO "rich_Genre" VALUES ('a', NULL), ('b', 'a');
        INSERT INTO rich_shelf (size) VALUES (3), (4);
        INSERT INTO rich_book (id, title, genre, shelf_id) VALUES ('b1', 't', 'a', 1);
        INSERT INTO rich_document (body) VALUES ('some text here'), ('more text');
        INSERT INTO rich_place VALUES (1, 0.5, 2.5), (2, 3, 4)
        """,
    "postgresql": """
        INSERT INTO "rich_Genre" VALUES ('a', NULL), ('b', 'a');
        INSERT INTO rich_book (title, genre, "select", two) VALUES ('t1', 'a', 's', ROW(1, 'x'));
        INSERT INTO rich_sale VALUES (1, '2020-05-05', 1), (2, '2030-01-01', 1);
        INSERT INTO rich_draft VALUES ('d', NULL, 'n');
        INSERT INTO rich_big (book_id) VALUES (1);
        UPDATE rich_book SET big_id = 8;
        REFRESH MATERIALIZED VIEW rich_title_counts
        """,
}


def named_after_an_addon(schema: str) -> list[str]:
    """The statements of a schema, everything in it named `rich_...`."""
    for name in NAMES:
        schema = re.sub(rf"""(?<![\w.'])("?){name}(?!\w)""", rf"\1rich_{name}", schema)
    schema = schema.replace("'document'", "'rich_document'").replace("'numbers'", "'rich_numbers'")
    lines = [line for line in schema.splitlines() if "talatat_" not in line]
    return ["\n".join(lines)]


def test_one_of_everything_goes_and_comes_back(site, tmp_path):
    site.bring("shelf")
    schema = rich.SQLITE if site.dialect == "sqlite" else rich.POSTGRESQL
    site.script(*named_after_an_addon(schema), *ROWS[site.dialect].split(";\n"))
    before = site.dump()
    opened = site.opened("shelf")
    (made,) = archive(opened, "rich")
    assert not {one for one in site.tables() if one.startswith("rich")}
    with opened.changing() as connection, connection.begin():
        assert move_back(connection, made.manifest.id).orphans == ()
    assert site.dump() == before

    (made,) = archive(opened, "rich", file=tmp_path / "rich.zip")
    purge(opened, "rich", made.manifest.id)
    site.addons.write("rich", {"__init__.py": "def includeme(config): pass"})
    restore_file(site.opened("shelf", "rich"), tmp_path / "rich.zip")
    if (
        site.dialect == "postgresql"
    ):  # it words an expression in another way when it reads its own words
        before = [
            line for line in before if line.startswith(("INSERT", "SELECT pg_catalog.setval"))
        ]
    assert set(before) <= set(site.dump())
