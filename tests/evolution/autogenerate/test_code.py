"""The code of revisions: laid out as the formatter would, whatever stands in it."""

import subprocess
import sys
from ast import literal_eval

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talatat.evolution.autogenerate.layout import (
    Block,
    assigned,
    call,
    flat,
    laid_out,
    quoted,
    requoted,
    several,
)
from talatat.evolution.autogenerate.pieces import Piece, revision_id, slug_of, source

LONG = quoted("x" * 60)
TREES = [
    call("op.execute", quoted("y" * 110)),
    call("a.b", LONG, LONG),
    call("a.b", call("c", LONG, LONG), several([LONG, "1"]), name=several([LONG, LONG]), short="1"),
    call("a.b", several([call("c", LONG, "12345678901234567890123456789012345678901")])),
    call("a.b", key=several([call("d")]), other=call("e", LONG, LONG)),
    Block('with altering("t") as table:', (call("table.x", LONG, LONG), "pass")),
]


@pytest.mark.parametrize("tree", TREES)
def test_code_is_laid_out_as_the_formatter_does_it(tree, tmp_path):
    path = tmp_path / "code.py"
    path.write_text("\n".join(["def f():", *laid_out([tree], 1)]) + "\n")
    settings = ["--config", "line-length=100", "--config", "format.skip-magic-trailing-comma=true",
                "--config", "lint.isort.split-on-trailing-comma=false"]  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "format", "--isolated", "--diff", *settings, str(path)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout == "", done.stdout


@given(st.text())
def test_every_text_is_a_literal_of_itself(text):
    assert literal_eval(quoted(text)) == text


def test_literals_inside_of_code_are_quoted_alike():
    assert requoted("Enum('a', 'it\\'s', length=3)") == 'Enum("a", "it\'s", length=3)'
    assert flat(call("x", key=several(["1", "2"]))) == "x(key=[1, 2])"
    assert assigned("name", "None") == ["name = None"]
    assert assigned("name", several([LONG, LONG]))[0] == "name = ["


def test_ids_fit_and_are_cut_at_a_word():
    assert revision_id(3, slug_of("Points of a customer, and more than that"), "contract") == (
        "0003_points_of_a_contract"
    )
    assert revision_id(12, slug_of("!!"), "") == "0012_changes"
    assert len(revision_id(1, "x" * 80, "not_null")) == 32


def test_a_message_cannot_break_out_of_its_docstring():
    text = source(Piece("", ""), "0001_x", [], {}, 'say """ and \\ then\nmore')
    compile(text, "0001_x.py", "exec")
    assert text.startswith('"""Say \'\'\' and / then more."""\n')
