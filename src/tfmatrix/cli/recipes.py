"""The audit of recipes as commands: run it, and advise what its evidence supports."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Iterator
from typing import Any

import click
from rich.console import Console

from tfmatrix.cli.codes import INCOMPLETE, SAME
from tfmatrix.cli.selection import alone, open_store, read_config
from tfmatrix.config import MODES
from tfmatrix.errors import UserError
from tfmatrix.questions.recipes import judge, run
from tfmatrix.questions.recipes.answer import answer, problems
from tfmatrix.questions.recipes.plan import AuditPlan, make_audit_plan
from tfmatrix.questions.recipes.results import Audit, Found, core_models
from tfmatrix.questions.recipes.scripts import MODELS
from tfmatrix.questions.recipes.variations import HARMLESS, VARIATIONS
from tfmatrix.records import OBSERVED, Environment
from tfmatrix.report import terminal
from tfmatrix.runner.events import Event, Finished, Launched, Making, Refused


@click.command()
@click.option("--versions", metavar="LIST", help="Environments: 2.9.3,2.16.2; or all.")
@click.option("--modes", metavar="LIST", help="tf2,v1 or one of the two.")
@click.option("--trials", type=int, metavar="N", help="Trials that a recipe must agree in to reproduce; at least 3.")
@click.option("--timeout", type=float, metavar="S", help="Seconds that one trial may take.")
@click.option("--jobs", type=int, metavar="N", help="Processes at once; by default as many as cores and memory allow.")
@click.option("--python", metavar="X.Y", help="The Python of the environments.")
@click.option("--distribution", metavar="NAME", help="tensorflow-cpu or tensorflow.")
@click.option("--reports", metavar="FOLDER", help="Where the report is written; reports by default.")
@click.option("--fresh", is_flag=True, help="Run every trial again, stored or not.")
@click.option("--stored", is_flag=True, help="Run nothing: write the report of what is stored.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors.")
def recipes(*, fresh: bool, stored: bool, quiet: bool, **choices: Any) -> int:
    """Run every recipe for reproducible results in every version, and write reports/recipes.md.

    Exits with 0 when everything that was asked for is known, whatever was found, and with 2 when something is missing.
    """
    plan = make_audit_plan(read_config(choices))
    with open_store(plan.plan) as store, alone(plan.plan):
        audited = run.known(plan, store) if stored else run.audit(plan, store, _Teller(quiet).tell, fresh=fresh)
        report, path = run.write_report(plan, audited)
    if not quiet:
        for line in terminal.lines(answer(report)):
            click.echo(line)
        click.echo(f"report {report.id}: {path}")
    unanswered = problems(report)
    for line in unanswered:
        click.echo(f"tfmatrix: {line}", err=True)
    return INCOMPLETE if unanswered else SAME


class _Teller:
    """Tells how an audit goes on: a line for each round, process and environment that is done."""

    def __init__(self, quiet: bool) -> None:
        self._console = Console(stderr=True, quiet=quiet, highlight=False)
        self._left = 0

    def tell(self, event: Event | int) -> None:
        """Take in how many trials a round has, or what happens in it."""
        line = self._line(event)
        if line:
            self._console.print(line, markup=False, soft_wrap=True)

    def _line(self, event: Event | int) -> str:
        line = ""
        match event:
            case int(count):
                self._left = count
                line = f"{count} trials to run next."
            case Making(environment):
                line = f"{environment.name}: installing"
            case Refused(environment, reason):
                line = f"{environment.name}: unavailable: {reason}"
            case Launched(environment=environment, start=start, seconds=seconds):
                line = f"{environment.name}: {start.name}, TensorFlow imported in {seconds:.1f} s"
            case Finished(expected=expected, trial=trial):
                self._left -= 1
                if trial.outcome == OBSERVED:
                    return f"{self._left} trials left in this round" if self._left and self._left % 50 == 0 else ""
                line = f"{expected.id} {trial.outcome}: {trial.message}"
        return line.partition("\n")[0]


@click.command()
@click.option("--version", required=True, metavar="VERSION", help="The environment: 2.15.1.")
@click.option("--mode", type=click.Choice(MODES), default="tf2", show_default=True, help="How the model is executed.")
@click.option("--model", type=click.Choice(tuple(MODELS)), help="What has to reproduce; everything usual by default.")
@click.option("--python", metavar="X.Y", help="The Python of the environment.")
@click.option("--distribution", metavar="NAME", help="tensorflow-cpu or tensorflow.")
def advise(*, version: str, mode: str, model: str | None, **choices: Any) -> int:
    """Print the shortest recipe that the stored evidence supports, as code to paste.

    Exits with 2 where there is no evidence, and says how to get it.
    """
    plan = make_audit_plan(read_config({**choices, "versions": version}))
    with open_store(plan.plan) as store:
        audited = run.known(plan, store)
    click.echo(advice(plan, audited, plan.environments[0], (model,) if model else core_models(mode)), nl=False)
    return SAME


def advice(plan: AuditPlan, audited: Audit, environment: Environment, models: tuple[str, ...]) -> str:
    """Return the recipe that makes some models reproduce, with its evidence as comments.

    Raises ``UserError`` where nothing is known of any recipe there, and where none reproduces.
    """
    cells = [found for found in audited.found if found.cell.script.model.name in models]
    if all(found.answer.verdict == "missing" for found in cells):
        raise UserError(
            f"nothing is known of TensorFlow {environment.name} on this machine; "
            f"`tfmatrix recipes --versions {environment.name}` finds out."
        )
    recipe = audited.advice(environment, models)
    if recipe is None:
        raise UserError(f"no recipe made {' and '.join(models)} reproduce in TensorFlow {environment.name}.")
    told = [f"{recipe.name}: {recipe.claim}"]
    for name in models:
        unseen = [variation for variation, where in audited.unseen.items() if environment.name in where]
        told += _evidence(plan, audited.by_name[environment, recipe.name, name], unseen)
    return "".join(f"{line}\n" for text in told for line in _comment(text)) + recipe.code


def _evidence(plan: AuditPlan, found: Found, unseen: Collection[str]) -> Iterator[str]:
    """Yield what the evidence of one cell says, a sentence or two; variations that no process saw are no evidence."""
    harmless = [v for v in plan.variations(found.cell) if v.kind == HARMLESS and v.name not in unseen]
    answer = found.answer
    tried = f"TensorFlow {found.cell.environment.name}, {found.cell.script.model.name}"
    yield (
        f"{tried}: {answer.agreeing} of {answer.tried} trials gave the same bits, "
        f"{answer.tried - 2} of them under {len(harmless)} harmless variations at once."
    )
    if changed := [e.variation for e in found.never_promised if e.outcome not in {judge.SAME, judge.MISSING}]:
        yield f"Keep fixed, since it gives other bits, or none: {_named(changed)}."
    if untried := [e.variation for e in found.never_promised if e.outcome == judge.MISSING]:
        yield f"Not tried: {_named(untried)}."


def _named(variations: list[str]) -> str:
    return "; ".join(f"{name} ({VARIATIONS[name].what.replace('`', '')})" for name in variations)


def _comment(text: str) -> list[str]:
    """Return a text as lines of comments."""
    return textwrap.wrap(text, 100, initial_indent="# ", subsequent_indent="#   ", break_on_hyphens=False)
