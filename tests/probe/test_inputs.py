"""What a saved model is called on: canonical inputs by its signature, and the user's own, which have to fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from .adopted import inputs, outcomes

WORDS = inputs.Input("words", (None, 6), np.int32, 20)
IMAGE = inputs.Input("image", (None, None, 3), np.float32)


def written(folder: Path, *arrays: Any, **named: Any) -> str:
    """Return the path of a file of arrays."""
    np.savez(folder / "in.npz", *arrays, **named)
    return str(folder / "in.npz")


def test_canonical_inputs_fit_the_signature_whatever_its_names_are() -> None:
    """Whole numbers lie within a vocabulary, and the n-th input has the same values under any name."""
    made = inputs.chosen("m", [WORDS, IMAGE])
    assert made["words"].dtype == np.int32
    assert made["words"].shape == (4, 6)
    assert 0 <= made["words"].min() < made["words"].max() < 20
    assert made["image"].shape == (4, 32, 3)
    renamed = inputs.chosen("m", [WORDS._replace(name="w"), IMAGE._replace(name="i")])
    assert [np.array_equal(a, b) for a, b in zip(made.values(), renamed.values(), strict=True)] == [True, True]


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        ([], "does not say what it is called on"),
        ([IMAGE._replace(shape=None)], "takes image of any shape"),
        ([IMAGE._replace(dtype=np.object_)], "takes image of strings"),
    ],
)
def test_where_a_file_says_too_little_its_user_has_to(wanted: Any, told: str) -> None:
    """In one sentence, which says what to do."""
    with pytest.raises(outcomes.BadModel, match=told) as caught:
        inputs.chosen("m.keras", wanted)
    assert "name a file of `inputs`" in str(caught.value)


def test_inputs_go_by_name_or_by_place(tmp_path: Path) -> None:
    """In the order in which the file takes them."""
    words, image = np.zeros((2, 6), np.int32), np.zeros((2, 5, 3), np.float32)
    path = written(tmp_path, image=image, words=words)
    assert list(inputs.given("m", path, [WORDS, IMAGE])) == ["words", "image"]
    path = written(tmp_path, words, image)
    assert inputs.given("m", path, [WORDS, IMAGE])["image"].shape == (2, 5, 3)
    assert list(inputs.given("m", path, [])) == ["arr_0", "arr_1"]


@pytest.mark.parametrize(
    ("named", "told"),
    [
        ({"word": np.zeros((2, 6), np.int32)}, "in.npz has word, which m does not take; did you mean 'words'?"),
        ({"words": np.zeros((2, 6))}, "in.npz has words of float64, and m takes int32"),
        ({"words": np.zeros((2, 5), np.int32)}, r"the shape \(2, 5\), and m takes \(any, 6\)"),
        ({"words": np.zeros(6, np.int32)}, r"the shape \(6,\)"),
        ({"words": np.array([b"a"])}, "in.npz has words of bytes8, and m takes int32"),
        ({}, "in.npz has no array"),
    ],
)
def test_inputs_that_do_not_fit_are_told(tmp_path: Path, named: Any, told: str) -> None:
    """By what they are and what the file takes: nothing is cast without a word."""
    with pytest.raises(outcomes.BadModel, match=told):
        inputs.given("m", written(tmp_path, **named), [WORDS])


def test_one_input_of_several_may_not_lack(tmp_path: Path) -> None:
    """Its name is told."""
    path = written(tmp_path, words=np.zeros((2, 6), np.int32))
    with pytest.raises(outcomes.BadModel, match=r"in\.npz lacks image, which m takes"):
        inputs.given("m", path, [WORDS, IMAGE])


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04"])
def test_what_is_no_file_of_arrays_is_told(tmp_path: Path, content: bytes) -> None:
    """And so are objects, which only a pickle holds."""
    (tmp_path / "in.npz").write_bytes(content)
    with pytest.raises(outcomes.BadModel, match=r"in\.npz is no .npz of arrays"):
        inputs.given("m", str(tmp_path / "in.npz"), [WORDS])
    path = written(tmp_path, words=np.array([{}], dtype=object))
    with pytest.raises(outcomes.BadModel, match=r"in\.npz is no .npz of arrays"):
        inputs.given("m", path, [WORDS])
