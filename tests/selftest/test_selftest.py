"""A small selection of the self-test, and that its tables agree; `nox -s selftest` runs the whole."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tfmatrix.records import InstalledEnvironment

from .changes import CHANGED, CHANGES, SCRIPTS, Change, run
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


SELECTED_CHANGES = (
    "classifier[learning rate]",
    "classifier[seed shared]",
    "classifier[twin: other initial weights]",
    "classifier[twin: a metric more]",
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
    assert report.startswith("# May I move from TensorFlow 2.15.1?")


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


def test_every_change_is_one_that_a_model_knows() -> None:
    """The table of changes names each variant of a model, and what each script asks for; half are behind a redraw."""
    for path in CHANGED.glob("[a-z]*.py"):
        text = path.read_text(encoding="utf-8")
        mine = {change.name for change in CHANGES if change.model == path.stem}
        if path.stem in SCRIPTS:
            asked = set(re.findall(r'has\("([^"]+)"\)', text))
            assert asked <= mine
            assert all(name.startswith("twin ") for name in mine - asked)
        else:
            tree = ast.parse(text)
            (table,) = (
                n.value for n in tree.body if isinstance(n, ast.Assign) and ast.dump(n.targets[0]).count("VARIANTS")
            )
            assert isinstance(table, ast.Dict)
            assert {key.value for key in table.keys if isinstance(key, ast.Constant)} == mine
    twins = [change for change in CHANGES if change.is_twin]
    assert len(CHANGES) - len(twins) >= 30
    assert len(twins) >= 30


@pytest.mark.integration
def test_changes_in_keras_models_are_found_and_twins_are_not(
    tmp_path: Path, made_environment: Callable[..., InstalledEnvironment]
) -> None:
    """As a user runs them; behind a redraw as well."""
    made_environment("2.15.1")
    chosen: list[Change] = [change for change in CHANGES if change.cell in SELECTED_CHANGES]
    assert len(chosen) == len(SELECTED_CHANGES)
    failed = [answer for answer in run(tmp_path, chosen) if not answer.passed]
    assert not failed
