"""Explanations on real releases: whose a change is, which operations it is made of, and what undoes it.

What Keras 3 changed here was told by plain scripts (`nox -s explained` holds many more against them): the order of a
second epoch, a batch normalization of single operations, and an embedding's gradient that is no longer sparse.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tfmatrix import config
from tfmatrix.cli.explain import EXPLAIN
from tfmatrix.questions.explain.answer import problems
from tfmatrix.questions.explain.plan import make_explain_plan
from tfmatrix.questions.explain.summary import Cell
from tfmatrix.records import InstalledEnvironment
from tfmatrix.runner.rounds import rounds
from tfmatrix.store.store import Store

from .project import Project

pytestmark = pytest.mark.integration

REFERENCE = Path(__file__).parents[2] / "reference_models"
BASELINE, CANDIDATE, KERAS_2 = "2.15.1", "2.16.2", "2.16.2+tf-keras-2.16.0"


@pytest.fixture(scope="module")
def cells(
    tmp_path_factory: pytest.TempPathFactory, made_environment: Callable[..., InstalledEnvironment]
) -> dict[str, Cell]:
    """Return what is said of each cell of two models."""
    for version in (BASELINE, CANDIDATE, KERAS_2):
        made_environment(version)
    folder = tmp_path_factory.mktemp("explain")
    project = Project(folder / "project", [BASELINE, CANDIDATE], [REFERENCE / "embedding.py", REFERENCE / "linear.py"])
    settings = config.load(project.folder).overridden(baseline=BASELINE, trials=1)
    plan = make_explain_plan(settings)
    with Store(folder / "store.sqlite") as store:
        rounds(plan, store, lambda _: None)
        report = EXPLAIN.write(plan, store)[0]
    assert problems(report) == []
    return {cell.name: cell for cell in report.cells}


def test_what_did_not_change_is_not_explained(cells: dict[str, Cell]) -> None:
    """A linear model has the same bits, in both modes; so has an embedding of version 1."""
    assert set(cells) == {"embedding/tf2"}


def test_the_package_is_proved(cells: dict[str, Cell]) -> None:
    """With Keras 2 beside the new TensorFlow every bit is the old one, so nothing is TensorFlow's."""
    cell = cells["embedding/tf2"]
    assert {(one.package, one.package_is) for one in cell.findings} == {("Keras", "proved")}
    undoing = {one.undone for one in cell.findings}
    assert [cell.tried[number].switches for number in undoing if number is not None] == [("keras-2",)]
    legacy = next(one for one in cell.tried if one.switches == ("keras-2",))
    assert set(legacy.after) == {"identical"}
    assert legacy.packages == ("tf-keras-2.16.0",)


def test_other_switches_undo_nothing(cells: dict[str, Cell]) -> None:
    """Neither oneDNN nor any rewriter has a part in it, and each was run."""
    others = [one for one in cells["embedding/tf2"].tried if one.switches != ("keras-2",)]
    assert {"onednn-off", "rewriters-off", "eager-functions", "one-thread"} <= {one.switches[0] for one in others}
    assert {one.outcome for one in others} == {"observed"}
    assert not any(any(one.undoes) for one in others)


def test_the_operations_are_named(cells: dict[str, Cell]) -> None:
    """No kernel changed: the optimizer adds up the gradients of a row by another operation."""
    ops = cells["embedding/tf2"].ops
    assert ops is not None
    assert ops.kernels == ()
    assert ops.recorded == ops.replayed > 20
    (optimizer,) = (one for one in ops.streams if one.phase == "optimizer" and "ResourceScatterAdd" in one.gone)
    assert "UnsortedSegmentSum" in optimizer.new
