"""`talatat revision`: what it refuses, leaves alone and writes besides changes of models."""

import os
import shutil
import sys

from .conftest import REVISION

ALONE = """
    def upgrade():
        if op.get_bind().dialect.name == "sqlite":
            op.execute("CREATE VIRTUAL TABLE shop_search USING fts5(title)")
        else:
            op.execute("CREATE TABLE shop_search (title text)")
        op.execute("CREATE INDEX shop_book_lower_ix ON shop_book (lower(title))")
        op.create_table(
            "shop_old",
            sa.Column("id", t.UUIDv7(), primary_key=True),
            sa.Column("book_id", t.UUIDv7(), sa.ForeignKey("shop_book.id", ondelete="CASCADE"), unique=True),
            sa.Column("made", t.UTCDateTime(), nullable=False, index=True),
            sa.Column("count", sa.Numeric(10, 2), server_default="0"),
            sa.CheckConstraint("count >= 0", name="counted"),
        )
    """


def files_of(shop):
    return sorted(path.name for path in shop.folder.glob("*.py"))


def test_nothing_is_written_where_models_and_revisions_agree(shop):
    assert "the models of shop and its revisions agree" in shop.run("revision", "shop", "-m", "x")
    assert files_of(shop) == ["0001_books.py"]


def test_what_an_addon_makes_in_sql_alone_is_left_alone_and_dropped_on_request(shop):
    shop.addons.revision("shop", "0002_more", "pass", down="0001_books")
    path = shop.folder / "0002_more.py"
    path.write_text(
        path.read_text().replace("def upgrade():\n    pass\n", "") + ALONE.replace("\n    ", "\n")
    )
    told = shop.revision()
    assert told["files"] == []
    said = "\n".join(told["notes"])
    assert "shop_old, shop_search" in said
    assert "the index shop_book_lower_ix is over expressions" in said
    refused = shop.run("revision", "shop", "-m", "x", "--drop-table", "shop_book", code=1)
    assert "none of its models describes" in refused
    shop.apply()
    before = shop.schema()
    told = shop.revision("--drop-table", "shop_old")
    shop.apply()
    assert "shop_old" not in shop.schema()
    shop.back(told["files"])
    assert shop.schema() == before


def test_an_empty_revision_and_one_of_data_are_written_to_be_filled_in(shop):
    out = shop.run(
        "revision", "shop", "-m", "Something by hand, with a name that is rather long", "--empty"
    )
    assert "0002_something_by_hand_with_a.py" in out
    written = (shop.folder / "0002_something_by_hand_with_a.py").read_text()
    assert 'down_revision = "0001_books"' in written
    out = shop.run("revision", "shop", "-m", "fill", "--phase", "data")
    assert "change the example of `batches`" in out
    written = (shop.folder / "0003_fill.py").read_text()
    assert (
        'batches = [Batch("shop_table", set="name = lower(title)", where="name IS NULL")]'
        in written
    )
    assert 'down_revision = "0002_something_by_hand_with_a"' in written
    refused = shop.run("revision", "shop", "-m", "x", "--before", "0009_none", code=1)
    assert "It has: 0001_books" in refused
    assert len(files_of(shop)) == 3


def test_an_addon_that_is_not_composed_or_not_editable_is_refused(shop, capsys, monkeypatch):
    assert "addon 'nobody' is not composed" in shop.run("revision", "nobody", "-m", "x", code=1)
    access = os.access
    closed = shop.addons.folder / shop.addons.package("shop")
    monkeypatch.setattr(os, "access", lambda path, mode: path != closed and access(path, mode))
    assert "cannot be written to" in shop.run("revision", "shop", "-m", "x", code=1)
    monkeypatch.undo()
    installed = shop.addons.folder / "site-packages"
    installed.mkdir()
    package = shop.addons.package("shop")
    shutil.move(shop.addons.folder / package, installed / package)
    monkeypatch.setattr(sys, "path", [str(installed), *sys.path])
    said = shop.run("revision", "shop", "-m", "x", code=1)
    assert "pip install -e FOLDER" in said


def test_what_does_not_run_is_not_written(shop):
    more = (
        'def upgrade():\n    op.execute("CREATE VIEW shop_notes AS SELECT note FROM shop_book")\n'
    )
    shop.addons.revision("shop", "0002_view", "pass", down="0001_books")
    path = shop.folder / "0002_view.py"
    path.write_text(path.read_text().replace("def upgrade():\n    pass\n", more))
    shop.write({"note": None})
    said = shop.run("revision", "shop", "-m", "x", code=1)
    assert "nothing was written" in said
    assert "--empty" in said
    assert files_of(shop) == ["0001_books.py", "0002_view.py"]


def test_models_that_the_database_refuses_are_told(shop):
    shop.write({"__table_args__": '(CheckConstraint("nosuch(1)", name="x"),)'})
    assert "the models of maker, shop cannot be made in a database" in shop.run(
        "revision", "shop", "-m", "x", code=1
    )


def test_two_heads_are_merged_by_the_next_revision(shop):
    for name in ("0002_left", "0002_right"):
        shop.addons.revision("shop", name, "pass", down="0001_books")
    shop.run("revision", "shop", "-m", "both", "--empty")
    assert (
        'down_revision = ("0002_left", "0002_right")' in (shop.folder / "0003_both.py").read_text()
    )
    shop.apply()


def test_what_cannot_be_written_is_told(shop):
    other_key = REVISION.replace(
        '"version", sa.Integer, nullable=False', '"version", sa.Integer, primary_key=True'
    )
    shop.write({}, revision=other_key)
    told = shop.revision()
    assert any("its primary key is another one" in one for one in told["notes"])
    assert told["files"] == []


def test_people_are_told_files_notes_and_hazards(shop):
    shop.write({"pages": "mapped_column(BigInteger, nullable=False)"})
    out = shop.run("revision", "shop", "-m", "larger")
    assert "0002_larger_contract.py" in out
    assert "note: shop_book.pages becomes bigint (was integer)" in out
    if shop.url.startswith("postgresql"):
        assert "warning: 0002_larger_contract: type-change-rewrite" in out
        assert "instead: " in out
    assert f"talatat plan {shop.ini}" in out
    refused = shop.run("revision", "shop", "-m", "x", "--empty", "--drop-table", "x", code=1)
    assert "--drop-table belongs to" in refused


def test_a_first_revision_makes_its_folder_where_that_can_be_made(shop):
    package = shop.addons.folder / shop.addons.write("young", {})
    shop.ini = shop.addons.ini("young", url=shop.url)
    (package / "migrations").write_text("a file stands where the folder would")
    said = shop.run("revision", "young", "-m", "first", "--empty", code=1)
    assert "cannot be written to" in said
    (package / "migrations").unlink()
    shop.run("revision", "young", "-m", "first", "--empty")
    written = (package / "migrations" / "versions" / "0001_first.py").read_text()
    assert "down_revision = None" in written
