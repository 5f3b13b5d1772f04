"""Judging: each difference of two traces by the rule that fits its stage."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import FrozenInstanceError
from itertools import groupby
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from building import Stages, tensor, traced
from tfmatrix.compare.judging import Judge, Judgement, Traces
from tfmatrix.compare.stages import parse
from tfmatrix.compare.tensors import NOT_MEASURED, Tensors
from tfmatrix.compare.verdicts import Passing, Verdict, worst
from tfmatrix.records import OBSERVED, Trial
from tfmatrix.store.fingerprints import trace_digest
from tfmatrix.store.store import Store

EPS = float(np.finfo(np.float32).eps)
ROUNDING_RATIO = 16.0
WEIGHTS = [1.0, 0.5, 0.25, -0.5]


def judged(
    folder: Path,
    baseline: Stages,
    candidate: Stages,
    jitters: tuple[Stages, ...] = (),
    *,
    without: Collection[str] = (),
    equivalent: Stages | None = None,
    **further: Any,
) -> Judgement:
    """Return the judgement of two traces, given by their stages; of those that are named no bytes are kept."""
    with Store(folder / "store.sqlite") as store:

        def put(stages: Stages) -> str:
            trace, tensors = traced(stages)
            for print_ in trace:
                if f"{print_.tier} {print_.stage}" in without:
                    tensors[print_.digest] = tensors[print_.digest]._replace(data=b"", whole=False)
            digest = trace_digest(trace)
            store.add(Trial(digest, OBSERVED, digest, (), digest), trace, tensors)
            return digest

        a, b = put(baseline), put(candidate)
        noise = tuple(put(stages) for stages in jitters)
        other = None if equivalent is None else put(equivalent)
        return Judge(Tensors(store), Traces(a, noise, equivalent=other), Traces(b), **further).judge()


def verdicts(judgement: Judgement) -> dict[str, str]:
    """Return the verdict of each stage, ``native gradient``; a consequence has none."""
    return {f"{s.tier} {s.kind}": s.verdict.value if s.verdict else "consequence" for s in judgement.stages}


def moved(by: float) -> list[float]:
    """Return the weights with the largest moved by so many eps."""
    return [1.0 + by * EPS, *WEIGHTS[1:]]


def test_a_trace_against_itself_is_identical(tmp_path: Path) -> None:
    """Nothing is found between a trace and itself."""
    stages = {"native init/w": WEIGHTS, "injected gradient/w": [np.nan, 0.0]}
    found = judged(tmp_path, stages, stages)
    assert set(verdicts(found).values()) == {"identical"}
    assert not found.divergences


def test_a_judgement_stays_as_it_was_made(tmp_path: Path) -> None:
    """Several readers share one judgement, so that none of them can change it."""
    stages = {"native init/w": WEIGHTS}
    found = judged(tmp_path, stages, stages)
    with pytest.raises(FrozenInstanceError):
        found.firsts = {}  # type: ignore[misc]


@pytest.mark.parametrize(("times", "verdict"), [(ROUNDING_RATIO, "rounding"), (ROUNDING_RATIO + 1, "different")])
def test_the_noise_floor_tells_rounding_from_another_meaning(tmp_path: Path, times: float, verdict: str) -> None:
    """Up to so many times the jitter's own scaled error it is rounding, and beyond it is different."""
    floor = 4.0
    found = judged(
        tmp_path,
        {"injected gradient/w": WEIGHTS},
        {"injected gradient/w": moved(times * floor)},
        ({"injected gradient/w": moved(1)}, {"injected gradient/w": moved(floor)}),
    )
    assert verdicts(found) == {"injected gradient": verdict}
    (stage,) = found.stages
    assert stage.worst is not None
    assert stage.worst.floor == floor
    assert stage.worst.ratio == pytest.approx(times)


def test_without_jitter_the_floor_is_one_unit_in_the_last_place(tmp_path: Path) -> None:
    """A stage that copies has no spread, and one unit in the last place there is rounding."""
    assert verdicts(judged(tmp_path, {"native saved/w": WEIGHTS}, {"native saved/w": moved(1)})) == {
        "native saved": "rounding"
    }


def test_an_update_is_no_finer_than_the_weights_that_it_is_a_difference_of(tmp_path: Path) -> None:
    """A unit in the last place of the weights is rounding in their difference, and the same in a gradient is not."""
    ulp = EPS / 2
    stages = {"native update@0/w": [1e-6, 1e-6], "native weights@0/w": [0.9, 0.9]}
    assert verdicts(judged(tmp_path, stages, {**stages, "native update@0/w": [1e-6 + ulp, 1e-6]}))["native update"] == (
        "rounding"
    )
    stages = {"native gradient@0/w": [1e-6, 1e-6], "native weights@0/w": [0.9, 0.9]}
    other = judged(tmp_path / "other", stages, {**stages, "native gradient@0/w": [1e-6 + ulp, 1e-6]})
    assert verdicts(other)["native gradient"] == "different"


