"""Devices on real releases, where there is no GPU: a trial that asks for one and is forced to run says what ran."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tfmatrix import config
from tfmatrix.environments.machine import this_machine
from tfmatrix.questions.matrix.plan import make_plan
from tfmatrix.records import FAILED, OBSERVED, PLAIN, SEEDS, TRIAL, InstalledEnvironment, Seeds, Trial
from tfmatrix.runner.events import Finished, Refused
from tfmatrix.runner.observing import observe

from .project import PATIENCE, ROOT, wide

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(bool(this_machine().gpus), reason="this machine has a GPU"),
]

SCRIPT = """
import numpy as np
import tensorflow as tf

network = tf.keras.Sequential([tf.keras.layers.Dense(1)])
network.compile("sgd", "mse")
network.fit(np.ones((8, 3), "float32"), np.ones((8, 1), "float32"), verbose=0)
"""

TABLES = """
[tool.tfmatrix.launches.on-gpu]
device = "gpu"
[tool.tfmatrix.launches.on-cpu]
device = "cpu"
[tool.tfmatrix.models.train]
command = ["python", "train.py"]
"""


@pytest.fixture(scope="module", params=["2.15.1", *wide("2.8.4", "2.21.0")])
def trials(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    made_environment: Callable[..., InstalledEnvironment],
) -> dict[tuple[str, str], Trial]:
    """Return what became of a script's trials, by launch and role, those that lack a GPU too."""
    made_environment(request.param)
    folder: Path = tmp_path_factory.mktemp("devices")
    (folder / ".nox").symlink_to(ROOT / ".nox")
    (folder / "train.py").write_text(SCRIPT, encoding="utf-8")
    chosen = {"versions": [request.param], "baseline": request.param, "trials": 1, "jitters": 0, "timeout": PATIENCE}
    lines = "\n".join(f"{name} = {json.dumps(value)}" for name, value in chosen.items())
    (folder / "pyproject.toml").write_text(f"[tool.tfmatrix]\n{lines}\n{TABLES}", encoding="utf-8")
    plan = make_plan(config.load(folder))
    every = [one for some in plan.trials.values() for one in some]
    forced = [replace(one, lacking="") for one in every if one.role != SEEDS]
    forced += [replace(one, lacking="", work=Seeds(2)) for one in every if one.role == SEEDS and one.lacking]
    found = {}
    for event in observe(forced, plan.config):
        assert not isinstance(event, Refused), event.reason
        if isinstance(event, Finished):
            found[event.expected.cell.launch.name, event.expected.role] = event.trial
    return found


@pytest.mark.parametrize("role", [TRIAL, PLAIN])
def test_a_script_that_asked_for_a_gpu_and_ran_on_none_failed(trials: dict[tuple[str, str], Trial], role: str) -> None:
    """It trained to its end, and that is told of nobody's training: what it was asked about is a GPU."""
    trial = trials["on-gpu", role]
    assert (trial.outcome, trial.trace) == (FAILED, None)
    assert trial.message == "train.py: nothing ran on a GPU, which its launch asks for"


@pytest.mark.parametrize("role", [TRIAL, PLAIN])
def test_a_launch_on_the_cpu_has_the_bits_of_one_that_finds_no_gpu(
    trials: dict[tuple[str, str], Trial], role: str
) -> None:
    """Looking at where a trial ran changes nothing of it."""
    on_cpu, default = trials["on-cpu", role], trials["default", role]
    assert on_cpu.outcome == OBSERVED, on_cpu.message
    assert on_cpu.trace == default.trace


def test_draws_under_other_seeds_are_not_asked_where_they_ran(trials: dict[tuple[str, str], Trial]) -> None:
    """A script's are made in processes below the trial's."""
    assert trials["on-gpu", SEEDS].outcome == OBSERVED
