"""Answers: nothing that a probe says is believed without its bytes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from building import plan_of, tensor, traced
from tfmatrix.records import ExpectedTrial, Fingerprint, Tensor, Trial
from tfmatrix.runner.answers import to_trial
from tfmatrix.store.fingerprints import tensor_digest, trace_digest

Trace = tuple[Fingerprint, ...]

STAGES = {
    "native init/w": tensor([1.0, -0.0]),
    "native init/b": tensor([1.0, -0.0]),
    "injected init/w": tensor(np.zeros((0, 2)), "int64"),
    "injected text": Tensor("string", (1,), (1).to_bytes(8, "little") + b"x"),
}
OBSERVED = {"outcome": "observed", "seconds": 1.5, "peak_kib": 7}


@pytest.fixture
def expected(tmp_path: Path) -> ExpectedTrial:
    """Return an expected trial."""
    return next(iter(plan_of(tmp_path).trials.values()))[0]


def payload(change: Callable[[dict[str, Any]], object] = lambda _: None) -> bytes:
    """Return an observed trial's payload, its manifest changed by a function."""
    trace, tensors = traced(STAGES)
    manifest = {
        "trace": [[print_.tier, print_.stage, print_.digest] for print_ in trace],
        "tensors": [[name, one.dtype, list(one.shape), len(one.data), one.whole] for name, one in tensors.items()],
    }
    change(manifest)
    encoded = json.dumps(manifest).encode("ascii")
    return len(encoded).to_bytes(8, "little") + encoded + b"".join(held.data for held in tensors.values())


def test_an_observed_trial_has_its_trace_and_each_tensor_once(expected: ExpectedTrial) -> None:
    """Trace and tensors of an answer are those that were sent, and the trial is filed under the expected key."""
    trial, trace, tensors = to_trial(expected, OBSERVED, payload(), Path())
    assert (trace, tensors) == traced(STAGES)
    assert len(tensors) == 3
    assert (trial.key, trial.id, trial.covers) == (expected.key, expected.id, expected.covers)
    assert (trial.outcome, trial.trace, trial.seconds, trial.peak_kib) == ("observed", trace_digest(trace), 1.5, 7)


@pytest.mark.parametrize("outcome", ["failed", "crashed", "timed-out", "unsupported"])
def test_an_outcome_without_a_trace_keeps_its_evidence(expected: ExpectedTrial, outcome: str) -> None:
    """What is told of a trial that was not observed is kept field by field, and nothing besides."""
    told = {"kind": "K", "message": "m", "where": "line 1", "traceback": "t", "output": "o", "seconds": 2.0}
    trial, trace, tensors = to_trial(expected, {"outcome": outcome, "size": 0, "else": 1, **told}, b"", Path())
    assert (trial.outcome, trial.trace, trace, tensors) == (outcome, None, (), {})
    assert {name: getattr(trial, name) for name in told} == told


def test_an_empty_trace_is_a_failure(expected: ExpectedTrial) -> None:
    """A trial that recorded nothing failed: two empty traces would be equal."""
    empty = payload(lambda manifest: manifest.update(trace=[], tensors=[]))
    trial, trace, tensors = to_trial(expected, OBSERVED, empty, Path())
    assert (trial.outcome, trial.trace, trace, tensors) == ("failed", None, (), {})
    assert "without recording any stage" in trial.message


@pytest.mark.parametrize("place", [0, 1], ids=["tier", "stage"])
def test_a_name_that_is_no_text_is_a_failure_of_its_trial(expected: ExpectedTrial, place: int) -> None:
    """Half a character in a name is the model's mistake, told so that it can be printed, and ends no run."""
    broken = payload(lambda manifest: manifest["trace"][0].__setitem__(place, "init/\ud800"))
    trial, trace, tensors = to_trial(expected, OBSERVED, broken, Path())
    assert (trial.outcome, trial.trace, trace, tensors) == ("failed", None, (), {})
    assert trial.message == r"the name of 'init/\ud800' has half a character, which is no text"


CHANGES: dict[str, Callable[[dict[str, Any]], object]] = {
    "digest": lambda m: m["tensors"][0].__setitem__(0, tensor_digest(tensor([1.0, 0.0]))),
    "dtype": lambda m: m["tensors"][0].__setitem__(1, "int32"),
    "shape": lambda m: m["tensors"][0].__setitem__(2, [2, 1]),
    "size": lambda m: m["tensors"][0].__setitem__(3, 7),
    "too long": lambda m: m["tensors"][-1].__setitem__(3, 99),
    "order": lambda m: m["tensors"].reverse(),
    "missing": lambda m: m["tensors"].pop(),
    "stranger": lambda m: m["trace"][0].__setitem__(2, "ab" * 32),
}


