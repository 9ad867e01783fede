"""Composing apart: the same answer as composing here, no trace, and words for whoever dies or hangs."""

import os
from pathlib import Path

import pytest

from talatat.errors import AddonError, CompositionError
from talatat.evolution.desired import compose_apart, desired_of
from talatat.evolution.desired.watching import tried
from talatat.testing.composed import write_ini

URL = "sqlite:///{folder}/db.sqlite"


def files_of(folder: Path) -> dict[str, float]:
    return {str(path): path.stat().st_mtime_ns for path in sorted(folder.rglob("*"))}


@pytest.fixture
def apart(addons):
    """`apart({file: text})` composes one addon apart and gives what `compose_apart` gives or raises."""

    def compose(code: str, *, files: dict[str, str] | None = None, seconds: float = 60, **settings):
        addons.write("odd", {"__init__.py": code, **(files or {})})
        ini = addons.ini("odd", url=URL.format(folder=addons.folder), **settings)
        return compose_apart(ini, seconds=seconds)

    return compose


def test_it_tells_the_same_as_the_composed_process_and_leaves_nothing_behind(rated_shelf):
    addons = rated_shelf
    addons.write("guaranteed", addons.rating("guaranteed", "always"), requires=("shelf",))
    names = ("rating", "guaranteed")
    ini = addons.ini(*names, url=URL.format(folder=addons.folder))
    before = files_of(addons.folder)
    told = compose_apart(ini)
    assert files_of(addons.folder) == before
    with addons.composed(*names, url=URL.format(folder=addons.folder), migrate=False) as system:
        here = desired_of(system.registry)
    for one in (told, here):  # somebody may work at the platform's own files while its tests run
        one.packages["talatat"].pop("hash")
    assert told == here
    assert told.order == ("shelf", "rating", "guaranteed")
    assert set(told.packages) == {"talatat", *told.order}
    assert [fill.table for fill in told.fills] == ["guaranteed_book"]


def test_addons_are_left_out_by_argument_and_by_environment(rated_shelf, monkeypatch):
    rated_shelf.write("other", {})
    rated_shelf.write("further", {})
    url = URL.format(folder=rated_shelf.folder)
    ini = rated_shelf.ini("rating", "other", "further", url=url)
    monkeypatch.setenv("TALATAT_WITHOUT", "shelf")
    told = compose_apart(ini, ["other"])
    assert told.order == ("further",)
    assert told.left_out["rating"] == "requires shelf, which is left out"
    assert "addon shelf is left out: left out by request" in told.warnings
    with pytest.raises(CompositionError, match="--without or TALATAT_WITHOUT names nobody"):
        compose_apart(ini, ["nobody"])


def test_neither_the_working_folder_nor_development_leaves_a_trace(addons, monkeypatch):
    """A module of the working folder is not imported, a secret that is missing not made."""
    addons.write("plain", {})
    ini = addons.ini(
        "plain",
        url=URL.format(folder=addons.folder),
        **{"talatat.development": "true", "talatat.secret": "file:%(here)s/var/new-secret"},
    )
    monkeypatch.chdir(addons.folder)
    (addons.folder / "click.py").write_text("raise SystemExit('a module of the working folder')\n")
    assert compose_apart(ini).order == ("plain",)
    assert not (addons.folder / "var").exists()


TRIED = {
    "open('{folder}/left', 'w')": "opens '{folder}/left' for writing",
    "os.open('{folder}/low', os.O_CREAT | os.O_WRONLY)": "opens '{folder}/low' for writing",
    "os.mkdir('{folder}/made')": "makes a folder ('{folder}/made')",
    "os.rename('{folder}/secret', '{folder}/s')": "renames a file ('{folder}/secret')",
    "pathlib.Path('{folder}/secret').unlink()": "deletes a file ('{folder}/secret')",
    "sqlite3.connect('{folder}/own.db')": "opens the database '{folder}/own.db'",
    "socket.create_connection(('127.0.0.1', 9))": "connects (127.0.0.1:9)",
    "subprocess.run(['true'])": "starts a program ('true')",
    "os.system('true')": "starts a program ('true')",
    "os.fork()": "starts a process",
    "create_engine('postgresql+psycopg://127.0.0.1:9/x').connect()": "connects to a database",
}


