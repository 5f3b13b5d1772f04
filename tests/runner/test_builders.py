"""Builders of tables at the runner: what a probe is asked of one, and the processes that they are forked from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from building import install, make_project
from tfmatrix.questions.matrix.plan import Plan, make_plan
from tfmatrix.runner import probe
from tfmatrix.runner.events import Finished, Launched
from tfmatrix.runner.observing import files_of, observe, request_of

from .conftest import FAKE

pytestmark = pytest.mark.timeout(60)

TABLES = """
[tool.tfmatrix.models.mnist]
model = "mnist.model:build"
data = "mnist.rows:sample"
epochs = 2
batch = 8
optimizer = { name = "Adam", learning_rate = 0.1, amsgrad = true }
loss = "mse"
files = ["data/"]
timeout = 7
[tool.tfmatrix.models.tells]
model = "a:build"
data = "a:sample"
variables = { A = "1" }
"""


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plan:
    """Return the plan of two builders and a file in one environment, whose probe is a fake."""
    monkeypatch.setattr(probe, "PROBE", FAKE)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    for name in ("mnist/model.py", "data/rows.csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("", encoding="utf-8")
    made = make_plan(make_project(tmp_path, ["mlp"], TABLES, versions=["2.15.1"]))
    install(made.baseline, made.config)
    return made


def test_what_is_asked_of_a_builder(tmp_path: Path, plan: Plan) -> None:
    """A probe is told the two functions, the constants, and what is to lie in the working folder."""
    expected = next(trials[0] for cell, trials in plan.trials.items() if cell.model.name == "mnist")
    asked = request_of(expected, plan.config, fresh=False, files=files_of([expected], plan.config))
    constants = {
        "EPOCHS": 2,
        "BATCH": 8,
        "OPTIMIZER": {"name": "Adam", "learning_rate": 0.1, "amsgrad": True},
        "LOSS": "mse",
    }
    assert asked["builder"] == {"build": "mnist.model:build", "data": "mnist.rows:sample", "constants": constants}
    assert {"data/rows.csv", "mnist/model.py"} < set(asked["files"])
    assert (asked["path"], asked["source"], asked["project"]) == ("mnist", "", str(tmp_path))
    assert (asked["timeout"], asked["purpose"]) == (7.0, "train")
    assert "command" not in asked
    json.dumps(asked)


def test_a_network_that_is_built_under_many_seeds_has_as_long_for_each(plan: Plan) -> None:
    """One that takes seconds to build is not out of time because many are built in one trial."""
    cell = next(cell for cell in plan.cells if cell.model.name == "mnist")
    (expected,) = (one for one in plan.trials[cell] if one.role == "seeds")
    asked = request_of(expected, plan.config, fresh=False, files=files_of([expected], plan.config))
    assert len(asked["seeds"]) > 1
    assert asked["timeout"] == 7.0 * len(asked["seeds"])


def test_builders_share_a_process_where_their_variables_are_the_same(plan: Plan) -> None:
    """One that sets variables has a process that starts with them; the other is forked from that of the files."""
    trials = [e for trials in plan.trials.values() for e in trials if e.role == "trial" and e.hash_seed == "0"]
    events = list(observe(trials, plan.config))
    assert sorted(event.start.variables for event in events if isinstance(event, Launched)) == [(), (("A", "1"),)]
    outputs = {e.expected.cell.model.name: e.trial.output for e in events if isinstance(e, Finished)}
    told = json.loads(outputs["tells"])
    assert (len(outputs), told["variables"]["A"], told["request"]["builder"]["constants"]) == (3, "1", {})
