"""A fleet of Dask workers on this machine: the report is the local run's, byte for byte."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from distributed import LocalCluster

from tfmatrix.records import InstalledEnvironment
from tfmatrix.runner import on_worker

from .project import ROOT, Project

pytestmark = pytest.mark.integration

SCRIPT = '''"""A training whose initial weights are those of a seed that counts the files beside it."""

import pathlib
import sys

import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(len(list(pathlib.Path().iterdir())))
network = tf.keras.Sequential([tf.keras.Input((3,)), tf.keras.layers.Dense(1)])
network.compile("sgd", "mse")
network.fit(np.ones((8, 3)), np.ones((8, 1)), epochs=1, verbose=0)
'''


def test_the_report_of_a_fleet_is_that_of_this_machine(
    tmp_path: Path, made_environment: Callable[..., InstalledEnvironment], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model file, and a script that git does not track and that sees which files lie beside it."""
    made_environment("2.15.1")
    project = Project(tmp_path / "project", ["2.15.1"], [ROOT / "reference_models" / "linear.py"])
    (project.folder / "train.py").write_text(SCRIPT)
    (project.folder / "beside.txt").write_text("tracked")
    with (project.folder / "pyproject.toml").open("a", encoding="utf-8") as table:
        table.write('modes = ["tf2"]\ntrials = 2\njitters = 1\nmodels.train.command = ["python", "train.py"]\n')
    for command in (["init", "-q"], ["add", "pyproject.toml", "beside.txt", "reference_models"]):
        subprocess.run(["git", *command], cwd=project.folder, check=True)
    first = project.run("run", "-q")
    assert {cell["outcome"] for cell in project.data["cells"]} == {"observed"}, first.stderr
    here = project.written()
    (project.folder / ".tfmatrix" / "store.sqlite").unlink()

    (tmp_path / "workers").mkdir()
    (tmp_path / "workers" / "environments").symlink_to(ROOT / ".nox")
    monkeypatch.setenv(on_worker.FOLDER, str(tmp_path / "workers"))
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster:  # type: ignore[no-untyped-call]  # Dask has no types
        ran = project.run("run", "-q", "--on", cluster.scheduler_address)
    assert (ran.returncode, ran.stderr) == (first.returncode, first.stderr)  # nothing is compared with one release
    assert project.written() == here
