"""Packages as the user has them: real wheels of an addon, installed, upgraded and downgraded between plans."""

import base64
import hashlib
import json
import subprocess
import textwrap
import zipfile
from pathlib import Path

import pytest

from .conftest import UV

PYPROJECT = """
    [build-system]
    requires = ["setuptools"]
    build-backend = "setuptools.build_meta"
    [project]
    name = "talatat-jar"
    version = "{version}"
    dependencies = ["talatat"]
    [project.entry-points."talatat.addons"]
    jar = "talatat_jar"
    [tool.setuptools]
    packages = ["talatat_jar", "talatat_jar.migrations", "talatat_jar.migrations.versions"]
"""
MODELS = """
    from sqlalchemy.orm import Mapped, mapped_column
    from talatat.db import Record, declarative_base
    Base = declarative_base("jar")
    class Item(Record, Base):
        __tablename__ = "jar_item"
        {columns}
"""
FIRST = """
    import sqlalchemy as sa
    from alembic import op
    from talatat.db import types as t
    revision, down_revision, phase = "0001_items", None, "expand"
    def upgrade():
        op.create_table(
            "jar_item",
            sa.Column("id", t.UUIDv7(), primary_key=True),
            sa.Column("version", sa.Integer, nullable=False),
            sa.Column("title", sa.String(50), nullable=False),
            sa.Column("created_at", t.UTCDateTime(), nullable=False),
            sa.Column("updated_at", t.UTCDateTime(), nullable=False),
        )
    def downgrade():
        op.drop_table("jar_item")
"""
SECOND = """
    import sqlalchemy as sa
    from alembic import op
    revision, down_revision, phase = "0002_note", "0001_items", "expand"
    def upgrade():
        op.add_column("jar_item", sa.Column("note", sa.String(50)))
    def downgrade():
        with op.batch_alter_table("jar_item") as table:
            table.drop_column("note")
"""
RELEASES = {
    "1.0": ("title: Mapped[str]", {"0001_items": FIRST}),
    "1.1": ("title: Mapped[str]\n        note: Mapped[str | None]", {"0001_items": FIRST, "0002_note": SECOND}),
}  # fmt: skip


@pytest.fixture(scope="session")
def jars(tmp_path_factory):
    """The wheels of both releases, by version."""
    found = {}
    for version, (columns, revisions) in RELEASES.items():
        source = tmp_path_factory.mktemp("jar") / "source"
        versions = source / "talatat_jar" / "migrations" / "versions"
        versions.mkdir(parents=True)
        texts = {
            source / "pyproject.toml": PYPROJECT.format(version=version),
            source
            / "talatat_jar"
            / "__init__.py": "from .models import Item\ndef includeme(config): pass\n",
            source / "talatat_jar" / "models.py": MODELS.format(columns=columns),
            source / "talatat_jar" / "migrations" / "__init__.py": "",
            versions / "__init__.py": "",
            **{versions / f"{name}.py": text for name, text in revisions.items()},
        }
        for path, text in texts.items():
            path.write_text(textwrap.dedent(text))
        subprocess.run(
            [UV, "build", "--quiet", "--offline", "--wheel", "--no-build-isolation", "--out-dir",
             source.parent / "dist", source], check=True,
        )  # fmt: skip
        (found[version],) = (source.parent / "dist").glob("*.whl")
    return found


def install(environment, wheel):
    environment.run(
        UV, "pip", "install", "--quiet", "--no-deps", "--no-index", "--reinstall", "--python",
        environment.python, wheel,
    )  # fmt: skip


def rows(environment, query):
    """What is in the database, told by the sqlite3 module of Python alone."""
    code = "import json, sqlite3, sys; print(json.dumps(sqlite3.connect(sys.argv[1]).execute(sys.argv[2]).fetchall()))"
    return json.loads(environment.run(environment.python, "-c", code, Path("jar.sqlite"), query))


def execute(environment, statement):
    code = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute(sys.argv[2]); c.commit()"
    )
    environment.run(environment.python, "-c", code, Path("jar.sqlite"), statement)


