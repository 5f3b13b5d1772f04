"""The matrix as commands: run it, report what is stored, and look at one trial."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from tfmatrix.cli.asking import Question, Way, ask
from tfmatrix.cli.codes import INCOMPLETE, SAME
from tfmatrix.cli.selection import PRINTING, RUNNING, SELECTION, options, plan_of, read_config
from tfmatrix.cli.streams import say
from tfmatrix.cli.view import View
from tfmatrix.config import Config, load
from tfmatrix.errors import UserError
from tfmatrix.gate import vanished
from tfmatrix.questions.matrix.answer import answer, problems
from tfmatrix.questions.matrix.plan import Plan, make_plan, only
from tfmatrix.questions.matrix.report import covered, covered_by, narrowed, write_report
from tfmatrix.questions.matrix.summary import Report
from tfmatrix.records import OBSERVED, UNSUPPORTED
from tfmatrix.runner.rounds import observe_one
from tfmatrix.store.store import Store

OF_ONE_TRIAL = ("python", "distribution", "trials", "seed", "timeout", "memory")
"""Options of a run that change what one of its trials does; the others choose which trials there are."""

AT_ONCE = ("command", "steps", "file", "inputs", "objects")
"""What is typed of the one model that is run without a table."""


def _write(plan: Plan, store: Store) -> tuple[Report, Path]:
    """Write the report, and note what the project asks for: what vanishes from then on is told by the gate."""
    before = covered(plan.config.under_root(plan.config.reports))
    written = write_report(plan, store)
    now = covered_by((cell.environment, cell.model) for cell in written[0].cells)
    if lost := narrowed(before, now):
        say(
            f"tfmatrix: this report replaces one that was also about {lost}; "
            "`--reports FOLDER` writes into another folder.",
            err=True,
        )
    with contextlib.suppress(UserError):  # a command that is run at once needs no project that asks for anything
        vanished.note(store, make_plan(load(plan.config.root)))
    return written


MATRIX = Question(_write, answer, problems)


@click.command("matrix")
@options(*SELECTION, *RUNNING, "on", "stored", *PRINTING)
@click.option(
    "--cell", metavar="ID", help="Run one trial alone: 2.15.1/mlp/tf2, its first, or '2.15.1/mlp/tf2 jitter-2'."
)
@click.option("--trace", is_flag=True, help="With --cell: print every digest, tier and stage; nothing is stored.")
@click.option(
    "--steps", type=int, metavar="N", help="Stop the command behind -- after N updates; 0: run it to its end."
)
@click.option("--file", metavar="PATH", help="Read a saved model at once: alone, without a table.")
@click.option("--inputs", metavar="PATH", help="With --file: the .npz with the model's inputs.")
@click.option("--objects", metavar="MODULE", help="With --file: the module with the classes that the file names.")
@click.argument("command", nargs=-1, type=click.UNPROCESSED, metavar="[-- python SCRIPT ...]")
def matrix(*, cell: str | None, trace: bool, **choices: Any) -> int:
    """Run the cells that are missing, compare, and write the report; `run` and `matrix` are the same.

    A command behind --, such as `-- python train.py --epochs 1`, is run at once: alone, unchanged, without a table. So
    is a saved model that --file names.

    Exits with 0 when every expected cell was observed or does not exist in its release, and with 2 when one is
    missing, unavailable or failed. A difference is no error: the report says what differs.
    """
    way = Way.of(choices)
    if cell is None and trace:
        raise UserError("--trace shows one trial; name it with --cell.")
    if cell is not None and way.stored:
        raise UserError("--stored runs nothing, so --cell does not go with it.")
    if cell is not None:
        return _run_cell(_settings(choices), cell, trace=trace)
    settings = _settings(choices)
    own = _own_options(choices)
    view = View(lambda trial: ["tfmatrix", "run", *own, "--cell", trial, "--trace", *settings.at_once])
    return ask(MATRIX, plan_of(settings), view, way)


run = matrix


@click.command()
@options(*SELECTION, *PRINTING)
@click.pass_context
def report(context: click.Context, /, **choices: Any) -> Any:
    """Write the report of the matrix again from what is stored; nothing is run."""
    nothing = dict.fromkeys((*AT_ONCE, "cell"))
    return context.invoke(matrix, stored=True, fresh=False, trace=False, **{**nothing, "command": ()}, **choices)


def _settings(choices: dict[str, Any]) -> Config:
    """Return the configuration of one run, with a command or a file where one was typed."""
    command, steps, file, inputs, objects = (choices.pop(name) for name in AT_ONCE)
    settings = read_config(choices)
    if file is None and (inputs or objects):
        raise UserError("--inputs and --objects are for --file; for others set them in [tool.tfmatrix.models.NAME].")
    if file is not None:
        if command or steps is not None or choices.get("models"):
            raise UserError("a file is read alone: --models, --steps and a command behind -- do not go with --file.")
        return settings.with_file(file, inputs=inputs, objects=objects, modes=choices.get("modes"))
    if not command:
        if steps is not None:
            raise UserError("--steps is for a command behind --; for others set steps in [tool.tfmatrix.models.NAME].")
        return settings
    if choices.get("models"):
        raise UserError("a command behind -- is run alone, so --models does not go with it.")
    return settings.with_command(command, steps=steps, modes=choices.get("modes"))


def _run_cell(settings: Config, cell: str, *, trace: bool) -> int:
    """Run one trial of a cell, and print what became of it."""
    expected = only(settings, cell)
    finished = observe_one(expected, settings)
    seen = finished.trial
    for text in (seen.traceback, seen.output):
        if text.strip():
            say(text.strip())
    for print_ in finished.trace if trace else ():
        say(f"{print_.digest}  {print_.tier} {print_.stage}")
    told = f": {seen.message}" if seen.message else f", trace {seen.trace}" if seen.trace else ""
    say(f"{expected.id} {seen.outcome}{told}")
    return SAME if seen.outcome in {OBSERVED, UNSUPPORTED} else INCOMPLETE


def _own_options(choices: Mapping[str, Any]) -> list[str]:
    """Return the options of a run without which one of its trials would be another one, as they are typed."""
    return [part for name in OF_ONE_TRIAL if choices[name] is not None for part in (f"--{name}", str(choices[name]))]
