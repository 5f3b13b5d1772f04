"""Putting a question to the releases, with what a reader sees meanwhile; and the end of it, the same for each."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import click
from rich.console import Console
from rich.live import Live

from tfmatrix.cli.codes import INCOMPLETE, SAME
from tfmatrix.cli.view import View
from tfmatrix.report.document import Data, to_text
from tfmatrix.runner.events import Event
from tfmatrix.runner.rounds import Asker, rounds
from tfmatrix.store.store import Store


def observe(question: Asker, store: Store, view: View, *, fresh: bool, silent: bool) -> None:
    """Observe what a question wants, with a live view on a terminal and plain lines elsewhere."""
    console = Console(stderr=True, quiet=silent, highlight=False)

    def tell(event: Event) -> None:
        line = view.tell(event)
        if line and (view.must_be_seen(event) or not console.is_terminal):
            console.print(line, markup=False, soft_wrap=True)

    if console.is_terminal and not silent:
        with Live(view, console=console, refresh_per_second=4):
            rounds(question, store, tell, fresh=fresh)
    else:
        rounds(question, store, tell, fresh=fresh)


class Answer(NamedTuple):
    """What became of a question: the report, where it was written, and what a terminal shows of it."""

    data: Data
    path: Path
    lines: Iterable[str]
    problems: Iterable[str]
    """A sentence for each thing that was asked for and is not known."""


def finish(answer: Answer, *, quiet: bool, as_json: bool) -> int:
    """Print an answer and what is not known of it, and return the exit code."""
    data, path = answer.data, answer.path
    if as_json:
        click.echo(to_text(data), nl=False)
    elif not quiet:
        for line in answer.lines:
            click.echo(line)
        shown = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
        click.echo(f"report {data['id']}: {shown}")
    told = list(answer.problems)
    for line in told:
        click.echo(f"tfmatrix: {line}", err=True)
    return INCOMPLETE if told else SAME
