"""What is known of every recipe, from what is stored."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict

from tfmatrix.compare.results import EnvironmentState
from tfmatrix.environments.devices import lacking
from tfmatrix.questions.chosen import sibling
from tfmatrix.questions.recipes import judge
from tfmatrix.questions.recipes.judge import Answer
from tfmatrix.questions.recipes.plan import RecipeCell, RecipesPlan
from tfmatrix.questions.recipes.results import Found, Results
from tfmatrix.questions.recipes.variations import CONTROL, HARMLESS, TOGETHER, VARIATIONS, was_seen
from tfmatrix.records import Environment, ExpectedTrial
from tfmatrix.store.facts import noted_installed, noted_machine, noted_refusal
from tfmatrix.store.store import Store


def known(plan: RecipesPlan, store: Store) -> Results:
    """Return what is known from what is stored."""
    cells = {cell: plan.known_of(cell, store.trial, store) for cell in plan.cells}
    answers = {cell: judge.answer(found) for cell, found in cells.items()}
    stand = plan.stand_ins(cells, answers)
    ran = list(_ran(plan, cells, set(stand.values())))
    return Results(
        found=tuple(_found(cell, cells, answers, stand) for cell in plan.cells),
        environments=tuple(_environment(plan, store, environment) for environment in plan.environments),
        beside=tuple(
            _environment(plan, store, environment)
            for environment in plan.every_environment
            if environment not in plan.environments
        ),
        machine=noted_machine(store, plan.scope.machine),
        settings={
            "versions": [environment.name for environment in plan.environments],
            "modes": list(dict.fromkeys(cell.script.model.mode for cell in plan.cells)),
            "trials": plan.trials,
            "seed": plan.config.seed,
            "launch": asdict(plan.launch),
        },
        trials=len({expected.key for expected in ran}),
        processes=len({(expected.cell.environment, expected.start) for expected in ran}),
        unseen=_unseen(plan, store),
    )


def _ran(
    plan: RecipesPlan, cells: Mapping[RecipeCell, judge.Cell], standing: Collection[RecipeCell]
) -> Iterator[ExpectedTrial]:
    """Yield the trials that are known of all that is wanted."""
    for cell, found in cells.items():
        further = [(v, 1) for v, _ in judge.never_promised(found)] if cell in standing else []
        for one in dict.fromkeys([*judge.wanted(found), *further]):
            if found.find(*one).trial:
                yield plan.expected(cell, *one)


def _found(
    cell: RecipeCell,
    cells: Mapping[RecipeCell, judge.Cell],
    answers: Mapping[RecipeCell, Answer],
    stand: Mapping[RecipeCell, RecipeCell],
) -> Found:
    if cell not in stand:
        return Found(cell, answers[cell])
    effects = tuple(effect for _, effect in judge.never_promised(cells[stand[cell]]))
    return Found(cell, answers[cell], effects, stand[cell].script.recipe.name)


def _environment(plan: RecipesPlan, store: Store, environment: Environment) -> EnvironmentState:
    key = plan.scope.environment_key(environment)
    refusal = lacking(plan.launch, environment, plan.scope.machine) or noted_refusal(store, key)
    return EnvironmentState(environment, noted_installed(store, key), refusal)


def _unseen(plan: RecipesPlan, store: Store) -> dict[str, tuple[str, ...]]:
    """Return the variations that a process was started under and did not see, with the environments."""
    unseen: dict[str, list[str]] = {}
    for environment in plan.environments:
        control = plan.saw(store, environment, f"{CONTROL.name}-1")
        for variation in VARIATIONS.values():
            there = sibling(environment, variation.further, plan.config) or environment
            alone = plan.saw(store, there, f"{variation.name}-1")
            saw = alone or (variation.kind == HARMLESS and plan.saw(store, there, f"{TOGETHER}-1"))
            if variation.sees and control and saw and not was_seen(variation, control, saw):
                unseen.setdefault(variation.name, []).append(environment.name)
    return {name: tuple(names) for name, names in unseen.items()}
