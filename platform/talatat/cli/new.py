"""`talatat new addon NAME`: an addon that works and passes its tests, to be changed from there.

The files are made from `addon_template/`, then installed editable into the environment that runs this
command, so that the addon can be listed in an .ini at once.
"""

import json
import keyword
import re
import shutil
import subprocess
import sys
from importlib.metadata import version as version_of
from importlib.util import find_spec
from pathlib import Path
from string import Template

import click
from packaging.version import Version

from talatat.addons import inventory
from talatat.errors import TalatatError
from talatat.settings import FOREIGN

TEMPLATE = Path(__file__).parent / "addon_template"
NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
LONGEST = 30  # table, index and constraint names begin with it and stay under 63 bytes
TAKEN = {"talatat", *FOREIGN}  # prefixes of settings that are somebody else's


@click.group(name="new")
def command() -> None:
    """Make something new."""


@command.command(name="addon")
@click.argument("name")
@click.option(
    "--into", type=click.Path(file_okay=False, path_type=Path), help="Make it in this folder."
)
@click.option("--no-install", is_flag=True, help="Make the files only.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def addon(name: str, into: Path | None, no_install: bool, as_json: bool) -> int:
    """Make a working addon with a test, installed editable.

    It stands in addons/NAME where there is a folder addons, else in NAME. Exit codes: 0 done, 1 error.
    """
    parent = into or (Path("addons") if Path("addons").is_dir() else Path())
    folder = parent / name
    check_name(name)
    if folder.exists():
        raise TalatatError(
            f"{folder} exists already. Choose another name, or another folder: --into DIR."
        )
    make_addon(name, folder)
    if not no_install:
        install(folder)
    _tell(name, folder, installed=not no_install, as_json=as_json)
    return 0


def check_name(name: str) -> None:
    """Raise `TalatatError` for a name that an addon cannot have, with what to choose instead."""
    if not NAME.fullmatch(name) or len(name) > LONGEST or keyword.iskeyword(name):
        raise TalatatError(
            f"{name!r} cannot name an addon: it becomes a Python package, a prefix of tables and of "
            f"settings, and a part of URLs. Use lower-case letters, digits and single underscores, a "
            f"letter first, at most {LONGEST} characters, no word of Python: for example "
            f"{_nearest(name)!r}."
        )
    if name in TAKEN:
        raise TalatatError(f"{name!r} is a prefix of settings that is taken. Choose another name.")
    found = inventory().addons.get(name)
    if found is not None:
        raise TalatatError(
            f"{name!r} is the name of an installed addon ({found.distribution} {found.version}). "
            f"Choose another name, or uninstall {found.distribution}."
        )
    if find_spec(f"talatat_{name}") is not None:
        raise TalatatError(f"A Python package talatat_{name} is installed. Choose another name.")


def _nearest(name: str) -> str:
    words = re.findall(r"[a-z0-9]+", name.lower())
    near = "_".join(words).lstrip("0123456789_")[:LONGEST].rstrip("_")
    return near if near and not keyword.iskeyword(near) else "shelf"


def make_addon(name: str, folder: Path) -> None:
    """Write the template's files into `folder`, with this addon's names in them; all of them or none."""
    words = _words(name)
    temporary = folder.with_name(f".{name}.being-made")
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        for source in sorted(TEMPLATE.rglob("*.tmpl")):
            place = source.relative_to(TEMPLATE).with_suffix("")
            parts = [words["package"] if part == "package" else part for part in place.parts]
            target = temporary.joinpath(*parts)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(Template(source.read_text("utf-8")).substitute(words), "utf-8")
        (temporary / words["package"] / "py.typed").touch()
        temporary.rename(folder)
    except OSError as error:
        raise TalatatError(
            f"{folder} cannot be made: {error.strerror}. Choose a folder: --into DIR."
        ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _words(name: str) -> dict[str, str]:
    version = Version(version_of("talatat"))
    camel = "".join(word.title() for word in name.split("_"))
    return {
        "name": name,
        "title": name.replace("_", " ").capitalize(),
        "camel": camel,
        "package": f"talatat_{name}",
        "distribution": f"talatat-{name.replace('_', '-')}",
        "version": str(version),
        "next_major": str(version.major + 1),
    }


def install(folder: Path) -> None:
    """Install the addon editable into the running environment; nothing is fetched.

    Raises `TalatatError` with the installer's words and the command to run by hand.
    """
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index", "-e", str(folder)]
    uv = shutil.which("uv", path=str(Path(sys.executable).parent))
    if uv is not None:
        command = [uv, "pip", "install", "--python", sys.executable, *options]
    else:
        command = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", *options]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise TalatatError(
            f"{folder} is made, but could not be installed:\n{done.stderr.strip()}\n"
            f"Mend that and run: {' '.join(command)}"
        )


def _tell(name: str, folder: Path, *, installed: bool, as_json: bool) -> None:
    if as_json:
        told = {
            "addon": name,
            "folder": str(folder),
            "package": f"talatat_{name}",
            "installed": installed,
        }
        click.echo(json.dumps(told))
        return
    lacking = (
        "" if find_spec("pytest") else " (install talatat[testing] first; in a clone: make setup)"
    )
    click.echo(
        f"{folder} is made{' and installed, editable' if installed else ''}. Next:\n"
        f"  python -m pytest {folder}     its tests{lacking}\n"
        f"  add a line {name!r} under talatat.addons in your .ini, then\n"
        f"  talatat apply development.ini     its table\n"
        f"  /api/{name}/v1/items     answers when the server is started again"
    )
