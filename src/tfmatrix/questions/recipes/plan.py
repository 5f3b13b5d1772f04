"""The recipes' cells, and the trial of a cell under a variation, with the key that covers everything about it."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from tfmatrix.compare.verdicts import Verdict
from tfmatrix.config import Config
from tfmatrix.errors import UserError
from tfmatrix.keys import Scope, expect, scope_of
from tfmatrix.questions.chosen import named_environments, require_seed, sibling
from tfmatrix.questions.recipes import judge
from tfmatrix.questions.recipes.judge import Answer, Tried
from tfmatrix.questions.recipes.recipes import scripts
from tfmatrix.questions.recipes.scripts import MODELS, Script
from tfmatrix.questions.recipes.variations import CONTROL, VARIATIONS, Variation
from tfmatrix.records import Cell, Environment, ExpectedTrial, Launch, Model, Start, Trial
from tfmatrix.records import Script as Scripted
from tfmatrix.runner.events import Event, Launched
from tfmatrix.runner.rounds import Known
from tfmatrix.store.store import Store

SAW = "saw"
"""Kind of the fact what a process saw of the variation that it was started under."""

LEAST_TRIALS = 3
"""Two controls and one under all harmless variations: what anything that is said rests on."""

PLACE = Start(here="folder", home="home")
"""Working folder and home of every process but those in which they are what varies: a user's stay the same."""


@dataclass(frozen=True)
class RecipeCell:
    """Environment x recipe x model: what the report has a verdict of."""

    environment: Environment
    script: Script

    @property
    def id(self) -> str:
        """Return its name: ``2.15.1/set-random-seed[keras-mlp]``."""
        return f"{self.environment.name}/{self.script.name}"


