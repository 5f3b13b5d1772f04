"""Rows that a pipeline computes with another rounding in the next release, and rows that are others."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tfmatrix.records import InstalledEnvironment

from .project import Project

pytestmark = [pytest.mark.integration, pytest.mark.wide]

BASELINE, CANDIDATE = "2.16.2", "2.21.0"

SCRIPT = '''"""A training on a shuffled dataset whose columns go through a sigmoid, which 2.17 computes otherwise."""

import sys

import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(1)
x = np.random.RandomState(0).normal(size=(60, 8)).astype("f4")
y = (x.sum(1) > 0).astype("i4")
if "other" in sys.argv and tf.__version__ != "2.16.2":
    x[7, 3] += 1e-3
rows = tf.data.Dataset.from_tensor_slices((x, y)).map(lambda a, b: (tf.sigmoid(a * 3), b))
network = tf.keras.Sequential([tf.keras.Input((8,)), tf.keras.layers.Dense(2)])
network.compile("sgd", tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True))
network.fit(rows.shuffle(60, seed=2).batch(16), epochs=2, verbose=0)
'''


def test_rows_that_are_computed_otherwise_are_rounding_and_others_are_not(
    tmp_path_factory: pytest.TempPathFactory, made_environment: Callable[..., InstalledEnvironment]
) -> None:
    """By every batch of each pass; one number of one row is another meaning."""
    for version in (BASELINE, CANDIDATE):
        made_environment(version)
    project = Project(tmp_path_factory.mktemp("rows") / "project", (BASELINE, CANDIDATE), [])
    settings = project.folder / "pyproject.toml"
    tables = 'models.same.command = ["python", "train.py"]\nmodels.other.command = ["python", "train.py", "other"]\n'
    settings.write_text(settings.read_text().replace("2.15.1", BASELINE) + "trials = 1\n" + tables)
    (project.folder / "train.py").write_text(SCRIPT)
    project.run("run", "-q")
    same, other = (project.verdicts(f"{CANDIDATE}/{name}/tf2", "native") for name in ("same", "other"))
    assert (same["data"], same["batch"], same["shuffle"]) == ("rounding", "rounding", "identical")
    assert "different" not in same.values()
    assert other["data"] == "different"
