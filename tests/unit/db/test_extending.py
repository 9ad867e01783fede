"""Extending another addon's model: loading without N+1, presence, deletes, two compositions in a process."""

import pytest
from sqlalchemy import event, insert, select, text
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.orm import Session

from talatat.composing import compose
from talatat.db import Models
from talatat.errors import TalatatError
from talatat.testing import TestSystem


@pytest.fixture
def book(rated_shelf, rated):
    return rated_shelf.module("shelf.models").Book


@pytest.fixture
def stars(rated_shelf, rated):
    return rated_shelf.module("rating.models").BookRating


class Statements:
    """The SELECTs and writes that a database is sent while the block runs."""

    def __init__(self, system: TestSystem) -> None:
        self.engine = system.system.database.engine
        self.sent: list[str] = []

    def __enter__(self):
        event.listen(self.engine, "before_cursor_execute", self._note)
        return self

    def __exit__(self, *_):
        event.remove(self.engine, "before_cursor_execute", self._note)

    def _note(self, connection, cursor, statement, *details):
        if not statement.startswith("BEGIN"):
            self.sent.append(statement)

    def __len__(self):
        return len(self.sent)


def fill(system, book, stars, number):
    with system.session() as session:
        for n in range(number):
            made = book(title=f"book {n}")
            session.add(made)
            if n % 2:
                stars.ensure(made).stars = n


def test_an_extension_is_written_and_read_through_its_class(rated, book, stars):
    with rated.session() as session:
        made = book(title="Amarna")
        assert stars.of(made) is None
        stars.ensure(made).stars = 5
        assert stars.of(made).stars == 5
        assert stars.ensure(made) is stars.of(made)
        session.add(made)
        number = made.id
    with rated.session() as session:
        assert stars.of(session.get(book, number)).stars == 5
        assert session.get(stars, number).version == 1


def test_a_page_takes_one_statement_for_each_extension(rated, book, stars):
    fill(rated, book, stars, 30)
    options = rated.system.models.load_options(book)
    with rated.session() as session, Statements(rated) as statements:
        page = session.scalars(select(book).order_by(book.title).options(*options)).all()
        found = [stars.of(one) for one in page]
        assert [one.rating for one in page] == found
        assert len([one for one in found if one]) == 15
        assert len(statements) == 2


def test_a_single_row_joins_its_extensions(rated, book, stars):
    fill(rated, book, stars, 4)
    options = rated.system.models.load_options(book, single=True)
    with rated.session() as session, Statements(rated) as statements:
        one = session.scalars(select(book).where(book.title == "book 3").options(*options)).one()
        assert stars.of(one).stars == 3
        assert len(statements) == 1
        assert "LEFT OUTER JOIN rating_book" in statements.sent[0]


def test_only_the_extensions_that_are_shown_are_loaded(rated, book):
    models = rated.system.models
    assert len(models.load_options(book)) == len(models.load_options(book, addons=["rating"])) == 1
    assert models.load_options(book, addons=[]) == []


def test_an_attribute_that_was_not_loaded_raises_rather_than_asking_row_by_row(rated, book, stars):
    fill(rated, book, stars, 2)
    with rated.session() as session:
        first = session.scalars(select(book)).first()
        with pytest.raises(InvalidRequestError, match="raise"):
            first.rating  # noqa: B018
        with Statements(rated) as statements:
            stars.of(first)
            stars.of(first)
            assert len(statements) == 1


def test_deleting_a_row_deletes_its_extension_without_loading_it(rated, book, stars):
    fill(rated, book, stars, 2)
    with rated.session() as session, Statements(rated) as statements:
        session.delete(session.scalars(select(book).where(book.title == "book 1")).one())
        session.flush()
        assert len(statements) == 2
        assert session.scalars(select(stars)).all() == []


def test_an_extension_counts_its_own_versions(rated, book, stars):
    fill(rated, book, stars, 2)
    with rated.session() as session:
        one = session.scalars(select(book).where(book.title == "book 1")).one()
        stars.of(one).stars = 9
    with rated.session() as session:
        one = session.scalars(select(book).where(book.title == "book 1")).one()
        assert (one.version, stars.of(one).version) == (1, 2)


def test_an_extension_refuses_the_wrong_parent(rated, book, stars):
    with pytest.raises(TypeError, match="BookRating extends Book, not str"):
        stars.of("a text")
    with pytest.raises(TypeError, match="BookRating extends Book, not BookRating"):
        stars.of(stars())


def test_an_extension_that_nobody_declared_says_how_to(rated, stars):
    other = type("Other", (stars,), {"__extends__": None, "__abstract__": True})
    with pytest.raises(TypeError, match=r"extends no model in this process.*extend_model"):
        other.of(None)


