"""Machine classes as a command: what another instruction set, thread count or machine changes."""

from __future__ import annotations

from typing import Any

import click

from tfmatrix.cli.asking import Question, Way, ask
from tfmatrix.cli.selection import PRINTING, RUNNING, options, read_config
from tfmatrix.cli.view import View
from tfmatrix.questions.machines.answer import answer, problems
from tfmatrix.questions.machines.plan import make_machines_plan
from tfmatrix.questions.machines.report import write_report

MACHINES = Question(write_report, answer, problems)


@click.command()
@options("versions", "modes", "models", "trials", "seed", "python", "distribution", "reports", *RUNNING, "on", "stored")
@options(*PRINTING)
def machines(**choices: Any) -> int:
    """Compare machine classes within each release, and write reports/machines.md.

    A class is this machine under one of the project's launches, such as one with ONEDNN_MAX_CPU_ISA, or another machine
    whose store was merged. Each is compared with this machine under the default launch. What `run` ran is not run
    again. Exits with 0 when everything that was asked for was compared, whatever was found, and with 2 otherwise.
    """
    way = Way.of(choices)
    return ask(MACHINES, make_machines_plan(read_config(choices)), View(), way)
