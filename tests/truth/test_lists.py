"""What the plain script computed in two releases, as changes, and whether a matrix names them."""

from __future__ import annotations

from typing import Any

import numpy as np

from truth.lists import DEFAULT, DRAW, REFUSED, ROUNDING, SIGN, VALUE, Change, compare, named_by

BEFORE: dict[str, Any] = {
    "layer Dense output": np.array([1, 2], np.float32),
    "layer Dense setting units": np.array("3"),
    "layer Dropout output in training": np.array([0, 2], np.float32),
    "layer Crop output": np.array([[1]], np.float32),
    "optimizer Lion setting learning_rate": np.array("0.0001"),
    "layer Pool output": np.array([1], np.float32),
    "layer Gone output": np.array([1], np.float32),
}
AFTER: dict[str, Any] = {
    "layer Dense output": np.array([1, np.nextafter(np.float32(2), np.float32(3))], np.float32),
    "layer Dense setting units": np.array("3"),
    "layer Dropout output in training": np.array([2, 0], np.float32),
    "layer Crop output": np.array([1], np.float32),
    "optimizer Lion setting learning_rate": np.array("0.001"),
    "layer Pool refused": np.array("TypeError"),
}


def test_changes_are_of_five_kinds() -> None:
    """What is gone is none of them, nor what stays."""
    assert {one.what: one.how for one in compare(BEFORE, AFTER)} == {
        "layer Dense": ROUNDING,
        "layer Dropout": DRAW,
        "layer Crop": VALUE,
        "optimizer Lion": DEFAULT,
        "layer Pool": REFUSED,
    }
    assert list(compare(BEFORE, BEFORE)) == []


def test_another_sign_of_zero_is_no_rounding() -> None:
    """It is another bit of the same number, which no sum shows; beside another number it is not what is told."""
    before = {"layer Drop output": np.array([0, 2], np.float32)}
    assert [one.how for one in compare(before, {"layer Drop output": np.array([-0.0, 2], np.float32)})] == [SIGN]
    after = {"layer Drop output": np.array([-0.0, np.nextafter(np.float32(2), np.float32(3))], np.float32)}
    assert [one.how for one in compare(before, after)] == [ROUNDING]


def test_a_gradient_is_measured_by_the_largest_of_its_class() -> None:
    """One that is 0 but for rounding is rounding, however far it lies from what it was."""
    before = {"layer Bias gradient 0": np.array([1], np.float32), "layer Bias gradient 1": np.array([1e-9], np.float32)}
    after = before | {"layer Bias gradient 1": np.array([-3e-9], np.float32)}
    assert [one.how for one in compare(before, after)] == [ROUNDING]
    assert [one.how for one in compare(before, before | {"layer Bias gradient 1": np.array([1e-3], np.float32)})] == [
        VALUE
    ]


def test_a_change_is_named_by_a_model_that_uses_the_class() -> None:
    """And that is no rounding where the class has another value; a name within another is not that class."""
    step = {"changed": [{"verdict": "rounding", "tier": "native", "stage": "loss", "cells": ["a[x]/tf2", "b/tf2"]}]}
    sources = {"a": "layers.Dense(3)", "b": "layers.DenseFeatures()"}
    assert named_by(Change("layer Dense", ROUNDING, ""), step, sources) == ["a[x] (rounding native loss)"]
    assert named_by(Change("layer Dense", VALUE, ""), step, sources) == []
