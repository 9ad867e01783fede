"""`talatat lint FILE.sql`: the hazards of a migration's SQL, without a database."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from talatat.cli.output import print_json
from talatat.errors import TalatatError
from talatat.evolution.amounts import counted
from talatat.evolution.hazards import Context, Finding, lint
from talatat.evolution.hazards.model import DIALECTS
from talatat.evolution.hazards.tokens import Piece, pieces

_PHASES = ("expand", "data", "contract")


@click.command(short_help="Hazards of a migration's SQL")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option("--dialect", type=click.Choice(DIALECTS), default="postgresql", show_default=True)
@click.option("--phase", type=click.Choice(_PHASES), help="The phase of the revision.")
@click.option("--addon", help="The addon whose migration it is: judges names and ownership too.")
@click.option("--requires", multiple=True, help="An addon that it requires; may be repeated.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    file: str,
    dialect: str,
    phase: str | None,
    addon: str | None,
    requires: tuple[str, ...],
    as_json: bool,
) -> int:
    """Name the hazards of the statements in FILE (- is standard input).

    Each statement is taken to run in a transaction of its own, but for those between BEGIN and COMMIT.

    Exit codes: 0 clean, 2 findings, 1 error.
    """
    found = pieces(_text(file))
    context = Context(addon=addon, requires=frozenset(requires), phase=phase, transactional=False)
    try:
        findings = lint([one.text for one in found], dialect, context)
    except TalatatError as error:
        raise TalatatError(
            [f"{file}: {_at_line(text, found)}" for text in error.problems]
        ) from error
    if as_json:
        lines = [found[one.statement or 0].line for one in findings]
        report = [
            {**one.as_json(), "line": line} for one, line in zip(findings, lines, strict=True)
        ]
        print_json({"file": file, "dialect": dialect, "findings": report})
    else:
        click.echo(_told(file, found, findings))
    return 2 if findings else 0


def _text(file: str) -> str:
    if file.endswith(".py"):
        raise TalatatError(
            f"{file} is no SQL. The hazards of a revision are told by the plan that runs it: talatat plan INI"
        )
    try:
        return sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise TalatatError(f"{file}: it is not UTF-8 ({error}). Save it as UTF-8.") from error


def _at_line(problem: str, found: list[Piece]) -> str:
    """`statement 3 ...` with the line of the file on which that statement stands."""
    words = problem.split(maxsplit=2)
    if words[:1] == ["statement"] and len(words) == 3 and words[1].isdigit():
        return f"line {found[int(words[1]) - 1].line}: {problem}. Correct it."
    return problem


def _told(file: str, found: list[Piece], findings: list[Finding]) -> str:
    count = counted(len(found), "statement")
    if not findings:
        return f"{file}: no hazards in {count}."
    blocks = [_block(file, found[one.statement or 0], one) for one in findings]
    weights = [f"{n} {name}" for name in ("danger", "warning", "notice")
               if (n := sum(one.severity == name for one in findings))]  # fmt: skip
    found_them = counted(len(findings), "finding")
    return "\n".join([*blocks, f"{file}: {found_them} in {count}: {', '.join(weights)}."])


def _block(file: str, piece: Piece, one: Finding) -> str:
    lines = [f"{file}:{piece.line}: {one.severity.value}: {one.id}", f"    {one.message}"]
    if one.lock:
        lines.append(f"    lock:    {one.lock}")
    lines.append(f"    instead: {one.recipe.text}")
    if one.recipe.phase:
        lines.append(
            f"    in a revision of phase {one.recipe.phase!r}, each in a transaction of its own:"
        )
    for transaction in one.recipe.transactions:
        lines += [f"        {statement};" for statement in transaction]
    return "\n".join([*lines, ""])
