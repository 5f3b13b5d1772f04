"""A small selection of the self-test, and that its tables agree; `nox -s selftest` runs the whole."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

import pytest

from tfmatrix.records import InstalledEnvironment

from .faults import FAULTS, Fault
from .judging import judge
from .planting import PLANTS, Bench

SELECTED = (
    "one ULP: injected gradient/conv/kernel",
    "-0.0 for 0.0",
    "a uniform initializer, mean and variance kept",
    "a dropped variable",
    "epsilon 1e-8 for 1e-7",
    "a smaller shuffle buffer",
    "an extra random op before the model",
    "one trial of three another",
    "an empty trace",
)


@pytest.fixture(scope="module")
def bench(
    tmp_path_factory: pytest.TempPathFactory, made_environment: Callable[..., InstalledEnvironment]
) -> Iterator[Bench]:
    """Return a bench on a real release."""
    with Bench(made_environment("2.15.1"), tmp_path_factory.mktemp("selftest")) as bench:
        yield bench


@pytest.mark.integration
@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault.name in SELECTED], ids=lambda fault: fault.name)
def test_a_planted_fault_is_found_placed_and_judged(bench: Bench, fault: Fault) -> None:
    """The report names the stage that a fault was planted in, blames no other, and gives it the right verdict."""
    row = judge(fault, *bench.plant(fault))
    assert row.passed, row


@pytest.mark.integration
def test_nothing_planted_is_called_identical(bench: Bench) -> None:
    """A release against itself, observed anew, is identical."""
    cell, report = bench.repeat("linear", "tf2")
    assert cell.verdict == "identical"
    assert "May I upgrade?" in report


def test_every_fault_is_one_that_can_be_planted() -> None:
    """The table of faults and the probe's table of plants name the same; one ULP goes by the tensor's name."""
    tree = ast.parse(PLANTS.read_text(encoding="utf-8"))
    table = next(n.value for n in tree.body if isinstance(n, ast.AnnAssign | ast.Assign) and "PLANTS" in ast.dump(n))
    assert isinstance(table, ast.Call)
    (plants,) = table.args
    assert isinstance(plants, ast.Dict)
    names = {key.value for key in plants.keys if isinstance(key, ast.Constant)}
    assert names == {fault.name for fault in FAULTS if not fault.name.startswith("one ULP: ")}
    assert set(SELECTED) <= {fault.name for fault in FAULTS}