def test_whoever_writes_connects_or_starts_a_program_is_named_with_the_line(apart, addons):
    lines = [
        "import os, pathlib, socket, sqlite3, subprocess",
        "from sqlalchemy import create_engine",
        "def includeme(config):",
    ]
    for code in TRIED:
        one = code.format(folder=addons.folder)
        lines += ["    try:", f"        {one}", "    except PermissionError:", "        pass"]
    (addons.folder / "secret").write_text("a secret\n")
    told = apart("\n".join(lines) + "\n")
    init = f"{addons.folder}/{addons.package('odd')}/__init__.py"
    assert [text.partition(" while ")[0] for text in told.refused] == [
        f"addon odd ({init}:{5 + 4 * number}) {said.format(folder=addons.folder)}"
        for number, said in enumerate(TRIED.values())
    ]
    for text in told.refused:
        assert "Composing must not write, connect or start programs" in text
    kept = {path.name for path in addons.folder.iterdir()}
    assert "secret" in kept
    assert not kept & {"left", "low", "made", "s", "own.db"}


def test_an_addon_that_insists_on_writing_is_not_composed(apart):
    with pytest.raises(AddonError) as caught:
        apart("def includeme(config):\n    open('left', 'w')\n")
    assert caught.value.addon == "odd"
    assert "opens 'left' for writing while the system is composed" in str(caught.value)


def test_what_composing_may_do_all_the_same(apart):
    """Read, ask for a folder, use a database in memory, and print: that does not mix with the answer."""
    told = apart(
        """
        import os, sqlite3, socket, sys, tempfile
        open(__file__).read()
        tempfile.gettempdir()
        open(os.devnull, "w").write("nothing")
        sqlite3.connect(":memory:").execute("CREATE TABLE t (x)")
        socket.socket().close()
        print('{"desired": "mine"}')
        os.write(1, b"straight to the descriptor")
        def includeme(config):
            print("and again", file=sys.stderr)
        """
    )
    assert told.order == ("odd",)
    assert told.refused == ()


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import os\nos._exit(3)", "ended the process (exit status 3)"),
        ("import ctypes\nctypes.string_at(0)", "was ended by the signal SIGSEGV"),
        ("import time\ntime.sleep(60)", "was not done after 5 seconds"),
    ],
)
def test_a_subprocess_that_dies_or_hangs_is_told_in_words(apart, addons, code, said):
    with pytest.raises(CompositionError) as caught:
        apart(
            "from . import worse\ndef includeme(config): pass\n",
            files={"worse.py": code},
            seconds=5,
        )
    text = str(caught.value)
    assert said in text
    assert f"imported was {addons.package('odd')}.worse" in text
    assert "--without ADDON" in text


def test_one_that_cannot_even_be_stopped_from_inside_is_killed(apart, monkeypatch):
    monkeypatch.setattr("talatat.evolution.desired.apart.GRACE", 5)
    with pytest.raises(CompositionError, match="was not done after 2 seconds"):
        apart(
            "import faulthandler, time\nfaulthandler.cancel_dump_traceback_later()\ntime.sleep(60)\n",
            seconds=2,
        )


def test_problems_of_the_composition_keep_their_words_and_their_number(addons):
    ini = write_ini(addons.folder, ["nowhere", "neither"], "sqlite://")
    with pytest.raises(CompositionError) as caught:
        compose_apart(ini)
    assert [text.partition(": there is no addon ")[2][:9] for text in caught.value.problems] == [
        "'nowhere'",
        "'neither'",
    ]


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (("open", "a", "w", 0), "opens 'a' for writing"),
        (("open", b"a", None, os.O_APPEND), "opens 'a' for writing"),
        (("open", Path("a"), "r+", 0), "opens 'a' for writing"),
        (("open", "a", "r", os.O_RDONLY), None),
        (("open", 1, "w", os.O_WRONLY), None),
        (("open", os.devnull, "w", os.O_WRONLY), None),
        (("sqlite3.connect", ":memory:"), None),
        (("sqlite3.connect", "x" * 400), f"opens the database '{'x' * 297}...'"),
        (("socket.connect", None, ("::1", 5432)), "connects (::1:5432)"),
        (("socket.sendto", None, "/run/log"), "sends to the network ('/run/log')"),
        (("os.fork",), "starts a process"),
        (("os.utime", 7), "changes the times of a file"),
        (("os.listdir", "."), None),
    ],
)
def test_what_python_says_is_about_to_happen_is_worded(event, said):
    name, *arguments = event
    assert tried(name, tuple(arguments)) == said
