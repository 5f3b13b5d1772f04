"""Recipes as records: what `recipes.json` holds and the page is made of."""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from tfmatrix import __version__
from tfmatrix.compare.results import EnvironmentState
from tfmatrix.compare.verdicts import Verdict
from tfmatrix.questions.recipes import scripts, variations
from tfmatrix.questions.recipes.judge import SAME, Effect
from tfmatrix.questions.recipes.results import Found, Results
from tfmatrix.report.document import UNNAMED, identified
from tfmatrix.report.records import (
    Count,
    Environment,
    Launch,
    Machine,
    Name,
    Positive,
    Record,
    Version,
    environment_of,
    machine_of,
    one_of,
)
from tfmatrix.report.records import Report as AnyReport

SCHEMA: Final = 2

BROKEN = frozenset({Verdict.UNSTABLE, Verdict.FAILED})
"""Verdicts of a recipe that does not do what it is meant for."""

SHOWN = ("numpy", "keras", "tf-keras")
"""Packages of an environment that a report on recipes names."""


class Settings(Record, frozen=True, kw_only=True):
    """What was asked."""

    versions: tuple[Name, ...]
    modes: tuple[Name, ...]
    trials: Positive
    seed: Count
    launch: Annotated[Launch, Meta(description="What every process starts with, unless a variation says otherwise.")]


class Model(Record, frozen=True, kw_only=True):
    """What recipes are tried on."""

    name: Name
    mode: Name
    what: Name
    like: Annotated[str, Meta(description="The model with the same arithmetic, which stands for it.")]


class Recipe(Record, frozen=True, kw_only=True):
    """A small named set-up."""

    name: Name
    claim: Name
    code: Name
    models: tuple[Name, ...]
    mends: tuple[Name, ...]


class Variation(Record, frozen=True, kw_only=True):
    """One way in which a process may start otherwise."""

    name: Name
    kind: Annotated[str, one_of(variations.HARMLESS, variations.NEVER_PROMISED)]
    what: Name
    modes: tuple[Name, ...]
    unseen: Annotated[tuple[Name, ...], Meta(description="Environments in which no process saw it.")]


class Cell(Record, frozen=True, kw_only=True):
    """One recipe in front of one model in one environment, and what is said of it."""

    environment: Name
    recipe: Name
    model: Name
    verdict: Annotated[Verdict, Meta(description="Identical where it reproduces, unstable where it does not.")]
    agreeing: Count
    tried: Count
    first: Effect | None
    blame: tuple[Effect, ...]
    cleared: bool
    mend: str
    stand_in: str
    never_promised_tried: Count
    never_promised: tuple[Effect, ...]

    @property
    def told(self) -> Effect:
        """Return under what it breaks first: the first to blame, where one is."""
        told = self.blame[0] if self.blame else self.first
        assert told
        return told


class Advice(Record, frozen=True, kw_only=True):
    """The recipe that is advised for a mode in an environment; none where it is empty."""

    environment: Name
    mode: Name
    recipe: str


class Report(AnyReport, frozen=True, kw_only=True):
    """Everything that `recipes.json` holds."""

    schema: Literal[2]
    tfmatrix: Version
    settings: Settings
    trials: Annotated[Count, Meta(description="How many trials all of this rests on.")]
    processes: Annotated[Count, Meta(description="How many processes these ran in.")]
    models: tuple[Model, ...]
    recipes: tuple[Recipe, ...]
    variations: tuple[Variation, ...]
    cells: tuple[Cell, ...]
    advice: tuple[Advice, ...]
    environments: tuple[Environment, ...]
    beside: Annotated[tuple[Environment, ...], Meta(description="Environments that only a variation needs.")]
    machine: Machine
    unanswered: tuple[str, ...]


def summarise(results: Results) -> Report:
    """Return all that was found under an id that is the digest of everything else."""
    tried = {found.cell.script.model.name for found in results.found}
    return identified(
        Report(
            id=UNNAMED,
            schema=SCHEMA,
            tfmatrix=__version__,
            settings=msgspec.convert(results.settings, Settings),
            trials=results.trials,
            processes=results.processes,
            models=tuple(
                Model(name=m.name, mode=m.mode, what=m.what, like=m.like)
                for m in scripts.MODELS.values()
                if m.name in tried
            ),
            recipes=tuple(_recipe(recipe) for recipe in results.recipes),
            variations=tuple(_variation(results, variation) for variation in variations.VARIATIONS.values()),
            cells=tuple(_cell(results, found) for found in results.found),
            advice=tuple(
                Advice(environment=one.environment.name, mode=mode, recipe=_advised(results, one, models))
                for mode, models in scripts.CORE.items()
                if tried & set(models)
                for one in results.environments
            ),
            environments=tuple(map(_environment, results.environments)),
            beside=tuple(map(_environment, results.beside)),
            machine=machine_of(results.machine),
            unanswered=tuple(results.unanswered()),
        )
    )


def _advised(results: Results, one: EnvironmentState, models: tuple[str, ...]) -> str:
    advised = results.advice(one.environment, models)
    return advised.name if advised else ""


def _recipe(recipe: scripts.Recipe) -> Recipe:
    return Recipe(name=recipe.name, claim=recipe.claim, code=recipe.code, models=recipe.models, mends=recipe.mends)


def _variation(results: Results, variation: variations.Variation) -> Variation:
    return Variation(
        name=variation.name,
        kind=variation.kind,
        what=variation.what,
        modes=variation.modes,
        unseen=results.unseen.get(variation.name, ()),
    )


def _cell(results: Results, found: Found) -> Cell:
    answer, script = found.answer, found.cell.script
    return Cell(
        environment=found.cell.environment.name,
        recipe=script.recipe.name,
        model=script.model.name,
        verdict=answer.verdict,
        agreeing=answer.agreeing,
        tried=answer.tried,
        first=answer.first,
        blame=answer.blame,
        cleared=answer.cleared,
        mend=results.mend(found) if answer.verdict in BROKEN else "",
        stand_in=found.stand_in,
        never_promised_tried=len(found.never_promised),
        never_promised=tuple(effect for effect in found.never_promised if effect.outcome != SAME),
    )


def _environment(one: EnvironmentState) -> Environment:
    return environment_of(one.environment, one.installed, one.refusal, only=SHOWN)
