"""The command line: the only package that prints or exits."""

from __future__ import annotations

import importlib
import signal
import sqlite3
import sys
import traceback

import click

from tfmatrix import __version__
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


_MODULES = {
    "matrix": "matrix",
    "run": "matrix",
    "report": "matrix",
    "check": "gate",
    "check-staged": "gate",
    "accept": "gate",
    "pin": "gate",
    "pinned": "gate",
    "exchange": "exchange",
    "recipes": "recipes",
    "advise": "recipes",
    "cells": "upkeep",
    "check-store": "upkeep",
    "merge": "upkeep",
    "gc": "upkeep",
    "lock": "upkeep",
}
"""The module of each command: only that of the one that is run is imported, since all together take half a second."""


class _Commands(click.Group):
    """Commands by their names."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        """Return the names."""
        return sorted(_MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # click's
        """Return the command of a name, or None."""
        if cmd_name not in _MODULES:
            return None
        module = importlib.import_module(f"tfmatrix.cli.{_MODULES[cmd_name]}")
        command: click.Command = getattr(module, cmd_name.replace("-", "_"))
        return command


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="tfmatrix")
def commands() -> None:
    """Say, bit for bit, what moving from one TensorFlow release to another changes."""
