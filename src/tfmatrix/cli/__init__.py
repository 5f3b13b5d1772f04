"""The command line: the only package that prints or exits."""

from __future__ import annotations

import difflib
import errno
import importlib
import os
import signal
import sqlite3
import sys
import traceback
from collections.abc import Mapping
from typing import NamedTuple, NoReturn

import click

from tfmatrix import __version__
from tfmatrix.cli import streams
from tfmatrix.cli.codes import CHANGED, INCOMPLETE, OUR_FAULT, SAME
from tfmatrix.cli.streams import say
from tfmatrix.errors import UserError, sentence

__all__ = ["CHANGED", "INCOMPLETE", "OUR_FAULT", "SAME", "commands", "main"]


def main() -> None:
    """Run a command, and turn what it raises into a sentence and an exit code."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: what was started is ended first
    streams.make_safe()
    try:
        sys.exit(commands.main(standalone_mode=False) or SAME)
    except UserError as error:
        say(f"tfmatrix: {error}", err=True)
        sys.exit(INCOMPLETE)
    except click.ClickException as error:
        error.show()
        sys.exit(INCOMPLETE)
    except sqlite3.DatabaseError as error:
        say(f"tfmatrix: the store cannot be read or written: {error}; `tfmatrix check-store` says more.", err=True)
        sys.exit(INCOMPLETE)
    except OSError as error:
        # What the system refuses is somebody's to mend; what it says of no file, and of no want, is our own doing.
        if error.filename is None and error.errno not in _WANT:
            _our_fault()
        say(f"tfmatrix: {_refused(error)}", err=True)
        sys.exit(INCOMPLETE)
    except (KeyboardInterrupt, click.Abort):
        say("tfmatrix: interrupted; what was finished is kept, and the next run goes on from there.", err=True)
        sys.exit(INCOMPLETE)
    except Exception:
        _our_fault()


_WANT = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM})
"""What a system that has no more of something says, whichever file it is about."""


def _our_fault() -> NoReturn:
    traceback.print_exc()
    say("tfmatrix: this is a bug of tfmatrix; please report it with the lines above.", err=True)
    sys.exit(OUR_FAULT)


def _refused(error: OSError) -> str:
    """Return what the system refused as a sentence."""
    name = error.filename
    where = f"{os.fsdecode(name) if isinstance(name, bytes) else name}: " if name is not None else ""
    return sentence(f"the system refused this: {where}{error.strerror or error}")


class _Row(NamedTuple):
    """What is known of a command before its module is imported."""

    module: str
    summary: str
    """What it does, in one line of the help."""


_GROUPS: Mapping[str, Mapping[str, _Row]] = {
    "Ask": {
        "run": _Row("matrix", "Run models in several releases, compare, write the report."),
        "matrix": _Row("matrix", "Another name for run."),
        "plan": _Row("plan", "Say what a run would do, and how long it would take."),
        "report": _Row("matrix", "Write the report of run again, from what is stored."),
        "history": _Row("history", "Say when results changed, and what had changed before."),
        "diff": _Row("diff", "Say what differs between two reports."),
        "bisect": _Row("bisect", "Say between which builds the results of a cell change."),
        "explain": _Row("explain", "Say which package made each change, and what undoes it."),
        "atlas": _Row("atlas", "Say what changed in TensorFlow's ops and in Keras."),
        "machines": _Row("machines", "Say what another machine class changes in one release."),
        "exchange": _Row("exchange", "Say which release reads what another one saved."),
        "recipes": _Row("recipes", "Say which recipe makes results reproducible."),
        "open": _Row("opening", "Open a report in a browser."),
        "advise": _Row("recipes", "Print the shortest recipe that reproduces, as code."),
    },
    "Decide": {
        "check": _Row("gate", "Say whether a version may be pinned."),
        "accept": _Row("gate", "Accept a difference, with a reason and a last day."),
        "pin": _Row("gate", "Pin a version, by the id of the report that you read."),
        "pinned": _Row("gate", "Print what the project would install today."),
        "check-staged": _Row("gate", "Refuse a commit whose pin has no passing report."),
    },
    "Set up": {
        "init": _Row("init", "Look at a project, and propose its configuration."),
        "doctor": _Row("doctor", "Say whether the project can run here, and what is missing."),
        "versions": _Row("versions", "List the releases that the package index has."),
        "lock": _Row("upkeep", "Make the lock file of an environment."),
    },
    "Look after what is stored": {
        "cells": _Row("upkeep", "List every cell, and why one is missing."),
        "check-store": _Row("upkeep", "Compute every digest again, and name what is wrong."),
        "export": _Row("upkeep", "Write all results into one file, for another machine."),
        "merge": _Row("upkeep", "Add the results of another store."),
        "gc": _Row("upkeep", "Remove what no report can show any more."),
    },
}
"""Every command, as the help shows it: only the module of the one that is run is imported, since all take a second."""

_COMMANDS: Mapping[str, _Row] = {name: row for rows in _GROUPS.values() for name, row in rows.items()}

EXAMPLES = """\b
In the folder of a project, or of a script:
  tfmatrix run --versions 2.15.1,2.16.2 -- python train.py
  tfmatrix run --versions 2.15.1,2.16.2 --file model.keras
  tfmatrix explain 2.16.2 --baseline 2.15.1
  tfmatrix check 2.16.2 --baseline 2.15.1"""


class _Commands(click.Group):
    """Commands by their names."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        """Return the names."""
        return list(_COMMANDS)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  # as above
        """Write the commands by what they are for."""
        for group, rows in _GROUPS.items():
            with formatter.section(group):
                formatter.write_dl([(name, row.summary) for name, row in rows.items()])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:
        """Return the command of a name; raises ``click.UsageError`` where there is none."""
        if cmd_name not in _COMMANDS:
            near = difflib.get_close_matches(cmd_name, _COMMANDS, n=1)
            told = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(sorted(_COMMANDS))}."
            raise click.UsageError(f"there is no command {cmd_name!r}; {told}", ctx)
        module = importlib.import_module(f"tfmatrix.cli.{_COMMANDS[cmd_name].module}")
        command: click.Command = getattr(module, cmd_name.replace("-", "_"))
        return command


@click.group(cls=_Commands, epilog=EXAMPLES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="tfmatrix")
def commands() -> None:
    """Say, bit for bit, what changes from one TensorFlow release to another."""
