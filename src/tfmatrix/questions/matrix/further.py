"""Further trials: what is wanted once traces are known, because of where two of them part.

Draws under other seeds are wanted where something that is drawn differs, and only as many as its test needs. Where the
bytes lack of what differs first, the trials that lack them are repeated, and keep them. Where something that is drawn
differs, the candidate is run from the baseline's start, once the bytes of that are there, or can't be had. Where a
layer's draws do not line up, both sides tell its effect, and begin from the start with that layer off; where they are
too few to tell another distribution by, both sides tell its effect too. Where a training comes to something else, the
baseline is trained under other seeds: how far these move it says how large the change is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from tfmatrix.compare.ends import has_same_data
from tfmatrix.compare.judging import Judge, Traces
from tfmatrix.compare.layers import Layer
from tfmatrix.compare.tensors import Tensors
from tfmatrix.models.files import is_watched
from tfmatrix.questions.matrix.starts import Begun, begins, lacking, starts
from tfmatrix.records import (
    EFFECTS,
    EQUIVALENT,
    JITTER,
    KEPT,
    MOST_SEEDS,
    SEEDS,
    TRIAL,
    Cell,
    Effects,
    ExpectedTrial,
    Seeds,
    Train,
)

if TYPE_CHECKING:
    from tfmatrix.questions.matrix.plan import Plan  # which asks for what is made here

SEEDS_OF_AN_ENSEMBLE = 10
"""Other seeds under which a training is run whose end moves."""

LEAST_MOVED = 1e-3
"""How far it has to move, as a share: a thousandth says enough by itself."""

Has = Callable[[str], bool]
"""Whether the trial of a key is known."""


def further(
    plan: Plan, traces: Mapping[str, str], tensors: Tensors, has: Has
) -> Mapping[Cell, tuple[ExpectedTrial, ...]]:
    """Return the further trials of each cell that has some; ``traces`` are those that are known, by their trials' keys.

    Which cells are compared, the plan says.
    """
    wanted = _Wanted(plan, traces, tensors, has)
    for base, mine, other in plan.pairs():
        wanted.see(base, mine, other)
    return wanted.trials()


class _Wanted:
    """What is wanted of the pairs of cells that were seen."""

    def __init__(self, plan: Plan, traces: Mapping[str, str], tensors: Tensors, has: Has) -> None:
        self._plan, self._traces, self._tensors, self._has = plan, traces, tensors, has
        self._seeds: dict[Cell, Seeds] = {}
        self._kept: dict[tuple[Cell, int], dict[str, None]] = {}
        self._again: dict[tuple[Cell, Begun], dict[str, None]] = {}
        """The stages of which bytes lack in a trial from the baseline's start."""
        self._effects: dict[Cell, dict[str, None]] = {}
        """The layers whose effect is to be known."""
        self._moved: dict[Cell, None] = {}
        """The cells of the baseline whose training comes to something else in a candidate."""
        self._judges: dict[tuple[Traces, Traces], Judge] = {}
        self._starts = starts(plan, traces, tensors)
        for cell, begun in self._starts.items():
            for one in begun:
                self._keep(replace(cell, environment=plan.baseline), 0, lacking(one.handed, tensors))

    def see(self, base: Cell, mine: Cell, other: Cell) -> None:
        """Take in two cells, and the one whose noise floor counts."""
        of = {cell: _traces(self._plan, cell, self._traces) for cell in {base, mine, other}}
        noise, sides = of[base], (of[mine].get(0), of[other].get(0))
        if not (sides[0] and sides[1]) or sides[0] == sides[1]:
            return
        jitters = tuple(trace for number, trace in noise.items() if 0 < number <= self._plan.config.jitters)
        equivalent = noise.get(self._plan.config.jitters + 1)
        started = self._from_start(mine, other) if mine == base else {}
        own, begun = (None, None, *started)[-2:]
        pair = (
            Traces(sides[0], jitters, None, noise.get(0), equivalent, own),
            Traces(sides[1], start=begun),
        )
        judge = self._judges[pair] = self._judges.get(pair) or Judge(self._tensors, *pair)
        one_run_each, few_steps = bool(other.model.command), is_watched(other.model)
        if (seeds := judge.seeds(one_run_each=one_run_each, few_steps=few_steps)) is not None:
            for cell in (mine, other):
                more = self._seeds.get(cell, seeds)
                self._seeds[cell] = Seeds(max(more.count, seeds.count), more.passes or seeds.passes)
        trains = mine == base and not mine.model.command
        if trains and mine not in self._moved and any(end.apart > LEAST_MOVED for end in judge.ends()):
            self._moved[mine] = None
        missed = judge.lacking()
        for cell, number in dict.fromkeys([(mine, 0), (other, 0), *((base, number) for number in noise)]):
            self._keep(cell, number, missed.get(of[cell][number], ()))
        for trace, one in started.items():
            if trace in missed:
                self._again.setdefault(one, {}).update(dict.fromkeys(missed[trace]))
        for layer in (*judge.layers, *self._of_few_draws(pair, (mine, other))) if is_watched(other.model) else ():
            for cell, name in zip((mine, other), layer, strict=True):
                self._effects.setdefault(cell, {})[name] = None

    def _of_few_draws(self, pair: tuple[Traces, Traces], cells: tuple[Cell, Cell]) -> Sequence[Layer]:
        """Return the layers whose draws are too few to tell by, once those under other seeds are known."""
        wanted = [self._seeds[cell] for cell in cells if cell in self._seeds]
        trials = [_seeds(self._plan, c, s, self._has) for c, s in zip(cells, wanted, strict=False)]
        traces = [self._traces.get(one.key) for one in trials]
        if len(traces) < len(cells) or None in traces:
            return ()
        a, b = (replace(side, seeds=trace) for side, trace in zip(pair, traces, strict=True))
        judge = self._judges[a, b] = self._judges.get((a, b)) or Judge(self._tensors, a, b)
        return judge.layers_of_few_draws

    def _from_start(self, mine: Cell, other: Cell) -> Mapping[str, tuple[Cell, Begun]]:
        """Return the trace of a candidate from the baseline's start, behind the baseline's own where layers are off.

        Nothing where one that is needed is not known.
        """
        found: dict[str, tuple[Cell, Begun]] = {}
        for begun in self._starts.get(other, ())[-1:]:  # a second one has what the first could not take over
            off = tuple((name, name) for name, _ in begun.off)
            own = [(mine, one) for one in self._starts.get(mine, ()) if off and one.off == off]
            for one in (*own, (other, begun)):
                if not (trace := self._traces.get(begins(self._plan, self._tensors, *one).key)):
                    return {}
                found[trace] = one
        return found

    def trials(self) -> Mapping[Cell, tuple[ExpectedTrial, ...]]:
        """Return the trials that are wanted."""
        found: dict[Cell, list[ExpectedTrial]] = {}
        for (cell, number), wanted in self._kept.items():
            keep = tuple(sorted(wanted))
            equivalent = number > self._plan.config.jitters
            work = Train(equivalent=True, keep=keep) if equivalent else Train(number, keep=keep)
            found.setdefault(cell, []).append(self._plan.expect(cell, work, role=KEPT, number=number + 1))
        kept = {cell: list(trials) for cell, trials in found.items()}
        for cell, some in self._starts.items():
            base = kept.get(replace(cell, environment=self._plan.baseline), ())
            for begun in some:
                # What lacks by now lacks for good where the trial that was to keep it is known.
                known = all(self._has(one.key) for one in base if one.number == 1)
                if known or not lacking(begun.handed, self._tensors):
                    found.setdefault(cell, []).append(begins(self._plan, self._tensors, cell, begun))
        for (cell, begun), stages in self._again.items():
            again = begins(self._plan, self._tensors, cell, begun, tuple(sorted(stages)))
            found.setdefault(cell, []).append(again)
        for cell, layers in self._effects.items():
            effects = Effects(tuple(sorted(layers)))
            found.setdefault(cell, []).append(self._plan.expect(cell, effects, role=EFFECTS, number=0))
        for cell, seeds in self._seeds.items():
            found.setdefault(cell, []).append(_seeds(self._plan, cell, seeds, self._has))
        for cell in self._moved:
            found.setdefault(cell, []).extend(self._ensemble(cell))
        return {cell: tuple(trials) for cell, trials in found.items()}

    def _ensemble(self, cell: Cell) -> Iterator[ExpectedTrial]:
        """Yield the trials under other seeds: the first, and the rest once it is known to be given the same data."""
        first, *rest = range(1, SEEDS_OF_AN_ENSEMBLE + 1)
        tried = self._plan.under_another_seed(cell, first)
        yield tried
        own, other = self._traces.get(self._plan.trials[cell][0].key), self._traces.get(tried.key)
        if own and other and has_same_data(self._tensors.names(own), self._tensors.names(other)):
            yield from (self._plan.under_another_seed(cell, number) for number in rest)

    def _keep(self, cell: Cell, number: int, stages: Sequence[str]) -> None:
        """Want the bytes of stages of a cell's trial, or of one that jitters it."""
        if stages:
            self._kept.setdefault((cell, number), {}).update(dict.fromkeys(stages))


def _traces(plan: Plan, cell: Cell, traces: Mapping[str, str]) -> Mapping[int, str]:
    """Return the known traces of a cell by the number of the jitter, 0 for that of its first trial.

    The equivalent execution has the number behind the last jitter's.
    """
    found: dict[int, str] = {}
    for one in plan.trials[cell]:
        numbers = {JITTER: one.number, EQUIVALENT: plan.config.jitters + 1, **({TRIAL: 0} if one.number == 1 else {})}
        if one.role in numbers and (trace := traces.get(one.key)):
            found[numbers[one.role]] = trace
    return found


def _seeds(plan: Plan, cell: Cell, least: Seeds, has: Has) -> ExpectedTrial:
    """Return the trial of so many seeds, or of more where that is known."""
    counts = [least.count]
    while counts[-1] < MOST_SEEDS:
        counts.append(counts[-1] * 2)
    ways = (least.passes,) if least.passes else (False, True)
    trials = [plan.expect(cell, Seeds(count, way), role=SEEDS, number=1) for count in counts for way in ways]
    return next((one for one in trials if has(one.key)), trials[0])
