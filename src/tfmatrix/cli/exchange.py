"""The exchange as a command: what one release writes and another reads."""

from __future__ import annotations

from typing import Any

import click

from tfmatrix.cli.observing import Answer, finish, observe
from tfmatrix.cli.selection import PRINTING, RUNNING, alone, open_store, options, read_config
from tfmatrix.cli.view import View
from tfmatrix.errors import UserError
from tfmatrix.questions.exchange.page import answer, problems
from tfmatrix.questions.exchange.plan import make_exchange_plan
from tfmatrix.questions.exchange.report import write_report
from tfmatrix.records import CRASHED, FAILED, OBSERVED, UNSUPPORTED

FINDINGS = frozenset({OBSERVED, UNSUPPORTED, FAILED, CRASHED})
"""Outcomes that the report tells of: what is refused is a finding and no trouble."""


@click.command()
@options(
    "versions", "formats", "modes", "models", "seed", "python", "distribution", "reports", *RUNNING, "stored", *PRINTING
)
def exchange(*, formats: str | None, fresh: bool, stored: bool, quiet: bool, as_json: bool, **choices: Any) -> int:
    """Write weights and models in each release, read them in each later one, and write the report.

    The models are keras_mlp and mlp where none are named. Exits with 0 when it is known of every pair what becomes of
    it, and with 2 when one is missing or unavailable. That something is refused or comes back in part is for the report
    to say and not an error.
    """
    if stored and fresh:
        raise UserError("--stored runs nothing, so --fresh does not go with it.")
    names = tuple(name.strip() for name in (formats or "").split(",") if name.strip())
    plan = make_exchange_plan(read_config(choices), names)
    with open_store(plan.config) as store:
        if not stored:
            with alone(plan.config):
                observe(plan, store, View(findings=FINDINGS), fresh=fresh, silent=quiet or as_json)
        data, path = write_report(plan, store)
    return finish(Answer(data, path, answer(data), problems(data)), quiet=quiet, as_json=as_json)
