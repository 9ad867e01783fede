"""On SQLite a schema is what it means, however its statements are laid out; what is read agrees with SQLite."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from talatat.evolution.hazards.tokens import Piece, pieces, tokenize
from talatat.evolution.live import Schema, read_schema
from talatat.evolution.live.spelling import bare, spelled, squeezed
from talatat.evolution.shadow import shadow

from . import rich

GAPS = [" ", "\n\t", " /* , ( ' */ ", " -- it's ), \n"]


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with shadow("sqlite", "sqlite://") as engine:
        yield engine


def schema_of(engine: Engine, statements: list[str]) -> Schema:
    with engine.connect() as connection, connection.begin() as transaction:
        for one in statements:
            connection.exec_driver_sql(one, execution_options={"no_parameters": True})
        schema = read_schema(connection)
        transaction.rollback()
    return schema


def laid_out(piece: Piece, draw: st.DrawFn) -> str:
    """The same statement with other white space, comments and letters in its key words."""
    if "VIRTUAL" in piece.text:  # what stands in its parentheses is its module's
        return piece.text
    text, end = "", 0
    for token in tokenize(piece.text):
        if token.start > end or token.text in {"(", ")", ","}:
            text += draw(st.sampled_from(GAPS))
        shout = token.kind == "word" and token.text.isupper()
        text += token.text.lower() if shout and draw(st.booleans()) else token.text
        end = token.end
    return text


@settings(max_examples=10, deadline=None)
@given(st.data())
def test_layout_is_no_part_of_a_schema(engine: Engine, data: st.DataObject) -> None:
    plain = [one.text for one in pieces(rich.SQLITE)]
    other = [laid_out(one, data.draw) for one in pieces(rich.SQLITE)]
    assert schema_of(engine, other).canonical() == schema_of(engine, plain).canonical()


def test_foreign_keys_and_unique_constraints_are_those_that_sqlite_knows(engine: Engine) -> None:
    with engine.connect() as connection, connection.begin() as transaction:
        for one in pieces(rich.SQLITE):
            connection.exec_driver_sql(one.text)
        schema = read_schema(connection)
        known = {}
        for table in schema.tables:
            rows = connection.exec_driver_sql(f'PRAGMA foreign_key_list("{table}")').fetchall()
            known[table] = {
                (tuple(row[3] for row in group), group[0][2], group[0][6].lower())
                for group in (list(rows) for _, rows in groupby(rows, lambda row: row[0]))
            }
            unique = [
                tuple(
                    item[2] for item in connection.exec_driver_sql(f'PRAGMA index_info("{row[1]}")')
                )
                for row in connection.exec_driver_sql(f'PRAGMA index_list("{table}")')
                if row[3] == "u"
            ]
            said = [
                one
                for one in schema.canonical()[table]["constraints"].values()
                if one.startswith("unique")
            ]
            assert sorted(", ".join(one) for one in unique) == sorted(
                one.split("(")[1].split(")")[0].replace('"', "") for one in said
            )
        transaction.rollback()
    found = {
        table: {(key.columns, key.target_table, key.ondelete) for key in info.foreign_keys}
        for table, info in schema.tables.items()
    }
    assert found == known
    genre = schema.tables["Genre"]
    assert genre.foreign_keys[0].target_columns == ("name",)


def test_letters_of_names_are_those_of_what_they_name(engine: Engine) -> None:
    schema = schema_of(
        engine,
        [
            'CREATE TABLE "Book" ("Id" INTEGER PRIMARY KEY, "Quo""te" TEXT UNIQUE)',
            'CREATE TABLE note (book INTEGER REFERENCES book, quote REFERENCES BOOK ("quo""TE"))',
            "CREATE TRIGGER changed AFTER UPDATE ON BOOK BEGIN SELECT 1; END",
        ],
    )
    keys = [one[2:4] for one in schema.tables["note"].foreign_keys]
    assert keys == [("Book", ("Id",)), ("Book", ('Quo"te',))]
    assert set(schema.canonical()) == {"Book", "note"}
    assert set(schema.canonical()["Book"]["triggers"]) == {"changed"}


def test_texts_are_spelled_one_way() -> None:
    assert spelled('SELECT "Title",[b] , "two words" FROM  T WHERE a>=1 AND x||Y<>\'It\'') == (
        "select title, b, \"two words\" from t where a >= 1 and x || y <> 'It'"
    )
    assert bare("((1) + (2))") == "(1) + (2)"
    assert bare("(( 1 ))") == "1"
    assert squeezed("SELECT 'a  b' -- why\n  FROM\tt /* of */ ;\n") == "SELECT 'a  b' FROM t"