def test_natively_what_follows_a_change_is_a_consequence(tmp_path: Path) -> None:
    """Behind a change of meaning nothing is judged but what draws anew; the injected tier is judged all the same."""
    stages = {
        "native batch@0/x": WEIGHTS,
        "native loss@0": [1.0],
        "native shuffle@1": np.arange(64),
        "native loss@1": [2.0],
        "injected loss": [3.0],
    }
    changed = {
        "native batch@0/x": [9.0, 0.5, 0.25, -0.5],
        "native loss@0": [5.0],
        "native shuffle@1": np.arange(64)[::-1],
        "native loss@1": [6.0],
        "injected loss": [7.0],
    }
    found = judged(tmp_path, stages, changed)
    assert verdicts(found) == {
        "native shuffle": "different",
        "native batch": "different",
        "native loss": "consequence",
        "injected loss": "different",
    }
    assert [(d.tier, d.at.stage) for d in found.divergences] == [
        ("native", "batch@0/x"),
        ("injected", "loss"),
    ]


@pytest.mark.parametrize(
    ("stage", "behind"),
    [
        ("draw@0/dropout/uniform", "consequence"),
        ("dropout@0/h", "consequence"),
        ("loss@0", "consequence"),
        ("draw/uniform", "different"),
        ("loss@0/accuracy", "different"),
        ("history@0/accuracy", "different"),
        ("evaluate@0/accuracy", "different"),
    ],
)
def test_natively_a_draw_of_a_step_has_consequences_and_a_report_has_none(
    tmp_path: Path, stage: str, behind: str
) -> None:
    """What a step draws feeds what follows; numbers drawn by themselves, and what a loop reports, feed nothing."""
    rows = np.random.RandomState(0).random_sample((2, 64))
    before, after = ({f"native {stage}": row, "native gradient@0/w": row} for row in rows)
    found = judged(tmp_path, before, after)
    assert verdicts(found)["native gradient"] == behind
    assert [result.kind for result in found.stages if result.leads] == (
        ["gradient"] if behind == "different" else [parse(stage).kind]
    )


def test_a_draw_of_a_step_is_judged_as_a_draw(tmp_path: Path) -> None:
    """Other numbers of the same distribution are redrawn, those of another are different, also behind a redraw."""
    random = np.random.RandomState(0)
    names = ("native draw@0/a/uniform", "native draw@1/a/uniform")
    before = {name: random.random_sample(256) for name in names}
    redrawn = {name: random.random_sample(256) for name in names}
    assert verdicts(judged(tmp_path / "a", before, redrawn)) == {"native draw": "redrawn"}
    other = {**redrawn, names[1]: random.standard_normal(256)}
    assert verdicts(judged(tmp_path / "b", before, other)) == {"native draw": "different"}


def test_a_seed_that_is_drawn_for_other_draws_is_as_good_as_any(tmp_path: Path) -> None:
    """An augmentation layer draws two whole numbers of the full range at each step: too few to test, and a seed."""
    for name, verdict in (("full_int", "redrawn"), ("full_int.2", "redrawn"), ("uniform_int", "not comparable")):
        a, b = ({f"native draw@0/flip/{name}": tensor([one, 5 - one], "int64")} for one in (1, 2))
        assert verdicts(judged(tmp_path / name, a, b)) == {"native draw": verdict}


def test_the_first_change_is_the_first_of_the_run_and_not_the_farthest(tmp_path: Path) -> None:
    """Of each verdict the difference that came first in the run is known, wherever its stage stands in the chain."""
    near, far, beyond = moved(1), moved(4), moved(1e6)
    order = ("native forward@0/w", "native gradient@0/w", "native forward@1/w", "injected loss@0/w")
    found = judged(tmp_path, dict.fromkeys(order, WEIGHTS), dict(zip(order, (near, beyond, far, far), strict=True)))
    assert {verdict.value: (first.tier, first.stage) for verdict, first in found.firsts.items()} == {
        "rounding": ("native", "forward@0/w"),
        "different": ("native", "gradient@0/w"),
    }
    reordered = ("native gradient@0/w", "native forward@1/w", "injected loss@0/w")
    found = judged(tmp_path, dict.fromkeys(reordered, WEIGHTS), dict(zip(reordered, (near, far, far), strict=True)))
    assert found.firsts == {Verdict.ROUNDING: found.divergences[0].at}


def test_a_name_on_one_side_only_is_never_a_pass(tmp_path: Path) -> None:
    """A tensor that one side lacks is not comparable, whatever came before it and whatever else is the same."""
    stages = {"native init/w": WEIGHTS, "native saved/w": WEIGHTS, "native saved/b": [1.0]}
    less = {name: values for name, values in stages.items() if name != "native saved/b"}
    for a, b in ((stages, less), (less, stages)):
        found = judged(tmp_path / str(len(a)), a, b)
        assert verdicts(found)["native saved"] == "not comparable"


