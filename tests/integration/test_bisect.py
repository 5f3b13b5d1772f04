"""Bisects on real releases: where Keras 3 came, an embedding of TF2 changes, and nothing else of these does.

Why it changed is told by `test_explain.py`; that it changed there, by the matrix and by plain scripts (`nox -s truth`).
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tfmatrix.records import InstalledEnvironment

from .project import Project

pytestmark = pytest.mark.integration

REFERENCE = Path(__file__).parents[2] / "reference_models"
LINE = ("2.14.1", "2.15.1", "2.16.2")
ASKED = ("--cell", "embedding/tf2", "--cell", "embedding/tf2/init", "--cell", "linear/tf2", "--trials", "1")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, made_environment: Callable[..., InstalledEnvironment]) -> Project:
    """Return a project of two models in three releases."""
    for version in LINE:
        made_environment(version)
    folder = tmp_path_factory.mktemp("bisect") / "project"
    return Project(folder, [LINE[-1]], [REFERENCE / "embedding.py", REFERENCE / "linear.py"])


@pytest.fixture(scope="module")
def told(project: Project) -> subprocess.CompletedProcess[str]:
    """Return what the bisect said."""
    return project.run("bisect", f"{LINE[0]}..{LINE[-1]}", *ASKED)


def test_the_boundary_is_found(project: Project, told: subprocess.CompletedProcess[str]) -> None:
    """Of the model that changed and of no stage before the change; what moved besides has the package that did it."""
    assert told.returncode == 0, told.stderr
    cells = {cell["model"] + cell["stage"]: cell for cell in project.json("bisect")["cells"]}
    (boundary,) = cells["embedding"]["boundaries"]
    assert (boundary["before"], boundary["after"]) == LINE[1:]
    assert "keras" in {one[0] for pair in boundary["moved"] for one in pair if one}
    assert [one["letter"] for one in cells["embedding"]["results"]] == ["A", "A", "B"]
    assert cells["embeddinginit"]["boundaries"] == cells["linear"]["boundaries"] == []


def test_nothing_is_run_twice(project: Project, told: subprocess.CompletedProcess[str]) -> None:
    """The same question is answered by what is stored, and so is another one about the same cells."""
    assert "0 of 6 trials to run" in project.run("bisect", f"{LINE[0]}..{LINE[-1]}", *ASKED).stderr
    ran = project.run("bisect", f"{LINE[1]}..{LINE[-1]}", "--cell", "embedding/tf2/update", "--trials", "1")
    assert "0 of 2 trials to run" in ran.stderr
    assert ran.returncode == 0
