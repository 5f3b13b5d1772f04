"""Redraw tests: other numbers of one distribution pass, another distribution does not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfmatrix.compare.redraw import ENOUGH, ENOUGH_DRAWN, Redraw, Side
from tfmatrix.compare.redraw import judge as judge_sides
from tfmatrix.compare.stages import RANDOM
from tfmatrix.compare.verdicts import Verdict

SEEDS = settings(derandomize=True, max_examples=40)


def judge(kind: str, a: Any, b: Any, a_seeds: Any = None, b_seeds: Any = None) -> Redraw:
    """Return what is made of two arrays, and of those under other seeds; the rows of orders are in their places."""
    rows = [np.unique(one) if kind == "shuffle" else None for one in (a, b)]
    return judge_sides(RANDOM[kind], Side(a, seeds=a_seeds, rows=rows[0]), Side(b, seeds=b_seeds, rows=rows[1]))


def rng(seed: int) -> np.random.RandomState:
    """Return a generator."""
    return np.random.RandomState(seed)


@given(st.integers(0, 2**31 - 1))
@SEEDS
def test_another_seed_is_a_redraw(seed: int) -> None:
    """Two draws of one generator, whatever the seeds, are of the same distribution."""
    a, b = (rng(s).standard_normal(512).astype(np.float32) for s in (seed, seed + 1))
    assert judge("draw", a, b).same
    assert judge("shuffle", rng(seed).permutation(1000), rng(seed + 1).permutation(1000)).same
    masks = [(rng(s).random_sample(4096) < 0.5) * np.float32(2) for s in (seed, seed + 1)]
    assert judge("dropout", *masks).same


@given(st.integers(0, 2**31 - 1))
@SEEDS
def test_other_initial_weights_are_a_redraw_by_those_under_other_seeds(seed: int) -> None:
    """Initial weights are judged with those under other seeds, of both sides."""
    first, second = (rng(s).uniform(-1, 1, (33, 10, 10)) for s in (seed, seed + 1))
    assert judge("init", first[0], second[0], first[1:], second[1:]).same


@pytest.mark.parametrize("seed", range(5))
def test_a_uniform_draw_of_the_same_mean_and_variance_is_no_redraw(seed: int) -> None:
    """Another distribution is found though its moments are the same."""
    normal = rng(seed).standard_normal((33, 10, 10))
    uniform = rng(seed + 99).uniform(-(3**0.5), 3**0.5, (33, 10, 10))
    assert judge("init", normal[0], uniform[0], normal[1:], uniform[1:]).verdict is Verdict.DIFFERENT


@pytest.mark.parametrize(
    ("kind", "a", "b"),
    [
        ("shuffle", np.arange(100)[::-1], rng(0).randint(0, 100, 100)),
        ("shuffle", rng(0).permutation(100), np.arange(100)),
        ("shuffle", rng(0).permutation(100), rng(0).permutation(99)),
        ("dropout", (rng(0).random_sample(1000) < 0.5) * 2.0, (rng(1).random_sample(1000) < 0.8) * 2.0),
        ("dropout", (rng(0).random_sample(1000) < 0.5) * 2.0, (rng(1).random_sample(1000) < 0.5) * 1.0),
        ("draw", rng(0).standard_normal(256), rng(1).standard_normal(256) * 3),
        ("draw", rng(0).standard_normal(256), np.full(256, np.nan)),
        ("draw", rng(0).standard_normal(256), rng(1).standard_normal(256).astype(np.float32)),
        ("draw", rng(0).permutation(256), np.arange(256)),
        ("draw", np.array(["a"]), np.array(["b"])),
    ],
    ids=[
        "rows twice", "no shuffle", "a row less", "keep rate", "scale of the mask", "variance", "nan", "dtype",
        "numbers that are no longer shuffled", "strings",
    ],
)  # fmt: skip
def test_another_meaning_is_no_redraw(kind: str, a: Any, b: Any) -> None:
    """Other rows, no shuffle at all, another keep rate or scale, NaN or another dtype are no redraw."""
    found = judge(kind, a, b)
    assert found.verdict is Verdict.DIFFERENT
    assert found.evidence


PLANTS: dict[str, tuple[str, int, tuple[int, ...], Any, Any]] = {
    "rate 0.45 for 0.5": ("dropout", 16, (32, 32), lambda x: (x < 0.5) * 2.0, lambda x: (x < 0.45) * 2.0),
    "deviation times 1.05": ("init", 17, (64, 128), lambda x: x, lambda x: 0.5 + (x - 0.5) * 1.05),
    "mean moved by 0.033 deviations": ("init", 17, (64, 128), lambda x: x, lambda x: x + 0.033 * 12**-0.5),
}
"""What is drawn, how often, and what either side makes of uniform numbers."""


@pytest.mark.parametrize("plant", PLANTS)
def test_small_changes_are_found_where_draws_are_many(plant: str) -> None:
    """All that is drawn at a stage counts together, and of 20 twins none is found."""
    kind, count, shape, before, after = PLANTS[plant]
    found = []
    for seed in range(20):
        x, y = (rng(2 * seed + side).random_sample((count, *shape)) for side in (0, 1))
        for change in (before, after):
            a, b = before(x), change(y)
            steps = {"steps": tuple(a[1:])}, {"steps": tuple(b[1:])}
            seeds = {"seeds": a[1:]}, {"seeds": b[1:]}
            more = seeds if kind == "init" else steps
            found.append(judge_sides(RANDOM[kind], Side(a[0], **more[0]), Side(b[0], **more[1])).verdict)
    assert {*found[::2]} == {Verdict.REDRAWN}
    assert {*found[1::2]} <= {Verdict.DIFFERENT, Verdict.REDRAWN}
    assert found[1::2].count(Verdict.DIFFERENT) >= 19, found


def test_one_draw_that_finds_too_little_is_no_redraw() -> None:
    """Where a test would not find what must be found, that is what is said, with what it would find."""
    few = [rng(seed).standard_normal(100) for seed in (0, 1)]
    found = judge("draw", *few)
    assert found.verdict is Verdict.NOT_COMPARABLE
    assert found.evidence.startswith("could not tell: ")
    assert "100 numbers a side are too few; would find a mean moved by 1" in found.evidence
    masks = [(rng(seed).random_sample(1024) < 0.5) * 2.0 for seed in (0, 1)]
    assert judge("dropout", *masks).evidence.endswith(
        "1024 numbers a side are too few; would find a share of 0.357 in place of 0.506"
    )
    assert judge("dropout", *masks).verdict is Verdict.NOT_COMPARABLE
    scalars = judge("draw", np.array(0.5), np.array(0.7))
    assert scalars.verdict is Verdict.NOT_COMPARABLE


def test_what_must_be_found_is_found_by_enough_numbers() -> None:
    """Of so many numbers a side a redraw is called one, and half of them do not suffice."""
    for kind, enough in (("draw", ENOUGH), ("dropout", ENOUGH_DRAWN)):
        for size, verdict in ((enough, Verdict.REDRAWN), (enough // 2, Verdict.NOT_COMPARABLE)):
            pair: list[Any] = [rng(seed).random_sample(size) for seed in (0, 1)]
            pair = [(one < 0.5) * 2.0 for one in pair] if kind == "dropout" else pair
            assert judge(kind, *pair).verdict is verdict


def test_an_element_of_a_mask_that_is_missing_by_chance_is_no_difference() -> None:
    """A mask that happens to drop nothing has the values of the other but for 0; another scale is another value."""
    whole, holed = np.full(8, 2.0), np.append(np.full(7, 2.0), 0.0)
    assert judge("dropout", whole, holed).verdict is Verdict.NOT_COMPARABLE
    assert judge("dropout", whole, holed * 0.6).evidence == "mask values [2.] became [0.  1.2]"


def test_the_same_weights_in_other_places_are_no_redraw() -> None:
    """A transposed kernel has the distribution of a redraw, and is none."""
    kernel, more = rng(0).uniform(size=(10, 10)), rng(1).uniform(size=(32, 10, 10))
    found = judge("init", kernel, kernel.T, more, more)
    assert found == (Verdict.DIFFERENT, "the same 100 values in other places")


@pytest.mark.parametrize("lacking", ["baseline", "candidate", "both", "one"])
def test_initial_values_need_other_seeds_of_both_sides(lacking: str) -> None:
    """Where either side was not drawn under other seeds nobody can tell, and that is said."""
    more = rng(2).standard_normal((3, 500))
    a_more = {"candidate": more, "one": more[:1]}.get(lacking)
    b_more = None if lacking in {"candidate", "both"} else more
    found = judge("init", rng(0).standard_normal(500), rng(1).standard_normal(500), a_more, b_more)
    assert found == (Verdict.NOT_COMPARABLE, "could not tell: it was not drawn under other seeds")


def test_what_is_the_same_under_every_seed_is_no_draw() -> None:
    """A counter, or statistics of the data, that has another value is different, however many elements it has."""
    for a, b in ((np.array(10), np.array(0)), (rng(0).standard_normal(4096), rng(1).standard_normal(4096))):
        found = judge("init", a, b, np.stack([a] * 8), np.stack([b] * 8))
        assert found.verdict is Verdict.DIFFERENT
        assert found.evidence.startswith("another value, and the same under every seed: it is not drawn")
    assert judge("init", np.array(10), np.array(0), np.array([10, 10]), np.array([0, 0])).evidence.endswith(
        ": 10 became 0"
    )
    zeros, ones = np.zeros(9), np.ones(9)
    assert judge("init", zeros, ones).evidence == "nothing is drawn: 0.0 became 1.0 in all of it"


@pytest.mark.parametrize("here", [True, False])
def test_what_is_drawn_on_one_side_only_is_no_redraw(here: bool) -> None:
    """Values that depend on the seed in one release alone, or are one value there, are different."""
    drawn, fixed = rng(0).standard_normal((8, 100)), np.stack([rng(1).standard_normal(100)] * 8)
    for other in (fixed, np.zeros((8, 100))):
        sides = [(drawn[0], drawn), (other[0], other)] if here else [(other[0], other), (drawn[0], drawn)]
        (a, a_seeds), (b, b_seeds) = sides
        found = judge("init", a, b, a_seeds, b_seeds)
        assert found.verdict is Verdict.DIFFERENT
        told = "the same under every seed" if other is fixed else "one value"
        where = "here, and drawn in the baseline" if here else "in the baseline, and drawn here"
        assert found.evidence == f"{told} {where}"


@pytest.mark.parametrize("size", [100, 4096])
def test_one_draw_that_comes_under_every_seed_is_counted_once(size: int) -> None:
    """A weight with a seed of its own, which an operation was seen to draw, is one draw, however often it is drawn."""
    a, b = rng(3).random_sample((2, size))
    sides = [Side(one, seeds=np.stack([one] * 32), drawn=True) for one in (a, b)]
    found = judge_sides(RANDOM["init"], *sides)
    assert found.verdict is (Verdict.REDRAWN if size == 4096 else Verdict.NOT_COMPARABLE)
    assert f"1 draw and {size} numbers a side" in found.evidence


def test_one_seed_is_a_redraw_of_another() -> None:
    """TensorFlow's own seed is one integer, and any other is as good."""
    assert judge("seed", np.array([7]), np.array([8])) == (Verdict.REDRAWN, "7 became 8")
    assert judge("seed", np.array([7, 1]), np.array([8, 2])) == (Verdict.REDRAWN, "7, 1 became 8, 2")
    assert judge("seed", *rng(0).random_sample((2, 4))).verdict is Verdict.NOT_COMPARABLE
    assert judge("seed", *rng(0).random_sample((2, 1024))).same


