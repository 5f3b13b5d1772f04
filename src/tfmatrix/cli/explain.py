"""Explaining as a command: whose each change is, and what undoes it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tfmatrix.cli.asking import Question, Way, ask
from tfmatrix.cli.codes import INCOMPLETE, SAME
from tfmatrix.cli.selection import PRINTING, RUNNING, VERSION, options, read_config
from tfmatrix.cli.streams import say
from tfmatrix.cli.view import View
from tfmatrix.questions.explain.answer import answer, problems
from tfmatrix.questions.explain.export import export
from tfmatrix.questions.explain.plan import Cases, ExplainPlan, make_explain_plan
from tfmatrix.questions.explain.report import write_report
from tfmatrix.questions.matrix import compare_all
from tfmatrix.records import CRASHED, FAILED, OBSERVED, UNSUPPORTED
from tfmatrix.store.opening import open_store

FINDINGS = frozenset({OBSERVED, UNSUPPORTED, FAILED, CRASHED})
"""Outcomes that the report tells of: a switch under which a model fails is an answer and no trouble."""

EXPLAIN = Question(write_report, answer, problems)


@click.command()
@options(
    "baseline",
    "modes",
    "models",
    "trials",
    "seed",
    "python",
    "distribution",
    "reports",
    *RUNNING,
    "on",
    "stored",
    *PRINTING,
)
@click.option("--cell", "only", metavar="NAME", default="", help="Explain one cell: mlp/tf2.")
@click.option(
    "--export",
    "folder",
    metavar="FOLDER",
    help="For each kernel that changed, write a script that shows it without tfmatrix.",
)
@click.argument("versions", type=VERSION, nargs=-1, metavar="[VERSION]...")
def explain(*, versions: tuple[str, ...], only: str, folder: str | None, **choices: Any) -> int:
    """Say which package made each change since the baseline, and what undoes it; write reports/explain.md.

    Missing cells of the matrix are run first. Without a VERSION, every configured version is explained. Exits with 0
    when everything that was asked for is known, whatever was found, and with 2 when something is missing.
    """
    way = Way.of(choices)
    settings = read_config({**choices, "versions": ",".join(versions) or None})
    plan = make_explain_plan(settings, only=only)
    code = ask(EXPLAIN, plan, View(findings=FINDINGS), way)
    return code if folder is None else max(code, _export(plan, Path(folder)))


def _export(plan: ExplainPlan, folder: Path) -> int:
    """Export what was found; return 2 where a script does not show it."""
    with open_store(plan.config) as store:
        made, left_out = export(Cases(plan, store, compare_all(plan.matrix, store)), store.tensor, plan.config, folder)
    for path in made:
        say(f"{path}: run in both releases, and prints what was found")
    for line in left_out:
        say(f"tfmatrix: {line}", err=True)
    return INCOMPLETE if left_out else SAME