def test_the_same_draw_with_another_rounding_is_no_redraw(tmp_path: Path) -> None:
    """Initial weights that differ by the last place only are rounding, and what follows is judged."""
    found = judged(
        tmp_path,
        {"native init/w": WEIGHTS, "native loss@0": [1.0]},
        {"native init/w": moved(1), "native loss@0": [2.0]},
    )
    assert verdicts(found) == {"native init": "rounding", "native loss": "different"}


@pytest.mark.parametrize("other", [[np.nan, 0.5, 0.25, -0.5], [np.inf, 0.5, 0.25, -0.5]])
def test_a_nan_or_infinity_on_one_side_is_another_meaning(tmp_path: Path, other: list[float]) -> None:
    """However small the rest of the difference is."""
    assert verdicts(judged(tmp_path, {"native loss@0": WEIGHTS}, {"native loss@0": other})) == {
        "native loss": "different"
    }


def test_a_difference_outside_a_sample_is_not_called_rounding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a tensor kept as a sample that shows nothing, though the digests differ, the worst is assumed and said."""
    monkeypatch.setattr("tfmatrix.store.fingerprints.SAMPLE", 2)
    large = np.ones(100)
    other = large.copy()
    other[50] = 7.0
    sampled = tensor([1.0, 1.0])._replace(shape=(100,), whole=False)
    found = judged(tmp_path, {"native saved/w": sampled}, {"native saved/w": other})
    assert verdicts(found) == {"native saved": "different"}
    assert found.stages[0].worst is not None
    assert "kept as a sample" in found.stages[0].worst.reason


def test_beside_a_baseline_of_zeros_absolute_differences_count(tmp_path: Path) -> None:
    """Where nothing is relative to the baseline's largest element, jitter's own way from zero is the measure."""
    zeros: Stages = {"native gradient@0/w": [0.0, 0.0]}
    noise: Stages = {"native gradient@0/w": [1e-9, 0.0]}
    near = judged(tmp_path / "near", zeros, {"native gradient@0/w": [2e-9, 0.0]}, (noise,))
    far = judged(tmp_path / "far", zeros, {"native gradient@0/w": [1e-3, 0.0]}, (noise,))
    assert (verdicts(near), verdicts(far)) == ({"native gradient": "rounding"}, {"native gradient": "different"})


def test_a_policy_says_how_much_is_rounding(tmp_path: Path) -> None:
    """The ratio of a tier, stage and dtype is asked of the policy, which can be wider or narrower."""
    asked = []

    def ratio(tier: str, stage: str, dtype: str) -> float:
        asked.append((tier, stage, dtype))
        return 1000.0

    found = judged(tmp_path, {"native loss@3": WEIGHTS}, {"native loss@3": moved(999)}, ratio_for=ratio)
    assert verdicts(found) == {"native loss": "rounding"}
    assert asked == [("native", "loss@3", "float32")]


@given(st.lists(st.sampled_from(list(Verdict)), min_size=1))
@settings(derandomize=True, max_examples=60)
def test_the_worst_verdict_does_not_depend_on_order(found: list[Verdict]) -> None:
    """The worst of some verdicts is the first in the table of severity that occurs; unsupported counts neither way.

    What is said beside the others is the worst where nothing else is there.
    """
    assert worst(found) is worst(sorted(found, key=lambda v: v.value)) is worst(found[::-1])
    counted = [verdict for verdict in found if verdict.passing is not Passing.NEITHER]
    alone = [verdict for verdict in counted if not verdict.beside] or counted
    assert worst(found) is (next(v for v in Verdict if v in alone) if alone else Verdict.MISSING)
    assert {verdict for verdict in Verdict if verdict.beside} == {Verdict.GONE, Verdict.NEW}


def test_verdicts_are_ordered_worst_first() -> None:
    """The order is the design's."""
    assert [verdict.value for verdict in Verdict] == [
        "missing", "partial", "failed", "unstable", "refused", "not comparable", "gone", "new", "different",
        "redrawn", "rounding", "identical", "not written", "unsupported",
    ]  # fmt: skip
    assert "".join(verdict.mark for verdict in Verdict) == "?%!~^x-+#*.=/o"
    assert [verdict.severity for verdict in Verdict] == list(range(len(Verdict)))


def test_the_scale_goes_from_what_never_passes_to_what_always_does() -> None:
    """What a policy may let pass stands between the two, and what counts neither way behind all; each has a meaning."""
    assert [passing for passing, _ in groupby(verdict.passing for verdict in Verdict)] == list(Passing)
    assert all(verdict.meaning for verdict in Verdict)