@pytest.fixture
def always(shelf, database_url):
    """Book with a rating that is always there."""
    shelf.write("rating", shelf.rating("rating", "always"), requires=("shelf",))
    with shelf.composed("rating", url=database_url) as system:
        yield system, shelf.module("shelf.models").Book, shelf.module("rating.models").BookRating


def test_a_guaranteed_extension_is_made_with_its_parent(always):
    system, book, stars = always
    with system.session() as session:
        session.add(book(title="new"))
        rated = book(title="rated")
        stars.ensure(rated).stars = 1
        session.add(rated)
    with system.session() as session:
        found = session.execute(select(book.title, stars.stars).join(book.rating)).all()
        assert sorted(found) == [("new", 3), ("rated", 1)]
        options = system.system.models.load_options(book, single=True)
        query = select(book).where(book.title == "new").options(*options)
        assert stars.of(session.scalars(query).one()).stars == 3
        assert "LEFT" not in str(query)


def test_gaps_of_a_guaranteed_extension_are_filled_at_once(always):
    system, book, stars = always
    with system.session() as session:
        session.execute(insert(book), [{"title": f"bulk {n}"} for n in range(50)])
        assert session.scalars(select(stars)).all() == []
        assert system.system.models.fill(session, book) == 50
        assert system.system.models.fill(session, book) == 0
        found = session.scalars(select(stars)).all()
        assert {(one.stars, one.version) for one in found} == {(3, 1)}


def test_a_session_of_nobodys_makes_no_extensions(always):
    system, book, stars = always
    with Session(system.system.database.engine) as session:
        session.add(book(title="by hand"))
        session.commit()
        assert session.scalars(select(stars)).all() == []


def test_two_applications_of_one_composition_in_one_process_do_not_disturb_each_other(
    rated_shelf, sqlite_url, postgresql_url
):
    with (
        rated_shelf.composed("rating", url=sqlite_url) as one,
        rated_shelf.composed("rating", url=postgresql_url) as other,
    ):
        book = rated_shelf.module("shelf.models").Book
        stars = rated_shelf.module("rating.models").BookRating
        fill(one, book, stars, 2)
        fill(other, book, stars, 4)
        for system, number in ((one, 1), (other, 2)):
            with system.session() as session:
                assert len(session.scalars(select(stars)).all()) == number
                options = system.system.models.load_options(book)
                page = session.scalars(select(book).options(*options)).all()
                assert len([row for row in page if stars.of(row)]) == number


def test_an_extended_model_works_in_a_process_that_sleeps_its_extension(rated_shelf, database_url):
    """The extension was attached by an earlier composition of the process; this one is without it."""
    with rated_shelf.composed("rating", url=database_url) as system:
        book = rated_shelf.module("shelf.models").Book
        stars = rated_shelf.module("rating.models").BookRating
        fill(system, book, stars, 2)
    with rated_shelf.composed("shelf", url=database_url) as system:
        assert system.system.models.of(book) == ()
        with system.session() as session:
            session.add(book(title="while it sleeps"))
            one = session.scalars(select(book).where(book.title == "book 1")).one()
            one.title = "renamed"
            session.delete(session.scalars(select(book).where(book.title == "book 0")).one())
        with system.session() as session:
            assert session.scalar(text("SELECT count(*) FROM rating_book")) == 1
            session.delete(session.scalars(select(book).where(book.title == "renamed")).one())
        with system.session() as session:
            assert session.scalar(text("SELECT count(*) FROM rating_book")) == 0


def test_attaching_twice_changes_nothing(rated, book):
    before = set(book.__mapper__.attrs.keys())
    rated.system.models.attach(rated.system.composition)
    rated.system.models.attach(rated.system.composition)
    assert set(book.__mapper__.attrs.keys()) == before
    assert len(rated.system.models.of(book)) == 1


def test_a_quarantined_extension_leaves_the_model_whole(rated_shelf, database_url):
    files = rated_shelf.rating("broken")
    rated_shelf.write("broken", {
        "__init__.py": files["__init__.py"].replace("def includeme(config):", """
            def includeme(config):
                import PKG_broken.models
                raise RuntimeError("no")
            def unused(config):"""),
        "models.py": files["models.py"] + """
            from sqlalchemy.orm import relationship
            class Lost(Extension, Base):
                __tablename__ = "broken_lost"
                book_id: Mapped[str] = extension_key(Book)
                other = relationship("NoSuchModel")
            """,
    }, requires=("shelf",))  # fmt: skip
    settings = {"talatat.on_addon_error": "quarantine"}
    with rated_shelf.composed("rating", "broken", url=database_url, settings=settings) as system:
        assert set(system.system.quarantined) == {"broken"}
        book, stars = (
            rated_shelf.module("shelf.models").Book,
            rated_shelf.module("rating.models").BookRating,
        )
        fill(system, book, stars, 2)
        with system.session() as session:
            assert len(session.scalars(select(stars)).all()) == 1