def test_an_addon_is_upgraded_downgraded_and_rolled_back_with_the_older_wheel_alone(beside, jars):
    install(beside, jars["1.0"])
    ini = beside.ini("jar", name="jar.ini")
    beside.talatat("apply", ini, "--yes")
    execute(
        beside, "INSERT INTO jar_item (id, version, title, created_at, updated_at) VALUES"
        " ('01890000-0000-7000-8000-000000000001', 1, 'jam', '2026-01-01', '2026-01-01')",
    )  # fmt: skip

    install(beside, jars["1.1"])
    plan = beside.talatat("plan", ini, code=2)
    assert "1.0" in plan
    assert "1.1" in plan
    assert "0002_note" in plan
    beside.talatat("apply", ini, "--yes")
    execute(beside, "UPDATE jar_item SET note = 'good'")

    # The package is downgraded behind the platform's back: nothing is run, both ways out are named.
    install(beside, jars["1.0"])
    said = beside.talatat("plan", ini, code=3)
    assert "pip install 'talatat-jar==1.1'" in said
    assert "talatat rollback" in said
    assert rows(beside, "SELECT title, note FROM jar_item") == [["jam", "good"]]

    # The older wheel does not have the way down: it comes from the ledger.
    beside.talatat("rollback", ini, "--yes")
    assert rows(beside, "SELECT * FROM pragma_table_info('jar_item') WHERE name = 'note'") == []
    assert rows(beside, "SELECT title FROM jar_item") == [["jam"]]
    beside.talatat("plan", ini)

    # Forward again: what was written in the newer release comes back.
    install(beside, jars["1.1"])
    beside.talatat("apply", ini, "--yes")
    assert rows(beside, "SELECT title, note FROM jar_item") == [["jam", "good"]]
    releases = json.loads(beside.talatat("history", ini, "--json"))
    assert [one["kind"] for one in releases] in (
        ["apply", "apply", "rollback", "apply"],
        ["apply", "rollback", "apply", "apply"],
    )


def rebuilt(wheel, folder):
    """The same version with another line in one module, and a RECORD that says so."""
    made = folder / wheel.name
    with zipfile.ZipFile(wheel) as old, zipfile.ZipFile(made, "w") as new:
        contents = {name: old.read(name) for name in old.namelist()}
        changed = "talatat_jar/__init__.py"
        contents[changed] += b"# rebuilt\n"
        (record,) = (name for name in contents if name.endswith("/RECORD"))
        digest = base64.urlsafe_b64encode(hashlib.sha256(contents[changed]).digest())
        lines = contents[record].decode().splitlines()
        lines = [line for line in lines if not line.startswith(f"{changed},")]
        lines.append(f"{changed},sha256={digest.decode().rstrip('=')},{len(contents[changed])}")
        contents[record] = ("\n".join(lines) + "\n").encode()
        for name, data in contents.items():
            new.writestr(name, data)
    return made


def test_an_installed_file_that_was_changed_is_told_and_refused_until_it_is_accepted(
    beside, jars, tmp_path
):
    install(beside, jars["1.0"])
    ini = beside.ini("jar", name="jar.ini")
    ini.write_text(ini.read_text().replace("talatat.development = true\n", ""))
    (beside.folder / "secret").write_text("s" * 40)
    beside.talatat("apply", ini, "--yes")
    lock = json.loads((beside.folder / "jar.lock").read_text())
    assert "talatat_jar/models.py" in lock["files"]["jar"]
    assert "talatat" not in lock["files"]  # editable here: it is being worked at
    package = beside.site_packages() / "talatat_jar"

    # Somebody changes a file where it is installed, and leaves another beside it.
    with (package / "models.py").open("a") as module:
        module.write("import os\n")
    (package / "sideways.py").write_text("import socket\n")
    said = " ".join(beside.talatat("plan", ini, code=3).split())
    assert "talatat_jar/models.py (changed), talatat_jar/sideways.py (added)" in said
    assert "package:talatat-jar" in said
    beside.talatat("apply", ini, "--yes", code=3)
    assert json.loads((beside.folder / "jar.lock").read_text()) == lock
    report = beside.talatat("doctor", ini, "--json", code=2)
    assert "package-altered" in report

    # Who looked at it accepts it, and is not asked again.
    beside.talatat("apply", ini, "--yes", "--accept", "package:talatat-jar")
    beside.talatat("plan", ini)

    # Another wheel under the same version: its own RECORD says nothing against it, the lock file does.
    (package / "sideways.py").unlink()
    install(beside, rebuilt(jars["1.0"], tmp_path))
    said = " ".join(beside.talatat("plan", ini, code=3).split())
    assert "other contents than the lock file has under this version" in said
    assert "talatat_jar/__init__.py (changed)" in said
    assert "talatat_jar/sideways.py (missing)" in said
