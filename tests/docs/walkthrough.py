"""Runs what a document shows, in one shell from its first line to its last, and compares what is printed.

A ```console block holds commands after `$ ` and below each what it prints; a ```sh block holds commands
alone. A command has to end with 0, unless the next one is `echo $?`. A server (`make serve`, `pserve`) is
started beside the shell, and runs until the next one is started.

What is shown has to be printed, line by line. `...` stands for anything, alone on a line for any number of
lines. Ids, moments, digests and lengths of time differ from run to run and are only compared in form, and so
does who runs a command, and how far the columns of a table stand apart. Paths are shown from the folder in
which the commands are run.
"""

import contextlib
import os
import re
import select
import shlex
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
import uuid
import venv
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from talatat.testing.servers import free_port

ROOT = Path(__file__).resolve().parents[2]
PORT = "6543"
PATIENCE = 120  # seconds for one command, on a machine that has other things to do

FENCE = re.compile(
    r"^```(?P<language>\w*)(?: (?P<file>\S+))?\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
SERVERS = ("make serve", "pserve ")
# What differs from run to run, as it is written in a document and as it may be printed.
WILD = {
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}": r"[0-9a-f-]{36}",
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z",
    r"\b[0-9a-f]{32}\b": r"[0-9a-f]{32}",
    r"\b[0-9a-f]{16}\b": r"[0-9a-f]{16}",
    r"\b[0-9a-f]{12}\b": r"[0-9a-f]{12}",
    r"\b20\d{6}_[0-9a-f]{6}\b": r"\d{8}_[0-9a-f]{6}",  # of an archive
    r"\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)?\b": r"\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)?",
    r"\bkiya@shop\b": r"[\w.-]+@[\w.-]+",
    r"\bprocess \d+ on shop\b": r"process \d+ on [\w.-]+",
    r"(?<=\S)  +(?=\S)": r"  +",  # between columns
    r"-[0-9a-f]{18}": r"-[0-9a-f]{18}",
    r"\bin \d+\.\d+s": r"in [\d.]+s",
    r"PID \d+": r"PID \d+",
    r"\.\.\.": r".*",
}
WILD_PARTS = re.compile("|".join(f"({one})" for one in WILD))
NUMBER = re.compile(r"\d(?:[\d,.]*\d)?")


@dataclass
class Block:
    """One fenced block: its language, the file that it is of, its text, the line where it begins."""

    language: str
    file: str
    text: str
    line: int


@dataclass
class Step:
    """One command of a document and what is shown below it; None where nothing is compared."""

    command: str
    shown: list[str] | None
    line: int
    may_fail: bool = False


def blocks(text):
    """All fenced blocks of a document, in order."""
    return [
        Block(
            found["language"],
            found["file"] or "",
            found["text"],
            text.count("\n", 0, found.start()) + 1,
        )
        for found in FENCE.finditer(text)
    ]


def steps(text):
    """All commands of a document, in order."""
    made = []
    for block in blocks(text):
        if block.language == "sh":
            made.append(Step(block.text, None, block.line))
        elif block.language == "console":
            made += _commands(block)
    for one, following in pairwise(made):
        one.may_fail = following.command == "echo $?"
    return made


def _commands(block):
    made = []
    for number, line in enumerate(block.text.splitlines(), block.line + 1):
        if line.startswith("$ "):
            made.append(Step(line[2:], [], number))
        elif made and not made[-1].shown and not is_whole(made[-1].command):
            made[-1].command += "\n" + line
        else:
            assert made, f"line {number}: a console block begins with a command after '$ '"
            made[-1].shown.append(line)
    return made


def is_whole(command):
    """Whether a command ends where its text ends, as the shell sees it."""
    if command.endswith("\\"):
        return False
    asked = subprocess.run(
        ["bash", "-n", "-c", command], check=False, capture_output=True, env={"LC_ALL": "C"}
    )
    return asked.returncode == 0 and b"here-document" not in asked.stderr


def pattern(shown, loose=False):
    """A regular expression for what is shown; `loose` lets every number be another."""
    parts = []
    for line in "\n".join(shown).rstrip("\n").splitlines():
        if line.strip() == "...":
            parts.append(r"(?:[^\n]*\n)*?")
        else:
            parts.append(_line(line.rstrip(), loose) + r"[ ]*\n")
    return "".join(parts)


def _line(line, loose):
    made, at = [], 0
    for found in WILD_PARTS.finditer(line):
        made.append(_plain(line[at : found.start()], loose))
        made.append(list(WILD.values())[found.lastindex - 1])
        at = found.end()
    return "".join([*made, _plain(line[at:], loose)])


def _plain(text, loose):
    parts = NUMBER.split(text) if loose else [text]
    return r"[\d,.]*\d".join(re.escape(part) for part in parts)


