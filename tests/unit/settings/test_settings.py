"""Settings: typed, all errors at once, nearest names, secrets from a file or the environment, masked."""

import stat
from pathlib import Path

import colander
import pytest

from talatat.ini import read_ini
from talatat.settings import MASK, Secret, Settings, make_secret, mask_url


class ShopSettings(colander.MappingSchema):
    page_size = colander.SchemaNode(
        colander.Int(), missing=20, validator=colander.Range(1, 500), description="Rows a page"
    )
    title = colander.SchemaNode(colander.String(), description="The shop's name")
    open = colander.SchemaNode(colander.Bool(), missing=True)
    key = Secret(missing=None)


def declared(tmp_path: Path, lines: str, url: str = "sqlite://") -> Settings:
    path = tmp_path / "site.ini"
    path.write_text(f"[app:main]\nuse = egg:talatat\nsqlalchemy.url = {url}\n{lines}")
    settings = Settings(read_ini(str(path)))
    settings.declare("shop", ShopSettings())
    return settings


def test_values_are_typed_and_defaults_stand_in(tmp_path):
    shop = declared(tmp_path, "shop.title = Amarna\nshop.open = false\n")["shop"]
    assert (shop.title, shop.open, shop.page_size, shop.key) == ("Amarna", False, 20, None)


@pytest.mark.parametrize("text", ["true", "Yes", "on", "1", "false", "No", "off", "0"])
def test_yes_and_no_may_be_written_as_people_write_them(tmp_path, text):
    settings = declared(
        tmp_path, f"shop.title = x\nshop.open = {text}\ntalatat.development = {text}\n"
    )
    expected = text.lower() in ("true", "yes", "on", "1")
    assert (settings["shop"].open, settings.platform.development) == (expected, expected)
    assert not settings.problems


def test_what_is_neither_yes_nor_no_is_an_error(tmp_path):
    settings = declared(
        tmp_path, "shop.title = x\nshop.open = perhaps\ntalatat.development = maybe\n"
    )
    text = "\n".join(settings.problems)
    assert 'site.ini:5: shop.open: "perhaps" is neither in' in text
    assert "site.ini:6: talatat.development" in text
    assert settings.platform.development is False


def test_whom_to_ask_is_a_name_a_mail_address_and_a_url(tmp_path):
    lines = "shop.title = x\ntalatat.api.contact = Ops <ops@example.com> https://example.com/\n"
    found = declared(
        tmp_path, f"{lines}talatat.api.license = All rights https://example.com/terms\n"
    )
    assert found.platform.api_contact == {
        "name": "Ops", "email": "ops@example.com", "url": "https://example.com/",
    }  # fmt: skip
    assert found.platform.api_license == {"name": "All rights", "url": "https://example.com/terms"}
    [problem] = declared(tmp_path, "shop.title = x\ntalatat.api.contact = somebody\n").problems
    assert "site.ini:5: talatat.api.contact: write it as NAME <MAIL> URL" in problem


def test_a_secret_whose_folder_cannot_be_made_is_an_error_of_its_line(tmp_path):
    (tmp_path / "file").write_text("")
    lines = f"shop.title = x\ntalatat.development = true\nshop.key = file:{tmp_path}/file/secret\n"
    [problem] = declared(tmp_path, lines).problems
    assert "site.ini:6: shop.key" in problem


def test_all_errors_are_reported_at_once_each_with_its_line(tmp_path):
    settings = declared(
        tmp_path, "shop.page_size = many\nshop.open = perhaps not\ntalatat.db.pool_size = 0\n"
    )
    text = "\n".join(settings.problems)
    assert "site.ini:4: shop.page_size" in text
    assert '"many" is not a number' in text
    assert "site.ini:6: talatat.db.pool_size" in text
    assert (
        "the setting shop.title is required (The shop's name). Add a line: shop.title = ..." in text
    )


def test_a_misspelt_key_names_the_nearest_known_one(tmp_path):
    settings = declared(tmp_path, "shop.title = x\nshop.pagesize = 3\n")
    [text] = settings.unknown({"shop"}, ())
    assert "site.ini:5: unknown setting shop.pagesize. Did you mean shop.page_size?" in text


def test_a_prefix_that_nobody_owns_is_an_error_unless_it_is_said_to_be_foreign(tmp_path):
    lines = "shop.title = x\nmail.host = localhost\n"
    [text] = declared(tmp_path, lines).unknown({"shop"}, ())
    assert "site.ini:5: nobody in this composition owns the setting mail.host" in text
    assert "add 'mail' to talatat.foreign_settings" in text
    declared_foreign = declared(tmp_path, lines + "talatat.foreign_settings = mail debugtoolbar\n")
    assert not list(declared_foreign.unknown({"shop"}, ()))


def test_a_plain_package_may_read_keys_under_its_own_name_once_they_are_said_to_be_foreign(
    tmp_path,
):
    lines = "shop.title = x\nguestbook.title = Guests\n"
    [text] = declared(tmp_path, lines).unknown({"shop", "guestbook"}, ())
    assert "add 'guestbook' to talatat.foreign_settings" in text
    foreign = declared(tmp_path, lines + "talatat.foreign_settings = guestbook\n")
    assert not list(foreign.unknown({"shop", "guestbook"}, ()))


