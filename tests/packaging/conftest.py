"""Environments apart from the one that runs the tests, made without a network, and servers in them."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import sysconfig
import urllib.error
import urllib.request
import venv
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from talatat.testing.servers import free_port

ROOT = Path(__file__).resolve().parents[2]
UV = Path(sys.executable).parent / "uv"
WARM = 60  # seconds that a server may take to be ready on a busy machine


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items):
    """One worker runs these tests: they share environments that take seconds to make."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("packaging"))


def get(url):
    """(status, body as text) of a GET."""
    try:
        with urllib.request.urlopen(url, timeout=20) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


@dataclass
class Environment:
    """A virtual environment and a working folder outside of the checkout.

    `measured` says whether coverage is measured there: a command takes twice its time then.
    """

    prefix: Path
    folder: Path
    variables: dict = field(default_factory=dict)
    measured: bool = False

    @property
    def python(self):
        return self.prefix / "bin" / "python"

    def environ(self):
        path = f"{self.prefix / 'bin'}{os.pathsep}{os.environ['PATH']}"
        clean = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
        if not self.measured:
            clean = {k: v for k, v in clean.items() if not k.startswith("COVERAGE_")}
        return {**clean, "PATH": path, "PYTHONWARNINGS": "ignore", **self.variables}

    def run(self, *command, code=0, cwd=None):
        """Run a command in this environment; its standard output. Fails on another exit code."""
        done = subprocess.run(
            [str(part) for part in command],
            check=False,
            cwd=cwd or self.folder,
            env=self.environ(),
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == code, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr if code else done.stdout

    def talatat(self, *arguments, code=0):
        start = "from talatat.cli.main import run; run()"
        return self.run(self.python, "-c", start, *arguments, code=code)

    def ini(self, *addons, name="site.ini"):
        """Write an .ini that composes these addons on a database of its own."""
        listed = "".join(f"\n    {addon}" for addon in addons)
        path = self.folder / name
        path.write_text(
            "[app:main]\nuse = egg:talatat\ntalatat.development = true\n"
            f"talatat.addons ={listed}\n"
            f"sqlalchemy.url = sqlite:///%(here)s/{path.stem}.sqlite\n"
            "talatat.secret = file:%(here)s/secret\n"
            + ("accounts.secret = file:%(here)s/accounts-secret\n" if "accounts" in addons else "")
            + "[server:main]\nuse = egg:talatat#waitress\nlisten = localhost:6543\n"
        )
        return path

    @contextlib.contextmanager
    def serving(self, *command):
        """Run a command that prints `ready URL`; yields (url, lines before it), stops it by TERM."""
        log = self.folder / "server.log"
        with log.open("w") as errors:
            process = subprocess.Popen(
                [str(part) for part in command],
                cwd=self.folder,
                env=self.environ(),
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        timer = signal.signal(signal.SIGALRM, lambda *_: process.kill())
        signal.alarm(WARM)
        lines = []
        try:
            for line in process.stdout:
                if line.startswith("ready "):
                    break
                lines.append(line.rstrip("\n"))
            else:
                raise AssertionError("\n".join(lines) + log.read_text())
            signal.alarm(0)
            yield line.split()[1], lines
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=30)
            assert process.returncode == 0, log.read_text()
        finally:
            signal.alarm(0)
            signal.signal(signal.SIGALRM, timer)
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            process.communicate()

    def pserve(self, ini):
        return self.serving(
            self.python, "-m", "pyramid.scripts.pserve", ini, f"http_port={free_port()}"
        )

    def site_packages(self):
        return Path(
            self.run(
                self.python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"
            ).strip()
        )


def make_environment(base):
    venv.create(base / "environment", with_pip=False, symlinks=True)
    folder = base / "elsewhere"
    folder.mkdir()
    return Environment(base / "environment", folder)


@pytest.fixture(scope="session")
def wheels(tmp_path_factory):
    """Wheels of all distributions of the checkout, as `make wheels` builds them."""
    folder = tmp_path_factory.mktemp("wheels")
    subprocess.run([sys.executable, ROOT / "requirements" / "wheels.py", folder], check=True)
    return sorted(folder.glob("*.whl"))


@pytest.fixture(scope="session")
def fresh(tmp_path_factory, wheels):
    """An environment with what requirements/serve.txt locks and our wheels; nothing of the checkout."""
    made = make_environment(tmp_path_factory.mktemp("fresh"))
    uv = [UV, "pip"]
    # From the cache that the set-up filled.
    made.run(
        *uv, "sync", "--quiet", "--require-hashes", "--python", made.python,
        ROOT / "requirements" / "serve.txt",
    )  # fmt: skip
    made.run(*uv, "install", "--quiet", "--no-deps", "--no-index", "--python", made.python, *wheels)
    return made


@pytest.fixture
def beside(tmp_path):
    """An environment over the one that runs the tests: it sees all of it, what it installs is its own."""
    made = make_environment(tmp_path)
    below = sysconfig.get_path("purelib")
    (made.site_packages() / "below.pth").write_text(f"import site; site.addsitedir({below!r})\n")
    return made


def json_of(url):
    status, body = get(url)
    assert status == 200, body
    return json.loads(body)
