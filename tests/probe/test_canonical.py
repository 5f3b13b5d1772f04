"""Canonical inputs: the same bits everywhere, in the ranges that an optimizer's settings show in."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from .adopted import bits, canonical, fingerprint, optimizers

MANY = (40, 25)
"""A shape of so many elements that chance makes no two draws of them equal."""

FLOATS = ("float16", "float32", "float64")

NAMES = st.text(st.characters(codec="utf-8"), max_size=8)
SHAPES = hnp.array_shapes(min_dims=0, min_side=0)


DEPTHS = [[6, 13, 2, 3], [21, 7, 3, 21], [20, 16, 13, 10]]
DIGESTS = {
    "uniform": "714cdf2fe58f8daa",
    "signed": "808c1bfce7024f55",
    "squared": "1d42cfd3db2a0a37",
    "jittered": "b4f5b739b9c38966",
}


def digest_of(array: Any) -> str:
    """Return the first digits of an array's digest."""
    return str(fingerprint.digest(fingerprint.canonical(array)))[:16]


def magnitudes_lie_at(found: NDArray[Any], depth: NDArray[Any]) -> bool:
    """Tell whether each magnitude lies in [2^-depth / 2, 2^-depth)."""
    top = np.ldexp(1.0, -depth)
    return bool(np.all((top / 2 <= np.abs(found)) & (np.abs(found) < top)))


def test_canonical_arrays_have_these_bits_in_every_release_of_numpy() -> None:
    """The arrays of fixed names have the digests that they had when this was written."""
    depth = canonical.depths("dense/kernel", (3, 4))
    assert depth.tolist() == DEPTHS
    assert {
        "uniform": digest_of(canonical.uniform("batch/x", (3, 4), "float32")),
        "signed": digest_of(canonical.signed("gradient/dense/kernel", depth, "float32")),
        "squared": digest_of(canonical.squared("slots/dense/kernel/v", depth, "float32")),
        "jittered": digest_of(canonical.jittered(np.ones((3, 4), np.float32), "data/x", 1)),
    } == DIGESTS


@given(NAMES, SHAPES)
def test_a_uniform_array_is_exact_in_float32(name: str, shape: tuple[int, ...]) -> None:
    """Its elements are multiples of 2^-20 in [-0.5, 0.5), and the same numbers in float32 and in float64."""
    single, double = (canonical.uniform(name, shape, dtype) for dtype in ("float32", "float64"))
    assert (single.dtype, single.shape) == (np.float32, shape)
    assert np.array_equal(single, double)
    assert np.array_equal(double * 2**20, np.round(double * 2**20))
    assert np.all((double >= -0.5) & (double < 0.5))


@given(NAMES, NAMES)
def test_arrays_differ_where_their_names_do(one: str, other: str) -> None:
    """Two arrays of one shape are equal where they have one name, and only there."""
    depth = np.zeros(MANY, np.int64)
    first, second = (
        (
            bits(canonical.uniform(name, MANY, "float32")),
            bits(canonical.signed(name, depth, "float32")),
            bits(canonical.squared(name, depth, "float32")),
            bits(canonical.depths(name, MANY)),
        )
        for name in (one, other)
    )
    assert [a == b for a, b in zip(first, second, strict=True)] == [one == other] * 4


def test_depths_reach_over_the_whole_spread() -> None:
    """The elements of a large gradient lie at every power of two from 2^0 to 2^-SPREAD."""
    assert set(canonical.depths("x", MANY).ravel().tolist()) == set(range(canonical.SPREAD + 1))


@given(NAMES, hnp.arrays(np.int64, SHAPES, elements=st.integers(0, 24)))
def test_a_signed_array_lies_at_its_depth(name: str, depth: NDArray[Any]) -> None:
    """Each magnitude lies between 2^-depth / 2 and 2^-depth, in the dtype asked for."""
    found = canonical.signed(name, depth, "float32")
    assert (found.dtype, found.shape) == (np.float32, depth.shape)
    assert magnitudes_lie_at(found, depth)


