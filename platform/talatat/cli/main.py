"""`talatat`: one module per command, imported only when it is run.

An addon brings a command of its own as a click command in the entry-point group `talatat.commands`; the
entry's name is the command's, and begins with the addon's. A built-in command is not replaced.

Exit codes are the commands' own (see each); a usage error is 1 everywhere, where click says 2, for 2
means "changes" or "findings" here.
"""

import importlib
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from importlib.metadata import EntryPoint, entry_points

import click

from talatat.errors import TalatatError

# What `talatat --help` says, so that it imports no command.
COMMANDS = {
    "addons": "Installed and composed addons, versions, requirements.",
    "apply": "Bring the database to the composition.",
    "archive": "Move the data of an addon that sleeps away, restorably.",
    "bisect": "Which addon makes a command fail.",
    "check": "The conformance suite: what holds of an addon, and its tier.",
    "cost": "What requests cost: time, statements, errors by addon and route.",
    "doctor": "What parts models, database and release, and what mends it.",
    "history": "Releases: number, time, who, what.",
    "lint": "Find hazards in a migration's SQL.",
    "load": "Import a file in bulk; can be killed and resumed.",
    "new": "Make a new addon.",
    "plan": "What would change, before anything does.",
    "purge": "Drop an addon's archived data for good.",
    "restore": "Bring the data in an archive file back.",
    "revision": "Write the next migration of one addon.",
    "rollback": "The way back: schema and data.",
    "secret": "What secrets there are; replace one while the system serves.",
    "why": "Who declared, overrides or extends a thing: addon, file:line.",
}


ADDED = "talatat.commands"
"""The entry-point group of commands that addons bring."""


def added() -> dict[str, EntryPoint]:
    """The commands of installed addons by name; none is imported."""
    return {one.name: one for one in entry_points(group=ADDED) if one.name not in COMMANDS}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, sorted."""
        return sorted({*COMMANDS, *added()})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command's object, or None where there is no such command."""
        command: click.Command
        if cmd_name in COMMANDS:
            command = importlib.import_module(f"talatat.cli.{cmd_name}").command
            return command
        entry = added().get(cmd_name)
        if entry is None:
            return None
        command = entry.load()
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is asked for; one that is not there is told with the nearest that is."""
        near = get_close_matches(args[0], self.list_commands(ctx), 1)
        if near and near[0] != args[0]:
            ctx.fail(f"No such command {args[0]!r}. Did you mean {near[0]}?")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of `--help`."""
        with formatter.section("Commands"):
            formatter.write_dl(sorted(COMMANDS.items()))
        if brought := added():
            with formatter.section("Commands of addons"):
                formatter.write_dl(
                    [(name, f"of {_distribution(one)}") for name, one in sorted(brought.items())]
                )


def _distribution(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist is not None else entry.module


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="talatat")
def cli() -> None:
    """Compose, change and question a Talatat system. Most commands take the .ini first."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit code. Errors that a person can mend are printed without a traceback."""
    try:
        code = cli.main(args=argv, prog_name="talatat", standalone_mode=False)
    except click.exceptions.Exit as exit_:
        return exit_.exit_code
    except click.ClickException as error:
        error.show()
        return 1
    except click.Abort:
        click.echo("Stopped.", err=True)
        return 1
    except TalatatError as error:
        click.echo(f"error: {error}", err=True)
        return 1
    except BrokenPipeError:
        sys.stderr.close()
        return 1
    return code if isinstance(code, int) else 0


def run() -> None:
    """The console script."""
    sys.exit(main())
