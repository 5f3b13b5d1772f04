"""What a run would do, told before it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from building import BASELINE, CANDIDATE, add, first_round, install, make_project, ones, trial
from tfmatrix.forecast import MAKING, foretell
from tfmatrix.questions.matrix.plan import Plan, make_plan
from tfmatrix.questions.matrix.report import write_report
from tfmatrix.records import FAILED
from tfmatrix.runner.durations import IMPORT
from tfmatrix.store.facts import note_refusal
from tfmatrix.store.store import Store


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """Return a plan of two models, of whose environments one is made."""
    found = make_plan(make_project(tmp_path, ["mlp", "other"]))
    install(found.baseline, found.config)
    return found


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Yield an empty store."""
    with Store(tmp_path / ".tfmatrix" / "store.sqlite") as opened:
        yield opened


def test_nothing_is_stored_at_first(plan: Plan, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every trial is to be run, an environment is to be made, and the time is a guess."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=5e9))
    found = foretell(plan, store)
    assert (found.cells, found.models, found.modes, found.stored) == (4, 2, ("tf2",), 0)
    assert found.to_run == len(first_round(plan))
    assert [(one.name, one.is_made) for one in found.environments] == [(BASELINE, True), (CANDIDATE, False)]
    assert sum(one.to_run for one in found.environments) == found.to_run
    assert (found.timed, found.longest, found.processes) == (0, (), 2)
    assert (found.needed_gb, found.free_gb) == (1.2, 5.0)
    assert found.seconds > MAKING + IMPORT
    assert (found.report, found.replaces) == ("reports/matrix.md", "")
    assert json.loads(json.dumps(found.to_json()))["schema"] == 1


def test_what_is_stored_is_not_run_and_tells_how_long_the_rest_takes(plan: Plan, store: Store) -> None:
    """What failed for the script's own fault is stored as well; with `fresh` all of it is run again."""
    whole = foretell(plan, store)
    for expected in first_round(plan):
        if expected.cell.model.name == "mlp":
            add(store, expected, trial(expected, FAILED, message="m", seconds=100.0))
    found = foretell(plan, store)
    assert found.to_run + found.stored == whole.to_run
    assert found.stored == sum(one.cell.model.name == "mlp" for one in first_round(plan))
    assert found.timed == 0
    again = foretell(plan, store, fresh=True)
    assert (again.to_run, again.stored) == (whole.to_run, 0)
    assert again.timed == found.stored
    assert again.seconds > 100.0 * found.stored / 2
    assert {one.cell for one in again.longest} == {f"{version}/mlp/tf2" for version in (BASELINE, CANDIDATE)}
    longest = again.longest[0]
    assert longest.cell == f"{BASELINE}/mlp/tf2"  # which has the trials of the noise floor besides
    assert longest.seconds == 100.0 * sum(one.cell.id == longest.cell for one in first_round(plan))


def test_all_that_is_stored_leaves_nothing_to_do(plan: Plan, store: Store) -> None:
    """Nor is an environment made of which nothing is wanted."""
    for expected in first_round(plan):
        add(store, expected, ones())
    found = foretell(plan, store)
    assert (found.to_run, found.seconds, found.needed_gb) == (0, 0.0, 0.0)
    assert not any(one.to_run for one in found.environments)


def test_modes_are_those_that_something_runs_in(tmp_path: Path, store: Store) -> None:
    """A command has modes of its own, whatever those of the project are."""
    table = '[tool.tfmatrix.models.train]\ncommand = ["python", "train.py"]\n'
    (tmp_path / "train.py").write_text("")
    config = make_project(tmp_path, [], table, modes=["tf2", "v1"])
    assert foretell(make_plan(config), store).modes == ("tf2",)


def test_an_environment_that_could_not_be_had_is_told(plan: Plan, store: Store) -> None:
    """With why; one that is made since is none."""
    for environment in plan.environments:
        note_refusal(store, plan.scope.environment_key(environment), "no wheel")
    assert [one.refused for one in foretell(plan, store).environments] == ["", "no wheel"]


def test_a_report_that_is_about_more_is_named(plan: Plan, store: Store) -> None:
    """By the releases and models that the new one would lack."""
    for expected in first_round(plan):
        add(store, expected, ones())
    write_report(plan, store)
    narrow = make_plan(plan.config.overridden(models=["mlp"]))
    assert foretell(plan, store).replaces == ""
    assert foretell(narrow, store).replaces == "other"
