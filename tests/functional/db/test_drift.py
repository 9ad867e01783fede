"""Every table of the models comes from a revision, on both databases."""

from sqlalchemy import text

from talatat.addons import inventory
from talatat.testing import composed, differences

SETTINGS = {"accounts.secret": "file:%(here)s/secret"}


def test_models_and_migrations_of_all_addons_of_the_repository_agree(database_url):
    ours = [
        name for name, one in inventory().addons.items() if one.distribution.startswith("talatat-")
    ]
    assert ours
    with composed(ours, url=database_url, settings=SETTINGS) as system:
        assert differences(system.system) == []


def test_a_column_that_no_revision_makes_is_found(shelf, database_url):
    with shelf.composed("shelf", url=database_url) as system:
        assert differences(system.system) == []
        with system.session() as session:
            session.execute(text("ALTER TABLE shelf_book DROP COLUMN title"))
        (found,) = differences(system.system)
        assert found.startswith("addon shelf: ")
        assert "title" in found
