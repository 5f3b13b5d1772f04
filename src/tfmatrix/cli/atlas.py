"""The atlas as a command: which of TensorFlow's own ops, and of Keras's names, changed between releases."""

from __future__ import annotations

from typing import Any

import click

from tfmatrix.cli.asking import Question, Way, ask
from tfmatrix.cli.selection import PRINTING, RUNNING, options, read_config
from tfmatrix.cli.view import View
from tfmatrix.questions.atlas.answer import answer, problems
from tfmatrix.questions.atlas.plan import make_atlas_plan
from tfmatrix.questions.atlas.report import write_report

ATLAS = Question(write_report, answer, problems)


@click.command()
@click.option(
    "--ops",
    "names",
    metavar="GLOB",
    default="",
    help="Ops or names of Keras alone: 'MatMul*', 'keras.layers.*'; all by default.",
)
@options("versions", "seed", "python", "distribution", "reports", *RUNNING, "on", "stored", *PRINTING)
def atlas(**choices: Any) -> int:
    """Run every op, and every class and function of Keras, by itself in each release, and write reports/atlas.md.

    What is stored is not run again: of a release that is added, only that one is run. No model is needed. Exits with 0
    when everything that was asked for is known, whatever was found, and with 2 when something is missing.
    """
    way, names = Way.of(choices), choices.pop("names")
    return ask(ATLAS, make_atlas_plan(read_config(choices), names), View(), way)
