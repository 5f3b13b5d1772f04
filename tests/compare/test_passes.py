"""Rows that two releases compute with another rounding: seen batch by batch, since their digests say no more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from building import Stages, tensor, traced
from compare.test_judging import judged, verdicts
from compare.test_start import handed
from tfmatrix.compare import passes
from tfmatrix.compare.judging import Judge, Traces
from tfmatrix.compare.tensors import Tensors
from tfmatrix.records import OBSERVED, Trial
from tfmatrix.store.fingerprints import trace_digest
from tfmatrix.store.store import Store

DATA = np.random.RandomState(0).uniform(-1, 1, (6, 3)).astype(np.float32)
LABELS = np.arange(6)


def run(data: Any = DATA, labels: Any = LABELS, epochs: int = 2, weights: float = 1.0, tier: str = "native") -> Stages:
    """Return what a training on some rows observes, in batches of four and of what is left; rows go by their bytes."""
    stages: dict[str, Any] = {}
    for epoch in range(epochs):
        fed = np.random.RandomState(epoch).permutation(len(data))
        names = [
            bytes(np.frombuffer(row.tobytes()[:8], np.uint8)) + bytes([label])
            for row, label in zip(data, labels, strict=True)
        ]
        rows, places = np.unique([list(names[at]) for at in fed], axis=0, return_inverse=True)
        stages[f"{tier} data@{epoch}/rows"] = tensor(rows, "uint8")
        stages[f"{tier} shuffle@{epoch}/order"] = tensor(places.reshape(-1), "int64")
        for number, at in enumerate((fed[:4], fed[4:])):
            stages[f"{tier} batch@{2 * epoch + number}/x"] = data[at]
            stages[f"{tier} batch@{2 * epoch + number}/y"] = tensor(labels[at], "int64")
    return {**stages, f"{tier} weights@0/w": [weights] * 4}


def rounded(times: float = 2.0) -> Any:
    """Return the data with every number moved by so many units in the last place."""
    return (DATA.astype(np.float64) * (1 + times * np.finfo(np.float32).eps)).astype(np.float32)


def test_rows_of_another_rounding_are_rounding_in_the_order_that_is_the_same(tmp_path: Path) -> None:
    """Their digests, and the places that these have, are others; what comes behind is judged for itself."""
    found = judged(tmp_path, run(), run(rounded(), weights=2.0))
    assert verdicts(found) == {
        "native data": "rounding",
        "native shuffle": "identical",
        "native batch": "rounding",
        "native weights": "different",
    }
    (first, *_) = found.divergences
    assert first.at.stage == "data@0/rows"
    assert first.at.reason.startswith("the same rows in the same order, ")


@pytest.mark.parametrize(
    "other",
    [
        {"data": rounded(1000)},
        {"data": DATA + np.eye(6, 3, dtype=np.float32) * np.float32(1e-3)},
        {"data": rounded(), "labels": LABELS[::-1].copy()},
        {"data": rounded()[::-1].copy(), "labels": LABELS[::-1].copy()},
        {"data": rounded()[:5], "labels": LABELS[:5]},
        {"data": rounded(), "labels": LABELS, "epochs": 1},
    ],
)
def test_other_rows_or_another_order_are_no_rounding(tmp_path: Path, other: Any) -> None:
    """One number of one row, a label, the order, a row or a pass fewer."""
    found = verdicts(judged(tmp_path, run(), run(**other)))
    assert found["native data"] in {"different", "not comparable"}


def test_a_row_in_the_place_of_another_is_found_behind_rounding(tmp_path: Path) -> None:
    """Of two passes the second alone has two rows changed about."""
    other = dict(run(rounded()))
    batch = np.array(other["native batch@2/x"])
    other["native batch@2/x"] = batch[[1, 0, 2, 3]]
    found = judged(tmp_path, run(), other)
    assert verdicts(found)["native data"] == "different"
    (first, *_) = found.divergences
    assert (first.at.stage, first.at.verdict.value) == ("data@0/rows", "rounding")


@pytest.fixture
def lacking(tmp_path: Path) -> Iterator[Any]:
    """Return a function that tells what lacks where of no batch the bytes are there."""
    with Store(tmp_path / "store.sqlite") as store:

        def found(*runs: Stages) -> Any:
            digests = []
            for stages in runs:
                trace, tensors = traced(stages)
                for print_ in trace:
                    if print_.stage.startswith("batch"):
                        tensors[print_.digest] = tensors[print_.digest]._replace(data=b"", whole=False)
                digests.append(trace_digest(trace))
                store.add(Trial(digests[-1], OBSERVED, digests[-1], (), digests[-1]), trace, tensors)
            (told, *_) = Judge(Tensors(store), Traces(digests[0]), Traces(digests[1])).lacking().values()
            return told

        yield found


def test_the_batches_of_such_a_pass_are_to_be_kept(lacking: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of them, once, where there are not too many bytes; before they are there, rows are others and no rounding."""
    every = tuple(f"native batch@{step}" for step in range(4))
    assert set(lacking(run(), run(rounded()))) >= set(every)
    monkeypatch.setattr("tfmatrix.compare.judging.MOST_BYTES", passes.MOST_BYTES // 2**24)
    assert "native batch@1" not in lacking(run(), run(rounded()))


def test_without_bytes_other_rows_are_another_meaning(tmp_path: Path) -> None:
    """Nothing vouches for them."""
    without = {f"native batch@{step}/x" for step in range(4)}
    assert verdicts(judged(tmp_path, run(), run(rounded()), without=without))["native data"] == "different"


def test_rows_that_have_no_counterpart_are_not_handed_over() -> None:
    """Nor is their order, which names them; alone they are no reason to begin from another start."""
    other = {"native init/w": [1.0]}
    assert handed(run(), run(rounded())) == ()
    stages = [one.stage for one in handed({**run(), **other}, {**run(rounded()), "native init/w": [2.0]})]
    assert stages == ["init/w"]


def test_from_the_baselines_start_such_rows_are_rounding_too(tmp_path: Path) -> None:
    """So that what comes behind them is judged where initial weights are redrawn."""
    init = {"native init/w": [1.0]}
    with Store(tmp_path / "store.sqlite") as store:
        digests = []
        for stages in (
            {**run(), **init},
            {**run(rounded(), weights=5.0), "native init/w": [2.0]},
            {**run(rounded(), weights=3.0, tier="start"), "start init/w": [1.0]},
        ):
            trace, tensors = traced(stages)
            digests.append(trace_digest(trace))
            store.add(Trial(digests[-1], OBSERVED, digests[-1], (), digests[-1]), trace, tensors)
        found = Judge(Tensors(store), Traces(digests[0]), Traces(digests[1], start=digests[2])).judge()
    assert found.unreached == ""
    assert verdicts(found)["start weights"] == "different"
    assert verdicts(found)["start data"] == "rounding"
