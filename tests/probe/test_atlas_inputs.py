"""What single ops are given: the same bits with every NumPy, no value rounded, and every special value there."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from .adopted import atlas_inputs, atlas_rows, fingerprint

SIZES = {"n": 7, "m": 13, "k": 5}

FLOATS = ("float16", "bfloat16", "float32", "float64", "float8_e5m2", "float8_e4m3fn")


def numpy_of(dtype: str) -> np.dtype[Any]:
    """Return NumPy's type of a name."""
    return np.dtype(getattr(ml_dtypes, dtype, None) or dtype)


@pytest.fixture(autouse=True)
def _types(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have TensorFlow's stand-in know NumPy's types."""

    def as_dtype(name: str) -> SimpleNamespace:
        return SimpleNamespace(as_numpy_dtype=numpy_of(name).type)

    monkeypatch.setattr(atlas_inputs.tf, "as_dtype", as_dtype, raising=False)


def made(fill: str, *shape: Any, dtype: str = "float32", special: bool = False) -> Any:
    """Return an array of one op and case."""
    return atlas_inputs.Maker("Exp/odd", SIZES, special).array("x", [fill, *shape], dtype)


def digest(array: Any) -> str:
    """Return the first digits of an array's digest."""
    return str(fingerprint.digest(fingerprint.canonical(array)))[:16]


def test_arrays_have_these_bits_in_every_release_of_numpy() -> None:
    """They have the digests that they had when this was written."""
    assert {fill: digest(made(fill, "n", "m").astype("float32")) for fill in ("uniform", "positive", "unit")} == {
        "uniform": "cfcf8fcf49556dbe",
        "positive": "32a49687266e235a",
        "unit": "d1c046b2e1e6815f",
    }
    assert digest(np.asarray(made("below:k", "n"), "int64")) == "6ee571dcfb345ae3"


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("fill", ["uniform", "positive", "unit", "nonzero"])
def test_no_value_is_rounded(dtype: str, fill: str) -> None:
    """Each is one of the type's own, whichever conversion a release has."""
    drawn = made(fill, 40, 257, dtype=dtype)
    assert (drawn.astype(numpy_of(dtype)).astype("float64") == drawn).all()
    low, high = {"positive": (1e-9, 2), "unit": (0, 1), "nonzero": (-2, 2)}.get(fill, (-2, 2))
    assert low <= drawn.min() <= drawn.max() <= high
    assert fill != "nonzero" or drawn.all()


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_every_special_value_is_there(dtype: str) -> None:
    """NaN, both infinities and zeros, denormal numbers, the largest and the smallest normal one."""
    found = made("uniform", 40, 40, dtype=dtype, special=True)
    numbers = found.astype("float64")
    info = ml_dtypes.finfo(numpy_of(dtype))  # type: ignore[no-untyped-call, unused-ignore]  # newer releases type it
    assert np.isnan(numbers).any()
    assert {-np.inf, np.inf, float(info.max), -float(info.max), float(info.tiny), 1.0} <= set(numbers.ravel().tolist())
    assert (np.signbit(numbers) & (numbers == 0)).any()
    assert ((numbers != 0) & (np.abs(numbers) < float(info.tiny))).any()
    assert found.dtype == numpy_of(dtype)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int64", "uint64", "qint32"])
def test_whole_numbers_have_their_extremes(dtype: str) -> None:
    """The smallest and the largest; none of them is zero where it divides."""
    info = np.iinfo(atlas_inputs.STORED_AS.get(dtype, dtype))
    assert {info.min, info.max} <= set(made("uniform", 40, 40, dtype=dtype, special=True).ravel().tolist())
    assert made("nonzero", 40, 40, dtype=dtype, special=True).all()


def test_places_of_a_sparse_tensor_are_in_order_and_each_once() -> None:
    """As a sparse tensor must have them."""
    places = [tuple(one) for one in made("positions:k", "n", "m").tolist()]
    assert places == sorted(set(places))
    assert len(places) == SIZES["k"]


@pytest.mark.parametrize("dtype", ["float32", "complex64"])
def test_matrices_are_positive_definite(dtype: str) -> None:
    """And Hermitian, so that each has the decompositions that it is given to."""
    matrix = made("definite", 40, 40, dtype=dtype)
    assert (matrix == np.conj(matrix.T)).all()
    assert (np.linalg.eigvalsh(matrix) > 0).all()


def test_every_entry_of_the_templates_is_of_a_kind_that_is_known() -> None:
    """A word that no array is filled with, or a letter that is no size, would fail in every release."""
    sizes = set.intersection(*(set(one) for one in atlas_rows.TEMPLATES["sizes"].values()))

    def check(said: Any) -> None:
        if isinstance(said, list):
            fill, _, parameter = said[0].partition(":")
            assert fill in {*atlas_inputs.FILLS, "uniform", "positive", "unit", "nonzero"}, said
            assert not parameter or parameter.isdigit() or parameter in sizes, said
            assert all(isinstance(one, int) or one in sizes for one in said[1:]), said
        else:
            assert set(said) in ({"is"}, {"bytes"}, {"each", "of"}, {"all"}, {"types", "of"}), said
            for one in said.get("all", [said["of"]] if "of" in said else []):
                check(one)

    for said in atlas_rows.TEMPLATES["arguments"].values():
        check(said)
    seen: set[str] = set()
    for entry in atlas_rows.TEMPLATES["ops"]:
        assert set(entry) <= {"names", "inputs", "attributes", "types", "fixed", "variants"}, entry
        assert not seen & set(entry["names"]), json.dumps(entry)
        seen |= set(entry["names"])
        for case, other in entry.get("variants", {}).items():
            assert set(other) <= {"inputs", "attributes"}, other
            assert case not in {*atlas_rows.TEMPLATES["sizes"], *atlas_rows.WAYS}, case
        for one in (entry, *entry.get("variants", {}).values()):
            for said in one.get("inputs", {}).values():
                check(said)