def test_keys_of_an_addon_that_is_not_composed_sleep(tmp_path):
    settings = declared(tmp_path, "shop.title = x\nloyalty.rate = 3\n")
    assert not list(settings.unknown({"shop"}, {"loyalty"}))


def test_a_misspelt_key_of_the_platform_is_an_error(tmp_path):
    settings = declared(tmp_path, "shop.title = x\ntalatat.developement = true\n")
    [text] = settings.unknown({"shop"}, ())
    assert "Did you mean talatat.development?" in text


def test_a_secret_comes_from_a_file_with_the_current_value_first(tmp_path):
    (tmp_path / "key").write_text("new\nold\n")
    key = declared(tmp_path, "shop.title = x\nshop.key = file:%(here)s/key\n")["shop"].key
    assert list(key) == ["new", "old"]
    assert key.current == "new"


def test_a_secret_comes_from_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("SHOP_KEY", "from outside")
    assert declared(tmp_path, "shop.title = x\nshop.key = ${SHOP_KEY}\n")["shop"].key == [
        "from outside"
    ]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("hunter2", "may not stand in the .ini"),
        ("${NOT_SET_ANYWHERE}", "environment variable NOT_SET_ANYWHERE is empty or not set"),
        ("file:%(here)s/gone", "cannot be read"),
        ("file:%(here)s/empty", "is empty or not set"),
    ],
)
def test_a_missing_or_literal_secret_says_what_to_do(tmp_path, value, said):
    (tmp_path / "empty").write_text("\n")
    [text] = declared(tmp_path, f"shop.title = x\nshop.key = {value}\n").problems
    assert "site.ini:5: shop.key" in text
    assert said in text
    assert text.endswith("Correct the line.") == ("hunter2" in value)
    assert "hunter2" not in text


def test_development_makes_a_missing_secret_once_with_mode_0600(tmp_path):
    lines = "shop.title = x\ntalatat.development = true\nshop.key = file:%(here)s/var/key\n"
    first = declared(tmp_path, lines)["shop"].key
    assert declared(tmp_path, lines)["shop"].key == first
    assert len(first.current) >= 48
    assert stat.S_IMODE((tmp_path / "var" / "key").stat().st_mode) == 0o600


def test_making_a_secret_leaves_another_processs_value(tmp_path):
    path = tmp_path / "key"
    path.write_text("already\n")
    make_secret(path)
    assert path.read_text() == "already\n"
    assert [one.name for one in tmp_path.iterdir()] == ["key"]


def test_secrets_and_passwords_in_urls_are_masked_wherever_settings_are_shown(tmp_path):
    (tmp_path / "key").write_text("canary-secret\n")
    settings = declared(
        tmp_path, "shop.title = x\nshop.key = file:%(here)s/key\n", "postgresql://me:canary-pw@db/x"
    )
    shown = repr(settings.shown()) + repr(settings["shop"].key) + f"{settings['shop']}"
    assert "canary" not in shown
    assert MASK in shown
    assert settings.shown()["sqlalchemy.url"] == f"postgresql://me:{MASK}@db/x"


def test_any_value_may_name_an_environment_variable(tmp_path, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://u@h/db")
    assert (
        declared(tmp_path, "shop.title = x\n", "${DATABASE_URL}").platform.url
        == "postgresql://u@h/db"
    )
    monkeypatch.delenv("DATABASE_URL")
    [text] = declared(tmp_path, "shop.title = x\n", "${DATABASE_URL}").problems
    assert "site.ini:3: sqlalchemy.url: the environment variable DATABASE_URL is not set" in text
    monkeypatch.setenv("DATABASE_URL", "")
    [text] = declared(tmp_path, "shop.title = x\n", "${DATABASE_URL}").problems
    assert "site.ini:3: sqlalchemy.url: the environment variable DATABASE_URL is empty" in text


def test_masking_leaves_a_url_without_password_alone():
    assert mask_url("sqlite:///var/x.sqlite") == "sqlite:///var/x.sqlite"


def test_a_misspelt_key_of_the_platform_is_told_with_what_it_keeps_from_being_made(tmp_path):
    from talatat.composing import compose, load_composition
    from talatat.errors import CompositionError

    path = tmp_path / "site.ini"
    path.write_text(
        "[app:main]\nuse = egg:talatat\nsqlalchemy.urll = sqlite:///x\ntalatat.developmnt = true\n"
        "catalog.page_size = 3\n"
    )
    with pytest.raises(CompositionError) as caught:
        compose(load_composition(str(path)))
    told = "\n".join(caught.value.problems)
    assert "the setting sqlalchemy.url is required" in told
    assert "site.ini:3: unknown setting sqlalchemy.urll. Did you mean sqlalchemy.url?" in told
    assert "site.ini:4: unknown setting talatat.developmnt" in told
    assert "catalog" not in told
