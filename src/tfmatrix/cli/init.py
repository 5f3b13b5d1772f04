"""Setting up a project as a command: show what would be written and why, and write it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click

from tfmatrix.cli.codes import SAME
from tfmatrix.cli.streams import say
from tfmatrix.init.proposal import Line, Proposal, propose
from tfmatrix.init.writing import NOXFILE, write

EXAMPLE = "\b\n$ cd my-project\n$ tfmatrix init\n$ tfmatrix init --write\n$ tfmatrix run"
"""What its help ends with; the escape has click keep the lines."""


@click.command(epilog=EXAMPLE)
@click.option("--write", "writes", is_flag=True, help="Write what is shown; a pyproject.toml is made if there is none.")
@click.option("--nox", "with_nox", is_flag=True, help="A noxfile.py too; by default only if the project uses nox.")
def init(*, writes: bool, with_nox: bool) -> int:
    """Look at a project, and show its configuration: scripts that train, saved models, releases, packages.

    Nothing is run, and nothing is written without --write. What is configured already is kept as it is.

    Exits with 0, also if everything is configured already, and with 2 if no model is found or a file can't be read or
    written.
    """
    found = propose(Path.cwd(), with_nox=with_nox)
    _show(found)
    if found.is_empty:
        say(f"{found.root / 'pyproject.toml'} is configured already: nothing to write.")
    elif not (found.settings or found.noxfile):
        say("There is nothing else to write.")
    elif not writes:
        say(f"\nNothing was written; `tfmatrix init {'--nox ' if with_nox else ''}--write` writes it.")
    else:
        write(found.root, found.settings, noxfile=found.noxfile)
        names = [name for name, is_new in (("pyproject.toml", found.settings), ("noxfile.py", found.noxfile)) if is_new]
        say(f"\nWritten: {' and '.join(names)}. `tfmatrix doctor` says what can run here, `tfmatrix run` runs it.")
    return SAME


def _show(found: Proposal) -> None:
    """Print what was found and what would be written."""
    if found.lines or found.apart:
        say(f"In {found.root}:")
    for line in _columns((*found.lines, *found.apart)):
        say(line)
    if found.settings:
        say(f"\nFor pyproject.toml:\n\n{found.text}".rstrip())
    if found.noxfile:
        say(f"\nFor noxfile.py:\n\n{NOXFILE}".rstrip())
    if found.noxfile_line:
        say(f"\nTo add to noxfile.py, which is yours and is not edited:\n\n{found.noxfile_line}")


def _columns(lines: Iterable[Line]) -> list[str]:
    kept = list(lines)
    width = min(44, max((len(line.what) for line in kept), default=0))
    return [f"  {line.what:<{width}}  {line.why}".rstrip() for line in kept]
