"""Ordinary Keras models from 2.15.1 to 2.16.2, held against what plain runs of the same files give."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tfmatrix.records import InstalledEnvironment

from .project import Project, plain_environment

pytestmark = [pytest.mark.integration, pytest.mark.wide]

RELATIVES = Path(__file__).parent / "relatives"
RELEASES = "2.15.1", "2.16.2"

PLAIN = """
import json, runpy, sys
import numpy as np, tensorflow as tf
found = {}
names = runpy.run_path(sys.argv[1])["VARIANTS"]
for name in names:
    tf.keras.backend.clear_session()
    tf.keras.utils.set_random_seed(42)
    made = runpy.run_path(sys.argv[1])
    made["build"].__globals__["W"] = names[name]["W"]
    model, rows = made["build"](), made["data"](np.random.RandomState(42))
    arguments = {"x": rows} if isinstance(rows, tf.data.Dataset) else {"x": rows[0], "y": rows[1], "batch_size": 16}
    history = model.fit(**arguments, shuffle=False, verbose=0).history
    weights = [w.ravel().astype("float64").tolist() for w in model.get_weights() if w.dtype.kind == "f"]
    found[name] = [*weights, history["loss"]]
json.dump(found, sys.stdout)
"""


@pytest.fixture(scope="module")
def plain(made_environment: Callable[..., InstalledEnvironment]) -> Callable[[str], dict[str, dict[str, Any]]]:
    """Return a function that trains each variant of a file without tfmatrix: weights by release and variant."""

    def trained(file: str) -> dict[str, dict[str, Any]]:
        found = {}
        for release in RELEASES:
            command = [str(made_environment(release).interpreter), "-c", PLAIN, str(RELATIVES / file)]
            ran = subprocess.run(command, capture_output=True, text=True, check=True, env=plain_environment())
            found[release] = json.loads(ran.stdout.splitlines()[-1])
        return found

    return trained


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, made_environment: Callable[..., InstalledEnvironment]) -> Project:
    """Return a project that was run with all of these models."""
    for release in RELEASES:
        made_environment(release)
    made = Project(tmp_path_factory.mktemp("relatives"), RELEASES, sorted(RELATIVES.glob("*.py")))
    with (made.folder / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write('modes = ["tf2"]\ntrials = 1\n')
    made.run("matrix")
    return made


def test_ordinary_models_are_what_plain_runs_of_them_are(
    project: Project, plain: Callable[[str], dict[str, dict[str, Any]]]
) -> None:
    """Where plain runs give the same weights and loss, or the same but for rounding, so does the report.

    Some give others: Keras 3 averages weights from another start, reports a loss of 0 where `train_step` updates no
    metric of that name, and takes a batch before the first epoch, so that it sees a shuffled dataset in another order.
    """
    trained = plain("ordinary.py")
    before, after = (trained[release] for release in RELEASES)
    parted = {name: _apart(before[name], after[name], 2e-2 if "float16" in name else 1e-4) for name in before}
    shuffled = {"shuffled dataset", "repeated dataset"}
    assert {name for name, apart in parted.items() if apart} == {"ema", "accumulated"} | shuffled
    # Keras 2.15 cannot load the weights of a model that scales its loss. Keras 3 leaves XLA out where operations have
    # to be deterministic: there alone gradients are seen.
    for name, stage in {"float16": "loaded", "jit": "gradient"}.items():
        one_sided = project.cell(f"2.16.2/ordinary[{name}]/tf2")["one_sided"]
        assert one_sided == [{"stage": stage, "side": "candidate"}]
    for name, apart in parted.items():
        cell = project.cell(f"2.16.2/ordinary[{name}]/tf2")
        expected = {"redrawn"} if name in shuffled else {"different"} if apart else {"identical", "rounding"}
        assert cell["verdict"] in expected, (name, cell["verdict"], cell["reason"])


def _apart(mine: list[list[float]], others: list[list[float]], most: float) -> bool:
    """Return whether two lots of numbers lie further apart than rounding takes them."""
    pairs = [pair for a, b in zip(mine, others, strict=True) for pair in zip(a, b, strict=True)]
    return any(abs(a - b) > most * max(1e-3, abs(a)) for a, b in pairs)


def test_another_variance_is_seen_behind_a_redraw(project: Project) -> None:
    """Of images batch normalization has no Bessel correction in Keras 3, whatever is redrawn before it."""
    cell = project.cell("2.16.2/statistics[images]/tf2")
    assert cell["verdict"] == "different"
    for tier in ("start", "injected"):
        (weights,) = (s for s in cell["stages"] if (s["tier"], s["stage"]) == (tier, "weights"))
        assert weights["verdict"] == "different"
        assert "moving_variance" in weights["worst"]["stage"]
    assert project.run("check", "2.16.2", "--baseline", "2.15.1").returncode == 1


def test_a_gradient_that_is_seen_is_folded_all_the_same(project: Project) -> None:
    """So that seeing it changes no bit of the weights; the trial without taps would tell."""
    cells = [project.cell(f"{release}/statistics[alone]/tf2") for release in RELEASES]
    assert [cell["outcome"] for cell in cells] == ["observed", "observed"]
    assert cells[1]["verdict"] == "different"


def test_the_same_variance_stays_the_same_behind_a_redraw(project: Project) -> None:
    """Of rows neither release corrects it: plain runs from the same weights give it to the last place but one."""
    assert project.cell("2.16.2/statistics[rows]/tf2")["verdict"] == "redrawn"