@dataclass(frozen=True)
class RecipesPlan:
    """Which cells there are, and the environments that their trials run in."""

    config: Config
    environments: tuple[Environment, ...]
    """Oldest first."""
    scripts: tuple[Script, ...]

    @cached_property
    def cells(self) -> tuple[RecipeCell, ...]:
        """Every cell, environments outermost."""
        chosen = [s for s in self.scripts if s.model.mode in self.config.modes]
        return tuple(RecipeCell(environment, script) for environment in self.environments for script in chosen)

    @cached_property
    def every_environment(self) -> tuple[Environment, ...]:
        """These environments, and behind them those that a variation needs besides."""
        besides = [
            e for own in self.environments for v in VARIATIONS.values() if (e := sibling(own, v.further, self.config))
        ]
        return tuple(dict.fromkeys([*self.environments, *besides]))

    @cached_property
    def scope(self) -> Scope:
        """What every result rests on, as it was when this was first asked for."""
        return scope_of(self.config, self.every_environment)

    def wanted(self, known: Known) -> Iterator[ExpectedTrial]:
        """Yield the trials that answers need, and once these are known those of what was never promised."""
        cells = {cell: self.known_of(cell, known.trial, known.store) for cell in self.cells}
        needed = [self.expected(cell, *one) for cell, found in cells.items() for one in judge.wanted(found)]
        yield from needed
        if not known.missing(needed):
            stand = self.stand_ins(cells, {cell: judge.answer(found) for cell, found in cells.items()})
            for cell in dict.fromkeys(stand.values()):
                yield from (self.expected(cell, v) for v, _ in judge.never_promised(cells[cell]))

    def note(self, event: Event, store: Store) -> None:
        """Note what a process saw of what is varied."""
        if isinstance(event, Launched):
            store.note(SAW, self._process_key(event.environment, event.start.name), event.saw)

    def saw(self, store: Store, environment: Environment, process: str) -> dict[str, object]:
        """Return what a process saw of what is varied; nothing where that is not known."""
        noted = store.noted(SAW, self._process_key(environment, process))
        return noted if isinstance(noted, dict) else {}

    def _process_key(self, environment: Environment, process: str) -> str:
        launch = self.launch
        started = json.dumps([launch.intra_op, launch.inter_op, launch.variables, *filter(None, [launch.device])])
        return f"{self.scope.environment_key(environment)}/{started}/{process}"

    def known_of(self, cell: RecipeCell, trial: Callable[[str], Trial | None], store: Store) -> judge.Cell:
        """Return a cell as it is judged, with the function that looks its trials up; ``trial`` does so by key."""
        seen: dict[tuple[str, int, tuple[str, ...]], Tried] = {}

        def find(variation: Variation, number: int) -> Tried:
            name = variation.name, number, variation.doings
            if name not in seen:
                found = trial(self.expected(cell, variation, number).key)
                seen[name] = Tried(found, store.trace(found.trace) if found and found.trace else ())
            return seen[name]

        return judge.Cell(cell.script.model.mode, tuple(self.variations(cell)), self.trials, find)

    def stand_ins(
        self, cells: Mapping[RecipeCell, judge.Cell], answers: Mapping[RecipeCell, Answer]
    ) -> dict[RecipeCell, RecipeCell]:
        """Return, for each cell that reproduces, the one whose trials stand for it under what was never promised.

        Of those with one environment, model, op determinism and result it is the one with the shortest recipe: where
        all bits are the same so far, and the settings too, more trials of the others would say the same.
        """
        groups: dict[tuple[object, ...], list[RecipeCell]] = {}
        for cell in self.cells:
            if answers[cell].verdict is Verdict.IDENTICAL and not cell.script.model.like:
                trial = cells[cell].find(CONTROL, 1).trial
                assert trial
                recipe = cell.script.recipe
                key = cell.environment, cell.script.model.name, recipe.deterministic, trial.trace
                groups.setdefault(key, []).append(cell)
        return {c: min(group, key=lambda one: one.script.recipe.length) for group in groups.values() for c in group}

    @property
    def launch(self) -> Launch:
        """What every process starts with, unless a variation says otherwise: the project's default."""
        return self.config.launches[0]

    @property
    def trials(self) -> int:
        """How many trials at least a cell has to agree in."""
        return max(LEAST_TRIALS, self.config.trials)

    def variations(self, cell: RecipeCell) -> Iterator[Variation]:
        """Yield the variations that exist for a cell."""
        for variation in VARIATIONS.values():
            needs = not variation.further or sibling(cell.environment, variation.further, self.config)
            if cell.script.model.mode in variation.modes and needs:
                yield variation

    def expected(self, cell: RecipeCell, variation: Variation, number: int = 1) -> ExpectedTrial:
        """Return the trial of a cell under a variation; trials of other numbers come from other processes."""
        name = cell.id, variation.name, number, variation.doings
        if name not in self._expected:
            self._expected[name] = self._expect(cell, variation, number)
        return self._expected[name]

    @cached_property
    def _expected(self) -> dict[tuple[str, str, int, tuple[str, ...]], ExpectedTrial]:
        """The trials that were asked for before: each is asked for in every round."""
        return {}

    def _expect(self, cell: RecipeCell, variation: Variation, number: int) -> ExpectedTrial:
        environment = sibling(cell.environment, variation.further, self.config) or cell.environment
        script = cell.script
        # Those that differ in what is done within a process may share one: they are compared with the control alone.
        process = "within" if variation.within and variation != CONTROL else variation.name
        start = replace(PLACE.joined(variation.start), name=f"{process}-{number}")
        model = Model(f"/{script.recipe.name}.py", script.digest, script.model.name)
        work = Scripted(script.recipe.code, script.model.source, script.model.options, variation.doings)
        tried = Cell(environment, self.launch, script.model.mode, model)
        return expect(self.scope, tried, work, role=variation.name, number=number, seed=self.config.seed, start=start)


def make_recipes_plan(config: Config, models: Collection[str] = ()) -> RecipesPlan:
    """Return the plan of a configuration's versions, modes and seed, on recipes' models of some names, or on all.

    Raises ``UserError`` for a version, seed or model that is not known, and where no recipe is for any of the modes.
    """
    require_seed(config)
    if strange := [name for name in models if name not in MODELS]:
        raise UserError(f"there is no model {strange[0]!r} of recipes; there are {', '.join(MODELS)}.")
    chosen = (script for script in scripts(config.seed) if not models or script.model.name in models)
    plan = RecipesPlan(config, named_environments(config), tuple(chosen))
    if not plan.cells:
        told = f"none of these models is tried in the mode {', '.join(config.modes)}" if models else ""
        told = told or f"no recipe is for the mode {', '.join(config.modes)}"
        raise UserError(f"{told}; there are {', '.join(f'{m.name} in {m.mode}' for m in MODELS.values())}.")
    return plan
