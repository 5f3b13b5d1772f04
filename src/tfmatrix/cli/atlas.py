"""The atlas as a command: which of TensorFlow's own ops changed between releases."""

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
@options("versions", "seed", "python", "distribution", "reports", *RUNNING, "on", "stored", *PRINTING)
def atlas(**choices: Any) -> int:
    """Run every op that a CPU can run by itself in each release, and write reports/atlas.md.

    What is stored is not run again: of a release that is added, only that one is run. No model is needed. Exits with 0
    when everything that was asked for is known, whatever was found, and with 2 when something is missing.
    """
    way = Way.of(choices)
    return ask(ATLAS, make_atlas_plan(read_config(choices)), View(), way)
