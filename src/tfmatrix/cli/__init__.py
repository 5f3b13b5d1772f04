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
from typing import NoReturn

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
    return sentence(f"the system refuses what was asked of it: {where}{error.strerror or error}")


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
    "explain": "explain",
    "recipes": "recipes",
    "advise": "recipes",
    "cells": "upkeep",
    "check-store": "upkeep",
    "merge": "upkeep",
    "gc": "upkeep",
    "lock": "upkeep",
    "init": "init",
    "doctor": "doctor",
    "versions": "versions",
}
"""The module of each command: only that of the one that is run is imported, since all together take half a second."""


class _Commands(click.Group):
    """Commands by their names."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        """Return the names."""
        return sorted(_MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:
        """Return the command of a name; raises ``click.UsageError`` where there is none."""
        if cmd_name not in _MODULES:
            near = difflib.get_close_matches(cmd_name, _MODULES, n=1)
            told = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(sorted(_MODULES))}."
            raise click.UsageError(f"there is no command {cmd_name!r}; {told}", ctx)
        module = importlib.import_module(f"tfmatrix.cli.{_MODULES[cmd_name]}")
        command: click.Command = getattr(module, cmd_name.replace("-", "_"))
        return command


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="tfmatrix")
def commands() -> None:
    """Say, bit for bit, what moving from one TensorFlow release to another changes."""
