"""A statement that is compiled once means for each application what its types mean there."""

import gc
import weakref

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.psycopg import dialect as PostgreSQL
from sqlalchemy.types import TypeDecorator

from talatat.db import Prepared


class Sealed(TypeDecorator):
    """A text under the key of its application, as `Encrypted` is."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value, dialect):
        return f"{dialect.key}:{value}"

    def process_result_value(self, value, dialect):
        return value.removeprefix(f"{dialect.key}:")


class Result:
    """What the database says of the columns of a result."""

    def ftype(self, at):
        return 25


note = sa.table("note", sa.column("word", Sealed))
WORD = Prepared(sa.select(note.c.word).where(note.c.word == sa.bindparam("word")))


def application(key):
    made = PostgreSQL()
    made.key = key
    return made


def test_each_application_has_its_own_keys():
    one, other = application("one"), application("other")
    for dialect in (one, other, one):
        compiled = WORD.compiled(dialect)
        key = dialect.key
        assert compiled.bound({"word": "hush"}) == [f"{key}:hush"]
        assert compiled.processed([(f"{key}:hush",)], Result()) == [("hush",)]
        assert WORD.compiled(dialect) is compiled


def test_what_was_compiled_goes_with_its_application_and_with_its_statement():
    dialect, prepared = application("one"), Prepared(sa.select(note.c.word))
    kept = [weakref.ref(one) for one in (dialect, prepared.compiled(dialect))]
    del dialect
    gc.collect()
    assert [one() for one in kept] == [None, None]
    compiled = weakref.ref(prepared.compiled(other := application("other")))
    del prepared
    gc.collect()
    assert compiled() is None
    assert other.key == "other"
