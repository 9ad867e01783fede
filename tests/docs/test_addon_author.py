"""docs/addon-author.md: its commands, its excerpts, and the addon that its examples are of."""

import configparser
import inspect
import re
import textwrap

from talatat.configuration.configurator import Configurator
from talatat.testing import composed

from .walkthrough import ROOT, Place, blocks, make_environment, make_folder, set_port

TEXT = (ROOT / "docs" / "addon-author.md").read_text()
HEADING = re.compile(r"`config\.(\w+)\(([^`]*)\)`")

REVISION = '''
"""Tables of reviews."""

import sqlalchemy as sa
from alembic import op

from talatat.db import types as t

revision = "0001_reviews"
down_revision = None
requires = {"catalog": "0001_products"}
phase = "expand"


def upgrade():
    op.create_table(
        "reviews_review",
        sa.Column("id", t.UUIDv7(), primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("text", sa.String(2000), nullable=False),
        sa.Column("created_at", t.UTCDateTime(), nullable=False),
        sa.Column("updated_at", t.UTCDateTime(), nullable=False),
    )
    key = sa.ForeignKey("catalog_product.id", ondelete="CASCADE")
    op.create_table(
        "reviews_product",
        sa.Column("product_id", t.UUIDv7(), key, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("stars", sa.Integer, nullable=False),
    )
'''


def write_reviews(folder):
    """The addon `reviews`, made of the document's examples, as an installed distribution."""
    parts = {}
    for block in blocks(TEXT):
        if block.file.startswith("reviews/"):
            parts.setdefault(block.file.removeprefix("reviews/"), []).append(block.text)
    package = folder / "reviews"
    revisions = package / "migrations" / "versions"
    revisions.mkdir(parents=True)
    (revisions / "0001_reviews.py").write_text(REVISION)
    (package / "models.py").write_text("".join(parts["models.py"]))
    for name in parts:
        if name.startswith("templates/"):
            (package / "templates").mkdir(exist_ok=True)
            (package / name).write_text("".join(parts[name]))
    body = textwrap.indent("".join(parts["includeme"]), "    ")
    face = "\n\n".join(parts["__init__.py"])
    (package / "__init__.py").write_text(f"{face}\n\ndef includeme(config):\n{body}")
    info = folder / "reviews-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: reviews\nVersion: 1.0\nRequires-Dist: talatat-orders\n"
    )
    (info / "entry_points.txt").write_text("[talatat.addons]\nreviews = reviews\n")
    return "".join(parts["test_reviews.py"])


def test_every_command_does_what_is_shown(tmp_path):
    make_folder(tmp_path)
    (tmp_path / "addons").mkdir()
    with Place(tmp_path) as place:
        set_port(place, "development.ini")
        place.run("talatat apply development.ini --yes")
        url = f"http://localhost:{place.port}"
        place.run(
            f"python -m talatat_accounts.bootstrap development.ini --out var/admin.json --url {url}"
        )
        place.follow(TEXT)


def test_the_addon_of_the_examples_passes_the_tests_that_are_shown(tmp_path):
    make_environment(tmp_path)
    (libraries,) = tmp_path.glob(".venv/lib/python*/site-packages")
    (tmp_path / "test_reviews.py").write_text(write_reviews(libraries))
    with Place(tmp_path) as place:
        printed, code = place.run("pytest -q -W error::DeprecationWarning:reviews test_reviews.py")
    assert code == 0, printed


def test_the_third_party_package_that_is_shown_can_be_composed():
    (shown,) = [block.text for block in blocks(TEXT) if block.language == "ini"]
    parser = configparser.ConfigParser(delimiters="=")
    parser.read_string(f"[shown]\n{shown}")
    settings = dict(parser["shown"])
    names = settings.pop("talatat.addons").split()
    with composed(names, settings) as system:
        assert system.system.composition.names == tuple(names)


def test_every_directive_is_told_with_its_signature():
    told = dict(HEADING.findall(TEXT))
    rooms = [room for room in Configurator.__mro__ if room.__name__.endswith("Directives")]
    public = {name for room in rooms for name in vars(room) if not name.startswith("_")}
    # Pyramid's own, which is told under `overriding`.
    assert public - set(told) - {"override_asset"} == set()
    for name in (public & set(told)) | {"overriding", "include_with"}:
        asked = [one.split("=")[0].strip("* ") for one in told[name].split(",") if one]
        directive = inspect.unwrap(getattr(Configurator, name))
        assert asked == list(inspect.signature(directive).parameters)[1:], name
