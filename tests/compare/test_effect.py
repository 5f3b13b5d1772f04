"""The effect of a layer that draws: which changes of its draws are told from another stream, and which can't be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from numpy.typing import NDArray

from tfmatrix.compare.effect import Sample, judge

CALLS, ROWS, TIME, WIDTH = 1024, 16, 6, 4
INPUT = np.repeat(np.random.RandomState(5).randint(0, 2**20, (ROWS // 2, TIME, WIDTH)) / 2.0**20 + 0.25, 2, axis=0)
Draw = Callable[[np.random.RandomState], NDArray[Any]]


def sample(draw: Draw, seed: int, calls: int = CALLS, off: NDArray[Any] = INPUT) -> Sample:
    """Return what a layer makes of one input, call after call."""
    rng = np.random.RandomState(seed)
    return Sample(np.stack([draw(rng) for _ in range(calls)]).astype(np.float32), off.astype(np.float32))


def dropout(rate: float = 0.5, shape: tuple[int, ...] = (ROWS, TIME, WIDTH)) -> Draw:
    """Return a dropout with a mask of some shape."""
    return lambda rng: INPUT * (rng.random_sample(shape) >= rate) / (1 - rate)


def noise(deviation: float) -> Draw:
    """Return a layer that adds noise."""
    return lambda rng: INPUT + deviation * rng.standard_normal(INPUT.shape)


def flip(share: float = 0.5, rows: int = ROWS) -> Draw:
    """Return a layer that turns rows round."""
    return lambda rng: np.where(rng.random_sample((rows, 1, 1)) < share, INPUT[:, ::-1], INPUT)


def mixed(rng: np.random.RandomState) -> NDArray[Any]:
    """Return the rows in another order."""
    return INPUT[rng.permutation(ROWS)]


def hanging_together(axis: int, share: float) -> Draw:
    """Return a layer that adds noise, of which neighbours along an axis of a call have a share in common."""

    def call(rng: np.random.RandomState) -> NDArray[Any]:
        own = rng.standard_normal(INPUT.shape)
        before = np.take(own, range(0, INPUT.shape[axis], 2), axis)
        common = np.repeat(before, 2, axis)
        at = np.arange(INPUT.shape[axis]).reshape([-1 if one == axis else 1 for one in range(INPUT.ndim)])
        return INPUT + np.where(at % 2 == 0, own, share * common + (1 - share**2) ** 0.5 * own)

    return call


def shared_gate(rng: np.random.RandomState) -> NDArray[Any]:
    """Return a dropout whose neighbours in time are dropped in turn."""
    return INPUT * 2 * ((rng.randint(0, 2, (ROWS, 1, WIDTH)) + np.arange(TIME).reshape(1, TIME, 1)) % 2)


ALIKE = {
    "dropout": dropout(),
    "mask for all time": dropout(shape=(ROWS, 1, WIDTH)),
    "mask for all rows": dropout(shape=(1, TIME, WIDTH)),
    "one bit a call": dropout(shape=(1, 1, 1)),
    "noise": noise(0.3),
    "flip": flip(),
    "one flip a call": flip(rows=1),
    "rows mixed": mixed,
    "nothing": noise(0.0),
}


@pytest.mark.parametrize("draw", ALIKE.values(), ids=ALIKE)
def test_another_stream_of_the_same_draws_is_a_redraw(draw: Draw) -> None:
    """However draws are shared within a call; the evidence says what would have been found."""
    found = judge(sample(draw, 1), sample(draw, 2))
    assert found.verdict.value == "redrawn", found
    assert found.evidence.startswith("by its effect: ")


OTHER = {
    "rate of 0.53": (dropout(), dropout(0.53)),
    "rate of 0.9": (dropout(), dropout(0.9)),
    "no dropout": (dropout(), noise(0.0)),
    "mask for all time": (dropout(), dropout(shape=(ROWS, 1, WIDTH))),
    "in turn in time": (dropout(shape=(ROWS, 1, WIDTH)), shared_gate),
    "mask for all features": (dropout(), dropout(shape=(ROWS, TIME, 1))),
    "mask for all rows": (dropout(), dropout(shape=(1, TIME, WIDTH))),
    "noise of 0.33": (noise(0.3), noise(0.33)),
    "uniform noise": (noise(0.3), lambda rng: INPUT + 0.3 * 3**0.5 * rng.uniform(-1, 1, INPUT.shape)),
    "flip of 0.56": (flip(), flip(0.56)),
    "one flip a call": (flip(), flip(rows=1)),
    "rows mixed": (noise(0.0), mixed),
    "alike rows hang together": (noise(1.0), hanging_together(0, 0.1)),
    "neighbours hang together": (noise(1.0), hanging_together(1, 0.1)),
}


@pytest.mark.parametrize(("mine", "other"), OTHER.values(), ids=OTHER)
def test_another_distribution_or_structure_is_told(mine: Draw, other: Draw) -> None:
    """From either side."""
    for one, two in ((mine, other), (other, mine)):
        found = judge(sample(one, 1), sample(two, 2))
        assert found.verdict.value == "different", found


def test_the_same_draw_in_two_calls_or_in_all_is_told() -> None:
    """A mask that is drawn once is another meaning, and where both sides do so nobody can tell."""
    whole, half = sample(dropout(), 1), sample(dropout(), 2, CALLS // 2)
    twice = half._replace(outputs=np.repeat(half.outputs, 2, axis=0))
    once = half._replace(outputs=np.repeat(half.outputs[:1], CALLS, axis=0))
    assert judge(whole, twice).verdict.value == judge(whole, once).verdict.value == "different"
    other = half._replace(outputs=np.repeat(half.outputs[1:2], CALLS, axis=0))
    assert (
        judge(once, other).evidence
        == "could not tell: all its calls give the same output, and the two releases give different ones"
    )


def test_rounding_is_no_other_distribution() -> None:
    """Outputs of few values that lie some units in the last place apart are the same ones."""
    mine, other = sample(dropout(), 1), sample(dropout(), 2)
    moved = other._replace(outputs=other.outputs * np.float32(1 + 2e-6), off=other.off * np.float32(1 + 2e-6))
    assert judge(mine, moved).verdict.value == "redrawn"
    for dtype in (np.float16, ml_dtypes.bfloat16):
        halves = [Sample(*(one.astype(dtype) for one in side)) for side in (mine, moved)]
        assert judge(*halves).verdict.value == "redrawn"
        other = Sample(*(one.astype(dtype) for one in sample(dropout(0.6), 3)))
        assert judge(halves[0], other).verdict.value == "different"


CANNOT = {
    "256": (sample(dropout(), 2, 100), "could not tell: 100 calls are too few"),
    "shape": (
        Sample(np.ones((CALLS, 2, 3), np.float32), np.ones((2, 3), np.float32)),
        "could not tell: the output float32 (16, 6, 4) became float32 (2, 3)",
    ),
    "off": (
        sample(dropout(0.6), 2, off=INPUT * 1.01),
        "could not tell: the layer gives another output without its draws too, by 0.004 of the largest",
    ),
    "infinite": (sample(lambda rng: dropout()(rng) + np.inf, 2), "could not tell: its output is not finite"),
}


@pytest.mark.parametrize(("other", "evidence"), CANNOT.values(), ids=CANNOT)
def test_what_cannot_be_told_is_said(other: Sample, evidence: str) -> None:
    """It is not comparable, which is no pass."""
    found = judge(sample(dropout(), 1), other)
    assert found.verdict.value == "not comparable"
    assert found.evidence == evidence


def test_what_would_find_little_can_tell_nothing() -> None:
    """A draw that a whole call shares needs more calls than one of each number."""
    one, many = ([sample(dropout(shape=shape), seed, 300) for seed in (1, 2)] for shape in ((1, 1, 1), INPUT.shape))
    assert judge(*many).verdict.value == "redrawn"
    assert "would only find a mean moved by 0.6" in judge(*one).evidence


def test_a_false_alarm_is_rare() -> None:
    """Of sixty pairs of the same distribution none is called another, and the least p is that of as many tests."""
    found = [judge(sample(dropout(), 2 * seed, 300), sample(dropout(), 2 * seed + 1, 300)) for seed in range(60)]
    assert {one.verdict.value for one in found} == {"redrawn"}
