"""Layered .ini files: what a site adds and removes, and the place of every key."""

from pathlib import Path

import pytest

from talatat.composition import resolve
from talatat.errors import CompositionError
from talatat.ini import given_ini, read_ini

BASE = """\
[app:main]
use = egg:talatat
# a comment
talatat.addons =
    catalog
    # a comment in the list
    orders
sqlalchemy.url = sqlite:///%(here)s/base.sqlite
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "base.ini").write_text(BASE)
    (tmp_path / "region.ini").write_text(
        "[app:main]\nuse = config:base.ini\ntalatat.addons.add = pyramid_jinja2 accounts\n"
    )
    path = tmp_path / "site.ini"
    path.write_text(
        "[app:main]\nuse = config:region.ini\n"
        "talatat.addons.add =\n    pyramid_mailer\n"
        "talatat.addons.remove = pyramid_jinja2\n"
    )
    return path


def test_additions_and_removals_of_every_layer_hold(site):
    entries, problems = read_ini(str(site)).addons()
    assert [entry.name for entry in entries] == ["catalog", "orders", "accounts", "pyramid_mailer"]
    assert not problems


def test_each_entry_and_key_knows_its_file_and_line(site):
    ini = read_ini(str(site))
    places = {entry.name: str(entry.place) for entry in ini.addons()[0]}
    assert places["orders"].endswith("base.ini:7")
    assert places["accounts"].endswith("region.ini:3")
    assert places["pyramid_mailer"].endswith("site.ini:4")
    assert ini.at("sqlalchemy.url").endswith("base.ini:8")


def test_values_are_those_that_pastedeploy_reads(site):
    assert read_ini(str(site)).settings["sqlalchemy.url"] == f"sqlite:///{site.parent}/base.sqlite"


def test_removing_what_nobody_lists_names_the_line(site):
    site.write_text(site.read_text().replace("remove = pyramid_jinja2", "remove = cataloge"))
    with pytest.raises(CompositionError) as caught:
        resolve(read_ini(str(site)))
    assert "site.ini:5" in str(caught.value)
    assert "'cataloge'" in str(caught.value)


def test_an_error_in_a_farther_layer_names_that_layer(site):
    base = site.parent / "base.ini"
    base.write_text(base.read_text().replace("    orders", "    odrers"))
    with pytest.raises(CompositionError) as caught:
        resolve(read_ini(str(site)))
    assert "base.ini:7" in str(caught.value)
    assert "Did you mean 'orders'?" in str(caught.value)


def test_what_an_app_factory_is_given_finds_its_own_section(tmp_path):
    path = tmp_path / "two.ini"
    path.write_text(
        "[app:main]\nuse = egg:talatat\ntalatat.addons = catalog\n"
        "[app:small]\nuse = egg:talatat\ntalatat.addons = accounts\nsqlalchemy.url = sqlite://\n"
    )
    given = given_ini(
        {"__file__": str(path)}, {"talatat.addons": "accounts", "sqlalchemy.url": "sqlite://"}
    )
    assert given.section == "small"
    assert given.uri == f"{path}#small"


def test_settings_without_a_file_still_declare_their_addons():
    ini = given_ini({}, {"talatat.addons": "catalog orders"})
    assert [entry.name for entry in ini.addons()[0]] == ["catalog", "orders"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "bad.ini:1: the file is empty. Write a section [app:main] with `use = egg"),
        ("[app:main\n", "bad.ini:1: '[app:main' has no closing bracket. Write [app:main]."),
        ("no section\n", "bad.ini:1: 'no section' stands before any section."),
        ("[app:main]\nuse = egg:talatat\nkey\n", "bad.ini:3: 'key' is no section, no key"),
        ("[app:main]\na = 1\na = 2\n", "bad.ini:3: a stands in [app:main] a second time."),
        ("[app:main]\na = 1\n[app:main]\n", "bad.ini:3: section [app:main] stands here a second"),
        ("[app:main]\nuse = egg:talatat\na = 5%\n", "bad.ini:3: the value of a has a % that"),
        ("[app:main]\nuse = egg:talatat\na = %(b)s\n", "bad.ini:3: %(b)s in a names no key"),
        ("[app:main]\nuse = egg:talatat\na = \udcff\n", "bad.ini:3: this line is not in UTF-8."),
        ("[app:other]\nuse = egg:talatat\n", "bad.ini#other."),
        ("[app:main]\na = 1\n", "bad.ini:1: [app:main] has no line `use = ...`."),
        ("[app:main]\nuse = config:missing.ini\n", "bad.ini:2: there is no file"),
        ("[app:main]\nuse = config:bad.ini\n", "[app:main] is based on itself"),
        ("[app:main]\nuse = egg:no-such-distribution\n", "no-such-distribution"),
    ],
)
def test_an_ini_that_cannot_be_read_says_where_and_what_to_write(tmp_path, content, said):
    path = tmp_path / "bad.ini"
    path.write_text(content, "utf-8", "surrogateescape")
    with pytest.raises(CompositionError, match=r"bad.ini") as caught:
        read_ini(str(path))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_mistake_in_what_an_ini_is_based_on_names_that_file(site):
    base = site.parent / "base.ini"
    base.write_text(BASE + "nothing\n")
    with pytest.raises(CompositionError, match=r"base.ini:9: 'nothing' is no section"):
        read_ini(str(site))


def test_a_missing_ini_is_named(tmp_path):
    with pytest.raises(CompositionError, match=r"nowhere.ini: there is no such file"):
        read_ini(str(tmp_path / "nowhere.ini"))
