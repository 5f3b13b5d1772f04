"""Bisecting as a command: between which builds the results of a cell change."""

from __future__ import annotations

from typing import Any

import click

from tfmatrix.cli.asking import Question, Way, ask
from tfmatrix.cli.selection import PRINTING, RUNNING, options, read_config
from tfmatrix.cli.view import View
from tfmatrix.questions.bisect.answer import answer, problems
from tfmatrix.questions.bisect.line import TENSORFLOW
from tfmatrix.questions.bisect.plan import Choices, make_bisect_plan
from tfmatrix.questions.bisect.report import write_report
from tfmatrix.records import CRASHED, FAILED, OBSERVED, TIMED_OUT, UNSUPPORTED

FINDINGS = frozenset({OBSERVED, UNSUPPORTED, FAILED, CRASHED, TIMED_OUT})
"""Outcomes that the report tells of: a build that fails is a result, and one that crashes is skipped by name."""

BISECT = Question(write_report, answer, problems)


@click.command()
@options("trials", "seed", "python", "distribution", "reports", *RUNNING, "stored", *PRINTING)
@click.option(
    "--cell",
    "cells",
    metavar="NAME",
    multiple=True,
    help="What is asked about: mlp/tf2, or some of its stages, mlp/tf2/gradient; may be given several times.",
)
@click.option(
    "--check",
    "checks",
    metavar="COMMAND",
    multiple=True,
    help="A command of yours, 'python check.py', run in each build. It exits with 0: as it was; 125: it cannot tell; "
    "else: changed.",
)
@click.option(
    "--axis",
    metavar="PACKAGE",
    default=TENSORFLOW,
    help="What is bisected: keras, numpy or any other package of both, with the TensorFlow of the last build; or "
    "packages: which of all that moved makes the change.",
)
@click.option("--patches", is_flag=True, help="Then every patch and release candidate between two releases.")
@click.option("--nightlies", is_flag=True, help="Then the nightly builds that the package index still has.")
@click.option("--scan", is_flag=True, help="Run every build, also between equal results.")
@click.option(
    "--until",
    type=click.Choice(["changed", "different"]),
    default="changed",
    help="What counts as a change: other bits, or another meaning, which is worse than rounding.",
)
@click.option("--explain", is_flag=True, help="Then find out, at each boundary, why the cell changed.")
@click.option(
    "--keep",
    type=click.IntRange(min=0),
    metavar="N",
    help="Of the environments that are made meanwhile, keep the N last used; by default all.",
)
@click.argument("between", metavar="FIRST..LAST")
def bisect(  # noqa: PLR0913  # each is an option
    *,
    between: str,
    cells: tuple[str, ...],
    checks: tuple[str, ...],
    axis: str,
    patches: bool,
    nightlies: bool,
    scan: bool,
    until: str,
    explain: bool,
    keep: int | None,
    **choices: Any,
) -> int:
    """Say between which builds the results of a cell change, and write reports/bisect.md.

    The first and the last build are run, and then the middle of every interval whose ends gave other results. What is
    stored counts, and what a matrix ran. Exits with 0 when everything that was asked for is known, whatever was found,
    and with 2 when something is missing.
    """
    way = Way.of(choices)
    how = Choices(patches, nightlies, scan, by_verdict=until == "different", keep=keep, explain=explain)
    plan = make_bisect_plan(read_config(choices), between, cells, axis, how, checks=checks)
    return ask(BISECT, plan, View(findings=FINDINGS), way)
