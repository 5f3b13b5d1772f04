"""Recipes as commands: try them, and advise what its evidence supports."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Iterator
from typing import Any

import click

from tfmatrix.cli.asking import Question, Way, ask
from tfmatrix.cli.codes import SAME
from tfmatrix.cli.selection import PRINTING, RUNNING, VERSION, names, options, read_config
from tfmatrix.cli.view import View
from tfmatrix.compare.verdicts import Verdict
from tfmatrix.errors import UserError
from tfmatrix.questions.recipes import judge
from tfmatrix.questions.recipes.answer import answer, problems
from tfmatrix.questions.recipes.known import known
from tfmatrix.questions.recipes.plan import RecipesPlan, make_recipes_plan
from tfmatrix.questions.recipes.report import write_report
from tfmatrix.questions.recipes.results import Found, Results, core_models
from tfmatrix.questions.recipes.scripts import CORE, MODELS
from tfmatrix.questions.recipes.variations import HARMLESS, VARIATIONS
from tfmatrix.records import MISSING, Environment
from tfmatrix.store.opening import open_store

RECIPES = Question(write_report, answer, problems)


@click.command()
@options("versions", "modes", "trials", "seed", "python", "distribution", "reports", *RUNNING, "stored", *PRINTING)
@click.option(
    "--models", metavar="LIST", help="Models that recipes are tried on, such as keras-mlp,v1-mlp; all by default."
)
def recipes(*, models: str | None, **choices: Any) -> int:
    """Run every recipe for reproducible results in every version, and write reports/recipes.md.

    At least 3 trials have to agree. Exits with 0 when everything that was asked for is known, whatever was found, and
    with 2 when something is missing.
    """
    way = Way.of(choices)
    return ask(RECIPES, make_recipes_plan(read_config(choices), names(models)), View(), way)


@click.command()
@click.option("--version", type=VERSION, required=True, metavar="VERSION", help="The environment: 2.15.1.")
@click.option(
    "--mode",
    type=click.Choice(tuple(CORE)),
    default=next(iter(CORE)),
    show_default=True,
    help="The mode, in which only the recipe seeds or sets anything.",
)
@click.option(
    "--model", type=click.Choice(tuple(MODELS)), help="The model that has to reproduce; every usual one by default."
)
@click.option("--python", metavar="X.Y", help="The Python of the environment.")
@click.option("--distribution", metavar="NAME", help="tensorflow-cpu, tensorflow, or tensorflow[and-cuda].")
def advise(*, version: str, mode: str, model: str | None, **choices: Any) -> int:
    """Print the shortest recipe that reproduces, by what is stored, as code to paste.

    If the stored trials do not answer this, it exits with 2 and says what to run.
    """
    chosen = MODELS[model].mode if model else mode
    plan = make_recipes_plan(read_config({**choices, "versions": version, "modes": chosen}))
    with open_store(plan.config) as store:
        results = known(plan, store)
    click.echo(advice(plan, results, plan.environments[0], (model,) if model else core_models(chosen)), nl=False)
    return SAME


def advice(plan: RecipesPlan, results: Results, environment: Environment, models: tuple[str, ...]) -> str:
    """Return the recipe that makes some models reproduce, with its evidence as comments.

    Raises ``UserError`` where nothing is known of any recipe there, and where none reproduces.
    """
    cells = [found for found in results.found if found.cell.script.model.name in models]
    if all(found.answer.verdict is Verdict.MISSING for found in cells):
        raise UserError(
            f"nothing is known of TensorFlow {environment.name} on this machine; "
            f"`tfmatrix recipes --versions {environment.name}` finds out."
        )
    recipe = results.advice(environment, models)
    if recipe is None:
        raise UserError(f"no recipe made {' and '.join(models)} reproduce in TensorFlow {environment.name}.")
    told = [f"{recipe.name}: {recipe.claim}"]
    for name in models:
        unseen = [variation for variation, where in results.unseen.items() if environment.name in where]
        told += _evidence(plan, results.by_name[environment, recipe.name, name], unseen)
    return "".join(f"{line}\n" for text in told for line in _comment(text)) + recipe.code


def _evidence(plan: RecipesPlan, found: Found, unseen: Collection[str]) -> Iterator[str]:
    """Yield what the evidence of one cell says, a sentence or two; variations that no process saw are no evidence."""
    harmless = [v for v in plan.variations(found.cell) if v.kind == HARMLESS and v.name not in unseen]
    answer = found.answer
    tried = f"TensorFlow {found.cell.environment.name}, {found.cell.script.model.name}"
    yield (
        f"{tried}: {answer.agreeing} of {answer.tried} trials gave the same bits, "
        f"{answer.tried - 2} of them under {len(harmless)} harmless variations at once."
    )
    if changed := [e.variation for e in found.never_promised if e.outcome not in {judge.SAME, MISSING}]:
        yield f"Keep these fixed, since they change the bits or fail: {_named(changed)}."
    if untried := [e.variation for e in found.never_promised if e.outcome == MISSING]:
        yield f"Not tried: {_named(untried)}."


def _named(variations: list[str]) -> str:
    return "; ".join(f"{name} ({VARIATIONS[name].what.replace('`', '')})" for name in variations)


def _comment(text: str) -> list[str]:
    """Return a text as lines of comments."""
    return textwrap.wrap(text, 100, initial_indent="# ", subsequent_indent="#   ", break_on_hyphens=False)