@pytest.mark.parametrize(("times", "verdict"), [(ROUNDING_RATIO, "rounding"), (ROUNDING_RATIO + 1, "different")])
def test_a_jitter_that_moves_less_than_one_unit_leaves_the_floor_at_one(
    tmp_path: Path, times: float, verdict: str
) -> None:
    """Where jitter moves a small element alone, one epsilon of the largest is still the least noise floor."""
    found = judged(
        tmp_path,
        {"injected gradient/w": WEIGHTS},
        {"injected gradient/w": moved(times)},
        ({"injected gradient/w": [1.0, 0.5, 0.25 + EPS / 4, -0.5]},),
    )
    assert verdicts(found) == {"injected gradient": verdict}
    worst_found = found.stages[0].worst
    assert worst_found is not None
    assert (worst_found.floor, worst_found.ratio) == (0.25, times)


@pytest.mark.parametrize("same", [True, False])
def test_what_is_saved_and_loaded_is_rounding_where_the_weights_are(tmp_path: Path, same: bool) -> None:
    """A baseline that cannot load has no noise there: the same two tensors are the same difference."""
    names = ("native final/w", "native loaded@0/w")
    baseline, candidate = dict.fromkeys(names, WEIGHTS), dict.fromkeys(names, moved(30))
    if not same:
        candidate[names[1]] = moved(31)
    found = judged(tmp_path, baseline, candidate, ({names[0]: moved(10)},))
    assert verdicts(found) == {"native final": "rounding", "native loaded": "rounding" if same else "different"}
    assert {stage.worst.stage for stage in found.stages if stage.worst} == {"final/w", "loaded@0/w"}


@pytest.mark.parametrize("trains", [True, False])
def test_what_is_read_from_a_file_has_its_bits_or_others(tmp_path: Path, trains: bool) -> None:
    """Between a file and what is read of it nothing is computed, so that nothing there is rounding."""
    a: dict[str, Any] = {"native loaded/k": moved(0), "native predict/0": moved(0)}
    b: dict[str, Any] = {"native loaded/k": moved(1), "native predict/0": moved(1)}
    for side in (a, b) if trains else ():
        side["native weights@1/k"] = moved(0)
    found = verdicts(judged(tmp_path, a, b))
    assert found["native loaded"] == ("rounding" if trains else "different")


def spread(values: Any) -> NDArray[np.float32]:
    """Return a whole array of which these are the elements of a sample."""
    array = np.zeros(100, np.float32)
    array[[0, 33, 66, 99]] = values
    return array


@pytest.mark.parametrize("sampled", [(True, True), (True, False), (False, True), (False, False)])
def test_what_a_sample_shows_is_never_rounding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sampled: tuple[bool, bool]
) -> None:
    """Where either side was kept as a sample, other elements may be anything: whether it is rounding can't be told."""
    monkeypatch.setattr("tfmatrix.store.fingerprints.SAMPLE", 4)
    baseline, candidate = (
        {"native saved/w": tensor(values)._replace(shape=(100,), whole=False) if part else spread(values)}
        for values, part in zip((WEIGHTS, moved(2)), sampled, strict=True)
    )
    found = judged(tmp_path, baseline, candidate)
    assert verdicts(found) == {"native saved": "not comparable" if any(sampled) else "rounding"}
    worst_found = found.stages[0].worst
    assert worst_found is not None
    assert worst_found.distance is not None
    assert worst_found.distance.sampled == any(sampled)
    told = "2 times the noise floor"
    of_sample = f"could not tell: {told}, and no more than a sample is kept"
    assert worst_found.reason == (of_sample if any(sampled) else told)


