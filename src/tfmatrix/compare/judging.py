"""Judging: the differences of two traces, each stage by the rule that fits it."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tfmatrix.compare import effect, redraw, structure
from tfmatrix.compare.alignment import Aligned, Names, initial_values
from tfmatrix.compare.distance import Distance
from tfmatrix.compare.ends import End, ends
from tfmatrix.compare.layers import Layer, layer_of
from tfmatrix.compare.p_values import MOST_NUMBERS
from tfmatrix.compare.passes import MOST_BYTES, Batches, order_of, passes, rows_of
from tfmatrix.compare.projections import Coherence, Projections, coherence
from tfmatrix.compare.redraw import LEAST_OF_STEPS, seeds_for
from tfmatrix.compare.results import CurvePoint, Divergence, Finding, OneSided, StageResult
from tfmatrix.compare.stages import (
    CARRIED,
    EFFECTS,
    INJECTED,
    NAMES_OF,
    NATIVE,
    OF_TRAINING,
    RANDOM,
    REPORT,
    SEEDS,
    START,
    Stage,
    full_name,
    is_terminal,
    parse,
    place,
)
from tfmatrix.compare.start import is_drawn
from tfmatrix.compare.tensors import Tensors, digest_of
from tfmatrix.compare.ulp import format_named
from tfmatrix.compare.verdicts import Verdict
from tfmatrix.records import Fingerprint, Seeds
from tfmatrix.store.fingerprints import evenly, trace_digest

Array = NDArray[Any]

TIERS = (NATIVE, START, INJECTED)

ROUNDING_RATIO = 16.0
"""How many times the noise floor still counts as rounding. The floor is the largest of a few draws of a heavy-tailed
quantity, and a kernel that sums in another order moves its result by several ULPs where the jitter moves each input by
one; docs/decisions has what was measured on fourteen releases."""

ROUNDED_AWAY = 1 / 32
"""The most of an element that rounding counts as, in a dtype of which ROUNDING_RATIO numbers are more: of bfloat16 four
numbers, of float8 and float4 one. Sixteen would be an eighth of it, and of float8 twice the element."""

_COMMON = {
    "factor": "all elements are larger or smaller by {:.2g} of their size",
    "bias": "all are moved by {:.2g} rms",
}

SECOND_RATIO = 4.0
"""How many times the limit a native difference may be where the injected tier calls the same one rounding, and how many
times larger than there."""

LEAST_FLOOR = 1.0
"""The smallest noise floor, in scaled error: one unit in the last place of the tensor's largest element."""

SAME = frozenset({"weights", "final", "saved", "loaded"})
"""Stages that hold the same tensors, where a release does nothing else to them."""

MOST_STEPS = 512
"""Steps of which the draws of one name are tested together."""

Lacking = Mapping[str, tuple[str, ...]]
"""By the digest of a trace the stages of which not all bytes are there, as tier and stage: ``native gradient@3``."""

RatioFor = Callable[[str, str, str], float]
"""From tier, full stage name and dtype to how many times the noise floor still counts as rounding there."""


@cache
def rounding_ratio(dtype: str) -> float:
    """Return how many times the noise floor still counts as rounding of a dtype, where no policy says otherwise."""
    layout = format_named(dtype)
    return ROUNDING_RATIO if layout is None else min(ROUNDING_RATIO, max(1.0, ROUNDED_AWAY / layout.eps))


def is_coarse(dtype: str) -> bool:
    """Return whether a dtype has so few numbers that an element moves by a share of itself from one to the next."""
    return rounding_ratio(dtype) < ROUNDING_RATIO


@dataclass(frozen=True)
class Traces:
    """The digests of the traces that a judgement needs of one cell."""

    trace: str
    jitters: tuple[str, ...] = ()
    seeds: str | None = None
    jittered: str | None = None
    """The trace whose inputs the jitters moved, where it is not ``trace`` itself."""
    equivalent: str | None = None
    """The trace of another way to compute what ``jittered`` did."""
    start: str | None = None
    """The trace that begins from the baseline's start; of the baseline itself where layers are off in the other's."""
    effects: str | None = None
    """The trace with the effects of layers."""


@dataclass(frozen=True)
class Judgement:
    """What became of a pair of traces."""

    stages: tuple[StageResult, ...]
    divergences: tuple[Divergence, ...]
    curve: tuple[CurvePoint, ...]
    firsts: Mapping[Verdict, Finding]
    """Of each verdict the first difference in the order of the run, the native tier before the injected one."""
    aligned: Aligned
    one_sided: tuple[OneSided, ...]
    trace: str
    """Digest of the candidate's trace by the names that its stages have in the baseline: equal where every bit is."""
    unreached: str = ""
    """The first stage that the start tier does not judge, because it was not handed over; empty: it judges all."""
    off: tuple[str, ...] = ()
    """The layers that are off in the start and injected tiers, by their paths in the baseline."""
    ends: tuple[End, ...] = ()
    """What the training came to on both sides, natively, and from the baseline's start where all was handed over."""


class _PassedOn(NamedTuple):
    """By how much more than the noise floor what came before differs, where the injected tier vouches for that.

    What comes behind it differs by as much more, and has as much in common: the jitters passed on no such noise.
    """

    ratio: float = 1.0
    size: float = 0.0
    """The largest projection."""


