"""Further trials: what is wanted once traces are known, because of where two of them part.

Other seeds' initial weights are wanted where initial weights differ, and only as many as their test needs. Where the
bytes lack of what differs first, the trials that lack them are repeated, and keep them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from tfmatrix.compare.judging import Judge, Traces
from tfmatrix.compare.redraw import seeds_for
from tfmatrix.compare.tensors import Tensors
from tfmatrix.records import JITTER, KEPT, MOST_SEEDS, SEEDS, TRIAL, Cell, ExpectedTrial, Seeds, Train

if TYPE_CHECKING:
    from tfmatrix.questions.matrix.plan import Plan  # which asks for what is made here

Has = Callable[[str], bool]
"""Whether the trial of a key is known."""


def further(
    plan: Plan, traces: Mapping[str, str], tensors: Tensors, has: Has
) -> Mapping[Cell, tuple[ExpectedTrial, ...]]:
    """Return the further trials of each cell that has some; ``traces`` are those that are known, by their trials' keys.

    A cell is compared with the baseline's, and with that of the release before it.
    """
    seeds: dict[Cell, int] = {}
    kept: dict[tuple[Cell, int], dict[str, None]] = {}
    judges: dict[tuple[Traces, Traces], Judge] = {}
    for base, mine, other in _pairs(plan):
        of = {cell: _traces(plan, cell, traces) for cell in {base, mine, other}}
        noise, sides = of[base], (of[mine].get(0), of[other].get(0))
        if not (sides[0] and sides[1]) or sides[0] == sides[1]:
            continue
        jitters = tuple(trace for number, trace in noise.items() if number)
        pair = Traces(sides[0], jitters, None, noise.get(0)), Traces(sides[1])
        judge = judges[pair] = judges.get(pair) or Judge(tensors, *pair)
        if (elements := judge.smallest_draw()) is not None:
            for cell in (mine, other):
                count = seeds_for(elements, one_run_each=bool(cell.model.command))
                seeds[cell] = max(seeds.get(cell, 0), count)
        lacking = judge.lacking()
        for cell, number in dict.fromkeys([(mine, 0), (other, 0), *((base, number) for number in noise)]):
            if stages := lacking.get(of[cell][number]):
                kept.setdefault((cell, number), {}).update(dict.fromkeys(stages))
    found: dict[Cell, list[ExpectedTrial]] = {}
    for (cell, number), wanted in kept.items():
        work = Train(number, tuple(sorted(wanted)))
        found.setdefault(cell, []).append(plan.expect(cell, work, role=KEPT, number=number + 1))
    for cell, count in seeds.items():
        found.setdefault(cell, []).append(_seeds(plan, cell, count, has))
    return {cell: tuple(trials) for cell, trials in found.items()}


def _pairs(plan: Plan) -> Iterator[tuple[Cell, Cell, Cell]]:
    """Yield the cells that are compared, with that of the baseline, whose noise floor counts, in front."""
    before = dict(zip(plan.environments[1:], plan.environments, strict=False))
    for cell in plan.cells:
        base = replace(cell, environment=plan.baseline)
        others = {plan.baseline, before.get(cell.environment, plan.baseline)} - {cell.environment}
        for other in sorted(others, key=plan.environments.index):
            yield base, replace(cell, environment=other), cell


def _traces(plan: Plan, cell: Cell, traces: Mapping[str, str]) -> Mapping[int, str]:
    """Return the known traces of a cell by the number of the jitter, 0 for that of its first trial."""
    first = (one for one in plan.trials[cell] if (one.role == TRIAL and one.number == 1) or one.role == JITTER)
    numbered = ((one.number if one.role == JITTER else 0, traces.get(one.key)) for one in first)
    return {number: trace for number, trace in numbered if trace}


def _seeds(plan: Plan, cell: Cell, least: int, has: Has) -> ExpectedTrial:
    """Return the trial of so many seeds, or of more where that is known."""
    counts = [least]
    while counts[-1] < MOST_SEEDS:
        counts.append(counts[-1] * 2)
    trials = [plan.expect(cell, Seeds(count), role=SEEDS, number=1) for count in counts]
    return next((one for one in trials if has(one.key)), trials[0])
