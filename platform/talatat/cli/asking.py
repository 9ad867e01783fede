"""Showing a plan, and asking whether it is to be carried out."""

from __future__ import annotations

import sys

import click

from talatat.cli.output import console, print_json
from talatat.evolution.model import Plan
from talatat.evolution.plan.text import render

REFUSED = 3


def shown(plan: Plan, *, as_json: bool) -> int:
    """Print a plan that is not carried out; return the exit code for that."""
    if as_json:
        print_json(plan.as_json())
    else:
        render(plan, console())
    return REFUSED


def agreed(plan: Plan, question: str, otherwise: str, *, as_json: bool) -> bool:
    """Show the plan and ask; `otherwise` says what was not done where there is nobody to ask."""
    shown(plan, as_json=as_json)
    if as_json or not sys.stdin.isatty():
        click.echo(f"{otherwise}: nobody to ask. Say --yes.", err=True)
        return False
    if not click.confirm(question, default=False):
        click.echo("Nothing was changed.")
        return False
    return True
