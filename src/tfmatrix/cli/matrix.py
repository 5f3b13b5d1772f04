"""The matrix as commands: run it, report what is stored, and look at one trial."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from tfmatrix.cli.asking import Question, Way, ask
from tfmatrix.cli.codes import INCOMPLETE, SAME
from tfmatrix.cli.selection import PRINTING, RUNNING, SELECTION, options, read_config, read_plan
from tfmatrix.cli.view import View
from tfmatrix.config import Config
from tfmatrix.errors import UserError
from tfmatrix.questions.matrix.answer import answer, problems
from tfmatrix.questions.matrix.plan import only
from tfmatrix.questions.matrix.report import write_report
from tfmatrix.records import OBSERVED, UNSUPPORTED
from tfmatrix.runner.rounds import observe_one

OF_ONE_TRIAL = ("python", "distribution", "trials", "seed", "timeout", "memory")
"""Options of a run that change what one of its trials does; the others choose which trials there are."""


MATRIX = Question(write_report, answer, problems)


@click.command("matrix")
@options(*SELECTION, *RUNNING, "stored", *PRINTING)
@click.option("--cell", metavar="ID", help="Run one trial of 2.15.1/mlp/tf2, or '2.15.1/mlp/tf2 jitter-2' itself.")
@click.option("--trace", is_flag=True, help="With --cell, which stores nothing: print every digest, tier and stage.")
def matrix(*, cell: str | None, trace: bool, **choices: Any) -> int:
    """Run what is missing of the matrix, compare, and write the report; `tfmatrix run` is the same.

    Exits with 0 when every expected cell was observed or does not exist in its release, and with 2 when one is
    missing, unavailable or failed. What differs is for the report to say and not an error.
    """
    way = Way.of(choices)
    if cell is None and trace:
        raise UserError("--trace shows one trial; name it with --cell.")
    if cell is not None and way.stored:
        raise UserError("--stored runs nothing, so --cell does not go with it.")
    if cell is not None:
        return _run_cell(read_config(choices), cell, trace=trace)
    own = _own_options(choices)
    view = View(lambda trial: ["tfmatrix", "run", *own, "--cell", trial, "--trace"])
    return ask(MATRIX, read_plan(choices), view, way)


run = matrix


@click.command()
@options(*SELECTION, *PRINTING)
@click.pass_context
def report(context: click.Context, /, **choices: Any) -> Any:
    """Write the report of the matrix again from what is stored; nothing is run."""
    return context.invoke(matrix, stored=True, fresh=False, cell=None, trace=False, **choices)


def _run_cell(settings: Config, cell: str, *, trace: bool) -> int:
    """Run one trial of a cell, and print what became of it."""
    expected = only(settings, cell)
    finished = observe_one(expected, settings)
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
