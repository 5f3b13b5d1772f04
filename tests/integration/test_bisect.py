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


@pytest.mark.wide
def test_why_is_told_at_the_boundary(
    project: Project, told: subprocess.CompletedProcess[str], made_environment: Callable[..., InstalledEnvironment]
) -> None:
    """Keras makes an optimizer's step for an embedding of other operations; Keras 2 in its place undoes it."""
    made_environment("2.16.2+tf-keras-2.16.0")
    asked = ("--cell", "embedding/tf2", "--cell", "linear/tf2", "--trials", "1", "--explain")
    ran = project.run("bisect", f"{LINE[1]}..{LINE[-1]}", *asked)
    assert ran.returncode == 0, ran.stderr
    embedding, linear = project.json("bisect")["cells"]
    (boundary,) = embedding["boundaries"]
    told_of_update = next(one for one in boundary["why"] if "update" in one["change"])
    assert told_of_update["whose"] == "Keras (proved)"
    assert "ResourceScatterAdd" in told_of_update["operations"]
    assert "TF_USE_LEGACY_KERAS" in told_of_update["undone"]
    assert linear["boundaries"] == []
    assert "why: " in ran.stdout


CHECK = """import sys

import numpy as np
import tensorflow as tf

if "--not" in sys.argv and tf.__version__ == sys.argv[-1]:
    sys.exit(125)
layer = tf.keras.layers.BatchNormalization(momentum=0.0)
layer(np.array([0.0, 2.0, 4.0], np.float32).reshape(3, 1, 1, 1), training=True)
variance = float(layer.moving_variance[0])
assert variance == 4.0, f"the moving variance is {variance}, and not that of a sample"
"""


def test_a_check_tells_builds_apart_by_how_it_ends(project: Project) -> None:
    """A plain script of the user's, which nothing watches: Keras 3 takes the variance of a population."""
    (project.folder / "check.py").write_text(CHECK, encoding="utf-8")
    ran = project.run("bisect", f"{LINE[0]}..{LINE[-1]}", "--check", "python check.py", "--trials", "1")
    assert ran.returncode == 0, ran.stderr
    (cell,) = project.json("bisect")["cells"]
    assert [(one["before"], one["after"]) for one in cell["boundaries"]] == [LINE[1:]]
    assert "is 2.666" in cell["results"][-1]["reason"]
    again = project.run("bisect", f"{LINE[0]}..{LINE[-1]}", "--check", "python check.py", "--trials", "1")
    assert "0 of 3 trials to run" in again.stderr
    skipping = ("--check", f"python check.py --not {LINE[1]}", "--trials", "1")
    skipped = project.run("bisect", f"{LINE[0]}..{LINE[-1]}", *skipping)
    assert skipped.returncode == 2
    assert f"{LINE[1]} unsupported" in skipped.stderr
    assert "with exit status 125, so it cannot tell" in skipped.stderr
