"""What composing refuses of an addon's tables, each with the addon and the line."""

import pytest

from talatat.composing import compose
from talatat.errors import TalatatError

HEAD = """
from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, String, Table, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship
from talatat.db import Record, UUIDv7, declarative_base
from PKG_shelf.models import Book
Base = declarative_base("notes")
"""


def said_of(shelf, body, requires=("shelf",), head=HEAD):
    shelf.write(
        "notes", {"__init__.py": "from . import models\ndef includeme(config): pass\n",
                  "models.py": head + body}, requires=requires,
    )  # fmt: skip
    with pytest.raises(TalatatError) as caught:
        compose(shelf.composition("shelf", "notes", url="sqlite:////nowhere.sqlite"))
    return str(caught.value)


CASES = {
    "a table that is not named after its addon": (
        """
class Note(Record, Base):
    __tablename__ = "note"
""",
        "the name note does not begin with 'notes_'",
    ),
    "an index that is not named after its addon": (
        """
class Note(Record, Base):
    __tablename__ = "notes_note"
    word: Mapped[str]
    __table_args__ = (Index("word_index", "word"),)
""",
        "the name word_index does not begin with 'notes_'",
    ),
    "a name that PostgreSQL would cut": (
        f"""
class Note(Record, Base):
    __tablename__ = "notes_{"n" * 60}"
""",
        "is longer than 63 bytes",
    ),
    "a check without a name": (
        """
class Note(Record, Base):
    __tablename__ = "notes_note"
    number: Mapped[int]
Base.metadata.naming_convention = {}
Note.__table__.append_constraint(CheckConstraint("number > 0"))
""",
        "a CheckConstraint of notes_note has no name",
    ),
    "a foreign key that blocks deletes in another addon": (
        """
class Note(Record, Base):
    __tablename__ = "notes_note"
    book_id: Mapped[str] = mapped_column(ForeignKey(Book.__table__.c.id))
""",
        "would block deletes there while notes sleeps",
    ),
    "a foreign key that restricts": (
        """
class Note(Record, Base):
    __tablename__ = "notes_note"
    book_id: Mapped[str] = mapped_column(ForeignKey(Book.__table__.c.id, ondelete="RESTRICT"))
""",
        "Give it ondelete='CASCADE' or 'SET NULL'",
    ),
    "a foreign key by a string to another addon's table": (
        """
class Note(Record, Base):
    __tablename__ = "notes_note"
    book_id: Mapped[str] = mapped_column(ForeignKey("shelf_book.id", ondelete="CASCADE"))
""",
        "leads nowhere",
    ),
    "a relationship by a string to another addon's model": (
        """
class Note(Record, Base):
    __tablename__ = "notes_note"
    book_id: Mapped[str] = mapped_column(ForeignKey(Book.__table__.c.id, ondelete="CASCADE"))
    book = relationship("Book")
""",
        "its models (PKG_notes.models) cannot be mapped",
    ),
    "two attributes of one column": (
        """
class Note(Record, Base):
    __tablename__ = "notes_note"
    number: Mapped[int]
Note.__mapper__.add_property("twin", Note.__table__.c.number)
""",
        "2 attributes of Note are mapped to the one column notes_note.number",
    ),
    "a base of another name": (
        """
Other = declarative_base("nodes")
class Note(Record, Other):
    __tablename__ = "nodes_note"
""",
        "calls declarative_base('nodes'). Write declarative_base('notes')",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_composing_refuses(shelf, case):
    body, words = CASES[case]
    said = said_of(shelf, body)
    assert words.replace("PKG", shelf.prefix) in said
    assert "addon notes" in said


def test_a_refusal_names_the_line_of_the_class(shelf):
    said = said_of(shelf, CASES["a table that is not named after its addon"][0])
    assert "models.py:8" in said


def test_a_foreign_key_to_an_addon_that_is_not_required_is_refused(shelf):
    body = """
class Note(Record, Base):
    __tablename__ = "notes_note"
    book_id: Mapped[str] = mapped_column(ForeignKey(Book.__table__.c.id, ondelete="CASCADE"))
"""
    said = said_of(shelf, body, requires=())
    assert "which notes does not require" in said
    assert "install it again" in said  # an edit of pyproject.toml alone changes no metadata


def test_a_table_of_two_addons_is_refused(shelf):
    shelf.write("notes_more", {
        "__init__.py": "from . import models\ndef includeme(config): pass\n",
        "models.py": HEAD.replace('("notes")', '("notes_more")') + """
class Note(Record, Base):
    __tablename__ = "notes_more_note"
""",
    }, requires=("shelf",))  # fmt: skip
    shelf.write("notes", {
        "__init__.py": "from . import models\ndef includeme(config): pass\n",
        "models.py": HEAD + """
class Note(Record, Base):
    __tablename__ = "notes_more_note"
""",
    }, requires=("shelf",))  # fmt: skip
    with pytest.raises(TalatatError, match="notes_more_note is declared by addon notes_more too"):
        compose(shelf.composition("notes_more", "notes", url="sqlite:////nowhere.sqlite"))


def test_all_problems_of_all_addons_are_told_at_once(shelf):
    both = (
        CASES["a table that is not named after its addon"][0]
        + """
class Other(Record, Base):
    __tablename__ = "notes_other"
    book_id: Mapped[str] = mapped_column(ForeignKey(Book.__table__.c.id))
"""
    )
    said = said_of(shelf, both)
    assert said.startswith("1. ")
    assert "\n2. " in said


def test_good_tables_and_tables_without_a_model_pass(shelf):
    shelf.write("notes", {
        "__init__.py": "from . import models\ndef includeme(config): pass\n",
        "models.py": HEAD + """
class Note(Record, Base):
    __tablename__ = "notes_note"
    word: Mapped[str] = mapped_column(unique=True, index=True)
    book_id: Mapped[str | None] = mapped_column(
        ForeignKey(Book.__table__.c.id, ondelete="SET NULL"), index=True)
    book = relationship(Book)
    __table_args__ = (CheckConstraint("word <> ''", name="word"),)
tags = Table("notes_tag", Base.metadata, Column("note_id", ForeignKey(Note.id), primary_key=True))
""",
    }, requires=("shelf",))  # fmt: skip
    config = compose(shelf.composition("notes", url="sqlite:////nowhere.sqlite"))
    names = {
        constraint.name
        for table in shelf.module("notes.models").Base.metadata.tables.values()
        for constraint in (*table.constraints, *table.indexes)
    }
    assert names == {
        "notes_note_pk", "notes_note_word_ix", "notes_note_book_id_fk",
        "notes_note_book_id_ix", "notes_note_word_ck", "notes_tag_pk", "notes_tag_note_id_fk",
    }  # fmt: skip
    assert config.registry.system.models.attachments == []
