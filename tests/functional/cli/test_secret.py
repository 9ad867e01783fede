"""`talatat secret`: what it lists, its three steps, and what it refuses before something is lost."""

import json
import os
import time
from pathlib import Path

import pytest
from sqlalchemy import text

from talatat.cli.main import main
from talatat.composing import compose, load_composition
from talatat.evolution.migrate import bring_to
from talatat.evolution.processes import Process, say
from talatat.security.keys import ring_of

VAULT = {
    "__init__.py": """
        import colander
        from talatat.settings import Secret
        from . import models

        class Settings(colander.MappingSchema):
            signing = Secret(lifetime="hours")
            given = Secret(missing=None)
            hours = colander.SchemaNode(colander.Int(), missing=3600)

        def includeme(config):
            config.add_settings_schema(Settings)
        """,
    "models.py": """
        from sqlalchemy.orm import Mapped, mapped_column
        from talatat.db import Encrypted, Record, declarative_base
        Base = declarative_base("vault")
        class Seed(Record, Base):
            __tablename__ = "vault_seed"
            seed: Mapped[str] = mapped_column(Encrypted("vault.seed"))
        """,
}
REVISION = """
    op.create_table("vault_seed",
        sa.Column("id", t.UUIDv7(), primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("seed", sa.Text, nullable=False),
        sa.Column("created_at", t.UTCDateTime(), nullable=False),
        sa.Column("updated_at", t.UTCDateTime(), nullable=False))
    """


class Site:
    """A system with secrets of each kind, on an SQLite file."""

    def __init__(self, addons, tmp_path):
        addons.write("vault", VAULT)
        addons.revision("vault", "0001_vault", REVISION)
        self.models = addons.package("vault") + ".models"
        self.ini, self.folder = tmp_path / "site.ini", tmp_path
        for name in ("secret", "signing", "given"):
            (tmp_path / name).write_text(f"first {name}\n")
        self.ini.write_text(
            f"[app:main]\nuse = egg:talatat\ntalatat.addons = vault\n"
            f"sqlalchemy.url = sqlite:///{tmp_path}/db.sqlite\n"
            f"talatat.secret = file:{tmp_path}/secret\nvault.signing = file:{tmp_path}/signing\n"
            f"vault.given = file:{tmp_path}/given\n"
        )
        self.system = self.composed()
        bring_to(self.system.composition, self.system.database)

    def composed(self):
        return compose(load_composition(str(self.ini))).registry.system

    def secret(self, *arguments):
        return main(["secret", str(self.ini), *arguments])

    def values(self, name):
        return (self.folder / name).read_text().split("\n")[:-1]

    def ago(self, name, seconds):
        """As if the file had been changed so long ago."""
        moment = time.time() - seconds
        os.utime(self.folder / name, (moment, moment))


@pytest.fixture
def site(addons, tmp_path):
    return Site(addons, tmp_path)


def test_the_list_tells_values_apart_and_shows_none(site, capsys):
    assert site.secret("vault.signing", "--add") == 0
    assert site.secret() == 0
    shown = capsys.readouterr().out
    assert site.secret("--json") == 0
    told = capsys.readouterr().out
    rows = {row["key"]: row for row in json.loads(told)}
    assert list(rows) == ["talatat.secret", "vault.given", "vault.signing"]
    assert [rows[key]["lifetime"] for key in rows] == [7 * 86400, None, 3600]
    one, other = rows["vault.signing"]["values"]
    assert one != other
    assert one in shown
    held = [value for name in ("secret", "signing", "given") for value in site.values(name)]
    assert len(held) == 4
    assert [value for value in held if value in shown + told] == []


def test_three_steps_replace_a_value(site, capsys):
    (site.folder / "signing").chmod(0o640)
    assert site.secret("vault.signing", "--add") == 0
    assert f"secret {site.ini} vault.signing --use" in capsys.readouterr().out
    first, new = site.values("signing")
    assert first == "first signing"
    assert len(new) >= 64
    assert site.secret("vault.signing", "--use") == 0
    assert site.values("signing") == [new, first]
    site.ago("signing", 3601)
    assert site.secret("vault.signing", "--drop") == 0
    assert site.values("signing") == [new]
    assert new not in capsys.readouterr().out
    assert (site.folder / "signing").stat().st_mode & 0o777 == 0o640
    assert [path.name for path in site.folder.glob(".*")] == [], "nothing is left beside it"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("vault.signing", "--use"), "one value only: begin with --add"),
        (("vault.signing", "--drop"), "one value only"),
        (("vault.given", "--add"), "signs nothing: it is what another system gave"),
        (("vault.sining", "--add"), "Did you mean vault.signing?"),
        (("--add",), "--add needs the KEY"),
    ],
)
def test_a_step_that_makes_no_sense_is_refused_and_changes_nothing(site, capsys, arguments, said):
    assert site.secret(*arguments) == 1
    assert said in capsys.readouterr().err
    assert site.values("signing") == ["first signing"]