def test_complex_draws_are_judged_by_their_parts() -> None:
    """Real and imaginary parts count as numbers of their own."""
    a, b = (rng(s).standard_normal(500) + 1j * rng(s + 9).standard_normal(500) for s in (0, 1))
    found = judge("draw", a, b)
    assert found.same
    assert "1000 numbers a side" in found.evidence


def test_a_draw_that_repeats_itself_along_an_axis_on_one_side_is_no_redraw() -> None:
    """A mask that became one for all time steps is another meaning; on both sides it is one draw of fewer numbers."""
    masks = [(rng(seed).random_sample((64, 10, 16)) < 0.5) * 2.0 for seed in (0, 1)]
    shared = [np.repeat(mask[:, :1], 10, axis=1) for mask in masks]
    for kind in ("dropout", "draw"):
        if kind == "draw":
            found = judge(kind, masks[0], shared[1])
            assert found == (Verdict.DIFFERENT, "the same all along axis 1 here, and drawn in the baseline")
            found = judge(kind, shared[0], masks[1])
            assert found == (Verdict.DIFFERENT, "the same all along axis 1 in the baseline, and drawn here")
        assert "1024 numbers a side" in judge(kind, *shared).evidence
    few = [(rng(seed).random_sample((3, 2)) < 0.5) * 2.0 for seed in (0, 1)]
    assert judge("draw", np.repeat(few[0][:, :1], 2, axis=1), few[1]).verdict is Verdict.NOT_COMPARABLE


def test_samples_of_large_draws_count_with_the_whole_one() -> None:
    """Under other seeds of a large draw only some elements are kept."""
    a, b = (rng(s).standard_normal((300, 100)) for s in (0, 1))
    samples = [rng(s).standard_normal((8, 1000)) for s in (2, 3)]
    found = judge("init", a, b, *samples)
    assert found.same
    assert "9 draws and 38000 numbers a side" in found.evidence
