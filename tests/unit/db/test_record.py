"""Record: an id from the start, a version that counts, times in UTC."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import insert, select
from sqlalchemy.orm.exc import StaleDataError

from talatat.db import is_id


@pytest.fixture
def system(shelf, database_url):
    with shelf.composed("shelf", url=database_url) as system:
        system.book = shelf.module("shelf.models").Book
        yield system


def test_the_id_is_known_before_the_row_is_written_and_may_be_given(system):
    made = system.book(title="one")
    assert is_id(made.id)
    given = "01890a5d-ac96-774b-bcce-b302099a8057"
    with system.session() as session:
        session.add_all([made, system.book(id=given, title="two")])
        kept = made.id
    with system.session() as session:
        assert set(session.scalars(select(system.book.id))) == {kept, given}


def test_each_change_counts_the_version_and_moves_updated_at(system):
    before = datetime.now(UTC)
    with system.session() as session:
        session.add(system.book(title="one"))
    with system.session() as session:
        one = session.scalars(select(system.book)).one()
        assert one.version == 1
        first = one.updated_at
        assert before <= one.created_at <= datetime.now(UTC)
        one.title = "changed"
    with system.session() as session:
        one = session.scalars(select(system.book)).one()
        assert one.version == 2
        assert one.updated_at > first >= one.created_at


def test_the_second_of_two_writers_of_one_version_fails(system, database_url):
    with system.session() as session:
        session.add(system.book(title="one"))
    with pytest.raises(StaleDataError), system.session() as session:  # noqa: PT012
        one = session.scalars(select(system.book)).one()
        # Another writer came between: told in SQL, for SQLite lets only one have a session open.
        session.execute(system.book.__table__.update().values(version=7))
        one.title = "late"


def test_rows_that_are_inserted_in_bulk_get_all_they_need(system):
    with system.session() as session:
        session.execute(insert(system.book), [{"title": f"bulk {n}"} for n in range(10)])
        rows = session.scalars(select(system.book)).all()
        assert {one.version for one in rows} == {1}
        assert len({one.id for one in rows}) == 10
        assert all(one.created_at for one in rows)
