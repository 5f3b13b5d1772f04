"""Findings: every figure and every reason of a judged difference, and what is said of its stage and step."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from building import Stages, tensor, traced
from tfmatrix.compare.judging import TIERS, Judge, Judgement, Traces
from tfmatrix.compare.results import CurvePoint
from tfmatrix.compare.tensors import Tensors
from tfmatrix.records import OBSERVED, Tensor, Trial
from tfmatrix.store.fingerprints import tensor_digest, trace_digest
from tfmatrix.store.store import Store

EPS = float(np.finfo(np.float32).eps)
UNKNOWN = Tensor("string", (2,), b"\1" + bytes(7) + b"a" + bytes(8))


def judge(
    folder: Path,
    baseline: Stages,
    candidate: Stages,
    *,
    jitters: Sequence[Stages] = (),
    seeds: tuple[Stages | None, Stages | None] = (None, None),
    jittered: Stages | None = None,
    tiers: Sequence[str] = TIERS,
) -> Judgement:
    """Return the judgement of two traces, given by their stages."""
    with Store(folder / "store.sqlite") as store:

        def put(stages: Stages) -> str:
            trace, tensors = traced(stages)
            digest = trace_digest(trace)
            store.add(Trial(digest, OBSERVED, digest, (), digest), trace, tensors)
            return digest

        a_seeds, b_seeds = (None if stages is None else put(stages) for stages in seeds)
        noise = tuple(put(stages) for stages in jitters)
        a = Traces(put(baseline), noise, a_seeds, None if jittered is None else put(jittered))
        return Judge(Tensors(store), a, Traces(put(candidate), seeds=b_seeds)).judge(tiers)


@pytest.mark.parametrize(
    ("a", "b", "verdict", "reason"),
    [
        ([1.0, 2.0], [[1.0, 2.0]], "different", "shape (2,) became (1, 2)"),
        (tensor([1, 2, 3], "int32"), tensor([1, 5, 6], "int32"), "different", "2 of 3 elements differ, and this type"),
        (
            UNKNOWN,
            UNKNOWN._replace(data=bytes(16)),
            "different",
            "1 of 2 elements differ, and this type does not round",
        ),
        ([1.0] * 5, [np.nan, np.nan, np.inf, 1.0, 1.0], "different", "3 of 5 elements are NaN or infinite on one"),
        ([np.inf, 1.0], [1.0, 1.0], "different", "1 of 2 elements are NaN or infinite on one side only"),
        ([1.0], [1.0 + 16 * EPS], "rounding", "16 times the noise floor"),
        ([1.0], [1.0 + 17 * EPS], "different", "17 times the noise floor"),
        ([0.0], [1.0], "different", "inf times the noise floor"),
    ],
)
def test_a_difference_says_why_it_is_what_it_is(tmp_path: Path, a: Any, b: Any, verdict: str, reason: str) -> None:
    """Each kind of difference has its verdict and its sentence, with both digests."""
    (stage,) = judge(tmp_path, {"native saved/w": a}, {"native saved/w": b}).stages
    assert stage.first is not None
    assert (stage.first.verdict.value, stage.first.reason[: len(reason)]) == (verdict, reason)
    digests = tuple(tensor_digest(each if isinstance(each, Tensor) else tensor(each)) for each in (a, b))
    assert (stage.first.baseline, stage.first.candidate) == digests


@pytest.mark.parametrize(
    ("pair", "noise", "ratio"),
    [
        ((0.0, 1.0), (1.0, 1 + EPS), math.inf),
        ((1.0, 1 + EPS), (0.0, 1.0), 0.0),
        ((0.0, 3.0), (0.0, 2.0), 1.5),
        ((1.0, 1 + 6 * EPS), (1.0, 1 + 3 * EPS), 2.0),
    ],
)
def test_the_ratio_is_of_the_noise_of_the_jittered_trace(
    tmp_path: Path, pair: tuple[float, float], noise: tuple[float, float], ratio: float
) -> None:
    """It is how many noise floors lie between the two; beside zeros alone, how many of the jitter's own distances."""
    baseline, candidate, jittered, jitter = ({"injected gradient/w": [value]} for value in (*pair, *noise))
    (stage,) = judge(tmp_path, baseline, candidate, jitters=[jittered, jitter], jittered=jittered).stages
    assert stage.first is not None
    assert stage.first.ratio == ratio