@dataclass
class Place:
    """A folder to try a document in: its shell, its port, and the server that runs beside."""

    folder: Path
    variables: dict = field(default_factory=dict)
    port: int = 0
    # Command -> what is run in its stead.
    instead: dict = field(default_factory=dict)
    # Whose numbers are of other data than the reader's.
    loose: tuple = ()

    def __post_init__(self):
        self.port = self.port or free_port()
        self.shell = None
        self.server = None
        clean = ("PYTHONPATH", "VIRTUAL_ENV", "MAKEFLAGS", "MFLAGS", "MAKELEVEL", "TALATAT_WITHOUT")
        # Not measured: a command takes twice its time then, and tests of the parts reach the same lines.
        self.environ = {
            k: v for k, v in os.environ.items() if k not in clean and not k.startswith("COVERAGE_")
        }
        self.environ |= {"LC_ALL": "C.UTF-8", **self.variables}
        bins = str(self.folder / ".venv" / "bin")
        self.environ["PATH"] = f"{bins}{os.pathsep}{self.environ['PATH']}"

    def __enter__(self):
        self.shell = subprocess.Popen(
            ["bash", "--noprofile", "--norc"], cwd=self.folder, env=self.environ, bufsize=0,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip
        return self

    def __exit__(self, *details):
        self.stop_server()
        self.shell.stdin.close()
        self.shell.stdout.close()
        end(self.shell)

    def follow(self, text):
        """Run all steps of a document; AssertionError at the first that does something else."""
        for step in steps(text):
            self.take(step)

    def take(self, step):
        """Run one step and compare."""
        command = self.instead.get(step.command, step.command).replace(PORT, str(self.port))
        if command.startswith(SERVERS):
            printed, code = self.serve(command), 0
        else:
            printed, code = self.run(command)
        told = f"line {step.line}: $ {step.command}\nends with {code} and prints:\n{printed}"
        assert code == 0 or step.may_fail, told
        if step.shown is not None:
            wanted = pattern(step.shown, step.command.startswith(self.loose or ("\0",)))
            said = printed.replace(str(self.port), PORT).rstrip("\n")
            for folder in (self.folder, ROOT):
                said = said.replace(f"{folder}/", "")
            assert re.fullmatch(wanted, f"{said}\n" if said else ""), (
                told + "\nshown is:\n" + "\n".join(step.shown)
            )

    def run(self, command):
        """(what a command prints, its exit code)."""
        mark = f"-- {uuid.uuid4()}"
        line = f'eval {shlex.quote(command)} </dev/null; __=$?; echo "{mark}" $__; (exit $__)\n'
        self.shell.stdin.write(line.encode())
        printed, give_up = b"", time.monotonic() + PATIENCE
        while mark.encode() not in printed or not printed.endswith(b"\n"):
            ready, _, _ = select.select([self.shell.stdout], [], [], 1)
            if ready:
                printed += os.read(self.shell.stdout.fileno(), 65536)
            assert time.monotonic() < give_up, f"$ {command}\ndoes not end:\n{printed.decode()}"
            assert self.shell.poll() is None, f"$ {command}\nended the shell:\n{printed.decode()}"
        said, _, code = printed.decode().rpartition(mark)
        return said, int(code)

    def serve(self, command):
        """Start a server in the place of the one before; what it prints until it is ready."""
        self.stop_server()
        environ = {**self.environ, **self.exported()}
        log = self.folder / "server.log"
        with log.open("w") as out:
            self.server = subprocess.Popen(
                shlex.split(command), cwd=self.folder, env=environ, stdin=subprocess.DEVNULL,
                stdout=out, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        give_up = time.monotonic() + PATIENCE
        while not re.search(r"^ready .*\n", log.read_text(), re.MULTILINE):
            assert self.server.poll() is None, f"$ {command}\nended:\n{log.read_text()}"
            assert time.monotonic() < give_up, f"$ {command}\nis not ready:\n{log.read_text()}"
            time.sleep(0.1)
        return log.read_text()

    def exported(self):
        """The environment that the shell gives to what it starts."""
        said, _ = self.run("env -0")
        return dict(pair.split("=", 1) for pair in said.split("\0") if "=" in pair)

    def stop_server(self):
        if self.server is not None:
            end(self.server)
            self.server = None


def end(process):
    """End a process of ours and what it has started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def make_environment(folder):
    """`.venv` over the environment that runs the tests: what is installed into it is its own."""
    venv.create(folder / ".venv", with_pip=False, symlinks=True)
    bins = folder / ".venv" / "bin"
    python = bins / "python"
    libraries = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    below = sysconfig.get_path("purelib")
    (Path(libraries) / "below.pth").write_text(f"import site; site.addsitedir({below!r})\n")
    here = Path(sys.executable).parent
    for name in ("talatat", "pserve", "proutes", "pviews", "ptweens", "pytest"):
        lines = (here / name).read_text().splitlines(keepends=True)
        (bins / name).write_text("".join([f"#!{python}\n", *lines[1:]]))
        (bins / name).chmod(0o755)
    (bins / "uv").symlink_to(here / "uv")


def make_folder(folder):
    """A folder with what stands at the root of the repository for an operator: the .ini files."""
    make_environment(folder)
    shutil.copy(ROOT / "development.ini", folder)
    shutil.copytree(ROOT / "config", folder / "config")


def make_checkout(folder):
    """A copy of the repository with an environment of its own, in which the copy is installed."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=True,
    ).stdout.decode()  # fmt: skip
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():  # not one that was taken away and is not committed yet
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    make_environment(folder)
    distributions = [
        folder,
        *sorted(path.parent for path in folder.glob("addons/*/pyproject.toml")),
    ]
    editable = [part for one in distributions for part in ("-e", one)]
    python = folder / ".venv" / "bin" / "python"
    uv = [Path(sys.executable).parent / "uv", "pip", "install", "--quiet", "--python", python]
    subprocess.run([*uv, "--no-deps", "--no-build-isolation", "--no-index", *editable], check=True)
    # What `make` asks to know that nothing is to be installed.
    node = Path("tests", "clients", "node_modules")
    if (ROOT / node).is_dir():
        (folder / node).symlink_to(ROOT / node)
    stamp = "import install; install.STAMP.write_text('test ' + install.digest('test'))"
    subprocess.run(
        [python, "-c", stamp],
        env={**os.environ, "PYTHONPATH": "requirements"},
        cwd=folder,
        check=True,
    )


def set_port(place, *names):
    """Let files of the place say its port, where the document's reader has 6543."""
    for name in names:
        path = place.folder / name
        path.write_text(path.read_text().replace(PORT, str(place.port)))