def test_the_tensors_of_which_a_sample_shows_no_more_than_rounding_are_lacking(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is asked for by its own name, on both sides and of the noise; one that a sample shows to differ is not."""
    monkeypatch.setattr("tfmatrix.store.fingerprints.SAMPLE", 4)

    def trace_of(times: float) -> dict[str, Any]:
        sample = tensor(moved(times))._replace(shape=(100,), whole=False)
        return {
            "native loss@0": moved(times),
            "native weights@0/a": sample,
            "native weights@0/b": spread(moved(times)),
            "native weights@0/c": tensor(moved(1000 * times))._replace(shape=(100,), whole=False),
        }

    with Store(tmp_path / "store.sqlite") as store:
        a, b, c = digests = [trace_digest(traced(trace_of(times))[0]) for times in (0, 2, 1)]
        for digest, times in zip(digests, (0, 2, 1), strict=True):
            store.add(Trial(digest, OBSERVED, trace=digest), *traced(trace_of(times)))
        found = Judge(Tensors(store), Traces(a, (c,)), Traces(b)).lacking()
    assert found == dict.fromkeys((a, b, c), ("native weights@0/a",))


def test_what_is_in_no_tier_that_is_judged_is_never_identical(tmp_path: Path) -> None:
    """Two traces that differ where nothing looks are not comparable, with the first name that differs."""
    stages = {"native loss@0": [1.0], "guessed loss@0": [1.0], "guessed loss@1": [1.0]}
    assert verdicts(judged(tmp_path / "same", stages, stages)) == {"native loss": "identical"}
    found = judged(tmp_path / "other", stages, {**stages, "guessed loss@1": [2.0]})
    assert verdicts(found) == {"native loss": "identical", "native guessed": "not comparable"}
    assert found.firsts[Verdict.NOT_COMPARABLE].reason == "nothing judges what is recorded as guessed loss@1"


COARSE = [
    # Whatever is beside a large element may vanish within 16 units of that one's last place.
    ("bfloat16", 0.1, 0.0, "different"),
    ("bfloat16", 1.0, 1.125, "different"),
    ("bfloat16", 1.0, 1.03125, "rounding"),
    ("bfloat16", 0.1, 0.1015, "rounding"),
    ("float16", 1.0, 1.01, "rounding"),
    ("float16", 1.0, 1.02, "different"),
    ("float16", 0.01, 0.0, "rounding"),
    ("float8_e4m3fn", 1.0, 1.125, "rounding"),
    ("float8_e4m3fn", 1.0, 1.25, "different"),
    ("float8_e4m3fn", 0.5, 1.0, "different"),
    ("float8_e5m2", 0.5, 1.0, "different"),
    ("float8_e5m2", 0.0625, -0.0625, "different"),
    ("float4_e2m1fn", 0.5, 1.0, "rounding"),
    ("float4_e2m1fn", 1.0, 2.0, "different"),
]


@pytest.mark.parametrize(("dtype", "before", "after", "verdict"), COARSE)
def test_a_dtype_of_few_numbers_rounds_by_few_of_them(
    tmp_path: Path, dtype: str, before: float, after: float, verdict: str
) -> None:
    """A share of each element is rounding: of a type with few digits four of its numbers, or one."""
    others = np.random.RandomState(1).uniform(-1, 1, 200)
    a, b = ({"injected gradient/w": tensor(np.append(others, one), dtype_of(dtype))} for one in (before, after))
    assert verdicts(judged(tmp_path, a, b)) == {"injected gradient": verdict}


def dtype_of(name: str) -> Any:
    """Return a dtype of NumPy's or of ml_dtypes' by its name."""
    return getattr(ml_dtypes, name, name)


@pytest.mark.parametrize(("moved_by", "verdict"), [(0.0, "different"), (0.05, "rounding")])
def test_what_the_jitter_moves_by_many_numbers_of_a_coarse_dtype_is_rounding(
    tmp_path: Path, moved_by: float, verdict: str
) -> None:
    """An element that cancels is another number of bfloat16 each time."""
    others = np.random.RandomState(1).uniform(-1, 1, 200)
    base, jittered, other = (
        {"injected gradient/w": tensor(np.append(others, small), dtype_of("bfloat16"))}
        for small in (0.01, 0.01 + moved_by, 0.03)
    )
    assert verdicts(judged(tmp_path, base, other, (jittered,))) == {"injected gradient": verdict}


def observed(weights: float = 0.0, iterations: int = 3, dtype: str = "int64") -> dict[str, Any]:
    """Return the trace of a script, which has no injected tier, its weights moved by so many eps and more each step."""
    return {
        "native init/w": WEIGHTS,
        "native loss@1/loss": [0.5 + weights * EPS / 4],
        "native gradient@1/w": moved(weights),
        "native slots@1/iterations": tensor(iterations, dtype),
        "native weights@1/w": moved(weights),
        "native weights@2/w": moved(weights * 8),
        "native final/w": moved(weights * 8),
    }


def test_a_script_is_judged_by_what_jitter_makes_of_it(tmp_path: Path) -> None:
    """Without an injected tier the native stages have the floor that jittered initial weights lead to, each its own."""
    jitter = {**observed(4.0), "native init/w": moved(1)}
    within = judged(tmp_path / "a", observed(), observed(60.0), (jitter,))
    assert verdicts(within) == dict.fromkeys(
        ("native loss", "native gradient", "native weights", "native final"), "rounding"
    ) | {"native init": "identical", "native slots": "identical"}
    assert {s.worst.floor for s in within.stages if s.worst} == {2.0, 4.0, 32.0}
    beyond = judged(tmp_path / "b", observed(), observed(100.0), (jitter,))
    first = beyond.firsts[Verdict.DIFFERENT]
    assert (first.stage, first.floor, first.ratio) == ("loss@1/loss", 2.0, 25.0)
    assert verdicts(beyond)["native weights"] == "consequence"


@pytest.mark.parametrize("dtype", ["int32", "int64", "uint32", "bool"])
def test_a_counter_has_no_noise_floor(tmp_path: Path, dtype: str) -> None:
    """One step more is another number of steps, whatever jitter does to the count."""
    jitters = observed(iterations=0, dtype=dtype), observed(1.0, iterations=9, dtype=dtype)
    found = judged(tmp_path, observed(dtype=dtype), observed(iterations=0, dtype=dtype), jitters)
    assert verdicts(found)["native slots"] == "different"
    assert [s.worst.reason for s in found.stages if s.worst] == ["1 of 1 elements differ, and this type does not round"]


def steps(by: float, many: int = 4) -> dict[str, Any]:
    """Return a run whose gradients and weights are moved by so many eps and more at each step."""
    return {
        "native init/w": WEIGHTS,
        **{
            f"native {kind}@{step}/w": moved(by * (at + step))
            for step in range(many)
            for at, kind in ((1, "gradient"), (5, "weights"))
        },
    }


BETWEEN = [f"native {kind}@{step}/w" for kind in ("gradient", "weights") for step in (1, 2)]


@pytest.mark.parametrize(("by", "verdict"), [(2.0, "rounding"), (20.0, "different")])
def test_steps_in_between_are_judged_by_the_last(tmp_path: Path, by: float, verdict: str) -> None:
    """What has no bytes is counted as differing and as not measured, and the last step is judged in its place."""
    baseline = {**steps(0), **{name: moved(-1 - number) for number, name in enumerate(BETWEEN)}}
    found = judged(tmp_path, baseline, steps(by), without=BETWEEN)
    assert verdicts(found)["native weights"] in {verdict, "consequence"}
    assert verdicts(found)["native gradient"] == verdict
    assert {s.kind: (s.differing, s.passed_over) for s in found.stages} == {
        "init": (0, 0),
        "gradient": (4, 2),
        "weights": (4, 2),
    }


def test_what_no_later_step_differs_in_is_lacking(tmp_path: Path) -> None:
    """A gradient may differ in the middle of a run alone: no later step is judged in its place, so it is asked for."""
    more = {1: 1, 2: 2}
    a, b = (
        {f"native gradient@{step}/w": moved(9 * step + side * more.get(step, 0)) for step in range(4)}
        for side in (0, 1)
    )
    with Store(tmp_path / "store.sqlite") as store:
        digests = [put_without(store, one, ["native gradient@2"]) for one in (a, b)]
        found = Judge(Tensors(store), Traces(digests[0]), Traces(digests[1])).lacking()
    assert found == dict.fromkeys(digests, ("native gradient@2",))


def test_a_difference_that_is_not_measured_is_never_rounding(tmp_path: Path) -> None:
    """Where no later step can be measured, or it is the first of all, the verdict is different, and says why."""
    weights = [f"native weights@{step}/w" for step in (1, 2, 3)]
    baseline = {**steps(0), **{name: moved(-1 - number) for number, name in enumerate(weights)}}
    last = judged(tmp_path / "a", baseline, steps(2), without=weights)
    assert verdicts(last) == {"native init": "identical", "native gradient": "rounding", "native weights": "different"}
    baseline["native gradient@0/w"] = moved(-9)
    first = judged(tmp_path / "b", baseline, steps(2), without=["native gradient@0/w"])
    assert verdicts(first)["native gradient"] == "different"
    assert first.divergences[0].at.reason == NOT_MEASURED
    assert first.divergences[0].at.stage == "gradient@0/w"
    tier = {"injected gradient/w": WEIGHTS}, {"injected gradient/w": moved(1)}
    assert verdicts(judged(tmp_path / "c", *tier, without=["injected gradient/w"])) == {
        "injected gradient": "different"
    }


def test_draws_that_are_not_measured_are_no_redraw(tmp_path: Path) -> None:
    """Without bytes nobody can tell whether two draws have one distribution."""
    drawn = np.random.RandomState(0).random_sample((2, 500))
    found = judged(tmp_path, {"native draw@0/x": drawn[0]}, {"native draw@0/x": drawn[1]}, without=["native draw@0/x"])
    assert verdicts(found) == {"native draw": "different"}


def test_a_curve_has_the_steps_that_can_be_measured(tmp_path: Path) -> None:
    """A step without bytes is no point of it, and not one at zero."""
    baseline = {**steps(0), **{name: moved(-1 - number) for number, name in enumerate(BETWEEN)}}
    found = judged(tmp_path, baseline, steps(2), without=BETWEEN)
    assert [point.step for point in found.curve] == [0, 3]
    assert all(point.scaled_error > 0 for point in found.curve)


def test_without_bytes_in_the_jitters_the_floor_is_the_least(tmp_path: Path) -> None:
    """A noise floor that cannot be measured widens nothing."""
    traces = {"native saved/w": WEIGHTS}, {"native saved/w": moved(17)}, {"native saved/w": moved(4)}
    assert verdicts(judged(tmp_path / "a", *traces[:2], traces[2:])) == {"native saved": "rounding"}
    with Store(tmp_path / "store.sqlite") as store:
        floor, *digests = [put_without(store, one, ["native saved"] * (one is traces[2])) for one in traces[::-1]]
        judge = Judge(Tensors(store), Traces(digests[1], (floor,)), Traces(digests[0]))
        assert verdicts(judge.judge()) == {"native saved": "different"}
        assert judge.lacking() == {floor: ("native saved",)}


def test_of_batches_the_first_and_the_last_are_lacking(tmp_path: Path) -> None:
    """No batch has bytes: where batches differ, the first that differs is to be measured, and the last for the rest."""
    batches = {f"native batch@{step}/x": moved(step) for step in range(4)}
    others = {f"native batch@{step}/x": moved(step + 8) for step in range(4)}
    order, other = {"native shuffle@0/order": [1.0]}, {"native shuffle@0/order": [2.0]}
    for a, b, wanted in (
        (batches, others, ("native batch@0", "native batch@3")),
        ({**order, **batches}, {**other, **others}, ()),  # other batches, since their rows came in another order
    ):
        with Store(tmp_path / f"{len(wanted)}.sqlite") as store:
            digests = [put_without(store, one, [f"native batch@{step}" for step in range(4)]) for one in (a, b)]
            found = Judge(Tensors(store), Traces(digests[0]), Traces(digests[1])).lacking()
        assert found == (dict.fromkeys(digests, wanted) if wanted else {})


@pytest.mark.parametrize(("by", "wanted"), [(2, True), (900, False)])
def test_what_training_does_not_carry_on_is_asked_for(tmp_path: Path, by: float, wanted: bool) -> None:
    """A prediction in between is judged for none but itself; where it is but a consequence nobody needs it."""
    a, b = (
        {"native weights@0/w": moved(n), **{f"native predict@{k}": moved(n + 3 * k + 1) for k in range(3)}}
        for n in (0, by)
    )
    with Store(tmp_path / "store.sqlite") as store:
        digests = [put_without(store, one, ["native predict@1"]) for one in (a, b)]
        judge = Judge(Tensors(store), Traces(digests[0]), Traces(digests[1]))
        assert judge.lacking() == (dict.fromkeys(digests, ("native predict@1",)) if wanted else {})
        assert verdicts(judge.judge())["native predict"] == ("different" if wanted else "consequence")
        assert all(not stage.passed_over for stage in judge.judge().stages)


def put_without(store: Store, stages: Stages, gone: Collection[str]) -> str:
    """Add a trace of which some stages have no bytes, and return its digest."""
    trace, tensors = traced(stages)
    lost = {print_.digest for print_ in trace if f"{print_.tier} {print_.stage.partition('/')[0]}" in gone}
    held = {name: one._replace(data=b"", whole=False) if name in lost else one for name, one in tensors.items()}
    digest = trace_digest(trace)
    store.add(Trial(digest, OBSERVED, trace=digest), trace, held)
    return digest


KERNEL = np.random.RandomState(0).uniform(-1, 1, 512).astype(np.float32)


def times(array: Any, factor: float) -> NDArray[Any]:
    """Return float32 numbers, all multiplied."""
    return np.asarray(np.asarray(array, np.float64) * factor, np.float32)


def noisy(array: NDArray[Any], seed: int, by: float = 2.0) -> NDArray[Any]:
    """Return float32 numbers, each moved by up to so many eps of itself."""
    return np.asarray(array * (1 + np.random.RandomState(seed).uniform(-by, by, array.shape) * EPS), np.float32)


def reason(judgement: Judgement) -> str:
    """Return the reason of the first stage that is judged."""
    return next(stage.worst.reason for stage in judgement.stages if stage.worst)


def test_a_factor_that_all_elements_share_is_no_rounding(tmp_path: Path) -> None:
    """It is within the noise floor of each element, and no jitter makes it."""
    stages = {"native gradient@0/w": KERNEL}
    jitters = tuple({"native gradient@0/w": noisy(KERNEL, seed)} for seed in (1, 2, 3))
    found = judged(tmp_path, stages, {"native gradient@0/w": times(noisy(KERNEL, 4), 1 + 2e-6)}, jitters)
    assert verdicts(found) == {"native gradient": "different"}
    assert reason(found).startswith("all elements are larger or smaller by 2e-06 of their size, ")
    silent = judged(tmp_path / "silent", stages, {"native gradient@0/w": noisy(KERNEL, 4, 8.0)}, jitters)
    assert verdicts(silent) == {"native gradient": "rounding"}
    data = judged(tmp_path / "data", {"native data/x": KERNEL}, {"native data/x": times(KERNEL, 1 + 1e-6)})
    assert verdicts(data) == {"native data": "rounding"}


def test_a_factor_of_a_loss_is_found_over_the_steps(tmp_path: Path) -> None:
    """No single loss tells it from rounding, and all of them together do."""
    losses = KERNEL[:64] ** 2 + 1
    stages = {f"native loss@{step}": loss for step, loss in enumerate(losses)}

    def moved_by(seed: int, factor: float = 1.0) -> Stages:
        return {f"native loss@{step}": loss for step, loss in enumerate(times(noisy(losses, seed), factor))}

    jitters = tuple(moved_by(seed) for seed in (1, 2, 3))
    assert verdicts(judged(tmp_path, stages, moved_by(4), jitters)) == {"native loss": "rounding"}
    found = judged(tmp_path / "found", stages, moved_by(4, 1 + 1.5e-6), jitters)
    assert verdicts(found) == {"native loss": "different"}
    assert "larger or smaller" in reason(found)


def test_what_an_equivalent_execution_makes_is_rounding(tmp_path: Path) -> None:
    """Its factor is known in either direction, where it drew what the trial drew, and not where it drew otherwise."""
    stages = {"native dropout@0/h": [0.0, 2.0], "native update@0/w": KERNEL}
    jitters = tuple({**stages, "native update@0/w": noisy(KERNEL, seed)} for seed in (1, 2, 3))
    other = {**stages, "native update@0/w": times(KERNEL, 1 + 6.4e-6)}
    candidate = {**stages, "native update@0/w": times(noisy(KERNEL, 4), 1 - 6.4e-6)}
    for name, equivalent, verdict in (
        ("without", None, "different"),
        ("with", other, "rounding"),
        ("drew", {**other, "native dropout@0/h": [2.0, 0.0]}, "different"),
    ):
        found = judged(tmp_path / name, stages, candidate, jitters, equivalent=equivalent)
        assert verdicts(found)["native update"] == verdict, name


@pytest.mark.parametrize(
    ("native", "injected", "verdict"),
    [
        (40.0, 40.0, "rounding"),  # as far from given inputs, where the other precision shows that it is rounding
        (40.0, 11.0, "rounding"),
        (40.0, 9.0, "different"),  # more than four times as far as from given inputs
        (40.0, 0.0, "different"),  # from given inputs the bits are the same
        (70.0, 70.0, "different"),  # beyond the second limit
    ],
)
def test_the_injected_tier_vouches_for_the_same_arithmetic(
    tmp_path: Path, native: float, injected: float, verdict: str
) -> None:
    """A native difference beyond the first limit is rounding where from given inputs as much of it is rounding."""
    stages = {"native forward@0/y": WEIGHTS, "injected forward/y": WEIGHTS}
    candidate = {"native forward@0/y": moved(native), "injected forward/y": moved(injected)}
    equivalent = {"native forward@0/y": WEIGHTS, "injected forward/y": moved(60.0)}
    found = judged(tmp_path, stages, candidate, equivalent=equivalent)
    assert verdicts(found)["native forward"] == verdict
    assert verdicts(found)["injected forward"] == ("rounding" if injected else "identical")
    assert ("as far in the injected tier" in reason(found)) == (verdict == "rounding")


def test_a_change_of_meaning_from_given_inputs_vouches_for_nothing(tmp_path: Path) -> None:
    """Where the injected tier calls it different too, so is the native difference."""
    stages = {"native forward@0/y": WEIGHTS, "injected forward/y": WEIGHTS}
    candidate = {"native forward@0/y": moved(40.0), "injected forward/y": moved(40.0)}
    assert set(verdicts(judged(tmp_path, stages, candidate)).values()) == {"different"}


def test_a_wider_floor_vouches_for_nothing_that_all_elements_have_in_common(tmp_path: Path) -> None:
    """A factor that the injected tier has room for is rounding natively where an equivalent execution has it too."""
    numbers = np.random.RandomState(0).standard_normal(200).astype(np.float32)

    def both(native: float, injected: float) -> Stages:
        factors = {"native": 1 + native * EPS, "injected": 1 + injected * EPS}
        return {f"{tier} gradient{at}/w": numbers * factors[tier] for tier, at in (("native", "@0"), ("injected", ""))}

    stages, candidate, jitters = both(0, 0), both(40, 40), (both(0, 20),)
    for name, by, verdict in (("none", None, "different"), ("another", 10.0, "different"), ("same", 40.0, "rounding")):
        equivalent = None if by is None else both(0, by)
        found = judged(tmp_path / name, stages, candidate, jitters, equivalent=equivalent)
        assert verdicts(found) == {"native gradient": verdict, "injected gradient": "rounding"}, name


def test_what_is_passed_on_behind_a_difference_that_is_vouched_for_is_no_change_by_itself(tmp_path: Path) -> None:
    """Behind 40 times the floor up to 40 times as much is rounding, where nothing else vouches; more is a change."""
    stages = {"native forward@0/y": WEIGHTS, "native loss@0": [1.0], "injected forward/y": WEIGHTS}
    equivalent = {**stages, "injected forward/y": moved(60.0)}
    for name, by, verdict in (("less", 600.0, "rounding"), ("more", 16 * 40.0 * 4 + 10, "different")):
        candidate = {
            "native forward@0/y": moved(40.0),
            "native loss@0": [1.0 + by * EPS],
            "injected forward/y": moved(40.0),
        }
        found = judged(tmp_path / name, stages, candidate, equivalent=equivalent)
        assert verdicts(found)["native forward"] == "rounding"
        assert verdicts(found)["native loss"] == verdict, name
    alone = judged(tmp_path / "alone", stages, {**stages, "native loss@0": [1.0 + 600 * EPS]}, equivalent=equivalent)
    assert verdicts(alone)["native loss"] == "different"