def test_extensions_of_several_addons_stand_side_by_side_in_composition_order(
    rated_shelf, database_url
):
    rated_shelf.write("second", rated_shelf.rating("second"), requires=("shelf",))
    with rated_shelf.composed("second", "rating", url=database_url) as system:
        book = rated_shelf.module("shelf.models").Book
        assert [one.addon for one in system.system.models.of(book)] == ["second", "rating"]
        fill(system, book, rated_shelf.module("second.models").BookRating, 3)
        fill(system, book, rated_shelf.module("rating.models").BookRating, 3)
        with system.session() as session, Statements(system) as statements:
            options = system.system.models.load_options(book)
            assert len(session.scalars(select(book).options(*options)).all()) == 6
            assert len(statements) == 3


def test_an_extension_is_introspectable_with_its_addon_and_line(rated):
    (attachment,) = rated.system.models.attachments
    assert str(attachment).startswith("addon rating, ")
    assert "__init__.py:5" in str(attachment)
    found = rated.registry.introspector.get_category("talatat model extensions")
    assert found[0]["introspectable"]["addon"] == "rating"


def composing(addons, *names, url="sqlite:////nowhere/at/all.sqlite"):
    """The words with which composing is refused."""
    with pytest.raises(TalatatError) as caught:
        compose(addons.composition(*names, url=url))
    return str(caught.value)


def test_an_attribute_of_the_addons_name_on_the_model_is_a_collision(shelf):
    shelf.write("title", shelf.rating("title"), requires=("shelf",))
    said = composing(shelf, "title")
    assert "__init__.py:5" in said
    assert "addon title" in said
    assert "Book (addon shelf" in said
    assert "models.py:" in said
    assert "has an attribute 'title' of its own" in said
    assert "Rename" in said


def test_two_extensions_of_one_model_by_one_addon_conflict(shelf):
    files = shelf.rating()
    files["__init__.py"] = """
        from PKG_shelf.models import Book
        from .models import BookRating
        def includeme(config):
            config.extend_model(Book, BookRating)
            config.extend_model(Book, BookRating, presence="always")
        """
    shelf.write("rating", files, requires=("shelf",))
    said = composing(shelf, "rating")
    assert "__init__.py:5" in said
    assert "__init__.py:6" in said


def test_extending_a_model_and_one_that_inherits_from_it_is_refused(shelf):
    shelf.write("shelf", {"models.py": """
        from sqlalchemy.orm import Mapped
        from talatat.db import Record, declarative_base
        Base = declarative_base("shelf")
        class Book(Record, Base):
            __tablename__ = "shelf_book"
            kind: Mapped[str]
            __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "book"}
        """})  # fmt: skip
    files = shelf.rating()
    files["models.py"] += """
            class Novel(Book):
                __mapper_args__ = {"polymorphic_identity": "novel"}
            class NovelRating(Extension, Base):
                __tablename__ = "rating_novel"
                book_id: Mapped[str] = extension_key(Novel)
        """
    files["__init__.py"] += """
                from .models import Novel, NovelRating
                config.extend_model(Novel, NovelRating)
            """
    shelf.write("rating", files, requires=("shelf",))
    assert "Novel inherits from Book, which rating extends too" in composing(shelf, "rating")


def test_a_class_of_another_composition_under_the_same_name_asks_for_a_new_process(
    rated_shelf, rated
):
    import importlib
    import sys

    for name in [name for name in sys.modules if name.startswith(f"{rated_shelf.prefix}_rating")]:
        del sys.modules[name]
    importlib.invalidate_caches()
    said = composing(rated_shelf, "rating")
    assert "another class of that addon" in said
    assert "Start a new process" in said


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("presence='sparse'", "presence='often'"), "neither 'sparse' nor 'always'"),
        (("extend_model(Book", "extend_model(dict"), "<class 'dict'> is not a mapped class"),
        (("Book, BookRating", "Book, Book"), "is not a model of the kind Extension"),
        (("Book, BookRating", "BookRating, BookRating"), "is not BookRating's id"),
    ],
)
def test_a_mistaken_extension_is_told_with_its_line(shelf, change, said):
    files = shelf.rating()
    files["__init__.py"] = files["__init__.py"].replace(*change)
    shelf.write("rating", files, requires=("shelf",))
    text_ = composing(shelf, "rating")
    assert said in text_
    assert "addon rating, " in text_
    assert "__init__.py:5" in text_


def test_an_extension_of_an_addon_that_is_not_required_is_refused(shelf):
    shelf.write("rating", shelf.rating(), requires=())
    said = composing(shelf, "shelf", "rating")
    assert "is of addon shelf, which rating does not require" in said or "does not require" in said


def test_a_fresh_models_has_no_extensions():
    assert Models().of(dict) == ()
