"""The effect of a layer that draws: whether what it makes of its input is distributed alike in two releases.

It is asked where two releases draw by other ops, or in another number or shape, so that the draws themselves have no
counterpart. Each side has the layer's outputs of many calls on one input; a call as a whole is one sample, since what a
layer draws may be shared within a call in any way.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tfmatrix.compare import p_values
from tfmatrix.compare.p_values import ALPHA
from tfmatrix.compare.verdicts import Verdict

Array = NDArray[np.float64]

LEAST_CALLS = 256
"""With fewer calls a side no test has power, and none is made."""

SMOOTH = 1e-3
"""Each number that is tested has noise of this size added, of the largest output: an output that has few values, moved
by rounding, is not another distribution. What moves it by less than a tenth of that is not seen here."""

SMOOTH_ULPS = 32
"""The same in units in the last place of the outputs' type, where that is more: in half precision."""

MOST_HIDDEN = 0.5
"""Deviations of an output by which the tests must see its mean move: a rate of 0.75 for 0.5. Else nobody can tell."""

MOST_ELEMENTS, PROJECTIONS = 32, 8


class Effect(NamedTuple):
    """What a layer's outputs say of its draws."""

    verdict: Verdict
    """Redrawn, different, or not comparable where nobody can tell."""
    evidence: str


class Sample(NamedTuple):
    """What one side made of its input."""

    outputs: NDArray[Any]
    """Floats or integers; calls along the first axis, rows of a batch along the second, of which each two following
    ones were given the same."""
    off: NDArray[Any]
    """The outputs without the draws, ``training=False``."""


def judge(a: Sample, b: Sample) -> Effect:
    """Return whether two layers that draw otherwise have one distribution of outputs.

    Tested are numbers that are made of each call, and of each two following calls, by two samples each
    (`p_values.numbers`), at `ALPHA` over the number of tests.
    """
    if obstacle := _obstacle(a, b):
        return unknown(obstacle)
    scale = max(float(np.abs(np.asarray(side.outputs, np.float64)).max()) for side in (a, b)) or 1.0
    x, y = (np.asarray(side.outputs, np.float64) / scale for side in (a, b))
    smooth = _smoothing(a.outputs.dtype)
    centre = (x.mean(axis=0) + y.mean(axis=0)) / 2
    if not any(np.ptp(side, axis=0).max() > smooth for side in (x, y)) and np.abs(x[0] - y[0]).max() > smooth:
        return unknown("all its calls give the same output, and the two releases give different ones")
    noise = np.random.RandomState(0)
    found: list[tuple[float, str]] = []
    numbers = (_numbers(side, centre, smooth / 10) for side in (x, y))
    for (what, mine), (_, other) in zip(*numbers, strict=True):
        moved = (side + noise.uniform(-smooth, smooth, side.shape) for side in (mine, other))
        found.append((p_values.numbers(*moved).p, what))
    failed = [(p, what) for p, what in found if p < ALPHA / len(found)]
    p, what = failed[0] if failed else min(found)
    tests = f"{len(found)} tests of {len(x)} and {len(y)} calls"
    if failed:
        if (gap := _gap(a.off, b.off) / scale) > smooth / 10:
            return unknown(f"the layer gives another output without its draws too, by {gap:.2g} of the largest")
        return Effect(Verdict.DIFFERENT, f"another effect: {what}, p = {p:.2g}, and {len(failed) - 1} more of {tests}")
    seen = _seen(x - centre, y - centre, len(found), smooth)
    if seen > MOST_HIDDEN:
        return unknown(f"{tests} would only find a mean moved by {seen:.2g} deviations")
    told = f"would find a mean moved by {seen:.2g} deviations" if seen else "its output is not random"
    return Effect(Verdict.REDRAWN, f"by its effect: {tests}, least p = {p:.2g}; {told}")


def unknown(reason: str) -> Effect:
    """Return that a layer's effect could not be told."""
    return Effect(Verdict.NOT_COMPARABLE, f"could not tell: {reason}")


def _obstacle(a: Sample, b: Sample) -> str:
    """Return why two samples can't be tested; empty where they can."""
    (x, y), layouts = (a.outputs, b.outputs), [(s.outputs.dtype.name, s.outputs.shape[1:]) for s in (a, b)]
    if layouts[0] != layouts[1]:
        (dtype, shape), (other, became) = layouts
        return f"the output {dtype} {shape} became {other} {became}"
    if x.ndim < 2 or not x[0].size or x.dtype.kind not in "biufV":
        return f"its output is {x.dtype.name} {x.shape}"
    if min(len(x), len(y)) < LEAST_CALLS:
        return f"{min(len(x), len(y))} calls are too few"
    if not all(np.isfinite(np.asarray(one, np.float64)).all() for one in (x, y)):
        return "its output is not finite"
    return ""