@pytest.mark.parametrize(
    ("update", "weights", "ratio"),
    [
        ([2.0**-20], [1.0, -(2.0**4)], 2.0**-22),
        ([2.0**-20], [2.0**-30], 4.0),
        ([2.0**-20], [0.0], 4.0),
        ([2.0**-20], None, 4.0),
    ],
)
def test_the_floor_of_an_update_is_a_unit_of_the_weights(
    tmp_path: Path, update: list[float], weights: list[float] | None, ratio: float
) -> None:
    """By so much as the largest weight is larger than the largest update, its least noise floor is larger than one."""
    more = {} if weights is None else {"native weights@0/w": weights}
    moved = {"native update@0/w": [update[0] * (1 + 4 * EPS)], **more}
    found = judge(tmp_path, {"native update@0/w": update, **more}, moved)
    (first,) = [stage.first for stage in found.stages if stage.kind == "update"]
    assert first is not None
    assert first.ratio == ratio


def test_an_update_of_zeros_is_no_multiple_of_anything(tmp_path: Path) -> None:
    """Beside an update of zeros a change of any size is another meaning."""
    found = judge(
        tmp_path,
        {"native update@0/w": [0.0], "native weights@0/w": [1.0]},
        {"native update@0/w": [1e-9], "native weights@0/w": [1.0]},
    )
    assert [(s.verdict and s.verdict.value, s.first and s.first.ratio) for s in found.stages] == [
        ("different", math.inf),
        ("identical", None),
    ]


def test_a_divergence_names_what_stands_before_and_after_it(tmp_path: Path) -> None:
    """The stage before the first difference and the next that differs on both sides are told, of each tier."""
    same = {"native batch@0/x": [1.0], "injected batch": [2.0]}
    changed = ("native forward@0/y", "native loss@0", "native gradient@0/w", "injected loss")
    a = {**same, **dict.fromkeys(changed, (1.0,))}
    b = {name: values if name in same else [9.0] for name, values in a.items() if name != "native loss@0"}
    native, injected = judge(tmp_path, a, b).divergences
    assert (native.tier, native.before, native.at.stage) == ("native", "batch@0/x", "forward@0/y")
    assert native.after is not None
    assert (native.after.stage, native.after.verdict.value) == ("gradient@0/w", "different")
    assert (injected.tier, injected.before, injected.at.stage, injected.after) == ("injected", "batch", "loss", None)
    first, _ = judge(tmp_path / "other", {**a, "native batch@0/x": [5.0]}, b).divergences
    assert (first.before, first.at.stage) == ("", "batch@0/x")


def test_the_curve_is_of_the_weights_after_each_step(tmp_path: Path) -> None:
    """The farthest variable of a step counts, in scaled errors, beside the largest floor; steps are in their order."""
    a = {
        "native weights@2/w": [1.0],
        "native weights@10/w": [1.0],
        "native weights@10/b": [1.0],
        "native weights@1/w": [0.5],
        "native weights@3/gone": [1.0],
        "native weights/w": [1.0],
        "native gradient@4/w": [1.0],
        "injected weights@5/w": [1.0],
    }
    b = {name: values for name, values in a.items() if "gone" not in name}
    b |= {"native weights@2/w": [1 + 2 * EPS], "native weights@10/w": [1 + 5 * EPS], "native weights@10/b": [1 + EPS]}
    jitter = {**a, "native weights@10/w": [1 + 3 * EPS], "native weights@10/b": [1 + 7 * EPS]}
    expected = (CurvePoint(1, 0.0, 0.0), CurvePoint(2, 2.0, 0.0), CurvePoint(10, 5.0, 7.0))
    assert judge(tmp_path, a, b, jitters=[jitter]).curve == expected
    assert judge(tmp_path, a, b).curve == tuple(point._replace(floor=None) for point in expected)
    assert judge(tmp_path, a, b, tiers=["injected"]).curve == ()


def test_a_stage_has_its_first_and_its_worst_difference(tmp_path: Path) -> None:
    """How many names differ, every verdict, the first difference and the one farthest beyond its floor are told."""
    values = {"a": 2.0, "b": 40.0, "c": 90.0, "d": 3.0}
    baseline = {f"injected gradient/{name}": [1.0] for name in [*values, "e"]}
    candidate = baseline | {f"injected gradient/{name}": [1 + by * EPS] for name, by in values.items()}
    (stage,) = judge(tmp_path, baseline, candidate).stages
    assert stage.first is not None
    assert stage.worst is not None
    assert (stage.names, stage.differing, stage.first.stage, stage.worst.stage) == (5, 4, "gradient/a", "gradient/c")
    assert [verdict.value for verdict in stage.verdicts] == ["different", "rounding"]
    assert stage.verdict is stage.verdicts[0]
    assert stage.baseline != stage.candidate
    (same,) = judge(tmp_path, baseline, baseline).stages
    assert (same.baseline, same.candidate, same.verdict and same.verdict.value) == (
        stage.baseline, stage.baseline, "identical",
    )  # fmt: skip
    assert (same.first, same.worst, same.verdicts, same.differing) == (None, None, (), 0)


