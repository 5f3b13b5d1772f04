"""An optimizer's numbers in a trial that measures the noise floor: moved by one ULP, or corrected otherwise."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from .adopted import optimizers

ADAM: dict[str, Any] = {"learning_rate": 0.01, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7, "amsgrad": False}


def ulps(a: float, b: float) -> float:
    """Return how many float32 ULPs two numbers lie apart."""
    return abs(a - b) / float(np.spacing(np.float32(a)))


def test_a_trial_that_is_not_jittered_settles_nothing() -> None:
    """Every number stays what it was."""
    assert optimizers.settler(0)(ADAM) == ADAM


@pytest.mark.parametrize("draw", [1, 2, 3])
def test_a_jittered_trial_moves_each_number_by_one_ulp_of_float32(draw: int) -> None:
    """Other settings stay, and so does a 0, which switches something off."""
    given = {**ADAM, "momentum": 0.0, "name": "Adam", "rho": np.float32(0.9)}
    found = optimizers.settler(draw)(given)
    for name in ("learning_rate", "beta_1", "beta_2", "epsilon", "rho"):
        assert ulps(given[name], found[name]) == pytest.approx(1, abs=0.51), (
            name
        )  # half as much down from a power of two
    assert {name: found[name] for name in ("momentum", "name", "amsgrad")} == {
        "momentum": 0.0,
        "name": "Adam",
        "amsgrad": False,
    }


def test_a_moved_number_is_rounded_by_float32_as_far_as_it_was() -> None:
    """What a release computes in float64 beside float32 stays as far apart: that is another trial's to show."""
    moved = optimizers.settler(1)(ADAM)["beta_2"]
    assert moved - float(np.float32(moved)) == pytest.approx(0.999 - float(np.float32(0.999)), abs=1e-15)


@pytest.mark.parametrize(
    ("settings", "apart"),
    [
        (ADAM, -6.676e-6),
        ({"learning_rate": 0.01, "beta1": 0.9, "beta2": 0.999}, -6.676e-6),
        ({"learning_rate": np.float32(0.01), "beta_2": 0.999}, -6.437e-6),
        ({"learning_rate": 0.01, "beta_1": 0.9}, -2.384e-7),
        ({"learning_rate": 0.01, "momentum": 0.9}, 0.0),
        ({"learning_rate": 0.01, "beta_1": 0.0, "beta_2": 0.5}, 0.0),
    ],
)
def test_an_equivalent_execution_has_the_rate_of_another_correction(settings: dict[str, Any], apart: float) -> None:
    """1 - 0.999 in float32 is 1.3e-5 less than 0.001, and Adam's rate goes by its root; 1 - 0.9 is 2.4e-7 more."""
    found = optimizers.settler(0, equivalent=True)(settings)
    assert found["learning_rate"] / float(settings["learning_rate"]) - 1 == pytest.approx(apart, abs=2e-9)
    assert {n: v for n, v in found.items() if n != "learning_rate"} == {
        n: v for n, v in settings.items() if n != "learning_rate"
    }


class Symbolic:
    """A tensor of a graph, which has no truth."""

    def __bool__(self) -> bool:
        raise TypeError


def test_a_rate_that_a_graph_is_fed_stays() -> None:
    """As a script of version 1 has it."""
    rate = Symbolic()
    found = optimizers.settler(1)({"learning_rate": rate, "momentum": 0.9})
    assert found["learning_rate"] is rate
    assert found["momentum"] != 0.9


def test_a_schedule_is_no_number() -> None:
    """Its rate is what it computes, and stays."""
    schedule = {"class_name": "ExponentialDecay"}
    assert optimizers.settler(1, equivalent=True)({"learning_rate": schedule}) == {"learning_rate": schedule}
