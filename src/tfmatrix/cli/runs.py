"""The main job as commands: run the matrix, and report what is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.live import Live

from tfmatrix import config
from tfmatrix.cli.codes import INCOMPLETE, SAME
from tfmatrix.cli.selection import alone, open_store, read_config, read_plan, selection
from tfmatrix.cli.view import View
from tfmatrix.errors import UserError
from tfmatrix.questions.matrix import answer
from tfmatrix.questions.matrix import run as running
from tfmatrix.questions.matrix.plan import Plan
from tfmatrix.questions.matrix.summary import Report
from tfmatrix.records import OBSERVED, UNSUPPORTED, ExpectedTrial
from tfmatrix.report import terminal
from tfmatrix.report.document import to_text
from tfmatrix.runner.events import Event
from tfmatrix.runner.storing import observe_into
from tfmatrix.store.store import Store

OF_ONE_TRIAL = ("python", "distribution", "trials", "seed", "timeout", "memory")
"""Options of a run that change what one of its trials does; the others choose which trials there are."""


@click.command()
@selection
@click.option("--timeout", type=float, metavar="S", help="Seconds that one trial may take.")
@click.option("--jobs", type=int, metavar="N", help="Processes at once; by default as many as cores and memory allow.")
@click.option("--memory", type=int, metavar="MIB", help="Memory that one trial may take.")
@click.option("--fresh", is_flag=True, help="Run every trial again, stored or not.")
@click.option("--cell", metavar="ID", help="Run one trial of 2.15.1/mlp/tf2, or '2.15.1/mlp/tf2 jitter-2' itself.")
@click.option("--trace", is_flag=True, help="With --cell, which stores nothing: print every digest, tier and stage.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors.")
@click.option("--json", "as_json", is_flag=True, help="Print the report's JSON and nothing else.")
def run(*, fresh: bool, cell: str | None, trace: bool, quiet: bool, as_json: bool, **choices: Any) -> int:
    """Run what is missing of the matrix, compare, and write the report.

    Exits with 0 when every expected cell was observed or does not exist in its release, and with 2 when one is
    missing, unavailable or failed. What differs is for `tfmatrix report` to say and not an error.
    """
    if cell is None and trace:
        raise UserError("--trace shows one trial; name it with --cell.")
    if cell is not None:
        return _run_cell(read_config(choices), cell, trace=trace)
    plan = read_plan(choices)
    with open_store(plan) as store, alone(plan):
        every = [expected for trials in plan.trials.values() for expected in trials]
        # What is run afresh replaces what is stored when it is over, and not before: a run that is interrupted loses
        # nothing.
        missing = every if fresh else running.missing_from(store, plan)
        _observe(plan, store, missing, View(missing, _own_options(choices)), silent=quiet or as_json)
        found, path = running.write_report(plan, store)
    return _finish(found, path, quiet=quiet, as_json=as_json)


@click.command()
@selection
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors.")
@click.option("--json", "as_json", is_flag=True, help="Print the report's JSON and nothing else.")
def report(*, quiet: bool, as_json: bool, **choices: Any) -> int:
    """Write the report again from what is stored; nothing is run."""
    plan = read_plan(choices)
    with open_store(plan) as store:
        found, path = running.write_report(plan, store)
    return _finish(found, path, quiet=quiet, as_json=as_json)


def _run_cell(settings: config.Config, cell: str, *, trace: bool) -> int:
    """Run one trial of a cell, and print what became of it."""
    plan, expected = running.only(settings, cell)
    finished = running.observe_one(plan, expected)
    seen = finished.trial
    for text in (seen.traceback, seen.output):
        if text.strip():
            click.echo(text.strip())
    for print_ in finished.trace if trace else ():
        click.echo(f"{print_.digest}  {print_.tier} {print_.stage}")
    told = f": {seen.message}" if seen.message else f", trace {seen.trace}" if seen.trace else ""
    click.echo(f"{expected.id} {seen.outcome}{told}")
    return SAME if seen.outcome in {OBSERVED, UNSUPPORTED} else INCOMPLETE


def _own_options(choices: Mapping[str, Any]) -> list[str]:
    """Return the options of a run without which one of its trials would be another one, as they are typed."""
    return [part for name in OF_ONE_TRIAL if choices[name] is not None for part in (f"--{name}", str(choices[name]))]


def _observe(plan: Plan, store: Store, missing: Sequence[ExpectedTrial], view: View, *, silent: bool) -> None:
    """Observe trials, with a live view on a terminal and plain lines elsewhere."""
    total = sum(map(len, plan.trials.values()))
    console = Console(stderr=True, quiet=silent, highlight=False)
    console.print(f"{len(missing)} of {total} trials to run, {total - len(missing)} stored already.", markup=False)

    def tell(event: Event) -> None:
        line = view.tell(event)
        if line and (view.is_trouble(event) or not console.is_terminal):
            console.print(line, markup=False, soft_wrap=True)

    if console.is_terminal and missing and not silent:
        with Live(view, console=console, refresh_per_second=4):
            observe_into(store, plan, missing, tell)
    else:
        observe_into(store, plan, missing, tell)


def _finish(found: Report, path: Path, *, quiet: bool, as_json: bool) -> int:
    """Print the answer, and return the exit code."""
    if as_json:
        click.echo(to_text(found), nl=False)
    elif not quiet:
        for line in terminal.lines(answer.answer(found)):
            click.echo(line)
        shown = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
        click.echo(f"report {found.id}: {shown}")
    problems = answer.problems(found)
    for line in problems:
        click.echo(f"tfmatrix: {line}", err=True)
    if answer.compared_nothing(found):
        click.echo(f"tfmatrix: nothing was compared with {found.baseline}; choose another version too.", err=True)
        return INCOMPLETE
    return INCOMPLETE if problems else SAME
