"""An addon's data away and back: byte for byte, and without acting on anybody meanwhile."""

from __future__ import annotations

from talatat.evolution.archive import archive, move_back


def back(opened, archive_id):
    with opened.changing() as connection, connection.begin():
        return move_back(connection, archive_id)


def test_what_comes_back_is_what_went_byte_for_byte(filled):
    before = filled.dump()
    opened = filled.opened("shelf")
    (made,) = archive(opened, "trove")
    assert not {one for one in filled.tables() if one.startswith("trove")}
    assert made.manifest.rows >= 15
    report = back(opened, made.manifest.id)
    assert report.orphans == ()
    after = filled.dump()
    assert after == before
