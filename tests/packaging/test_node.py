"""Where there is no Node: what `.ci/servers` says, and that `make serve` does not ask."""

import shutil
import subprocess

import pytest

from .conftest import ROOT


@pytest.mark.parametrize(("ci", "code"), [("", 0), ("true", 1)])
def test_without_node_one_line_says_what_is_left_out_and_ci_fails(tmp_path, ci, code):
    # Nothing on the PATH: neither Node, nor what could install it.
    done = subprocess.run(
        [shutil.which("sh"), ".ci/servers", "node"],
        cwd=ROOT, env={"PATH": str(tmp_path), "CI": ci}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == code
    assert done.stdout.count("\n") == 1
    assert "Left out" in done.stdout
    assert "nodejs, npm" in done.stdout


def test_serving_asks_for_no_node():
    source = (ROOT / "requirements" / "install.py").read_text()
    before, _, after = source.partition('if asked == "test":')
    assert "node.install()" not in before
    assert "node.install()" in after
