"""The matrix as commands: run it, report what is stored, and look at one trial."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from tfmatrix.cli.codes import INCOMPLETE, SAME
from tfmatrix.cli.observing import Answer, finish, observe
from tfmatrix.cli.selection import PRINTING, RUNNING, SELECTION, alone, open_store, options, read_config, read_plan
from tfmatrix.cli.view import View
from tfmatrix.config import Config
from tfmatrix.errors import UserError
from tfmatrix.questions.matrix import answer
from tfmatrix.questions.matrix.plan import only
from tfmatrix.questions.matrix.report import problems, write_report
from tfmatrix.records import OBSERVED, UNSUPPORTED
from tfmatrix.runner.rounds import observe_one

OF_ONE_TRIAL = ("python", "distribution", "trials", "seed", "timeout", "memory")
"""Options of a run that change what one of its trials does; the others choose which trials there are."""


@click.command("matrix")
@options(*SELECTION, *RUNNING, "stored", *PRINTING)
@click.option("--cell", metavar="ID", help="Run one trial of 2.15.1/mlp/tf2, or '2.15.1/mlp/tf2 jitter-2' itself.")
@click.option("--trace", is_flag=True, help="With --cell, which stores nothing: print every digest, tier and stage.")
def matrix(  # noqa: PLR0913  # click hands over an argument for each option
    *, fresh: bool, stored: bool, cell: str | None, trace: bool, quiet: bool, as_json: bool, **choices: Any
) -> int:
    """Run what is missing of the matrix, compare, and write the report; `tfmatrix run` is the same.

    Exits with 0 when every expected cell was observed or does not exist in its release, and with 2 when one is
    missing, unavailable or failed. What differs is for the report to say and not an error.
    """
    if cell is None and trace:
        raise UserError("--trace shows one trial; name it with --cell.")
    if stored and (fresh or cell):
        raise UserError("--stored runs nothing, so neither --fresh nor --cell goes with it.")
    if cell is not None:
        return _run_cell(read_config(choices), cell, trace=trace)
    plan = read_plan(choices)
    with open_store(plan.config) as store:
        if not stored:
            own = _own_options(choices)
            view = View(lambda trial: ["tfmatrix", "run", *own, "--cell", trial, "--trace"])
            with alone(plan.config):
                observe(plan, store, view, fresh=fresh, silent=quiet or as_json)
        data, path = write_report(plan, store)
    return finish(Answer(data, path, answer.lines(data), problems(data)), quiet=quiet, as_json=as_json)


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