def test_a_second_value_is_not_added_twice(site, capsys):
    assert site.secret("vault.signing", "--add") == 0
    assert site.secret("vault.signing", "--add") == 1
    assert "end that rotation first" in capsys.readouterr().err
    assert len(site.values("signing")) == 2


def test_what_comes_from_the_environment_is_told_how_to_change(site, capsys, monkeypatch):
    text_of = site.ini.read_text()
    site.ini.write_text(text_of.replace(f"file:{site.folder}/signing", "${TEST_SIGNING}"))
    for step, value, said in (("--add", "first", "append a line"),
                              ("--use", "first\nsecond", "last line to the front"),
                              ("--drop", "first\nsecond", "1 hours after the step before")):  # fmt: skip
        monkeypatch.setenv("TEST_SIGNING", value)
        assert site.secret("vault.signing", step) == 1
        said_of = capsys.readouterr().err
        assert said in said_of
        assert "TEST_SIGNING is set" in said_of
    for step, value, said in (("--add", "first\nsecond", "end that rotation first"),
                              ("--use", "first", "begin with --add"),
                              ("--drop", "first", "begin with --add")):  # fmt: skip
        monkeypatch.setenv("TEST_SIGNING", value)
        assert site.secret("vault.signing", step) == 1
        assert said in capsys.readouterr().err


def test_a_process_that_holds_the_values_from_before_stops_the_next_step(site, capsys):
    assert site.secret("vault.signing", "--add") == 0
    site.ago("signing", -60)
    with site.system.database.engine.begin() as connection:
        for release in (1, 2):
            say(connection, Process("elsewhere", 4711), release)
    assert site.secret("vault.signing", "--use") == 1
    assert capsys.readouterr().err.count("elsewhere:4711") == 1
    site.ago("signing", 60)
    assert site.secret("vault.signing", "--use") == 0


def test_a_value_is_not_dropped_while_what_it_signed_is_in_use_unless_it_has_to_be(site, capsys):
    assert site.secret("vault.signing", "--add") == 0
    assert site.secret("vault.signing", "--use") == 0
    site.ago("signing", 3000)
    assert site.secret("vault.signing", "--drop") == 1
    assert "may be in use until" in capsys.readouterr().err
    assert len(site.values("signing")) == 2
    assert site.secret("vault.signing", "--drop", "--now") == 0
    assert len(site.values("signing")) == 1


def test_a_value_that_encrypted_what_is_stored_is_dropped_only_after_encrypting_anew(site, capsys):
    import sys

    seed = sys.modules[site.models].Seed
    with site.system.database.transaction() as (_, session):
        session.add(seed(seed="hidden"))
    assert site.secret("talatat.secret", "--add") == 0
    assert site.secret("talatat.secret", "--use") == 0
    assert f"secret {site.ini} --reencrypt" in capsys.readouterr().out
    assert site.secret("talatat.secret", "--drop", "--now") == 1
    assert "vault_seed.seed (1)" in capsys.readouterr().err
    assert site.secret("--reencrypt", "--json") == 0
    [told] = json.loads(capsys.readouterr().out)
    assert told == {"column": "vault_seed.seed", "current": 1, "former": 0, "unreadable": 0}
    assert site.secret("talatat.secret", "--drop", "--now") == 0
    system = site.composed()
    with system.database.transaction() as (_, session):
        assert [row.seed for row in session.query(seed)] == ["hidden"]
        stored = session.scalar(text("SELECT seed FROM vault_seed"))
    [new] = site.values("secret")
    assert ring_of((new,)).decrypt(b"vault.seed", stored) == b"hidden"


def test_what_no_key_reads_is_told(site, capsys):
    seed = ring_of(("lost",)).encrypt(b"vault.seed", b"hidden")
    now = "2026-01-01 00:00:00"
    with site.system.database.engine.begin() as connection:
        connection.execute(
            text("INSERT INTO vault_seed VALUES ('0198c0de-0000-7000-8000-000000000000', 1, :s, :n, :n)"),
            {"s": seed, "n": now},
        )  # fmt: skip
    assert site.secret("--reencrypt") == 2
    assert "1 that no key reads" in capsys.readouterr().out


def test_a_file_that_may_not_be_written_says_so(site, capsys, monkeypatch):
    def refuse(*arguments):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "replace", refuse)
    assert site.secret("vault.signing", "--add") == 1
    assert "cannot be changed (Permission denied)" in capsys.readouterr().err
    assert [path.name for path in site.folder.glob(".*")] == []