class Judge:
    """Compares a candidate's traces with the baseline's."""

    def __init__(
        self,
        tensors: Tensors,
        baseline: Traces,
        candidate: Traces,
        ratio_for: RatioFor = lambda _tier, _stage, dtype: rounding_ratio(dtype),
    ) -> None:
        """Prepare a judgement; nothing is measured yet."""
        self._tensors, self._ratio_for = tensors, ratio_for
        self._baseline, self._candidate = baseline, candidate
        self._alignment = tensors.alignment(baseline.trace, candidate.trace)
        self._a, self._b = tensors.names(baseline.trace), self._alignment.named(tensors.names(candidate.trace))
        self._one_sided = _one_sided(self._a, self._b)
        self._jittered = baseline.jittered or baseline.trace
        self._equivalent = {tier: self._equivalents(tier) for tier in (NATIVE, INJECTED)}
        self._noise = {tier: (*baseline.jitters, *found) for tier, found in self._equivalent.items()}
        """By tier the traces that make the noise floor."""
        self._own_in_noise = tensors.alignment(baseline.trace, self._jittered).own
        self._named = self._b
        self._unlike = tensors.unlike(baseline.trace, candidate.trace)
        self._passed_on = dict.fromkeys((NATIVE, INJECTED), _PassedOn())
        self._own_from_start: Mapping[str, str] = {}
        # Where layers are off the baseline ran from its own start too, and both made their injected steps so.
        self._both_off = bool(baseline.start and candidate.start)
        self._redraws: dict[Hashable, redraw.Redraw] = {}
        self._in_series: dict[tuple[str, Stage], tuple[str, ...]] = {}
        if candidate.start:
            more = (INJECTED,) if self._both_off else ()
            mine = _tiers(tensors.names(baseline.start or baseline.trace), START if baseline.start else NATIVE, more)
            own = _tiers(tensors.names(candidate.start), START, more)
            alignment = tensors.aligned(mine, own)
            there, self._own_from_start = alignment.named(own), alignment.own
            off = {name for layer in self._unlike.values() for name in layer} if self._both_off else set()
            # Keras 3's recurrent layers draw their masks even so, and don't use them.
            mine, there = ({key: d for key, d in side.items() if layer_of(key[1]) not in off} for side in (mine, there))
            self._a, self._b = (
                {
                    **{key: digest for key, digest in side.items() if key[0] not in more},
                    **{(START if tier == NATIVE else tier, stage): digest for (tier, stage), digest in begun.items()},
                }
                for side, begun in ((self._a, mine), (self._b, there))
            )

    def _equivalents(self, tier: str) -> tuple[str, ...]:
        """Return the trace of an equivalent execution, where there is one that drew what the trial drew in a tier.

        Other draws are no other way to compute the same.
        """
        found = self._baseline.equivalent
        if not found:
            return ()
        mine, other = self._tensors.names(self._jittered), self._tensors.names(found)
        drawn = (key for key in mine if key[0] == tier and parse(key[1]).kind in RANDOM)
        return (found,) if all(other.get(key) == mine[key] for key in drawn) else ()

    def judge(self, tiers: Sequence[str] = TIERS) -> Judgement:
        """Walk the tiers in the order of the run, and say what differs and since when."""
        stages: list[StageResult] = []
        divergences: list[Divergence] = []
        firsts: dict[Verdict, Finding] = {}
        # An injected step in which a layer draws otherwise was fed other things, as is one that trains other variables.
        fed = NATIVE not in tiers or (self._trains_the_same and (self._both_off or not self._unlike))
        for tier in (tier for tier in tiers if tier != INJECTED or fed):
            names = self._ordered(tier)
            differing = [name for name in names if not self._identical(tier, name)]
            reached = self._reached(names, differing) if tier == START else differing
            passed_over = set(self._passed_over(tier, reached))
            findings = dict(self._findings(tier, reached, passed_over))
            stages += self._by_stage(tier, names, differing, findings, passed_over)
            for finding in findings.values():
                firsts.setdefault(finding.verdict, finding)
            if findings:
                divergences.append(self._divergence(tier, names, reached, findings))
        if tiers == TIERS and (unknown := self._in_no_tier()):
            firsts.setdefault(Verdict.NOT_COMPARABLE, unknown)
            stages.append(_alone(unknown))
        curve = tuple(self._curve()) if NATIVE in tiers else ()
        one_sided = tuple(dict.fromkeys(self._one_sided.values())) if NATIVE in tiers else ()
        unreached = self._unreached if START in tiers else ""
        return Judgement(
            tuple(stages),
            tuple(divergences),
            curve,
            firsts,
            self._alignment.told,
            one_sided,
            self._trace(),
            unreached,
            tuple(dict.fromkeys(layer.baseline for layer in self._unlike.values())) if self._both_off else (),
            tuple(self.ends(tiers)),
        )

    def ends(self, tiers: Sequence[str] = TIERS) -> Iterator[End]:
        """Yield what the training came to, natively, and from the baseline's start where all was handed over."""
        if NATIVE in tiers:
            yield from ends(self._a, self._b, NATIVE, self._tensors)
        if START in tiers and not self._unreached:
            yield from ends(self._a, self._b, START, self._tensors)

    @property
    def _trains_the_same(self) -> bool:
        """Whether both sides train the same variables, or one of them shows no gradient at all."""
        stages = [[parse(name) for tier, name in side if tier == NATIVE] for side in (self._a, self._b)]
        trained = [{stage.variable for stage in side if stage.kind == "gradient"} for side in stages]
        return not all(trained) or trained[0] == trained[1]

    def _in_no_tier(self) -> Finding | None:
        """Return the first difference in a tier that nothing here judges: two traces with one are never identical."""
        for tier, stage in dict.fromkeys((*self._a, *self._b)):
            if tier not in TIERS and not self._identical(tier, stage):
                a, b = self._a.get((tier, stage), ""), self._b.get((tier, stage), "")
                reason = f"nothing judges what is recorded as {tier} {stage}"
                return Finding(NATIVE, tier, Verdict.NOT_COMPARABLE, reason, baseline=a, candidate=b)
        return None

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers whose effect tells what their draws do, since these have no counterpart."""
        return tuple(dict.fromkeys(self._unlike.values()))

    @property
    def layers_of_few_draws(self) -> tuple[Layer, ...]:
        """The layers whose effect tells what their draws do, since these are too few to tell by themselves."""
        return tuple(dict.fromkeys(self._too_few.values()))

    @cached_property
    def _too_few(self) -> Mapping[str, Layer]:
        """Of the layers' draws that could not be told by the numbers that were drawn: the layer of each."""
        found: dict[str, Layer] = {}
        for tier, name in self._a:
            layer = layer_of(name) if tier == NATIVE and parse(name).kind == "draw" else ""
            if not layer or name in self._unlike or not self._in_both(tier, name) or self._identical(tier, name):
                continue
            if self._has_bytes(tier, name) and self._redraw(tier, name)[0] is Verdict.NOT_COMPARABLE:
                found[name] = Layer(layer, layer_of(self._alignment.own.get(name, name)))
        return found

    def pairs(self, tiers: Sequence[str] = TIERS) -> Iterator[tuple[str, str]]:
        """Yield the pairs of digests that differ and were not measured, and those that their noise floors need."""
        for (tier, name), digest in self._a.items():
            other = self._b.get((tier, name))
            if tier in tiers and other and other != digest and not self._tensors.knows(digest, other):
                yield digest, other
                from_, *to = self._moved(tier, name)
                yield from ((from_, moved) for moved in to)

    def _ordered(self, tier: str) -> list[str]:
        """Return the names of a tier in the order of the run, those of one side where that side has them.

        A report of one side is not among them.
        """
        mine, there = ([stage for t, stage in side if t == tier] for side in (self._a, self._b))
        behind: dict[str, list[str]] = {"": []}
        """What the candidate alone has, by what stands before it there and in the baseline."""
        known, last = set(mine), ""
        for name in there:
            if name in known:
                last = name
            else:
                behind.setdefault(last, []).append(name)
        names = (*behind[""], *(one for name in mine for one in (name, *behind.get(name, ()))))
        return [name for name in names if (_noisy(tier), name) not in self._one_sided]

    def _reached(self, names: Sequence[str], differing: Sequence[str]) -> list[str]:
        """Return what differs in the start tier and is judged: what comes before anything that was not handed over."""
        missed = self._missed(names, differing)
        return list(differing[: differing.index(missed)] if missed else differing)

    @cached_property
    def _unreached(self) -> str:
        """The first stage that the start tier does not judge, because it was not handed over; empty where all was."""
        if self._unlike and not self._both_off:
            return next(name for name in self._ordered(NATIVE) if name in self._unlike)
        names = self._ordered(START)
        return self._missed(names, [name for name in names if not self._identical(START, name)])

    def _missed(self, names: Sequence[str], differing: Iterable[str]) -> str:
        """Return the first stage that should have been handed over and differs; empty where there is none.

        Where the order of rows is not seen, a batch that differs may be other rows.
        """
        seen = any(parse(name).kind == "shuffle" for name in names)
        kinds = () if seen else ("batch",)
        return next((name for name in differing if is_drawn(name) or parse(name).kind in kinds), "")

    def _moved(self, tier: str, name: str) -> list[str]:
        """Return the digests of a stage in the trace that is jittered, and in those that jitter it."""
        noisy = _noisy(tier)
        return self._tensors.moved(self._jittered, self._noise[noisy], noisy, self._own_in_noise.get(name, name))

    def _trace(self) -> str:
        if not self._alignment.own:
            return self._candidate.trace
        return trace_digest(Fingerprint(tier, name, digest) for (tier, name), digest in self._named.items())

    def _identical(self, tier: str, name: str) -> bool:
        return self._has_same_bits(tier, name) or (tier, name) in self._same_orders

    def _has_same_bits(self, tier: str, name: str) -> bool:
        return self._a.get((tier, name)) == self._b.get((tier, name))

    @cached_property
    def _other_rows(self) -> Mapping[tuple[str, str], Batches]:
        """Of each pass whose rows have other digests on both sides, by tier and stage: its batches, the same in number.

        None where these would take up too much.
        """
        found: dict[tuple[str, str], Batches] = {}
        for tier in (NATIVE, START):
            passed = [name for own, name in self._a if own == tier and name == rows_of(parse(name).step)]
            if all(self._has_same_bits(tier, name) for name in passed):
                continue
            mine, there = (passes(side, tier, self._tensors) for side in (self._a, self._b))
            for name in passed:
                batches = mine.get(name)
                alike = batches and batches == there.get(name) and not self._has_same_bits(tier, name)
                if batches and alike and self._is_affordable(tier, batches):
                    found[tier, name] = batches
        return found

    def _is_affordable(self, tier: str, batches: Batches) -> bool:
        return sum(self._tensors.size(self._a[tier, name]) for name in batches) <= MOST_BYTES

    @cached_property
    def _rounded_rows(self) -> Mapping[tuple[str, str], Finding]:
        """Of each pass whose rows are the same in the same order but for rounding: what is said of its rows."""
        found: dict[tuple[str, str], Finding] = {}
        for (tier, rows), batches in self._other_rows.items():
            other = [name for name in batches if not self._has_same_bits(tier, name)]
            if other and all(self._is_whole(tier, name) for name in other):
                findings = [self._measured(tier, name) for name in other]
                if all(finding.verdict is Verdict.ROUNDING for finding in findings):
                    worst = max(findings, key=lambda finding: finding.ratio or 0.0)
                    reason = f"the same rows in the same order, {worst.reason} in {worst.stage}"
                    own, there = self._a[tier, rows], self._b[tier, rows]
                    found[tier, rows] = worst._replace(stage=rows, reason=reason, baseline=own, candidate=there)
        return found

    @cached_property
    def _same_orders(self) -> frozenset[tuple[str, str]]:
        """The orders that are the same on both sides, though the digests that name their rows are not."""
        return frozenset((tier, order_of(parse(rows).step)) for tier, rows in self._rounded_rows)

    def lacking(self, tiers: Sequence[str] = TIERS) -> Lacking:
        """Return the stages that this judgement needs and that are not there whole, by the trace that lacks them.

        What differs first in a tier is to be measured. So is the last batch that differs, where batches are not drawn
        in another order: of no batch are the bytes kept. So is what no later step can be judged for, once it is known
        that it is no consequence; and each tensor of which a sample shows no more than rounding.
        """
        found: dict[str, dict[str, None]] = {}
        for tier in tiers:
            names = self._ordered(tier)
            differing = [name for name in names if not self._identical(tier, name)]
            if tier == START:
                differing = self._reached(names, differing)
            differing = [name for name in differing if self._in_both(tier, name)]
            drawn = next((at for at, name in enumerate(differing) if parse(name).kind in RANDOM), len(differing))
            batches = [name for name in differing[:drawn] if parse(name).kind == "batch"]
            of_rows = (one for (of, _), some in self._other_rows.items() if of == tier for one in some)
            heads = {_head(name) for name in (*differing[:1], *batches[:1], *batches[-1:], *of_rows)}
            alone, in_part = self._insufficient(tier, differing)
            heads |= set(map(_head, alone))
            for name in (name for name in differing if _head(name) in heads or name in in_part):
                own = self._alignment.own.get(name, name)
                sides = [(self._baseline.trace, _noisy(tier), name), (self._candidate.trace, tier, own)]
                if tier == START or (tier == INJECTED and self._both_off):
                    sides[1] = self._candidate.start or "", tier, self._own_from_start.get(name, name)
                    sides += [(self._baseline.start, tier, name)] if self._baseline.start else []
                from_, noise = self._own_in_noise.get(name, name), self._noise[_noisy(tier)]
                for trace, of, one in (*sides, *((jitter, _noisy(tier), from_) for jitter in noise)):
                    digest = self._tensors.names(trace).get((of, one))
                    if digest and not self._tensors.is_whole(digest):
                        found.setdefault(trace, {})[f"{of} {_head(one) if _head(name) in heads else one}"] = None
        return {trace: tuple(stages) for trace, stages in found.items()}

    def _insufficient(self, tier: str, differing: Sequence[str]) -> tuple[Collection[str], Collection[str]]:
        """Return which differences have no bytes though no later step tells, and of which a sample tells too little."""
        in_part = {name for name in differing if not self._is_whole(tier, name)}
        if not in_part or not self._has_bytes(tier, differing[0]):
            return (), ()
        passed_over = set(self._passed_over(tier, differing))
        if in_part <= passed_over:
            return (), ()
        found = dict(self._findings(tier, differing, passed_over))
        alone = {name for name in in_part & found.keys() if not self._has_bytes(tier, name)}
        untold = {name for name in in_part & found.keys() if found[name].verdict is Verdict.NOT_COMPARABLE}
        return alone, untold - alone

    def seeds(self, *, one_run_each: bool, few_steps: bool = False) -> Seeds | None:
        """Return under which other seeds what differs is to be drawn, None where nothing that is drawn does.

        Of a script, of which each seed takes a run, initial weights and the first order alone are drawn so. With
        ``few_steps`` more than initial values is drawn under few seeds only.
        """
        differing = [key for key, digest in self._a.items() if key[0] == NATIVE and self._b.get(key, digest) != digest]
        tests = {key: RANDOM.get(parse(key[1]).kind, "seed") for key in differing}
        of_runs = {"order", "initial values"}
        wanted = [key for key, test in tests.items() if test != "seed" and (not one_run_each or test in of_runs)]
        values = initial_values(self._a).values()
        layouts = self._tensors.layouts({*values, *(side[key] for side in (self._a, self._b) for key in wanted)})
        initial: list[int] = []
        drawn: list[int] = []
        least = LEAST_OF_STEPS if few_steps else 1
        for key in wanted:
            dtype, shape = layouts[self._a[key]]
            if layouts[self._b[key]] != (dtype, shape):
                continue  # which no number of draws makes one distribution
            if tests[key] != "initial values":
                drawn.append(0 if tests[key] == "order" else max(math.prod(shape), least))
            elif "float" in dtype:
                initial.append(math.prod(shape))
        if not (initial or drawn):
            return None
        total = sum(math.prod(layouts[digest][1]) for digest in {*values})
        count = seeds_for(
            [*filter(None, initial)],
            drawn,
            total,
            one_run_each=one_run_each,
            placed=not self._of_a_pipeline,
        )
        return Seeds(count, one_run_each and 0 in drawn)

    @property
    def _of_a_pipeline(self) -> bool:
        """Whether rows come from a pipeline of the user's: then nobody knows where they stand before it shuffles."""
        of_data = (parse(name) for tier, name in self._a if tier == NATIVE)
        return not any(stage.kind == "data" and stage.step is None for stage in of_data)

    def _passed_over(self, tier: str, differing: Sequence[str]) -> Iterator[str]:
        """Yield the names that cannot be measured, and whose variable can at a later step: that is judged for them.

        A difference that rounding does not explain does not go away by training on: it is in the last step as well.
        What differs first is never passed over, nor a draw that is equal to another one on one side only.
        """
        later: set[tuple[str, str]] = set()
        for name in reversed(differing[1:]):
            stage = parse(name)
            if not self._in_both(tier, name) or stage.step is None or stage.kind not in CARRIED:
                continue
            if tier == NATIVE and name in self._structure:  # which digests tell
                continue
            if self._has_bytes(tier, name):
                later.add((stage.kind, stage.variable))
            elif (stage.kind, stage.variable) in later and _head(name) != _head(differing[0]):
                yield name

    def _findings(
        self, tier: str, differing: Iterable[str], passed_over: Collection[str]
    ) -> Iterator[tuple[str, Finding]]:
        """Yield each judged difference by name; natively, nothing that only follows from an earlier one."""
        inherited = False
        self._passed_on[_noisy(tier)] = _PassedOn()
        rounded: dict[tuple[str | None, str | None], Finding] = {}
        for name in differing:
            if name in passed_over:
                continue
            kind = parse(name).kind
            alone = tier == INJECTED or kind in RANDOM
            if inherited and not alone and self._in_both(tier, name):
                continue
            # What is saved and loaded are the weights, though the noise may have been seen at one of them alone.
            known = rounded.get((self._a.get((tier, name)), self._b.get((tier, name)))) if kind in SAME else None
            finding = known._replace(stage=name) if known else self._finding(tier, name)
            if kind in SAME and finding.verdict is Verdict.ROUNDING:
                rounded[finding.baseline, finding.candidate] = finding
            yield name, finding
            inherited = inherited or _leads(finding)

    def _is_whole(self, tier: str, name: str) -> bool:
        """Return whether all bytes of both sides are there."""
        return all(map(self._tensors.is_whole, (self._a[tier, name], self._b[tier, name])))

    def _has_bytes(self, tier: str, name: str) -> bool:
        """Return whether a difference can be measured, if only by a sample."""
        return all(map(self._tensors.has_bytes, (self._a[tier, name], self._b[tier, name])))

    def _in_both(self, tier: str, name: str) -> bool:
        return (tier, name) in self._a and (tier, name) in self._b

    def _finding(self, tier: str, name: str) -> Finding:
        a, b = self._a.get((tier, name), ""), self._b.get((tier, name), "")
        if tier == NATIVE and name in self._unlike:
            told = self._effect(self._unlike[name])
            return Finding(tier, name, told.verdict, told.evidence, baseline=a, candidate=b)
        if not (a and b):
            side = "baseline" if a else "candidate"
            return Finding(tier, name, Verdict.NOT_COMPARABLE, f"only in the {side}", baseline=a, candidate=b)
        if rounded := self._rounded_rows.get((tier, name)):
            return rounded
        finding = self._measured(tier, name)
        if tier == NATIVE and name in self._structure:
            reason = self._structure[name]
            return Finding(tier, name, Verdict.DIFFERENT, reason, finding.distance, baseline=a, candidate=b)
        if parse(name).kind not in RANDOM or finding.verdict is Verdict.ROUNDING or not self._has_bytes(tier, name):
            return finding  # the same numbers drawn, and computed with another rounding, are no redraw
        verdict, reason = self._redraw(tier, name)
        if verdict is Verdict.NOT_COMPARABLE:
            verdict, reason = self._otherwise(tier, name, reason)
        if verdict is Verdict.REDRAWN and finding.distance and finding.distance.sampled:
            verdict, reason = Verdict.NOT_COMPARABLE, f"could not tell: {reason}, in a sample, and no more is kept"
        return Finding(tier, name, verdict, reason, finding.distance, None, None, baseline=a, candidate=b)

    def _otherwise(self, tier: str, name: str, reason: str) -> tuple[Verdict, str]:
        """Return what is known of a draw that its numbers are too few for: by the effect of its layer, or its others.

        An order that repeats another on one side only is another meaning, whatever the first of them says.
        """
        if tier != NATIVE:
            return Verdict.NOT_COMPARABLE, reason
        told = [f"{one} {self._structure[one]}" for one in self._series(tier, parse(name)) if one in self._structure]
        if told:
            return Verdict.DIFFERENT, told[0]
        if name in self._too_few and self._baseline.effects and self._candidate.effects:
            by_effect = self._effect(self._too_few[name])
            if by_effect.verdict is not Verdict.NOT_COMPARABLE:
                return by_effect.verdict, by_effect.evidence
        return Verdict.NOT_COMPARABLE, reason

    def _effect(self, layer: Layer) -> effect.Effect:
        """Return what the effect of a layer says of its draws, which have no counterpart."""
        found = []
        for trace, path in (self._baseline.effects, layer.baseline), (self._candidate.effects, layer.candidate):
            names = self._tensors.names(trace) if trace else {}
            found.append(tuple(names.get((EFFECTS, f"{kind}/{path}"), "") for kind in ("effect", "off")))
        if not all(map(all, found)):
            return effect.unknown(f"{layer.baseline} draws otherwise, and its effect is not known on both sides")
        return self._tensors.effect(*found)

    def _measured(self, tier: str, name: str) -> Finding:
        """Return a difference of two tensors, judged by the noise floor."""
        a, b = self._a[tier, name], self._b[tier, name]
        distance = self._tensors.distance(a, b)
        floor = self._floor(tier, name)
        verdict, reason, ratio = Verdict.DIFFERENT, "", None
        if not distance.comparable:
            reason = distance.note
        elif parse(name).kind == "loaded" and not self._trains:
            reason = "read from one file, and nothing is computed in between"
        elif not distance.differing:  # the digests differ, so what differs was not kept
            reason = f"none of the {distance.elements} elements kept as a sample differs, so others do"
        elif distance.scaled_error is None:
            reason = f"{distance.differing} of {distance.elements} elements differ, and this type does not round"
        elif distance.nan_mismatch or distance.inf_mismatch:
            count = distance.nan_mismatch + distance.inf_mismatch
            reason = f"{count} of {distance.elements} elements are NaN or infinite on one side only"
        else:
            ratio = self._ratio(tier, name, distance, floor)
            verdict, reason = self._sized(tier, name, distance, ratio)
            if verdict is Verdict.ROUNDING and distance.sampled:
                verdict, reason = Verdict.NOT_COMPARABLE, f"could not tell: {reason}, and no more than a sample is kept"
        return Finding(tier, name, verdict, reason, distance, floor, ratio, baseline=a, candidate=b)

    def _sized(self, tier: str, name: str, distance: Distance, ratio: float) -> tuple[Verdict, str]:
        """Return the verdict of a difference that is so many times its noise floor, and the reason."""
        passed_on = self._passed_on[_noisy(tier)]
        limit = self._ratio_for(tier, name, distance.dtype) * passed_on.ratio
        reason = f"{_times(ratio)} times the noise floor"
        if ratio > limit * SECOND_RATIO:
            return Verdict.DIFFERENT, reason
        common = self._coherence(tier, name, limit)
        if common and abs(common.size) <= SECOND_RATIO * passed_on.size:
            common = None
        if common:
            reason = f"{_COMMON[common.what].format(abs(common.size))}, {reason}"
        if ratio <= limit and not common:
            return Verdict.ROUNDING, reason
        vouching = None if tier == INJECTED else self._vouching(name, distance, common)
        if vouching is None:
            return Verdict.DIFFERENT, reason
        size = max(passed_on.size, abs(common.size) if common else 0.0)
        self._passed_on[_noisy(tier)] = _PassedOn(max(passed_on.ratio, ratio), size)
        return Verdict.ROUNDING, f"{reason}, and as far in the injected tier, where that is {vouching:.2g} times"

    def _vouching(self, name: str, distance: Distance, common: Coherence | None) -> float | None:
        """Return by how many times its floor the injected tier differs at a native stage, where that is the same.

        It judges the same arithmetic from the same inputs, and has another way to compute it to judge by. It vouches
        where it calls the difference rounding, and where it sees as much of it: a native one that is more than a few
        times larger is something else. What its elements have in common it has to know from an equivalent execution: a
        floor above it is not enough.
        """
        stage = parse(name)
        same = full_name(stage._replace(step=None))
        if stage.kind not in CARRIED or not self._in_both(INJECTED, same) or self._identical(INJECTED, same):
            return None
        finding = self._measured(INJECTED, same)
        if finding.verdict is not Verdict.ROUNDING or finding.distance is None:
            return None
        if (distance.scaled_error or 0.0) > SECOND_RATIO * (finding.distance.scaled_error or 0.0):
            return None
        return None if common and not self._is_equivalent(same, common) else finding.ratio

    def _is_equivalent(self, name: str, common: Coherence) -> bool:
        """Return whether an equivalent execution moves a stage of the injected tier as the candidate does."""
        found = self._tensors.projections(*((side[INJECTED, name],) for side in (self._a, self._b)))
        if found is None:
            return False
        at, size = self._projections_in(INJECTED, [name]), getattr(found, common.what)
        shifts = [getattr(one, common.what) for one in map(at, self._split(INJECTED)[1]) if one]
        left = min((abs(size - sign * shift) for shift in shifts for sign in (1, -1)), default=math.inf)
        return bool(left <= abs(size) / SECOND_RATIO and abs(common.size) <= SECOND_RATIO * abs(size))

    def _coherence(self, tier: str, name: str, limit: float) -> Coherence | None:
        """Return what the elements of a difference have in common beyond rounding; of a loss, all steps up to now."""
        if parse(name).kind in {*RANDOM, "data", "batch"}:
            return None  # which no arithmetic of training makes
        names = self._together(tier, name)
        found = self._tensors.projections(*(tuple(side[tier, one] for one in names) for side in (self._a, self._b)))
        if found is None or found.is_below(limit):  # as nearly all are: the noise need not be looked at
            return None
        at = self._projections_in(tier, names)
        moved, others = ([s for s in map(at, traces) if s] for traces in self._split(tier))
        return coherence(found, moved, others, limit, self._grain(tier, name))

    def _together(self, tier: str, name: str) -> list[str]:
        """Return the stages whose differences are taken as one vector: the numbers of a loss, one for each step."""
        stage = parse(name)
        if stage.kind != "loss" or stage.step is None:
            return [name]
        steps = (full_name(stage._replace(step=step)) for step in range(stage.step))
        return [*(one for one in steps if self._in_both(tier, one) and self._has_bytes(tier, one)), name]

    def _split(self, tier: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the traces of the jitters, and those of equivalent executions."""
        return self._baseline.jitters, self._equivalent[_noisy(tier)]

    def _projections_in(self, tier: str, names: Sequence[str]) -> Callable[[str], Projections | None]:
        """Return what gives the projections of the difference that a trace of the noise floor makes at some stages."""
        own = [(_noisy(tier), self._own_in_noise.get(name, name)) for name in names]

        def projections(trace: str) -> Projections | None:
            sides = [[self._tensors.names(one).get(key) for key in own] for one in (self._jittered, trace)]
            a, b = (tuple(digest for digest in side if digest) for side in sides)
            return self._tensors.projections(a, b) if len(a) == len(b) == len(own) else None

        return projections

    def _grain(self, tier: str, name: str) -> float:
        """Return one unit in the last place of the weights over an update, by rms: 0 for what is no update."""
        weights = (tier, "weights" + name.removeprefix("update"))
        if parse(name).kind != "update" or weights not in self._a:
            return 0.0
        update, after = (self._tensors.rms(self._a[key]) for key in ((tier, name), weights))
        return self._tensors.eps(self._a[tier, name]) * after / update if update else 0.0

    def _ratio(self, tier: str, name: str, distance: Distance, floor: float | None) -> float:
        """Return how many times its noise floor a difference is."""
        assert distance.scaled_error is not None
        if distance.scaled_error < math.inf or floor != math.inf:
            ratio = distance.scaled_error / max(self._least_floor(tier, name), floor or 0.0)
            return max(ratio, self._numbers(tier, name, distance))
        # Of a baseline that is all zeros, nothing is a multiple of its largest element: what counts is how far either
        # goes from there.
        spread = max(jitter.max_abs or 0.0 for jitter in self._spreads(tier, name))
        return (distance.max_abs or 0.0) / spread if spread < math.inf else math.inf

    def _numbers(self, tier: str, name: str, distance: Distance) -> float:
        """Return the same in numbers of a coarse dtype between two elements; 0 for other dtypes, and for an update.

        There the largest element alone says too little: a small one may vanish beside it.
        """
        if not is_coarse(distance.dtype) or parse(name).kind == "update":
            return 0.0
        moved = max((jitter.max_ulp or 0 for jitter in self._spreads(tier, name)), default=0)
        return (distance.max_ulp or 0) / max(1, moved)

    def _least_floor(self, tier: str, name: str) -> float:
        """Return the smallest noise floor of a tensor: of an update, one unit in the last place of the weights.

        An update is recorded as a difference of weights, so it has no more digits than they have.
        """
        weights = (tier, "weights" + name.removeprefix("update"))
        if parse(name).kind != "update" or weights not in self._a:
            return LEAST_FLOOR
        update, after = (self._tensors.largest(self._a[key]) for key in ((tier, name), weights))
        return LEAST_FLOOR * max(1.0, after / update) if 0 < update < math.inf else LEAST_FLOOR

    def _floor(self, tier: str, name: str) -> float | None:
        """Return the largest scaled error that one-ULP jitter makes here in the baseline; None where it has none."""
        noisy = _noisy(tier)
        return self._tensors.floor(self._jittered, self._noise[noisy], noisy, self._own_in_noise.get(name, name))

    def _spreads(self, tier: str, name: str) -> Iterator[Distance]:
        """Yield how far each jittered trial went from the trial that it jitters."""
        from_, *to = self._moved(tier, name)
        return (self._tensors.distance(from_, digest) for digest in to)

    @cached_property
    def _trains(self) -> bool:
        """Whether there is any training here; where there is none, what is loaded is what a file holds."""
        return any(parse(name).kind in OF_TRAINING for _, name in self._a)

    @cached_property
    def _structure(self) -> Mapping[str, str]:
        """Of the draws that are equal to another one of their trial on one side only: what is to be said of them."""
        return structure.told(self._a, self._b, self._tensors)

    def _redraw(self, tier: str, name: str) -> redraw.Redraw:
        """Judge what differs of a draw by all that is drawn there, and by itself: it may be another at one step."""
        stage = parse(name)
        series = self._series(tier, stage)
        found = self._redraws.get(key := (tier, stage.kind, series))
        if found is None:
            kept = [one for one in series if self._has_bytes(tier, one)]
            size = math.prod(self._tensors.layout(self._a[tier, name])[1])
            drawn = kept[: max(1, min(MOST_STEPS, MOST_NUMBERS // max(size, 1)))]
            found = self._redraws[key] = redraw.judge(_test(stage), *self._sides(tier, drawn))
        if len(series) > 1 and found.verdict is not Verdict.DIFFERENT:
            alone = redraw.judge(_test(stage), *self._sides(tier, [name], seeds=False))
            return alone if alone.verdict is Verdict.DIFFERENT else found
        return found

    def _series(self, tier: str, stage: Stage) -> tuple[str, ...]:
        """Return the names of what differs of a draw in any step: of one layout, an order's of the same rows."""
        if (tier, stage) not in self._in_series:
            drawn: dict[Hashable, list[tuple[Stage, str]]] = {}
            keys = [key for key, a in self._a.items() if key[0] == tier and self._b.get(key, a) != a]
            keys = [key for key in keys if parse(key[1]).kind in RANDOM]
            layouts = self._tensors.layouts({side[key] for side in (self._a, self._b) for key in keys})
            for key in keys:
                one, digests = parse(key[1]), (self._a[key], self._b[key])
                rows = [_rows(side, one) for side in (self._a, self._b)]
                group = one.kind, one.variable, *map(layouts.get, digests), *rows
                drawn.setdefault(group, []).append((one, key[1]))
            for members in drawn.values():
                names = tuple(name for _, name in members)
                self._in_series |= {(tier, one): names for one, _ in members}
        return self._in_series[tier, stage]

    def _sides(self, tier: str, names: Sequence[str], *, seeds: bool = True) -> Iterator[redraw.Side]:
        """Yield what each side draws at some steps of a stage, and what under other seeds at the first."""
        stage = parse(names[0])
        arrays = [self._alike(tier, name) for name in names]
        same_rows = _rows(self._a, stage) == _rows(self._b, stage)
        first = full_name(stage._replace(step=stage.step and 0))
        both = (self._baseline, first), (self._candidate, self._alignment.own.get(first, first))
        for number, ((traces, own), here) in enumerate(zip(both, (self._a, self._b), strict=True)):
            this, *steps = (pair[number] for pair in arrays)
            more = self._tensors.names(traces.seeds) if traces.seeds and seeds and tier == NATIVE else {}
            rows_here = _rows(here, stage)
            known = rows_here in {"", more.get((SEEDS, "data@0/rows"))}
            drawn, order = more.get((SEEDS, own)), more.get((SEEDS, "data@0/order"))
            rows = self._tensors.array(order)[0] if order and known else None
            yield redraw.Side(
                this,
                tuple(steps),
                self._tensors.array(drawn)[0] if drawn and known else None,
                drawn=any(
                    (SEEDS, f"drawn/{parse(one).variable}") in more for one in self._copies(number, here, names[0])
                ),
                rows=rows if stage.variable else np.unique(this),
                same_rows=same_rows,
            )

    def _copies(self, number: int, here: Names, name: str) -> Iterator[str]:
        """Yield the initial values that are those of a name, as a side calls them: an average begins as a copy."""
        for (tier, other), digest in here.items():
            if tier == NATIVE and parse(other).kind == "init" and digest == here.get((NATIVE, name)):
                yield self._alignment.own.get(other, other) if number else other

    def _alike(self, tier: str, name: str) -> tuple[Array, Array]:
        """Return both sides' arrays of a draw, as samples where one of them is one."""
        (a, a_whole), (b, b_whole) = (self._tensors.array(names[tier, name]) for names in (self._a, self._b))
        return (a, b) if a_whole == b_whole else (evenly(a), evenly(b))

    def _divergence(
        self, tier: str, names: Sequence[str], differing: Sequence[str], findings: dict[str, Finding]
    ) -> Divergence:
        first = differing[0]
        at = names.index(first)
        following = next((name for name in differing[1:] if self._in_both(tier, name)), None)
        after = None
        if following:
            after = findings.get(following) or self._measured(tier, following)
        return Divergence(tier, findings[first], names[at - 1] if at else "", after)

    def _curve(self) -> Iterator[CurvePoint]:
        """Yield how far all weights are apart after each step: the largest scaled error of any variable."""
        steps: dict[int, list[str]] = {}
        for tier, name in self._a:
            stage = parse(name)
            if tier == NATIVE and stage.kind == "weights" and stage.step is not None and self._in_both(tier, name):
                steps.setdefault(stage.step, []).append(name)
        for step, names in sorted(steps.items()):
            pairs = [(self._a[NATIVE, name], self._b[NATIVE, name]) for name in names]
            if not all(a == b or (self._tensors.has_bytes(a) and self._tensors.has_bytes(b)) for a, b in pairs):
                continue
            errors = [0.0 if a == b else self._tensors.distance(a, b).scaled_error or 0.0 for a, b in pairs]
            floors = [self._floor(NATIVE, name) for name in names]
            yield CurvePoint(step, max(errors), max((f for f in floors if f is not None), default=None))

    def _candidates(self, tier: str, members: tuple[str, ...]) -> str:
        """Return one digest for what the candidate has at some names."""
        if self._alignment.own or tier == START or self._both_off:
            return digest_of(self._b, tier, members)
        return self._tensors.stage_digest(self._candidate.trace, tier, members)

    def _baselines(self, tier: str, members: tuple[str, ...]) -> str:
        """Return one digest for what the baseline has at some names."""
        if tier == START or self._both_off:
            return digest_of(self._a, tier, members)
        return self._tensors.stage_digest(self._baseline.trace, tier, members)

    def _by_stage(
        self,
        tier: str,
        names: Sequence[str],
        differing: Sequence[str],
        findings: Mapping[str, Finding],
        passed_over: Collection[str],
    ) -> Iterator[StageResult]:
        """Yield one result per stage of a tier, in the order of the chain."""
        other = set(differing)
        for kind, members in _stages(tuple(names)):
            judged = [findings[name] for name in members if name in findings]
            count = sum(name in other for name in members)
            inherited = None if count else Verdict.IDENTICAL
            digest = self._baselines(tier, members)
            yield StageResult(
                tier=tier,
                kind=kind,
                names=len(members),
                differing=count,
                verdict=min((f.verdict for f in judged), key=lambda v: v.severity) if judged else inherited,
                baseline=digest,
                candidate=self._candidates(tier, members) if count else digest,
                first=judged[0] if judged else None,
                worst=min(judged, key=lambda f: (f.verdict.severity, -(f.ratio or 0.0))) if judged else None,
                verdicts=tuple(sorted({f.verdict for f in judged}, key=lambda v: v.severity)),
                leads=tier != INJECTED and any(map(_leads, judged)),
                passed_over=sum(name in passed_over for name in members),
            )


def _alone(finding: Finding) -> StageResult:
    """Return the result of a stage that has one difference, and nothing else is known of."""
    verdicts = (finding.verdict,)
    sides = finding.baseline, finding.candidate
    return StageResult(finding.tier, finding.stage, 1, 1, finding.verdict, finding, *sides, finding, verdicts)


def _tiers(names: Names, native: str, more: Collection[str]) -> Names:
    """Return what a trace has in one tier, as the native tier, by which names are aligned, and in some more."""
    kept = {native: NATIVE, **dict(zip(more, more, strict=True))}
    return {(kept[tier], stage): digest for (tier, stage), digest in names.items() if tier in kept}


def _times(ratio: float) -> str:
    """Return a ratio with two digits, as people write numbers: ``0.38``, ``520,000``."""
    return f"{float(f'{ratio:.2g}'):,.0f}" if ratio >= 10 else f"{ratio:.2g}"


def _test(stage: Stage) -> str:
    """Return the test that fits what a stage draws: whole numbers of the full range are seeds of other draws."""
    is_seed = stage.kind == "draw" and stage.variable.rpartition("/")[2].partition(".")[0] == "full_int"
    return "seed" if is_seed else RANDOM[stage.kind]


def _rows(names: Names, stage: Stage) -> str:
    """Return the digest of the rows that an order is of, where they are told by what they hold; of others nothing."""
    of_order = RANDOM.get(stage.kind) == "order"
    return names.get((NATIVE, f"data@{stage.step}/rows"), "") if of_order else ""


def _noisy(tier: str) -> str:
    """Return the tier that the noise floor of one is measured in: the baseline's start is its own."""
    return NATIVE if tier == START else tier


def _one_sided(a: Names, b: Names) -> Mapping[tuple[str, str], OneSided]:
    """Return what a loop reports on one side only, and never on the other, where it reports something on both.

    Nothing is fed by a report, so that its want leaves nothing else in doubt: it is said beside the verdict. Where both
    have nothing of a kind in common, nothing was compared there, and that is no pass.
    """
    if a.keys() == b.keys():
        return {}
    beside = {**_gradients_of_one_side(a, b), **_loaded_by_the_candidate(a, b)}
    mine, there = _reports(a), _reports(b)
    both = {(stage.kind, stage.step) for key, stage in mine.items() if key in there}
    found: dict[tuple[str, str], OneSided] = {}
    for side, reports, others in (("baseline", mine, there), ("candidate", there, mine)):
        known = {(stage.kind, stage.variable) for stage in others.values()}
        lone = {key: stage for key, stage in reports.items() if (stage.kind, stage.variable) not in known}
        alone = {(stage.kind, stage.variable) for stage in lone.values() if (stage.kind, stage.step) not in both}
        found |= {
            key: OneSided(f"{stage.kind}/{stage.variable}", side)
            for key, stage in lone.items()
            if (stage.kind, stage.variable) not in alone
        }
    return {**found, **beside}


def _gradients_of_one_side(a: Names, b: Names) -> Mapping[tuple[str, str], OneSided]:
    """Return the gradients of a tier of which one side has none at all, where both have what became of them.

    They are out of sight where XLA compiles a step, and a release may decline to have it compiled. The weights after
    each update, and the update of the injected tier, are judged on both sides and say what the gradients did.
    """
    found: dict[tuple[str, str], OneSided] = {}
    for tier, became in ((NATIVE, "weights"), (INJECTED, "update")):
        sides = [{key for key in names if key[0] == tier and parse(key[1]).kind == "gradient"} for names in (a, b)]
        if all(sides) or not any(key[0] == tier and parse(key[1]).kind == became for key in a.keys() & b.keys()):
            continue
        for side, gradients in zip(("baseline", "candidate"), sides, strict=True):
            found |= dict.fromkeys(gradients, OneSided("gradient", side))
    return found


def _loaded_by_the_candidate(a: Names, b: Names) -> Mapping[tuple[str, str], OneSided]:
    """Return what the candidate reads back of what both sides saved, where the baseline reads back nothing.

    Keras 2.15 cannot load the weights of a model that scales its loss. The other way round it is a loss, and judged.
    """
    loaded = {key: parse(key[1]) for key in b if key[0] == NATIVE and parse(key[1]).kind == "loaded"}
    saved = {(NATIVE, full_name(stage._replace(kind="saved"))) for stage in loaded.values()}
    reads = any(key[0] == NATIVE and parse(key[1]).kind == "loaded" for key in a)
    if reads or not saved <= a.keys() & b.keys():
        return {}
    return dict.fromkeys(loaded, OneSided("loaded", "candidate"))


def _reports(names: Names) -> Mapping[tuple[str, str], Stage]:
    """Return what a loop reports by a name, natively and in an injected step of its own."""
    stages = {key: parse(key[1]) for key in names if key[0] in {NATIVE, INJECTED}}
    return {key: stage for key, stage in stages.items() if _is_report(stage)}


def _is_report(stage: Stage) -> bool:
    """Return whether a stage is a report: not what a loss has for a gradient, which stands below its name."""
    of_loss = stage.variable.startswith("gradient/")
    return NAMES_OF.get(stage.kind) == REPORT and bool(stage.variable) and not of_loss


def _head(name: str) -> str:
    """Return a stage's name without its variable."""
    return name.partition("/")[0]


def _leads(finding: Finding) -> bool:
    """Return whether later differences may be only a consequence of a native one."""
    return finding.verdict.severity <= Verdict.REDRAWN.severity and not is_terminal(parse(finding.stage))


@lru_cache(maxsize=256)
def _stages(names: tuple[str, ...]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return the stages of some names in the order of the chain, each with its names; most traces share theirs."""
    kinds: dict[str, list[str]] = {}
    for name in names:
        kinds.setdefault(parse(name).kind, []).append(name)
    return tuple((kind, tuple(kinds[kind])) for kind in sorted(kinds, key=place))