@given(NAMES, hnp.arrays(np.int64, SHAPES, elements=st.integers(0, 24)))
def test_an_array_of_squares_is_positive_and_twice_as_deep(name: str, depth: NDArray[Any]) -> None:
    """Each square lies between 2^(-2 depth) / 2 and 2^(-2 depth), in the dtype asked for."""
    found = canonical.squared(name, depth, "float32")
    assert (found.dtype, found.shape) == (np.float32, depth.shape)
    assert np.all(found > 0)
    assert magnitudes_lie_at(found, 2 * depth)


def test_a_signed_array_has_both_signs() -> None:
    """About half of a large signed array is negative."""
    assert 0.4 < np.mean(canonical.signed("x", np.zeros(MANY, np.int64), "float32") < 0) < 0.6


@pytest.mark.parametrize("name", FLOATS)
@given(data=st.data(), draw=st.integers(-1000, 1000).filter(bool))
def test_jitter_moves_each_element_to_a_neighbour(name: str, data: st.DataObject, draw: int) -> None:
    """Every finite element becomes the next number up or the next number down, in its own dtype."""
    finite = hnp.from_dtype(np.dtype(name), allow_nan=False, allow_infinity=False, min_value=-1000, max_value=1000)
    array = data.draw(hnp.arrays(np.dtype(name), SHAPES, elements=finite))
    moved = canonical.jittered(array, "x", draw)
    up, down = (np.nextafter(array, array.dtype.type(end)) for end in (np.inf, -np.inf))
    assert (moved.dtype, moved.shape) == (array.dtype, array.shape)
    assert np.all(((moved == up) | (moved == down)) & (moved != array))


def test_jitter_goes_both_ways() -> None:
    """About half of a large array moves up, and the rest moves down."""
    ones = np.ones(MANY, np.float32)
    assert 0.4 < np.mean(canonical.jittered(ones, "x", 1) > ones) < 0.6


@given(st.sets(st.integers(1, 10**6), min_size=2, max_size=2))
def test_every_draw_of_a_jitter_is_another(draws: set[int]) -> None:
    """Two draws move the elements of one array differently, so that their spread is a noise floor."""
    array = canonical.uniform("x", MANY, "float32")
    one, other = (canonical.jittered(array, "x", draw) for draw in draws)
    assert bits(one) != bits(other)


def test_jitter_depends_on_the_name() -> None:
    """Two arrays of one trial are not moved in step."""
    array = canonical.uniform("x", MANY, "float32")
    assert bits(canonical.jittered(array, "x", 1)) != bits(canonical.jittered(array, "y", 1))


def test_jitter_moves_a_single_number() -> None:
    """A NumPy scalar, as an optimizer's setting is, moves by one ULP too."""
    moved = np.float32(canonical.jittered(np.float32(0.001), "optimizer/learning_rate", 1))
    assert abs(int(moved.view(np.int32)) - int(np.float32(0.001).view(np.int32))) == 1


@pytest.mark.parametrize("draw", [0, 1, 2])
@pytest.mark.parametrize("dtype", ["float32", "float16", ml_dtypes.bfloat16, "int32", "bool", "S3"])
def test_what_is_not_to_be_jittered_keeps_its_bits(dtype: Any, draw: int) -> None:
    """Draw 0 moves nothing, and no draw moves integers, booleans or strings."""
    array = np.ones(MANY, dtype)
    moved = canonical.jittered(array, "x", draw)
    assert (bits(moved) == bits(array)) == (draw == 0 or dtype in {"int32", "bool", "S3"})


@pytest.mark.parametrize(
    ("dtype", "told"),
    [
        ("float16", True),
        ("float64", True),
        (ml_dtypes.bfloat16, True),
        ("int32", False),
        ("bool", False),
        ("S1", False),
    ],
)
def test_bfloat16_is_a_float_too(dtype: Any, told: bool) -> None:
    """The floating-point dtypes are NumPy's own and bfloat16."""
    assert canonical.is_float(dtype) == told


def test_a_gradient_lies_at_the_depths_of_its_variable() -> None:
    """A dense gradient has its variable's shape, its own dtype and both signs, element by element at one depth."""
    like = {"dense/kernel": np.zeros(MANY, np.float32)}
    made = canonical.gradients_like(like, {"dense/kernel": np.zeros(MANY, np.float64)})["dense/kernel"]
    assert (made.dtype, made.shape) == (np.float32, MANY)
    assert magnitudes_lie_at(made, canonical.depths("dense/kernel", MANY))
    assert np.any(made < 0)


