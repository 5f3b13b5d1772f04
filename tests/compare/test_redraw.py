"""Redraw tests: other numbers of one distribution pass, another distribution does not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfmatrix.compare.redraw import judge

LEAST_NUMBERS = 32
SEEDS = settings(derandomize=True, max_examples=40)


def rng(seed: int) -> np.random.RandomState:
    """Return a generator."""
    return np.random.RandomState(seed)


@given(st.integers(0, 2**31 - 1))
@SEEDS
def test_another_seed_is_a_redraw(seed: int) -> None:
    """Two draws of one generator, whatever the seeds, are of the same distribution."""
    a, b = (rng(s).standard_normal(256).astype(np.float32) for s in (seed, seed + 1))
    assert judge("draw", a, b).same
    assert judge("shuffle", rng(seed).permutation(100), rng(seed + 1).permutation(100)).same
    masks = [(rng(s).random_sample(256) < 0.5) * np.float32(2) for s in (seed, seed + 1)]
    assert judge("dropout", *masks).same


@given(st.integers(0, 2**31 - 1))
@SEEDS
def test_other_initial_weights_are_a_redraw_by_the_baselines_other_seeds(seed: int) -> None:
    """Initial weights are judged by those under other seeds, of both sides."""
    first, second = (rng(s).uniform(-1, 1, (33, 10, 10)) for s in (seed, seed + 1))
    assert judge("init", first[0], second[0], first[1:], second[1:]).same


@pytest.mark.parametrize("seed", range(5))
def test_a_uniform_draw_of_the_same_mean_and_variance_is_no_redraw(seed: int) -> None:
    """Another distribution is found though its moments are the same."""
    normal = rng(seed).standard_normal((33, 10, 10))
    uniform = rng(seed + 99).uniform(-(3**0.5), 3**0.5, (33, 10, 10))
    assert not judge("init", normal[0], uniform[0], normal[1:], uniform[1:]).same


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
    ],
    ids=[
        "rows twice", "no shuffle", "a row less", "keep rate", "scale of the mask", "variance", "nan", "dtype",
    ],
)  # fmt: skip
def test_another_meaning_is_no_redraw(kind: str, a: Any, b: Any) -> None:
    """Other rows, no shuffle at all, another keep rate or scale, NaN or another dtype are no redraw."""
    found = judge(kind, a, b)
    assert not found.same
    assert found.evidence


def buffered(seed: int, size: int, rows: int = 400) -> list[int]:
    """Return the order in which a shuffle over a buffer of some size visits rows."""
    generator, buffer, order = rng(seed), list(range(size)), []
    for row in range(size, rows + size):
        place = generator.randint(len(buffer))
        order.append(buffer[place])
        if row < rows:
            buffer[place] = row
        else:
            buffer.pop(place)
    return order


def test_a_smaller_shuffle_buffer_is_no_redraw_and_an_equal_one_is() -> None:
    """The same rows, moved less far than in the baseline, are told from another shuffle over the same buffer."""
    assert judge("shuffle", np.array(buffered(0, 10)), np.array(buffered(1, 10))).same
    assert not judge("shuffle", np.array(buffered(0, 10)), np.array(buffered(1, 3))).same


def test_the_same_weights_in_other_places_are_no_redraw() -> None:
    """A transposed kernel has the distribution of a redraw, and is none."""
    kernel, more = rng(0).uniform(size=(10, 10)), rng(1).uniform(size=(32, 10, 10))
    assert not judge("init", kernel, kernel.T, more, more).same


def test_too_few_numbers_are_never_a_redraw() -> None:
    """Where no test has power the verdict is not assumed, and the evidence says so."""
    few = rng(0).uniform(size=LEAST_NUMBERS - 1)
    found = judge("draw", few, rng(1).uniform(size=few.size))
    assert not found.same
    assert "too few" in found.evidence
    assert not judge("init", few, few + 1).same


@pytest.mark.parametrize("kind", ["draw", "shuffle", "seed"])
def test_as_few_numbers_as_the_limit_are_judged(kind: str) -> None:
    """At the limit itself a test is made."""
    a, b = (
        (rng(s).permutation(LEAST_NUMBERS) if kind == "shuffle" else rng(s).uniform(size=LEAST_NUMBERS)) for s in (0, 1)
    )
    found = judge(kind, a, b)
    assert found.same
    assert "p = " in found.evidence


def test_each_pass_over_the_rows_has_places_of_its_own() -> None:
    """Where each row comes twice, the second pass is measured from its own start, and rows need not begin at zero."""
    passes = [np.concatenate([10 + rng(s).permutation(200), 10 + rng(s + 9).permutation(200)]) for s in (0, 1)]
    assert judge("shuffle", *passes).same
    unshuffled = np.concatenate([np.arange(10, 210)] * 2)
    assert not judge("shuffle", passes[0], unshuffled).same
    assert judge("shuffle", unshuffled, unshuffled) == (
        True, "the same 400 rows in another order, chi-squared p = 1 for how far they moved",
    )  # fmt: skip


def test_which_pass_a_row_moved_in_is_no_difference() -> None:
    """Two passes, one in order and one shuffled, move rows as far whichever comes first."""
    ordered, shuffled = np.arange(200), rng(0).permutation(200)
    assert judge("shuffle", np.concatenate([ordered, shuffled]), np.concatenate([shuffled, ordered])).same


@pytest.mark.parametrize("size", [16, 256])
def test_one_draw_that_comes_under_every_seed_is_counted_once(size: int) -> None:
    """A script that seeds itself draws the same under other seeds: few numbers do not become many by repeating them."""
    random = np.random.RandomState(3)
    a, b = random.random_sample((2, size))
    found = judge("init", a, b, np.stack([a] * 32), np.stack([b] * 32))
    assert found.same == (size == 256)
    told = "the same under every seed, 256 numbers" if found.same else "16 numbers are too few to tell by"
    assert found.evidence.endswith(told)
    assert not judge("init", a, b * 2, np.stack([a] * 32), np.stack([b * 2] * 32)).same
