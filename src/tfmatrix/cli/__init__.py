"""The command line: the only package that prints or exits."""

from __future__ import annotations

import signal
import sqlite3
import sys
import traceback

import click

from tfmatrix import __version__
from tfmatrix.cli import exchange, gate, recipes, runs, upkeep
from tfmatrix.cli.codes import CHANGED, INCOMPLETE, OUR_FAULT, SAME
from tfmatrix.errors import UserError

__all__ = ["CHANGED", "INCOMPLETE", "OUR_FAULT", "SAME", "commands", "main"]


def main() -> None:
    """Run a command, and turn what it raises into a sentence and an exit code."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: what was started is ended first
    try:
        sys.exit(commands.main(standalone_mode=False) or SAME)
    except UserError as error:
        click.echo(f"tfmatrix: {error}", err=True)
        sys.exit(INCOMPLETE)
    except click.ClickException as error:
        error.show()
        sys.exit(INCOMPLETE)
    except sqlite3.DatabaseError as error:
        click.echo(
            f"tfmatrix: the store cannot be read or written: {error}; `tfmatrix check-store` says more.", err=True
        )
        sys.exit(INCOMPLETE)
    except (KeyboardInterrupt, click.Abort):
        click.echo("tfmatrix: interrupted; what was finished is kept, and the next run goes on from there.", err=True)
        sys.exit(INCOMPLETE)
    except Exception:
        traceback.print_exc()
        click.echo("tfmatrix: this is a bug of tfmatrix; please report it with the lines above.", err=True)
        sys.exit(OUR_FAULT)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="tfmatrix")
def commands() -> None:
    """Say, bit for bit, what moving from one TensorFlow release to another changes."""


for command in (
    runs.run,
    runs.report,
    gate.check,
    gate.check_staged,
    gate.accept,
    gate.pin,
    gate.pinned,
    exchange.exchange,
    recipes.recipes,
    recipes.advise,
    upkeep.cells,
    upkeep.check_store,
    upkeep.merge,
    upkeep.gc,
    upkeep.lock,
):
    commands.add_command(command)
