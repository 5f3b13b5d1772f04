"""Putting a question: to the releases, or to what is stored, with what a reader sees meanwhile and at the end."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import click
from rich.console import Console
from rich.live import Live

from tfmatrix.cli.codes import CHANGED, INCOMPLETE, SAME
from tfmatrix.cli.selection import alone
from tfmatrix.cli.streams import say
from tfmatrix.cli.view import View
from tfmatrix.errors import UserError
from tfmatrix.questions.chosen import requirements_of
from tfmatrix.records import Environment
from tfmatrix.report import terminal
from tfmatrix.report.blocks import Document
from tfmatrix.report.document import to_text
from tfmatrix.report.records import Report
from tfmatrix.report.text import plain
from tfmatrix.runner.events import Event, Refused
from tfmatrix.runner.making import lock_missing
from tfmatrix.runner.rounds import Asker, rounds
from tfmatrix.store.opening import open_store
from tfmatrix.store.store import Store


class Planned(Asker, Protocol):
    """A question with its plan."""

    @property
    def every_environment(self) -> Iterable[Environment]:
        """The environments that it may need, each of which is to have a lock before its scope is asked for."""


P = TypeVar("P", bound=Planned)
R = TypeVar("R", bound=Report)


class Way(NamedTuple):
    """How a question is to be put, and what is to be printed."""

    fresh: bool
    stored: bool
    quiet: bool
    as_json: bool

    @classmethod
    def of(cls, choices: dict[str, Any]) -> Way:
        """Take the options that say so out of those of a command; raises ``UserError`` where they contradict."""
        way = cls(*(choices.pop(name) for name in cls._fields))
        if way.fresh and way.stored:
            raise UserError("--stored runs nothing, so --fresh does not go with it.")
        return way


@dataclass(frozen=True)
class Question(Generic[P, R]):
    """What a command knows of its question, besides the plan."""

    write: Callable[[P, Store], tuple[R, Path]]
    """From a plan and a store to the report, which it writes, and its path."""
    answer: Callable[[R], Document]
    """From the report to what a terminal shows of it."""
    problems: Callable[[R], Sequence[str]]
    """From the report to a sentence for each thing that was asked for and is not known."""
    is_changed: Callable[[R], bool] = lambda _: False
    """From the report to whether something changed, of a question whose exit code says so."""


def ask(question: Question[P, R], plan: P, view: View, way: Way) -> int:
    """Observe what a question wants, unless what is stored is to do; write its report, and return the exit code."""
    with open_store(plan.config) as store, contextlib.nullcontext() if way.stored else alone(plan.config):
        refused = [] if way.stored else _observe(plan, store, view, way)
        report, path = question.write(plan, store)
    problems = list(question.problems(report))
    # With --fresh an environment may be refused of which everything is stored: what was asked for was not done.
    problems += [_told(one) for one in refused if not _is_told(one, problems)]
    _print(report, path, question.answer(report), way)
    for line in problems:
        say(f"tfmatrix: {line}", err=True)
    if problems:
        return INCOMPLETE
    return CHANGED if question.is_changed(report) else SAME


def _told(refused: Refused) -> str:
    return plain(f"{refused.environment.name} is unavailable: {refused.reason}")


def _is_told(refused: Refused, problems: Sequence[str]) -> bool:
    """Return whether a problem speaks of a refusal already."""
    return any(refused.environment.name in line and plain(refused.reason) in line for line in problems)


def _observe(plan: Planned, store: Store, view: View, way: Way) -> list[Refused]:
    """Observe what is wanted, with a live view on a terminal and plain lines elsewhere; return what was refused."""
    refused: list[Refused] = []
    silent = way.quiet or way.as_json
    console = Console(stderr=True, quiet=silent, highlight=False)

    def tell(event: Event) -> None:
        if isinstance(event, Refused):
            refused.append(event)
        line = view.tell(event)
        if line and (view.must_be_seen(event) or not console.is_terminal):
            console.print(line, markup=False, soft_wrap=True)

    live = console.is_terminal and not silent
    with Live(view, console=console, refresh_per_second=4) if live else contextlib.nullcontext():
        notes: dict[str, None] = {}
        for locking in lock_missing(plan.every_environment, plan.config):
            tell(locking)
            notes |= dict.fromkeys(requirements_of(plan.config, locking.environment.tensorflow).notes)
        for note in notes:
            console.print(plain(note), markup=False, soft_wrap=True)
        rounds(plan, store, tell, fresh=way.fresh)
    return refused


def _print(report: Report, path: Path, answer: Document, way: Way) -> None:
    if way.as_json:
        click.echo(to_text(report), nl=False)
    elif not way.quiet:
        for line in terminal.lines(answer):
            say(line)
        shown = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
        say(f"report {report.id}: {shown}")
