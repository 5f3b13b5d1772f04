"""The main job on three real releases, from a configuration to a report."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tfmatrix.questions.matrix.further import LEAST_MOVED
from tfmatrix.records import InstalledEnvironment

from .project import ROOT, Project

pytestmark = pytest.mark.integration

VERSIONS = ("2.9.3", "2.15.1", "2.21.0")
REFERENCE = ROOT / "reference_models"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, made_environment: Callable[..., InstalledEnvironment]) -> Project:
    """Return a project whose matrix was run once."""
    for version in VERSIONS:
        made_environment(version)
    models = (REFERENCE / f"{name}.py" for name in ("keras_mlp", "linear", "input_pipeline"))
    project = Project(tmp_path_factory.mktemp("matrix") / "project", VERSIONS, models)
    ran = project.run("run")
    assert ran.returncode == 0, ran.stderr
    assert "88 of 88 trials to run" in ran.stderr
    assert "reports/matrix.md" in ran.stdout
    return project


def test_every_expected_cell_is_observed_or_says_why_it_cannot_be(project: Project) -> None:
    """Each release, mode and model has a cell, and only Keras in a v1 graph of Keras 3 has no result."""
    cells = project.data["cells"]
    assert len(cells) == len(VERSIONS) * 2 * 3
    others = {cell["id"]: cell["outcome"] for cell in cells if cell["outcome"] != "observed"}
    assert others == {"2.21.0/keras_mlp/v1": "unsupported"}
    assert "Keras 3" in project.cell("2.21.0/keras_mlp/v1")["reason"]


def test_new_initial_weights_of_keras_are_found_and_called_a_redraw(project: Project) -> None:
    """Keras draws other initial weights since 2.10, of the same distribution, and its arithmetic stays."""
    native = project.verdicts("2.9.3/keras_mlp/tf2", "native")
    assert native["init"] == "redrawn"
    assert native["seed"] == native["data"] == native["shuffle"] == "identical"
    injected = project.verdicts("2.9.3/keras_mlp/tf2", "injected")
    assert {injected[stage] for stage in ("loss", "gradient", "predict")} <= {"identical", "rounding"}


def test_the_same_order_in_each_epoch_is_found_and_called_another_meaning(project: Project) -> None:
    """The fit of Keras 3 visits the rows in the first epoch's order again, from the same initial weights."""
    native = project.verdicts("2.21.0/keras_mlp/tf2", "native")
    assert native["init"] == "identical"
    assert native["shuffle"] == "different"
    cell = project.cell("2.21.0/keras_mlp/tf2")
    assert cell["verdict"] == "different"
    (shuffle,) = (stage for stage in cell["stages"] if (stage["tier"], stage["stage"]) == ("native", "shuffle"))
    assert shuffle["worst"]["stage"] == "shuffle@1/order"
    assert shuffle["worst"]["reason"] == "equals shuffle@0 here, another order in the baseline"


def test_what_did_not_change_is_called_identical(project: Project) -> None:
    """A linear model of plain operations has the same bits in releases eight years of work apart."""
    for mode in ("tf2", "v1"):
        assert project.cell(f"2.9.3/linear/{mode}")["verdict"] == "identical"


def test_the_two_modes_are_compared_on_the_same_inputs(project: Project) -> None:
    """The injected tier of tf2 is compared with that of v1 in every release that has both."""
    compared = {(found["environment"], found["model"]) for found in project.data["between_modes"]}
    assert {(version, "linear") for version in VERSIONS} <= compared
    assert "The two modes of one release" in project.report


def test_what_moved_besides_tensorflow_is_listed(project: Project) -> None:
    """For each candidate the report names every other package whose version is not the baseline's."""
    moved = {found["name"]: found["moved"] for found in project.data["environments"]}
    assert ["keras"] in [[before[0]] for before, _ in moved["2.21.0"] if before and before[0] == "keras"]
    assert moved["2.15.1"] == []


def test_a_second_run_runs_nothing_and_writes_the_same_bytes(project: Project) -> None:
    """What is stored is not run again, and the same store gives the same report, byte for byte."""
    before = project.written()
    again = project.run("run")
    assert again.returncode == 0
    assert "0 of 94 trials to run, 94 stored already" in again.stderr
    assert project.run("report", "-q").returncode == 0
    assert project.written() == before


def test_what_a_training_comes_to_is_measured(project: Project) -> None:
    """Of each cell whose bits differ the last loss is told; of other seeds nothing, since the data are drawn."""
    ends = {cell["id"]: cell["ends"] for cell in project.data["cells"] if "ends" in cell}
    moved = [end for found in ends.values() for end in found if float(end["apart"]) > LEAST_MOVED]
    assert any(end["stage"].startswith(("loss", "history")) for end in moved)
    assert not [cell["id"] for cell in project.data["cells"] if "spreads" in cell]


def test_a_changed_model_file_makes_its_cells_missing(project: Project, tmp_path: Path) -> None:
    """Results of a file that was edited since are not shown for it: its cells say why they are missing, exit code 2."""
    path = project.models / "linear.py"
    source = path.read_bytes()
    try:
        path.write_bytes(source + b"# another line\n")
        reported = project.run("report", "--reports", str(tmp_path))
    finally:
        path.write_bytes(source)
    assert reported.returncode == 2
    assert "linear missing: stale: run before the model changed (6 cells)" in reported.stderr