def test_a_sparse_gradient_keeps_its_indices() -> None:
    """Its values lie at the depths of the rows that the indices name, and a row named twice has two values."""
    indices = np.array([7, 0, 7], np.int32)
    like = {"table.indices": indices, "table.values": np.zeros((3, 25), np.float32)}
    made = canonical.gradients_like(like, {"table": np.zeros(MANY, np.float32)})
    assert bits(made["table.indices"]) == bits(indices)
    assert magnitudes_lie_at(made["table.values"], canonical.depths("table", MANY)[indices])
    assert bits(made["table.values"][0]) != bits(made["table.values"][2])


def test_a_variable_without_a_gradient_gets_none() -> None:
    """The names of the gradients are those that the model has."""
    variables = {name: np.zeros(3, np.float32) for name in ("used", "unused")}
    assert canonical.gradients_like({"used": np.zeros(3, np.float32)}, variables).keys() == {"used"}


def test_slots_are_as_deep_as_their_gradient_and_its_squares() -> None:
    """A slot of gradients has their depths and both signs; one of squares is positive and twice as deep."""
    like = {f"dense/kernel/{slot}": np.zeros(MANY, np.float32) for slot in ("m", "v")}
    made = canonical.slots_like(like, {"v"})
    depth = canonical.depths("dense/kernel", MANY)
    assert magnitudes_lie_at(made["dense/kernel/m"], depth)
    assert np.any(made["dense/kernel/m"] < 0)
    assert magnitudes_lie_at(made["dense/kernel/v"], 2 * depth)
    assert np.all(made["dense/kernel/v"] > 0)


@pytest.mark.parametrize("optimizer", sorted(optimizers.SLOTS))
def test_no_slot_that_an_optimizer_takes_the_root_of_is_negative(optimizer: str) -> None:
    """Of each optimizer's slots those that hold squares are positive, and the others have both signs."""
    like = {f"dense/kernel/{slot}": np.zeros(MANY, np.float32) for slot in optimizers.SLOTS[optimizer]}
    made = canonical.slots_like(like, optimizers.SQUARED)
    positive = {name.rpartition("/")[2] for name, array in made.items() if np.all(array > 0)}
    assert positive == SQUARES[optimizer]


SQUARES = {
    "Adam": {"v", "vhat"},
    "AdamW": {"v", "vhat"},
    "Nadam": {"v"},
    "Adamax": {"v"},  # the largest magnitude that a gradient had
    "Adadelta": {"accum_grad", "accum_var"},
    "SGD": set(),
    "RMSprop": {"rms"},
    "Adagrad": {"accumulator"},
    "Ftrl": {"accumulator"},
}


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize(("what", "least", "most"), [("uniform", 0, 1), ("normal", -6, 6), ("truncated_normal", -2, 2)])
def test_what_stands_for_a_draw_is_of_its_kind(what: str, least: float, most: float, dtype: str) -> None:
    """Its values lie where the distribution's do, below the upper end in every dtype, and are the same each time."""
    made = canonical.drawn(what, "layer/uniform#1", (50, 4), np.dtype(dtype), (None, None))
    assert (made.shape, made.dtype.name) == ((50, 4), dtype)
    assert least <= np.min(made) < np.mean(made) < np.max(made) < most
    again = canonical.drawn(what, "layer/uniform#1", (50, 4), np.dtype(dtype), (None, None))
    assert bits(made) == bits(again)
    other = canonical.drawn(what, "layer/uniform#2", (50, 4), np.dtype(dtype), (None, None))
    assert bits(made) != bits(other)


def test_integers_that_stand_for_a_draw_keep_its_bounds() -> None:
    """Where the bounds are not known, or the kind is not, nothing stands for it."""
    made = canonical.drawn("uniform_int", "n", (100,), np.dtype("int32"), (3, 6))
    assert set(made.tolist()) == {3, 4, 5}
    assert canonical.drawn("full_int", "n", (3,), np.dtype("int64"), (None, None)).dtype == np.int64
    assert canonical.drawn("uniform_int", "n", (3,), np.dtype("int32"), (None, 6)) is None
    assert canonical.drawn("gamma", "n", (3,), np.dtype("float32"), (None, None)) is None