def _gap(off: NDArray[Any], other: NDArray[Any]) -> float:
    """Return the largest difference of two outputs; infinity where they have not one shape."""
    if off.shape != other.shape:
        return math.inf
    return float(np.abs(np.asarray(off, np.float64) - np.asarray(other, np.float64)).max())


def _smoothing(dtype: np.dtype[Any]) -> float:
    """Return the noise that is added, as a share of the largest output."""
    if dtype.kind in "biu":
        return SMOOTH
    eps = float(np.finfo(dtype).eps) if dtype.kind == "f" else 2.0**-7  # bfloat16
    return max(SMOOTH, SMOOTH_ULPS * eps)


def _numbers(sample: Array, centre: Array, nothing: float) -> Iterator[tuple[str, Array]]:
    """Yield numbers made of each call, or of each two following ones, with what each of them is.

    ``centre`` is what the calls of both sides are on the average, and what is no larger than ``nothing`` is zero.

    None moves by more than twice as much as the outputs do, so that rounding stays rounding.
    """
    calls, rows, shape = len(sample), sample.shape[1], sample.shape[2:]
    flat = (sample - centre).reshape(calls, rows, -1)
    elements = flat.shape[2]
    for what, values in (
        ("mean", sample),
        ("mean distance from the centre", np.abs(sample - centre)),
        ("share of zeros", np.abs(sample) <= nothing),
    ):
        yield f"the {what}", values.reshape(calls, -1).mean(axis=1)
    yield "the root of mean squares", np.sqrt((flat**2).mean(axis=(1, 2)))
    yield "the least", sample.reshape(calls, -1).min(axis=1)
    yield "the most", sample.reshape(calls, -1).max(axis=1)
    for at in dict.fromkeys(np.linspace(0, elements - 1, MOST_ELEMENTS).astype(int).tolist()):
        place = f"number {at} of each row"
        yield f"{place}, in the first", flat[:, 0, at]
        yield f"{place}, its mean", flat[:, :, at].mean(axis=1)
        yield f"{place}, its mean distance from the centre", np.abs(flat[:, :, at]).mean(axis=1)
    yield from _along("rows that were given the same", flat[:, 0::2], flat[:, 1::2])
    centred = sample - centre
    for axis, size in enumerate(shape, 2):
        if size > 1:
            before, behind = (np.take(centred, range(low, size - 1 + low), axis) for low in (0, 1))
            yield from _along(f"neighbours along axis {axis - 1}", before, behind)
    yield from _along("two calls", flat[0 : calls - calls % 2 : 2], flat[1::2])
    signs = np.random.RandomState(1)
    for number in range(PROJECTIONS):
        row = signs.choice([-1.0, 1.0], elements) / elements
        whole = signs.choice([-1.0, 1.0], rows * elements) / (rows * elements)
        yield f"projection {number} of a row", np.sqrt(((flat @ row) ** 2).mean(axis=1))
        yield f"projection {number} of a call", flat.reshape(calls, -1) @ whole


def _along(what: str, first: Array, second: Array) -> Iterator[tuple[str, Array]]:
    """Yield how two parts of each call hang together."""
    calls = len(second)
    products = (first * second).reshape(calls, -1).mean(axis=1)
    yield f"the product of {what}", np.sign(products) * np.sqrt(np.abs(products))
    yield f"the distance of {what}", np.abs(first - second).reshape(calls, -1).mean(axis=1)


def _seen(x: Array, y: Array, tests: int, smooth: float) -> float:
    """Return by how many of its deviations an output's mean must move to be found, at the worst; 0: none is random.

    Kolmogorov-Smirnov's gap at this p, of two normal distributions that lie so far apart, by the mean over rows.
    """
    gap = math.sqrt(-math.log(ALPHA / tests / 4) / 2 * (1 / len(x) + 1 / len(y)))
    apart = gap * math.sqrt(2 * math.pi)
    both = np.concatenate([side.reshape(len(side), side.shape[1], -1) for side in (x, y)])
    spread, of_means = both.std(axis=(0, 1)), both.mean(axis=1).std(axis=0)
    random = spread > smooth
    return float(apart * (of_means[random] / spread[random]).max()) if random.any() else 0.0
