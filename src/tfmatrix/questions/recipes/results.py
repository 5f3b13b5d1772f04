"""What was found of recipes, as records; and what follows from several cells together: mends and advice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from tfmatrix.compare.results import EnvironmentState
from tfmatrix.compare.verdicts import Verdict
from tfmatrix.questions.recipes.judge import Answer, Effect
from tfmatrix.questions.recipes.plan import RecipeCell
from tfmatrix.questions.recipes.recipes import RECIPES
from tfmatrix.questions.recipes.scripts import CORE, Recipe
from tfmatrix.records import MISSING, Environment, Machine


@dataclass(frozen=True)
class Found:
    """What is known of one cell."""

    cell: RecipeCell
    answer: Answer
    never_promised: tuple[Effect, ...] = ()
    """Of the cell that stands for it: one that reproduces, gave the same bits, and has the same op determinism."""
    stand_in: str = ""
    """Name of the recipe whose trials these are; empty where there are none."""


@dataclass(frozen=True)
class Results:
    """Everything that a report says."""

    found: tuple[Found, ...]
    environments: tuple[EnvironmentState, ...]
    beside: tuple[EnvironmentState, ...]
    """Environments that only a variation needs."""
    machine: Machine
    settings: Mapping[str, object]
    trials: int
    """How many trials all of this rests on, those of controls that disagree included."""
    processes: int
    """How many processes these ran in, each of which imported TensorFlow by itself."""
    unseen: Mapping[str, tuple[str, ...]]
    """Variations that a process was asked for and did not see, with the environments in which that was so."""

    @cached_property
    def by_name(self) -> Mapping[tuple[Environment, str, str], Found]:
        """Every cell by environment, recipe and model."""
        return {(f.cell.environment, f.cell.script.recipe.name, f.cell.script.model.name): f for f in self.found}

    @cached_property
    def recipes(self) -> tuple[Recipe, ...]:
        """The recipes that were tried, as they were, in the order of their table."""
        tried = {found.cell.script.recipe.name: found.cell.script.recipe for found in self.found}
        return tuple(tried[name] for name in RECIPES if name in tried)

    def reproduces(self, environment: Environment, recipe: str, models: Sequence[str]) -> bool:
        """Return whether a recipe makes all of some models reproduce in an environment."""
        cells = [self.by_name.get((environment, recipe, model)) for model in models]
        return bool(cells) and all(cell and cell.answer.verdict is Verdict.IDENTICAL for cell in cells)

    def mend(self, found: Found) -> str:
        """Return the first of a recipe's mends that reproduces where it does not; empty where none does."""
        script = found.cell.script
        mends = script.recipe.mends
        return next((m for m in mends if self.reproduces(found.cell.environment, m, [script.model.name])), "")

    def advice(self, environment: Environment, models: Sequence[str]) -> Recipe | None:
        """Return the shortest recipe that makes all of some models reproduce in an environment, or None."""
        fit = [recipe for recipe in self.recipes if self.reproduces(environment, recipe.name, models)]
        return min(fit, key=lambda recipe: recipe.length, default=None)

    def unanswered(self) -> list[str]:
        """Return a sentence for each thing that is not known though it was asked for."""
        refused = [one for one in (*self.environments, *self.beside) if one.refusal]
        lines = [f"{one.environment.name} is unavailable: {one.refusal}" for one in refused]
        untried: dict[str, list[str]] = {}
        for one in (one for one in self.environments if not one.refusal):
            name = one.environment.name
            cells = [found for found in self.found if found.cell.environment == one.environment]
            unknown = [found.cell.script.name for found in cells if found.answer.verdict is Verdict.MISSING]
            if unknown:
                untried.setdefault(f"not tried as often as meant: {', '.join(unknown)}", []).append(name)
            left = {e.variation: None for found in cells for e in found.never_promised if e.outcome == MISSING}
            if left:
                untried.setdefault(f"not tried everywhere: {', '.join(left)}", []).append(name)
        return lines + [f"{', '.join(names)}: {what}" for what, names in untried.items()]


def core_models(mode: str) -> tuple[str, ...]:
    """Return the models that advice for a mode has to hold for."""
    return CORE[mode]
