"""Explaining as a command: whose each change is, and what undoes it."""

from __future__ import annotations

from typing import Any

import click

from tfmatrix.cli.asking import Question, Way, ask
from tfmatrix.cli.selection import PRINTING, RUNNING, options, read_config
from tfmatrix.cli.view import View
from tfmatrix.questions.explain.answer import answer, problems
from tfmatrix.questions.explain.plan import make_explain_plan
from tfmatrix.questions.explain.report import write_report
from tfmatrix.records import CRASHED, FAILED, OBSERVED, UNSUPPORTED

FINDINGS = frozenset({OBSERVED, UNSUPPORTED, FAILED, CRASHED})
"""Outcomes that the report tells of: a switch under which a model fails is an answer and no trouble."""

EXPLAIN = Question(write_report, answer, problems)


@click.command()
@options(
    "baseline", "modes", "models", "trials", "seed", "python", "distribution", "reports", *RUNNING, "stored", *PRINTING
)
@click.option("--cell", "only", metavar="NAME", default="", help="Explain one cell: mlp/tf2.")
@click.argument("versions", nargs=-1, metavar="[VERSION]...")
def explain(*, versions: tuple[str, ...], only: str, **choices: Any) -> int:
    """Say of each change since the baseline whose it is, and what undoes it; write reports/explain.md.

    The matrix is run first as far as it is missing. Without a VERSION every configured one is explained. Exits with 0
    when everything that was asked for is known, whatever was found, and with 2 when something is missing.
    """
    way = Way.of(choices)
    settings = read_config({**choices, "versions": ",".join(versions) or None})
    return ask(EXPLAIN, make_explain_plan(settings, only=only), View(findings=FINDINGS), way)
