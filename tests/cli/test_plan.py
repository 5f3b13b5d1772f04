"""`tfmatrix plan` on the command line: what a run would do, in words and as JSON; nothing is done."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from building import BASELINE, CANDIDATE, make_project, ones, trial
from tfmatrix import cli, forecast
from tfmatrix.records import FAILED, ExpectedTrial
from tfmatrix.store.store import Store

from .project import Tell, made, stored


@pytest.fixture(autouse=True)
def _room(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have 5 GB be free."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=5e9))


def test_a_first_run_is_told(tmp_path: Path, tell: Tell) -> None:
    """Cells, trials, environments, disk, time, report, and the command that does it."""
    made(tmp_path, ["mlp", "other"])
    said = tell("plan", "--models", "mlp", "--jobs", "1", "--fresh")
    assert (said.code, said.err) == (cli.SAME, "")
    assert said.out.splitlines() == [
        "cells         2: 2 environments, tf2, 1 model",
        "trials        7 to run, 0 stored already; more follow if something changed",
        f"environments  {BASELINE}  Python 3.10, made, 4 trials to run",
        f"              {CANDIDATE}  Python 3.10, made, 3 trials to run",
        "disk          0.0 GB for environments to be made; 5.0 GB are free",
        "time          about 43 s, 1 at once; none of the models ran before, so this is a guess",
        "report        reports/matrix.md",
        "next          tfmatrix run --models mlp --jobs 1 --fresh",
    ]
    assert not (tmp_path / "reports").exists()
    with Store(tmp_path / ".tfmatrix" / "store.sqlite") as store:
        assert not list(store.every_trial())


def test_of_a_fleet_its_workers_are_told(tmp_path: Path, tell: Tell, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is theirs, so nobody here can say whether it has room; the command goes to the same scheduler."""
    made(tmp_path, ["mlp"])
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=0.0))
    monkeypatch.setattr(forecast, "_fleet", lambda _: (3, 6))
    said = tell("plan", "--on", "tcp://host:8786")
    assert (said.code, said.err) == (cli.SAME, "")
    assert said.out.splitlines()[2:6] == [
        f"environments  {BASELINE}  Python 3.10, 4 trials to run",
        f"              {CANDIDATE}  Python 3.10, 3 trials to run",
        "workers       3 of this machine's class, 6 trials at once",
        "disk          up to 2.4 GB on each machine of the fleet",
    ]
    assert "next          tfmatrix run --on tcp://host:8786" in said.out


def test_what_ran_before_says_how_long(tmp_path: Path, tell: Tell) -> None:
    """Of all trials, of some, or of none; the cells that take longest are named."""

    def answer(expected: ExpectedTrial) -> object:
        return trial(expected, FAILED, message="m", seconds=90.0) if expected.cell.model.name == "slow" else None

    stored(tmp_path, answer, models=["slow", "other"])
    said = tell("plan", "--fresh").out
    assert "ran before, the rest is a guess" in said
    assert f"longest       {BASELINE}/slow/tf2 (" in said
    said = tell("plan", "--fresh", "--models", "slow").out
    assert ", 2 at once, as long as trials like these took before" in said
    assert " min, " in said


def test_nothing_to_run_is_told(tmp_path: Path, tell: Tell) -> None:
    """No time is told of it."""
    stored(tmp_path, lambda _: ones())
    said = tell("plan").out
    assert "trials        0 to run, " in said
    assert "time" not in said
    assert "not made, not needed, 0 trials to run" in said


def test_a_disk_that_is_too_small_is_two(tmp_path: Path, tell: Tell, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what is needed, in words and beside the JSON."""
    make_project(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1e9))
    said = tell("plan")
    assert said.code == cli.INCOMPLETE
    assert said.err == (
        "tfmatrix: 1.0 GB are free, and the environments to be made take about 2.4 GB; make room, or ask for fewer "
        "versions.\n"
    )
    said = tell("plan", "--json")
    assert said.code == cli.INCOMPLETE
    read = json.loads(said.out)
    assert (read["needed_gb"], read["free_gb"], read["schema"]) == (2.4, 1.0, 1)


def test_what_does_not_exist_is_one_sentence(tmp_path: Path, tell: Tell) -> None:
    """As with a run."""
    make_project(tmp_path)
    said = tell("plan", "--models", "mpl")
    assert said.code == cli.INCOMPLETE
    assert said.err.count("\n") == 1
    assert "mlp" in said.err
