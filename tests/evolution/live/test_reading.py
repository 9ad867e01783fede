"""What others read of a schema: tables, their keys and indexes, whose things are, and parts of it."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from talatat.db.engine import make_migration_engine, parse_url
from talatat.evolution.live import Column, ForeignKey, Index, Schema, read_schema

COMMON = """
CREATE TABLE shelf_book (id INTEGER PRIMARY KEY, title VARCHAR(20) DEFAULT 'x' NOT NULL, twice INTEGER GENERATED ALWAYS AS (2) STORED);
CREATE TABLE shelf_extra_note (book INTEGER NOT NULL, line INTEGER NOT NULL, other INTEGER,
    CONSTRAINT note_pk PRIMARY KEY (line, book),
    CONSTRAINT note_book_fk FOREIGN KEY (book) REFERENCES shelf_book ON DELETE CASCADE,
    CONSTRAINT note_note_fk FOREIGN KEY (other, book) REFERENCES shelf_extra_note (line, book),
    CONSTRAINT note_uq UNIQUE (other, line));
CREATE INDEX book_title_ix ON shelf_book (lower(title), id) WHERE title <> '';
CREATE UNIQUE INDEX note_other_ix ON shelf_extra_note (other);
CREATE VIEW shelf_titles AS SELECT title FROM shelf_book;
CREATE TABLE shelf_alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY);
CREATE TABLE shelf_extra_alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY);
CREATE TABLE stranger (id INTEGER)
"""


def made(url: str, script: str, *only: str) -> Schema:
    engine = make_migration_engine(parse_url(url))
    with engine.connect() as connection:
        for statement in script.split(";\n"):
            connection.execute(text(statement))
        schema = read_schema(connection, (lambda name: name.startswith(only)) if only else None)
        connection.rollback()
    engine.dispose()
    return schema


def test_tables_are_told_alike_by_both_databases(database_url: str) -> None:
    schema = made(database_url, COMMON)
    book, note = schema.tables["shelf_book"], schema.tables["shelf_extra_note"]
    number = "INTEGER" if schema.dialect == "sqlite" else "integer"
    assert book.columns["id"] == Column(number, False, None)
    assert book.columns["title"].nullable is False
    assert "'x'" in str(book.columns["title"].default)
    assert book.columns["twice"].generated
    assert book.primary_key == ("id",)
    assert note.primary_key == ("line", "book")
    assert set(note.foreign_keys) == {
        ForeignKey("note_book_fk", ("book",), "shelf_book", ("id",), "cascade"),
        ForeignKey(
            "note_note_fk", ("other", "book"), "shelf_extra_note", ("line", "book"), "no action"
        ),
    }
    assert book.indexes == {"book_title_ix": Index((None, "id"), False, True)}
    assert note.indexes["note_other_ix"] == Index(("other",), True)
    assert Index(("other", "line"), True) in note.indexes.values()


def test_a_part_of_a_schema_has_what_stands_on_its_tables(database_url: str) -> None:
    schema = made(database_url, COMMON, "shelf_book", "shelf_titles")
    assert set(schema.tables) == {"shelf_book"}
    assert set(schema.canonical()) == {"shelf_book", "shelf_titles"}
    assert {(one.kind, one.name) for one in schema.objects if one.kind != "constraint"} == {
        ("table", "shelf_book"),
        ("index", "book_title_ix"),
        ("view", "shelf_titles"),
    }


POSTGRESQL = """
CREATE SCHEMA elsewhere;
CREATE TABLE elsewhere.target (id integer PRIMARY KEY);
CREATE EXTENSION pg_trgm SCHEMA elsewhere;
CREATE TYPE a_mood AS ENUM ('one');
CREATE TYPE b_mood AS ENUM ('one');
CREATE SEQUENCE a_numbers;
CREATE SEQUENCE b_numbers;
CREATE FUNCTION a_one() RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION b_one() RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE TABLE a (id serial PRIMARY KEY, number integer GENERATED ALWAYS AS IDENTITY);
CREATE TABLE b (id serial PRIMARY KEY, target integer REFERENCES elsewhere.target ON DELETE SET DEFAULT);
CREATE VIEW b_ids AS SELECT id FROM b;
CREATE RULE b_ids_delete AS ON DELETE TO b_ids DO INSTEAD NOTHING
"""


def test_what_belongs_to_no_table_is_asked_for_by_its_own_name(postgresql_url: str) -> None:
    schema = made(postgresql_url, POSTGRESQL, "a")
    assert set(schema.canonical()) == {"a", "a_mood", "a_numbers", "a_one()"}
    names = {
        one.name
        for one in schema.objects
        if one.kind in ("sequence", "type", "function", "extension")
    }
    assert names == {"a_mood", "a_numbers", "a_one()", "a_id_seq"}
    assert schema.tables["a"].columns["number"].identity


def test_a_key_to_another_schema_and_an_extension_in_one_are_named_with_it(
    postgresql_url: str,
) -> None:
    schema = made(postgresql_url, POSTGRESQL)
    assert schema.tables["b"].foreign_keys[0][2:] == ("elsewhere.target", ("id",), "set default")
    extensions = [one.sql for one in schema.objects if one.kind == "extension"]
    assert extensions == [
        "CREATE SCHEMA IF NOT EXISTS elsewhere",
        'CREATE EXTENSION IF NOT EXISTS "pg_trgm" WITH SCHEMA elsewhere',
    ]


@pytest.mark.parametrize("script", ["", COMMON])
def test_the_fingerprint_is_a_digest_that_does_not_change_from_one_reading_to_the_next(
    database_url: str, script: str
) -> None:
    script = script or "CREATE TABLE a (id INTEGER)"
    one, other = made(database_url, script), made(database_url, script)
    assert one.fingerprint == other.fingerprint
    assert len(one.fingerprint) == 64
