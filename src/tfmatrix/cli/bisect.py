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
    help="The cell that is asked about, mlp/tf2, or some of its stages, mlp/tf2/gradient; may be repeated.",
)
@click.option(
    "--check",
    "checks",
    metavar="COMMAND",
    multiple=True,
    help="A command of yours, 'python check.py', run in each build. It exits with 0: nothing changed; 125: it cannot "
    "tell; any other: changed.",
)
@click.option(
    "--axis",
    metavar="PACKAGE",
    default=TENSORFLOW,
    help="The package to bisect: keras, numpy or another of both environments, with the TensorFlow of the last build. "
    "packages: find which of the packages that moved makes the change.",
)
@click.option("--patches", is_flag=True, help="Then also the patches and release candidates inside each boundary.")
@click.option(
    "--nightlies",
    is_flag=True,
    help="Then also the nightly builds inside each boundary, if the package index still has them.",
)
@click.option("--scan", is_flag=True, help="Run every build, also between equal results.")
@click.option(
    "--until",
    type=click.Choice(["changed", "different"]),
    default="changed",
    help="What counts as a change. changed: any other bits; different: another meaning, and not rounding.",
)
@click.option("--explain", is_flag=True, help="Then find out, at each boundary, why the cell changed.")
@click.option(
    "--keep",
    type=click.IntRange(min=0),
    metavar="N",
    help="Keep only the N environments of this bisect that were used last; by default all.",
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

    The first and the last build are run, and then the middle of every interval whose ends gave different results. What
    is stored is not run again, also if a matrix ran it. Exits with 0 when everything that was asked for is known,
    whatever was found, and with 2 when something is missing.
    """
    way = Way.of(choices)
    how = Choices(patches, nightlies, scan, by_verdict=until == "different", keep=keep, explain=explain)
    plan = make_bisect_plan(read_config(choices), between, cells, axis, how, checks=checks)
    return ask(BISECT, plan, View(findings=FINDINGS), way)
