"""Commands at the runner: what a probe is asked of one, and the bare processes that they are run from."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from building import install, make_project
from tfmatrix.models.project import project_files
from tfmatrix.questions.matrix.plan import Plan, make_plan
from tfmatrix.records import ExpectedTrial
from tfmatrix.runner import observing, probe
from tfmatrix.runner.events import Finished, Launched
from tfmatrix.runner.observing import files_of, observe, request_of

from .conftest import FAKE

pytestmark = pytest.mark.timeout(60)

TABLES = """
models.tells.command = ["python", "train.py", "--epochs", "1"]
models.tells.steps = 20
models.tells.files = ["data/"]
models.tells.variables = { B = "2", A = "1" }
models.tells.timeout = 7
models.other.command = ["python", "-m", "pkg.train"]
"""

Planned = Callable[..., Plan]


@pytest.fixture
def planned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Planned:
    """Return a function that plans a project of two commands in one environment, whose probe is a fake."""
    monkeypatch.setattr(probe, "PROBE", FAKE)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    for name in ("train.py", "pkg/train.py", "data/rows.csv", "data/deep/more.csv", ".hidden"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("", encoding="utf-8")

    def plan(models: Any = (), more: str = "", **choices: Any) -> Plan:
        made = make_plan(make_project(tmp_path, models, TABLES + more, versions=["2.15.1"], **choices))
        install(made.baseline, made.config)
        return made

    return plan


def of(plan: Plan, model: str, role: str = "trial") -> ExpectedTrial:
    """Return the first trial of a model in a role."""
    trials = [e for trials in plan.trials.values() for e in trials]
    return next(e for e in trials if (e.cell.model.name, e.role) == (model, role))


def asked(plan: Plan, expected: ExpectedTrial) -> dict[str, Any]:
    """Return what a probe is asked for a trial."""
    return request_of(expected, plan.config, fresh=False, files=files_of([expected], plan.config))


def test_what_is_asked_of_a_command(tmp_path: Path, planned: Planned) -> None:
    """A probe is told words, project, files, variables and steps, and the limit of time that the table sets."""
    plan = planned()
    files = ["data/deep/more.csv", "data/rows.csv", "pkg/train.py", "pyproject.toml", "train.py"]
    expected = {
        "path": "tells",
        "source": "",
        "variant": "",
        "mode": "tf2",
        "seed": 42,
        "intra_op": 2,
        "inter_op": 2,
        "timeout": 7.0,
        "fresh": False,
        "jitter": 0,
        "settings": [],
        "device": "",
        "keep": [],
        "purpose": "train",
        "command": ["python", "train.py", "--epochs", "1"],
        "project": str(tmp_path),
        "variables": {"A": "1", "B": "2"},
        "steps": 20,
    }
    found = asked(plan, of(plan, "tells"))
    assert [name for name in found.pop("files") if not name.startswith("locks/")] == files
    assert found.pop("memory_mib") > 0
    assert found == expected
    json.dumps(found)


@pytest.mark.parametrize(
    ("role", "purpose", "jitter"), [("plain", "plain", 0), ("seeds", "seeds", 0), ("jitter", "train", 1)]
)
def test_what_a_trial_of_a_command_is_for(planned: Planned, role: str, purpose: str, jitter: int) -> None:
    """A probe is asked to run it plainly, under other seeds, or moved by one ULP."""
    found = asked(plan := planned(), of(plan, "other", role))
    assert (found["purpose"], found["jitter"], found["steps"]) == (purpose, jitter, 0)
    assert found["timeout"] == 20.0 * len(found.get("seeds", [0]))  # each of its runs has as long


def test_a_model_file_is_asked_for_as_ever(planned: Planned) -> None:
    """The fields of a command are not part of a request for a model file."""
    plan = planned(["mlp"])
    found = asked(plan, of(plan, "mlp"))
    assert not {"command", "files", "variables", "steps"} & set(found)
    assert found["source"] == of(plan, "mlp").cell.model.source


def test_the_script_is_there_before_git_is_told(planned: Planned, monkeypatch: pytest.MonkeyPatch) -> None:
    """Besides what git tracks and what is declared, the working folder has the script itself."""
    plan = planned()
    monkeypatch.setattr(observing, "project_files", lambda root, declared, without: tuple(declared))
    trials = [of(plan, "tells"), of(plan, "other")]
    assert list(files_of(trials, plan.config).values()) == [("train.py", "data/"), ()]


def told(event: Finished) -> dict[str, Any]:
    """Return what a fake probe tells of a request and of itself."""
    content: dict[str, Any] = json.loads(event.trial.output)
    return content


def test_commands_run_from_bare_processes_of_their_own(planned: Planned, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each trial of a command has a process of its own, told to import nothing; files are listed once."""
    looked: list[Any] = []

    def look(*known: Any) -> tuple[str, ...]:
        looked.append(known)
        return project_files(*known)

    monkeypatch.setattr(observing, "project_files", look)
    plan = planned({"mlp": ""}, 'models.more.command = ["python", "train.py"]\n')
    monkeypatch.setenv("FAKE_NUMPY", "1.0")
    events = list(observe([e for trials in plan.trials.values() for e in trials], plan.config))
    done = [event for event in events if isinstance(event, Finished)]
    assert {event.trial.outcome for event in done} == {"observed"}
    assert len(looked) == 3
    launched = [event.start.bare for event in events if isinstance(event, Launched)]
    commands = [event for event in done if event.expected.cell.model.command]
    assert (launched.count(True), launched.count(False)) == (len(commands), 3)
    starts = [told(event) for event in done if event.expected.cell.model.name == "tells"]
    assert {json.loads(one["variables"]["TFMATRIX_START"])["bare"] for one in starts} == {True}
    assert len({one["pid"] for one in starts}) == len(starts)
    assert {one["variables"]["PYTHONHASHSEED"] for one in starts} == {"0", "1"}
    assert all(one["request"]["files"] for one in starts)


def test_a_numpy_that_is_not_the_locks_is_noticed_where_it_is_imported(planned: Planned) -> None:
    """What a bare process did not import it cannot tell the version of, and that is no other version."""
    plan = planned({"mlp": ""}, 'launches.default = { variables = { FAKE_NUMPY = "1.0" } }')
    events = list(observe([of(plan, "mlp"), of(plan, "other")], plan.config))
    assert [e.expected.cell.model.name for e in events if isinstance(e, Finished)] == ["other"]
    assert "has numpy 1.0" in str(events)


def test_where_there_is_no_fork_each_trial_has_a_process(planned: Planned) -> None:
    """A bare process that cannot fork becomes the trial itself."""
    plan = planned((), 'launches.default = { variables = { FAKE_FORK = "0" } }')
    trials = [e for e in plan.trials[plan.cells[0]] if e.hash_seed == "0"]
    found = [told(event) for event in observe(trials, plan.config) if isinstance(event, Finished)]
    assert len({one["pid"] for one in found}) == len(trials) > 1
    assert {one["request"]["fresh"] for one in found} == {True}
