"""`composed`: a whole system for a test, quickly, and nothing left of it."""

import threading
from pathlib import Path

from sqlalchemy import select, text

from talatat.testing import composed, templates, write_ini


def test_a_system_is_composed_migrated_and_gone_afterwards(shelf, database_url):
    with shelf.composed("shelf", url=database_url) as system:
        assert system.app.get("/readyz").json["status"] == "ok"
        assert Path(system.ini).parent == system.folder
        assert system.system is system.registry.system
        folder = system.folder
    assert not folder.exists()


def test_without_a_url_it_has_an_sqlite_file_of_its_own():
    with composed() as system:
        assert system.system.database.dialect == "sqlite"
        assert str(system.folder) in str(system.system.database.url)


def test_sessions_and_requests_are_committed_when_their_block_ends(shelf, database_url):
    with shelf.composed("shelf", url=database_url) as system:
        book = shelf.module("shelf.models").Book
        with system.session() as session:
            session.add(book(title="by a session"))
        with system.request(path="/somewhere?a=1") as request:
            assert request.params["a"] == "1"
            assert request.registry.system is system.system
            request.db.add(book(title="by a request"))
        with system.session(reading=True) as session:
            assert set(session.scalars(select(book.title))) == {"by a session", "by a request"}


def test_requests_come_from_who_is_signed_in_until_they_sign_out():
    with composed() as system:
        system.sign_in("kiya", "shop.sell", roles=["clerk"])
        with system.request() as request:
            assert (request.identity.id, request.identity.roles) == ("kiya", {"clerk"})
        system.sign_in("maya")
        with system.request() as request:
            assert request.identity.id == "maya"
        system.sign_out()
        with system.request() as request:
            assert request.identity is None


def test_a_database_is_a_copy_of_a_template_made_once(shelf, database_url, tmp_path, monkeypatch):
    made = []
    real = templates._make
    shelf.revision(
        "shelf", f"0002_{shelf.prefix}", "pass", down="0001_books"
    )  # as no other test has it
    monkeypatch.setattr(templates, "_make", lambda *given: made.append(1) or real(*given))
    other = f"sqlite:///{tmp_path}/other.sqlite" if "sqlite" in database_url else None
    with shelf.composed("shelf", url=database_url):
        pass
    if other:
        with shelf.composed("shelf", url=other) as system, system.session() as session:
            assert session.scalar(text("SELECT count(*) FROM talatat_release")) == 1
    with shelf.composed("shelf", url=database_url) as system:  # an old one is kept as it is
        assert system.app.get("/readyz").json["release"] == 1
    assert made == [1]


def test_a_revision_that_was_changed_makes_a_new_template(shelf, sqlite_url, tmp_path):
    with shelf.composed("shelf", url=sqlite_url):
        pass
    shelf.revision("shelf", "0002_more", 'op.create_table("shelf_more", sa.Column("id", sa.Integer))',
                   down="0001_books")  # fmt: skip
    url = f"sqlite:///{tmp_path}/second.sqlite"
    with shelf.composed("shelf", url=url) as system, system.session() as session:
        assert session.scalar(text("SELECT count(*) FROM shelf_more")) == 0


def test_no_thread_is_started_unless_it_is_asked_for(shelf, sqlite_url):
    before = threading.active_count()
    with shelf.composed("shelf", url=sqlite_url) as system:
        system.app.get("/readyz")
        system.app.get("/", status="*")
        assert threading.active_count() == before


def test_the_ini_holds_the_given_settings_and_a_secret(tmp_path):
    path = Path(write_ini(tmp_path, ["shelf"], "sqlite:///a%20b.sqlite", {"shelf.size": "3"}))
    said = path.read_text()
    assert "sqlite:///a%%20b.sqlite" in said
    assert "shelf.size = 3" in said
    assert (tmp_path / "secret").read_text()
