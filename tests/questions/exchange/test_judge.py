"""Judging a pair from what its two sides recorded; no TensorFlow, no store."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfmatrix.compare.distance import Distance, measure
from tfmatrix.compare.verdicts import Verdict
from tfmatrix.questions.exchange.judge import Ratio, judge, usual_ratio
from tfmatrix.questions.exchange.results import PREDICT, WEIGHTS, Judged, Side
from tfmatrix.questions.exchange.summary import VERDICTS
from tfmatrix.records import Trial

OUTPUT = np.array([[0.25], [0.5], [1.0]], np.float32)
WRITTEN = {
    "weights/hidden/kernel": "k",
    "weights/hidden/bias": "b",
    "slots/hidden/kernel/m": "m",
    "slots/iterations": "8",
    "predict/output": "p",
}
STRANGE = {f"strange/{name}": f"strange {digest}" for name, digest in WRITTEN.items() if not name.startswith("pred")}


def observed(tensors: dict[str, str], *warnings: str) -> Side:
    """Return a side that was observed."""
    return Side(Trial("key", "observed"), tensors, warnings)


def ended(outcome: str, message: str = "", kind: str = "") -> Side:
    """Return a side that was not observed."""
    return Side(Trial("key", outcome, message=message, kind=kind))


def distance(apart: float = 0.0) -> Any:
    """Return a measure by which every two tensors lie so many ULPs of 1.0 apart."""
    moved = OUTPUT.copy()
    moved[2] += np.float32(apart * np.finfo(np.float32).eps)

    def of(first: str, second: str) -> Distance:
        assert first != second
        return measure(OUTPUT, moved)

    return of


def judged(read: dict[str, str | None], apart: float = 1.0, ratio: Ratio = usual_ratio) -> Judged:
    """Judge a reader that has what was written, but for some tensors; None takes one away."""
    tensors = {**WRITTEN, **STRANGE, **read}
    present = {name: digest for name, digest in tensors.items() if digest is not None}
    return judge(observed(WRITTEN), observed(present, "w"), distance(apart), ratio)


def test_the_same_bits_everywhere_are_the_best_verdict() -> None:
    """A reader with every digest of the writer predicts the same bits, and its slots are back."""
    found = judged({})
    assert (found.verdict, found.reason, found.slots.word) == (Verdict.IDENTICAL, "", "back")
    assert found.warnings == ("w",)


def test_a_weight_that_kept_its_value_is_a_partial_load() -> None:
    """A weight that is as it was before loading is named, and the verdict says that nothing was raised."""
    found = judged({"weights/hidden/bias": "strange b", "predict/output": "q"})
    assert found.verdict is Verdict.PARTIAL
    assert found.kept == ("hidden/bias",)
    assert found.reason == "hidden/bias is as it was before loading, 1 of 2 weights"


def test_a_weight_that_is_not_there_is_a_partial_load() -> None:
    """A weight that the reader does not have at all is named too."""
    found = judged({"weights/hidden/kernel": None})
    assert (found.verdict, found.absent) == (Verdict.PARTIAL, ("hidden/kernel",))
    assert "hidden/kernel is not there" in found.reason


def test_a_partial_load_is_worse_than_other_bits() -> None:
    """Where one weight was not loaded and another came back otherwise, the pair is a partial load with both names."""
    found = judged({"weights/hidden/kernel": "other", "weights/hidden/bias": "strange b"})
    assert found.verdict is Verdict.PARTIAL
    assert (found.kept, found.other) == (("hidden/bias",), ("hidden/kernel",))


def test_another_bit_in_a_weight_is_named_and_measured() -> None:
    """A weight with bits that neither side had is called other bits, however good the predictions are."""
    found = judged({"weights/hidden/bias": "flipped"})
    assert (found.verdict, found.other) == (Verdict.DIFFERENT, ("hidden/bias",))
    assert found.distance is not None
    assert found.distance.differing == 1


ROUNDING = 16
"""Scaled error up to which predictions differ by rounding, where no policy says otherwise."""


@pytest.mark.parametrize(
    ("apart", "verdict"),
    [(1, Verdict.ROUNDING), (ROUNDING, Verdict.ROUNDING), (ROUNDING * 2, Verdict.DIFFERENT)],
)
def test_predictions_are_rounding_up_to_the_limit(apart: float, verdict: Verdict) -> None:
    """With the same weights, other predictions are rounding up to the limit, and beyond it they are others."""
    found = judged({"predict/output": "q"}, apart)
    assert found.verdict is verdict
    assert "1 of 3 numbers" in found.reason


@pytest.mark.parametrize(("ratio", "verdict"), [(40.0, Verdict.ROUNDING), (4.0, Verdict.DIFFERENT)])
def test_a_policy_says_what_of_predictions_is_rounding(ratio: float, verdict: Verdict) -> None:
    """A ratio of the project's policy, asked for by the prediction's name and dtype, is in place of the usual one."""
    asked = []

    def chosen(stage: str, dtype: str) -> float:
        asked.append((stage, dtype))
        return ratio

    assert judged({"predict/output": "q"}, 20, chosen).verdict is verdict
    assert set(asked) == {("predict/output", "float32")}


def test_a_nan_in_predictions_is_never_rounding() -> None:
    """A NaN on one side has no scaled error, and the predictions count as others."""
    nan = measure(OUTPUT, np.array([[0.25], [0.5], [np.nan]], np.float32))
    read = {**WRITTEN, **STRANGE, "predict/output": "q"}
    found = judge(observed(WRITTEN), observed(read), lambda *_: nan)
    assert found.verdict is Verdict.DIFFERENT


def test_a_prediction_that_is_not_there_is_no_pass() -> None:
    """A reader without one of the writer's outputs predicts others, and the output is named."""
    found = judged({"predict/output": None})
    assert (found.verdict, found.reason) == (Verdict.DIFFERENT, "there is no prediction output")


