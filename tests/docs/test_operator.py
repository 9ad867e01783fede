"""docs/operator.md: its commands, on SQLite and on a throw-away PostgreSQL, and its table of settings."""

from talatat.settings import PlatformSettings

from .walkthrough import ROOT, Place, make_folder, set_port

TEXT = (ROOT / "docs" / "operator.md").read_text()


def test_every_command_does_what_is_shown(tmp_path, postgresql_url):
    make_folder(tmp_path)
    shown = "export DATABASE_URL=postgresql://talatat@db.example/talatat"
    assert shown in TEXT
    with Place(tmp_path, instead={shown: f"export DATABASE_URL='{postgresql_url}'"}) as place:
        set_port(place, "development.ini")
        place.follow(TEXT)


def test_every_setting_of_the_platform_is_told():
    keys = {node.key for node in PlatformSettings().children}
    keys -= {"talatat.addons.add", "talatat.addons.remove"}  # told beside talatat.addons
    assert [key for key in sorted(keys) if f"`{key}`" not in TEXT] == []