def assert_no_answer(found: tuple[Trial, Trace, dict[str, Tensor]], saying: str) -> None:
    """Hold that a trial crashed for want of an answer, with a reason that names its model, and has no trace."""
    trial, trace, tensors = found
    assert (trial.outcome, trial.kind, trial.trace, trace, tensors) == ("crashed", "answer", None, (), {})
    assert re.search(rf"^\w+\.py: its answer is not valid \(.*{saying}.*\): the model changed", trial.message), (
        trial.message
    )
    assert not trial.is_to_be_repeated


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_does_not_have_its_digest_is_no_answer(
    expected: ExpectedTrial, change: Callable[[dict[str, Any]], object]
) -> None:
    """A tensor whose bytes, dtype, shape or presence do not fit its digest is never taken for a result."""
    assert_no_answer(to_trial(expected, OBSERVED, payload(change), Path()), "digest|said of")


def test_a_payload_that_is_cut_off_is_no_answer(expected: ExpectedTrial) -> None:
    """A tensor of which bytes are missing at the end is never taken for a result."""
    assert_no_answer(to_trial(expected, OBSERVED, payload()[:-1], Path()), "do not have the digest")


@pytest.mark.parametrize(
    "misfit",
    [
        Tensor("float32", (3,), bytes(8)),
        Tensor("float32", (2,), bytes(9)),
        Tensor("string", (2,), bytes(8)),
        Tensor("string", (1,), b"\7" + bytes(7) + b"x"),
    ],
)
def test_bytes_that_do_not_fit_their_shape_are_no_answer(expected: ExpectedTrial, misfit: Tensor) -> None:
    """A digest covers whatever bytes there are, so that it cannot tell; they would break what compares them."""
    digest = tensor_digest(misfit)
    encoded = json.dumps(
        {
            "trace": [["native", "init/w", digest]],
            "tensors": [[digest, misfit.dtype, misfit.shape, len(misfit.data), True]],
        }
    ).encode("ascii")
    whole = len(encoded).to_bytes(8, "little") + encoded + misfit.data
    assert_no_answer(to_trial(expected, OBSERVED, whole, Path()), f"{len(misfit.data)} bytes are no tensor of ")


@pytest.mark.parametrize(
    "header",
    [
        {},
        {"outcome": "well"},
        {**OBSERVED, "seconds": "long"},
        {**OBSERVED, "seconds": float("nan")},
        {**OBSERVED, "peak_kib": 2**70},
        {**OBSERVED, "read": [["a", 1]]},
        {**OBSERVED, "message": None},
    ],
)
def test_a_header_of_another_shape_is_no_answer(expected: ExpectedTrial, header: dict[str, Any]) -> None:
    """What a model wrote into the pipe is no answer, whatever JSON it is."""
    assert_no_answer(to_trial(expected, header, payload(), Path()), "")


@pytest.mark.parametrize("data", [b"", b"{}", (2).to_bytes(8, "little") + b"{}", b"\xff" * 40, payload()[8:]])
def test_a_payload_of_another_shape_is_no_answer(expected: ExpectedTrial, data: bytes) -> None:
    """Bytes that are no manifest, or one of another shape, are no answer."""
    assert_no_answer(to_trial(expected, OBSERVED, data, Path()), "")


def test_half_a_character_in_what_is_told_can_be_printed(expected: ExpectedTrial) -> None:
    """Of a message whatever can be printed is kept, and the rest is written out."""
    trial, *_ = to_trial(expected, {"outcome": "failed", "message": "a\ud800b"}, b"", Path())
    assert trial.message == r"a\ud800b"


def test_what_a_trial_read_is_told_from_the_projects_root(expected: ExpectedTrial, tmp_path: Path) -> None:
    """Paths below the root, also where it is a link, are told from there: a project that is moved keeps its results."""
    real, root = tmp_path / "real", tmp_path / "root"
    real.mkdir()
    root.symlink_to(real)
    read = [[str(root / "b.csv"), "1"], [str(real / "a.csv"), "2"], ["/elsewhere/c.csv", "3"], [f"{root}.csv", "4"]]
    told = {"read": read, "outside": ["/elsewhere/c.csv"], "notes": ["n"]}
    for outcome in ("observed", "failed"):
        trial, *_ = to_trial(expected, {"outcome": outcome, **told}, payload(), root)
        assert trial.read == (("/elsewhere/c.csv", "3"), (f"{root}.csv", "4"), ("a.csv", "2"), ("b.csv", "1"))
        assert (trial.outside, trial.notes) == (("/elsewhere/c.csv",), ("n",))
