"""The audit, as one ordered list of steps: observe what pays next until nothing does, then say what was found."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path

from tfmatrix.errors import UserError
from tfmatrix.questions.recipes import judge
from tfmatrix.questions.recipes.judge import Answer, Tried
from tfmatrix.questions.recipes.page import page
from tfmatrix.questions.recipes.plan import AuditCell, AuditPlan, sibling
from tfmatrix.questions.recipes.results import Audit, Environs, Found
from tfmatrix.questions.recipes.summary import Report, summarise
from tfmatrix.questions.recipes.variations import CONTROL, HARMLESS, TOGETHER, VARIATIONS, Variation, was_seen
from tfmatrix.records import Environment, ExpectedTrial
from tfmatrix.report.document import to_text
from tfmatrix.report.markdown import to_markdown
from tfmatrix.report.writing import write_whole
from tfmatrix.runner.events import Event, Finished, Launched, Refused
from tfmatrix.runner.storing import observe_into
from tfmatrix.store.facts import noted_installed, noted_machine, noted_refusal
from tfmatrix.store.store import Store

SAW = "saw"
"""Kind of the fact what a process saw of the variation that it was started under."""

LEAST_TRIALS = 3
"""Two controls and one under all harmless variations: what anything that is said rests on."""


def audit(plan: AuditPlan, store: Store, watch: Callable[[Event | int], None], *, fresh: bool = False) -> Audit:
    """Run what is missing of the audit, round after round, and return what is known then.

    ``watch`` is told how many trials a round has, and what happens in it. With ``fresh`` everything that was known is
    run again; what is stored is replaced when that is over.
    """
    refused: set[Environment] = set()
    settled = set() if fresh else store.settled()

    def note(event: Event) -> None:
        match event:
            case Launched(environment=environment, start=start, saw=saw):
                store.note(SAW, f"{plan.plan.environment_key(environment)}/{start.name}", saw)
            case Refused(environment=environment):
                refused.add(environment)
            case Finished(expected=expected):
                settled.add(expected.key)
        watch(event)

    while missing := missing_from(store, plan, settled, refused):
        watch(len(missing))
        observe_into(store, plan.plan, missing, note)
    return known(plan, store)


def missing_from(
    store: Store, plan: AuditPlan, settled: Collection[str], refused: Collection[Environment] = ()
) -> list[ExpectedTrial]:
    """Return the trials that are to be run next: not those of ``settled`` keys, and of no environment of ``refused``.

    First those that answers need, and once there are none left the never promised.
    """
    cells = {cell: _known_of(plan, store, cell) for cell in plan.cells}
    wanted = [(cell, *one) for cell, found in cells.items() for one in judge.wanted(found)]
    if needed := _unsettled(plan, wanted, settled, refused):
        return needed
    stand = _stand_ins(plan, cells, {cell: judge.answer(found) for cell, found in cells.items()})
    chosen = dict.fromkeys(stand.values())
    further = [(cell, v, 1) for cell in chosen for v, _ in judge.never_promised(cells[cell])]
    return _unsettled(plan, further, settled, refused)


def known(plan: AuditPlan, store: Store) -> Audit:
    """Return what is known from what is stored."""
    cells = {cell: _known_of(plan, store, cell) for cell in plan.cells}
    answers = {cell: judge.answer(found) for cell, found in cells.items()}
    stand = _stand_ins(plan, cells, answers)
    ran = list(_ran(plan, cells, set(stand.values())))
    return Audit(
        found=tuple(_found(cell, cells, answers, stand) for cell in plan.cells),
        environments=tuple(_environs(plan, store, environment) for environment in plan.environments),
        beside=tuple(
            _environs(plan, store, environment)
            for environment in plan.plan.environments
            if environment not in plan.environments
        ),
        machine=noted_machine(store),
        settings={
            "versions": [environment.name for environment in plan.environments],
            "modes": list(plan.config.modes),
            "trials": max(LEAST_TRIALS, plan.config.trials),
        },
        trials=len({expected.key for expected in ran}),
        processes=len({(expected.cell.environment, expected.start) for expected in ran}),
        unseen=_unseen(plan, store),
    )


def write_report(plan: AuditPlan, audited: Audit) -> tuple[Report, Path]:
    """Write the report's two files, and return the report and the Markdown file's path."""
    report = summarise(audited)
    folder = plan.config.under_root(plan.config.reports)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / "recipes.json", to_text(report))
        write_whole(folder / "recipes.md", to_markdown(page(report)))
    except OSError as error:
        raise UserError(f"the report cannot be written into {folder}: {error.strerror}.") from error
    return report, folder / "recipes.md"


def _ran(
    plan: AuditPlan, cells: Mapping[AuditCell, judge.Cell], standing: Collection[AuditCell]
) -> Iterator[ExpectedTrial]:
    """Yield the trials that are known of all that is wanted."""
    for cell, found in cells.items():
        further = [(v, 1) for v, _ in judge.never_promised(found)] if cell in standing else []
        for one in dict.fromkeys([*judge.wanted(found), *further]):
            if found.find(*one).trial:
                yield plan.expected(cell, *one)


def _found(
    cell: AuditCell,
    cells: Mapping[AuditCell, judge.Cell],
    answers: Mapping[AuditCell, Answer],
    stand: Mapping[AuditCell, AuditCell],
) -> Found:
    if cell not in stand:
        return Found(cell, answers[cell])
    effects = tuple(effect for _, effect in judge.never_promised(cells[stand[cell]]))
    return Found(cell, answers[cell], effects, stand[cell].script.recipe.name)


def _environs(plan: AuditPlan, store: Store, environment: Environment) -> Environs:
    key = plan.plan.environment_key(environment)
    return Environs(environment, noted_installed(store, key), noted_refusal(store, key))


def _unseen(plan: AuditPlan, store: Store) -> dict[str, tuple[str, ...]]:
    """Return the variations that a process was started under and did not see, with the environments."""
    unseen: dict[str, list[str]] = {}
    for environment in plan.environments:
        control = _saw(plan, store, environment, f"{CONTROL.name}-1")
        for variation in VARIATIONS.values():
            there = sibling(environment, variation, plan.config) or environment
            alone = _saw(plan, store, there, f"{variation.name}-1")
            saw = alone or (variation.kind == HARMLESS and _saw(plan, store, there, f"{TOGETHER}-1"))
            if variation.sees and control and saw and not was_seen(variation, control, saw):
                unseen.setdefault(variation.name, []).append(environment.name)
    return {name: tuple(names) for name, names in unseen.items()}


def _saw(plan: AuditPlan, store: Store, environment: Environment, process: str) -> dict[str, object]:
    noted = store.noted(SAW, f"{plan.plan.environment_key(environment)}/{process}")
    return noted if isinstance(noted, dict) else {}


def _known_of(plan: AuditPlan, store: Store, cell: AuditCell) -> judge.Cell:
    """Return a cell as it is judged, with the function that looks its trials up."""
    seen: dict[tuple[str, int, tuple[str, ...]], Tried] = {}

    def find(variation: Variation, number: int) -> Tried:
        name = variation.name, number, variation.doings
        if name not in seen:
            trial = store.trial(plan.expected(cell, variation, number).key)
            seen[name] = Tried(trial, store.trace(trial.trace) if trial and trial.trace else ())
        return seen[name]

    trials = max(LEAST_TRIALS, plan.config.trials)
    return judge.Cell(cell.script.model.mode, tuple(plan.variations(cell)), trials, find)


def _stand_ins(
    plan: AuditPlan, cells: Mapping[AuditCell, judge.Cell], answers: Mapping[AuditCell, Answer]
) -> dict[AuditCell, AuditCell]:
    """Return, for each cell that reproduces, the one whose trials stand for it under what was never promised.

    Of those with one environment, model, op determinism and result it is the one with the shortest recipe: where all
    bits are the same so far, and the settings too, more trials of the others would say the same.
    """
    groups: dict[tuple[object, ...], list[AuditCell]] = {}
    for cell in plan.cells:
        if answers[cell].verdict == judge.REPRODUCES and not cell.script.model.like:
            trial = cells[cell].find(CONTROL, 1).trial
            assert trial
            recipe = cell.script.recipe
            key = cell.environment, cell.script.model.name, recipe.deterministic, trial.trace
            groups.setdefault(key, []).append(cell)
    return {cell: min(group, key=lambda one: one.script.recipe.length) for group in groups.values() for cell in group}


def _unsettled(
    plan: AuditPlan,
    wanted: list[tuple[AuditCell, Variation, int]],
    settled: Collection[str],
    refused: Collection[Environment],
) -> list[ExpectedTrial]:
    """Return the trials that are not settled, and whose environment was not refused, each once."""
    found: dict[str, ExpectedTrial] = {}
    for cell, variation, number in wanted:
        expected = plan.expected(cell, variation, number)
        if expected.cell.environment not in refused and expected.key not in settled:
            found[expected.key] = expected
    return list(found.values())