@pytest.mark.parametrize(
    ("read", "word", "first", "count"),
    [
        ({"slots/hidden/kernel/m": "strange m"}, "lost", "hidden/kernel/m", 1),
        ({"slots/hidden/kernel/m": None, "slots/iterations": None}, "lost", "hidden/kernel/m", 2),
        ({"slots/iterations": "7"}, "other", "iterations", 1),
    ],
)
def test_slots_that_do_not_come_back_are_said_beside_the_verdict(
    read: dict[str, str | None], word: str, first: str, count: int
) -> None:
    """Lost and other slots change no verdict, and the first of them and their number are kept."""
    found = judged(read)
    assert found.verdict is Verdict.IDENTICAL
    assert (found.slots.word, found.slots.first, found.slots.count) == (word, first, count)


@pytest.mark.parametrize(
    ("side", "verdict", "reason"),
    [
        (ended("failed", "read: no\n such   file", "OSError"), Verdict.REFUSED, "no such file"),
        (ended("failed", "use: no optimizer", "ValueError"), Verdict.REFUSED, "no optimizer"),
        (ended("crashed", "m.py: killed by SIGSEGV", "SIGSEGV"), Verdict.FAILED, "m.py: killed by SIGSEGV"),
        (ended("crashed", "no libtensorflow"), Verdict.MISSING, "the reader crashed: no libtensorflow"),
        (ended("crashed", "the probe died", "probe"), Verdict.MISSING, "the reader crashed: the probe died"),
        (ended("unsupported", "not in a v1 graph"), Verdict.UNSUPPORTED, "not in a v1 graph"),
        (ended("timed-out", "no answer"), Verdict.MISSING, "the reader timed-out: no answer"),
        (ended("failed", "m.py, line 3: 'x'"), Verdict.MISSING, "the reader failed: m.py, line 3: 'x'"),
        (Side(), Verdict.MISSING, "the reader was not run"),
        (Side(refusal="2.99.0 is unavailable: no wheel"), Verdict.MISSING, "2.99.0 is unavailable: no wheel"),
    ],
)  # fmt: skip
def test_what_becomes_of_a_reader_that_was_not_observed(side: Side, verdict: Verdict, reason: str) -> None:
    """An exception on reading is a refusal with its message on one line; one of our model, or no answer, is missing."""
    found = judge(observed(WRITTEN), side, distance())
    assert (found.verdict, found.reason) == (verdict, reason)


@pytest.mark.parametrize(
    ("side", "verdict"),
    [
        (ended("failed", "write: no such format", "ValueError"), Verdict.NOT_WRITTEN),
        (ended("crashed", "killed", "SIGSEGV"), Verdict.NOT_WRITTEN),
        (ended("crashed", "TensorFlow could not be imported"), Verdict.MISSING),
        (ended("unsupported", "why"), Verdict.UNSUPPORTED),
        (ended("failed", "m.py, line 3: KeyError: 'x'"), Verdict.MISSING),
        (ended("timed-out"), Verdict.MISSING),
        (Side(), Verdict.MISSING),
    ],
)
def test_what_becomes_of_a_pair_of_which_nothing_was_written(side: Side, verdict: Verdict) -> None:
    """Whoever reads: what a release does not write is told apart from a writer of which nothing is known."""
    assert judge(side, Side(), distance()).verdict is verdict


@pytest.mark.parametrize("stage", ["weights", "predict"])
def test_a_writer_that_recorded_nothing_is_no_pass(stage: str) -> None:
    """Two sides that agree on nothing at all are missing, and not the same."""
    some = {name: digest for name, digest in WRITTEN.items() if not name.startswith(stage)}
    assert judge(observed(some), observed(some), distance()).verdict is Verdict.MISSING


@given(st.sets(st.sampled_from([n for n in WRITTEN if n.startswith(("weights", "predict"))]), min_size=1))
def test_no_changed_tensor_ever_passes_as_the_same(changed: set[str]) -> None:
    """Whichever weights and predictions change, the verdict is not that of the same bits."""
    assert judged(dict.fromkeys(changed, "other")).verdict is not Verdict.IDENTICAL


def test_what_differs_is_told() -> None:
    """Weights and predictions that are others are one verdict, and the stage says which of the two they are."""
    assert judged({"weights/hidden/bias": "other"}).stage == WEIGHTS
    assert judged({"predict/output": "far"}, 1e9).stage == PREDICT


def test_verdicts_of_an_exchange_stand_in_the_order_of_the_scale() -> None:
    """What can become of a pair is a part of the scale, worst first, silent loss before what everybody sees."""
    assert sorted(VERDICTS, key=lambda verdict: verdict.severity) == list(VERDICTS)
    assert VERDICTS.index(Verdict.PARTIAL) < VERDICTS.index(Verdict.FAILED) < VERDICTS.index(Verdict.REFUSED)