def test_initial_values_are_judged_by_the_draws_under_other_seeds(tmp_path: Path) -> None:
    """The seeds' trace of each side has them under the name of the stage; one that lacks it is none."""
    draws = np.random.RandomState(0).standard_normal((4, 33, 64)).astype(np.float32)
    a, b, a_more, b_more = ({"native init/w": each[0]} for each in draws)
    a_more, b_more = ({"seeds init/w": each} for each in draws[2:])
    (stage,) = judge(tmp_path, a, b, seeds=(a_more, b_more)).stages
    assert stage.first is not None
    assert (stage.first.verdict.value, stage.first.floor, stage.first.ratio) == ("redrawn", None, None)
    assert "34 draws and 2176 numbers a side" in stage.first.reason
    assert stage.first.distance is not None
    for seeds in ((None, b_more), (a_more, None), ({"seeds init/b": draws[2]}, b_more)):
        (stage,) = judge(tmp_path, a, b, seeds=seeds).stages
        assert stage.first is not None
        told = stage.first.verdict.value, stage.first.reason
        assert told == ("not comparable", "could not tell: it was not drawn under other seeds")


def test_a_copy_of_what_is_drawn_is_drawn(tmp_path: Path) -> None:
    """An average begins as its weight, whose operation has a seed; what no operation drew is another value."""
    a, b = np.random.RandomState(0).standard_normal((2, 1024)).astype(np.float32)

    def verdict(*, copied: bool) -> str:
        other = a if copied else a[::-1].copy()
        mine = {"native init/w": a, "native init/average": other}
        there = {"native init/w": b, "native init/average": b if copied else b[::-1].copy()}
        more, further = (
            {f"seeds {name.split()[1]}": np.stack([one] * 2) for name, one in side.items()} | {"seeds drawn/w": [1]}
            for side in (mine, there)
        )
        (stage,) = judge(tmp_path / str(copied), mine, there, seeds=(more, further)).stages
        return stage.verdict.value if stage.verdict else ""

    assert verdict(copied=True) == "redrawn"
    assert verdict(copied=False) == "different"


def test_pairs_are_those_that_differ_and_their_noise(tmp_path: Path) -> None:
    """What is to be measured is each pair that differs in the tiers asked for, and the jitters' of the same names."""
    a = {"native loss@0": [1.0], "native saved/w": [2.0], "injected loss": [3.0], "native only/a": [4.0]}
    b = {"native loss@0": [5.0], "native saved/w": [2.0], "injected loss": [6.0], "native only/b": [7.0]}
    jitter = {"native loss@0": [8.0], "native saved/w": [9.0], "injected loss": [10.0]}

    def pair(x: float, y: float) -> tuple[str, str]:
        return tensor_digest(tensor([x])), tensor_digest(tensor([y]))

    with Store(tmp_path / "store.sqlite") as store:
        digests = []
        for stages in (a, b, jitter):
            trace, tensors = traced(stages)
            digests.append(trace_digest(trace))
            store.add(Trial(digests[-1], OBSERVED, "", (), digests[-1]), trace, tensors)
        tensors_of = Tensors(store)
        judging = Judge(tensors_of, Traces(digests[0], (digests[2],)), Traces(digests[1]))
        native, injected = [pair(1, 5), pair(1, 8)], [pair(3, 6), pair(3, 10)]
        assert list(judging.pairs()) == native + injected
        assert list(judging.pairs(["injected"])) == injected
        tensors_of.distance(*pair(1, 5))
        assert list(judging.pairs()) == injected


def test_behind_a_redraw_what_is_no_draw_is_a_consequence(tmp_path: Path) -> None:
    """Other rows give another loss, which is not judged; behind another seed, which feeds nothing, it is."""
    orders = [np.random.RandomState(seed).permutation(1000) for seed in (0, 1)]
    for name, judged in (("native shuffle@0", False), ("native seed", True)):
        a, b = ({name: order, "native loss@0": [loss]} for order, loss in zip(orders, (1.0, 2.0), strict=True))
        first, second = judge(tmp_path, a, b).stages
        assert first.verdict is not None
        assert first.verdict.value == "redrawn"
        assert (second.verdict is not None) == judged
