"""The exchange as a command: what one release writes and another reads."""

from __future__ import annotations

from typing import Any

import click

from tfmatrix.cli.asking import Question, Way, ask
from tfmatrix.cli.selection import PRINTING, RUNNING, names, options, read_config
from tfmatrix.cli.view import View
from tfmatrix.questions.exchange.answer import answer, problems
from tfmatrix.questions.exchange.plan import make_exchange_plan
from tfmatrix.questions.exchange.report import write_report
from tfmatrix.records import CRASHED, FAILED, OBSERVED, UNSUPPORTED

FINDINGS = frozenset({OBSERVED, UNSUPPORTED, FAILED, CRASHED})
"""Outcomes that the report tells of: what is refused is a finding and no trouble."""


EXCHANGE = Question(write_report, answer, problems)


@click.command()
@options(
    "versions", "formats", "modes", "models", "seed", "python", "distribution", "reports", *RUNNING, "stored", *PRINTING
)
@click.option("--both-ways", is_flag=True, help="Read in each earlier release too, as after a rollback.")
def exchange(*, formats: str | None, models: str | None, both_ways: bool, **choices: Any) -> int:
    """Write weights and models in each release, read them in each later one, and write the report.

    The models are keras_mlp and mlp if none are named; commands are left out. Exits with 0 when the result of every
    pair is known, and with 2 when one is missing or unavailable. A file that is refused, or that comes back in part, is
    no error: the report says so.
    """
    way = Way.of(choices)
    plan = make_exchange_plan(read_config(choices), names(formats), names(models), both_ways=both_ways)
    return ask(EXCHANGE, plan, View(findings=FINDINGS), way)
