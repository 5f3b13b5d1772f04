"""What a training came to on both sides: the last number of each name, and the predictions."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from building import tensor, traced
from tfmatrix.compare.ends import End, Spread, apart, spreads
from tfmatrix.compare.tensors import Tensors
from tfmatrix.records import OBSERVED, Trial
from tfmatrix.store.fingerprints import trace_digest
from tfmatrix.store.store import Store

from .test_judging import WEIGHTS, judged


def came_to(folder: Path, baseline: dict[str, Any], candidate: dict[str, Any]) -> dict[tuple[str, str], End]:
    """Return what two trials came to, by tier and stage."""
    return {(end.tier, end.stage): end for end in judged(folder, baseline, candidate).ends}


def test_the_last_number_of_each_name_is_what_a_training_came_to(tmp_path: Path) -> None:
    """The last step's, what `fit` says of an epoch in place of its batches, though all of it is a consequence."""
    begun = {"native gradient@0/w": WEIGHTS}
    mine = {**begun, "native loss@0": [4.0], "native loss@1": [2.0], "native history@0/accuracy": [0.5]}
    there = {"native gradient@0/w": [9.0, 1, 1, 1], "native loss@0": [4.0], "native loss@1": [1.0]}
    there["native history@0/accuracy"] = [0.5]
    assert came_to(tmp_path, mine, there) == {
        ("native", "loss@1"): End("native", "loss@1", 0.5, 2.0, 1.0),
        ("native", "history@0/accuracy"): End("native", "history@0/accuracy", 0.0, 0.5, 0.5),
    }
    epoch = {"native loss@1/loss": [3.0], "native history@0/loss": [2.0]}
    found = came_to(tmp_path / "fit", {**begun, **epoch}, {**there, **epoch})
    assert [stage for _, stage in found] == ["history@0/loss"]


def test_predictions_are_one_end_by_the_farthest(tmp_path: Path) -> None:
    """Of several outputs the one that moved farthest, by the largest number of the baseline's; NaN has no size."""
    mine = {"native predict/a": [1.0, 4.0], "native predict/b": [1.0, 1.0]}
    there = {"native predict/a": [2.0, 4.0], "native predict/b": [1.0, 1.5]}
    assert came_to(tmp_path, mine, there) == {("native", "predict/b"): End("native", "predict/b", 0.5)}
    spoilt = {**there, "native predict/a": [math.nan, 4.0]}
    assert came_to(tmp_path / "nan", mine, spoilt)["native", "predict/a"].apart == math.inf


def test_what_is_no_number_or_in_one_side_only_is_no_end(tmp_path: Path) -> None:
    """A loss of many elements, an integer, a gradient of the loss, and what one side lacks."""
    mine = {
        "native loss@0/each": [1.0, 2.0],
        "native loss@0/count": tensor([3], "int64"),
        "native loss@0/gradient/x": [1.0],
        "native loss@0/lost": [1.0],
        "native loss@0/there": tensor([1.0], "float16"),
    }
    there = {**mine, "native loss@0/there": tensor([2.0], "float16")}
    del there["native loss@0/lost"]
    assert [stage for _, stage in came_to(tmp_path, mine, there)] == ["loss@0/there"]


@pytest.mark.parametrize(
    ("mine", "other", "share"),
    [
        (2.0, 1.0, 0.5),
        (-2.0, -1.0, 0.5),
        (0.0, 0.0, 0.0),
        (0.0, 1e-9, math.inf),
        (math.nan, math.nan, 0.0),
        (1.0, math.nan, math.inf),
        (math.inf, 1.0, math.inf),
        (1e300, -1e300, 2.0),
    ],
)
def test_how_far_two_numbers_are_apart(mine: float, other: float, share: float) -> None:
    """As a share of the baseline's; infinite where that is 0 or one of them is no number."""
    assert apart(mine, other) == share


def test_what_other_seeds_come_to_is_a_range(tmp_path: Path) -> None:
    """The least and the most of a number, of predictions how far the farthest goes; only what every seed has."""
    own = {"native loss@1": [2.0], "native predict/a": [1.0], "native predict/b": [4.0], "native loss@1/some": [1.0]}
    seeds = [
        {"native loss@1": [3.0], "native predict/a": [1.5], "native predict/b": [4.0], "native loss@1/some": [2.0]},
        {"native loss@1": [1.5], "native predict/a": [1.0], "native predict/b": [3.0]},
    ]
    with Store(tmp_path / "store.sqlite") as store:
        names = [put(store, stages) for stages in (own, *seeds)]
        found = list(spreads(names[0], names[1:], Tensors(store)))
    assert found == [Spread("loss@1", 2, 0.5, 1.5, 3.0), Spread("predict", 2, 0.5)]


def put(store: Store, stages: dict[str, Any]) -> dict[tuple[str, str], str]:
    """Add a trace to a store, and return its digests by tier and stage."""
    trace, tensors = traced(stages)
    digest = trace_digest(trace)
    store.add(Trial(digest, OBSERVED, digest, (), digest), trace, tensors)
    return {(one.tier, one.stage): one.digest for one in trace}
