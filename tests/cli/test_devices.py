"""A launch that asks for a GPU, on a machine that has none: whatever is asked, it is unavailable and nothing is run."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from building import BASELINE, CANDIDATE, make_project, ones
from tfmatrix import cli
from tfmatrix.environments import machine
from tfmatrix.questions.matrix.plan import make_plan
from tfmatrix.records import UNAVAILABLE, ExpectedTrial
from tfmatrix.runner.rounds import Known, next_round
from tfmatrix.store.store import Store

from .project import Tell, made, stored

LACKING = "no GPU on this machine"

ALONE = 'launches.default = { device = "gpu" }'
"""Every cell asks for a GPU."""

BESIDE = 'launches.on-gpu = { device = "gpu" }'
"""Half of the cells do."""


@pytest.fixture(autouse=True)
def _no_gpu() -> None:
    if machine.this_machine().gpus:
        pytest.skip("this machine has a GPU")


def ran(folder: Path) -> set[str]:
    """Return the launches under which anything is stored."""
    with Store(folder / ".tfmatrix" / "store.sqlite") as store:
        return {one.id.partition(" ")[0].split("/")[-1] for one in store.every_trial()}


@pytest.mark.parametrize(
    "command",
    [
        ("run",),
        ("recipes", "--models", "keras-mlp"),
        ("atlas",),
        ("exchange", "--formats", "keras", "--models", "keras_mlp"),
        ("explain", CANDIDATE),
        ("bisect", f"{BASELINE}..{CANDIDATE}", "--cell", "keras_mlp/tf2"),
    ],
    ids=lambda command: command[0],
)
def test_whatever_is_asked_it_is_said_and_nothing_is_run(tmp_path: Path, tell: Tell, command: tuple[str, ...]) -> None:
    """No process is started and no environment made, of which the tests would hear."""
    make_project(tmp_path, {"keras_mlp": "def build(): pass\n"}, ALONE)
    said = tell(*command)
    assert said.code == cli.INCOMPLETE
    assert LACKING in said.err
    assert "no unit test makes one" not in said.err
    assert ran(tmp_path) == set()


def test_no_fleet_is_asked_for_what_its_class_lacks(tmp_path: Path, tell: Tell) -> None:
    """Its workers are of this machine's class, so none of them has a GPU: there is nothing to ask a scheduler for."""
    make_project(tmp_path, ["mlp"], ALONE)
    said = tell("run", "--on", "tcp://127.0.0.1:1")  # where nobody answers
    assert said.code == cli.INCOMPLETE
    assert LACKING in said.err
    assert "scheduler" not in said.err


def test_it_is_no_class_of_machines_that_was_compared(tmp_path: Path, tell: Tell) -> None:
    """Its column says why."""
    made(tmp_path, ["mlp"], more=BESIDE)
    said = tell("machines", "--versions", BASELINE)
    assert said.code == cli.INCOMPLETE
    assert f"on-gpu, {BASELINE}: 1 cell not compared, such as mlp/tf2: failed ({LACKING})" in said.err


def test_the_other_launches_are_run(tmp_path: Path, tell: Tell) -> None:
    """The report has both, and says what is unavailable and why; so it does when it is written again."""
    made(tmp_path, ["mlp"], more=BESIDE)
    for command in ("run", "report"):
        said = tell(command)
        assert said.code == cli.INCOMPLETE
        for version in (BASELINE, CANDIDATE):
            assert f"tfmatrix: {version} unavailable: {LACKING} ({version}/mlp/tf2/on-gpu)" in said.err.splitlines()
        report = json.loads((tmp_path / "reports" / "matrix.json").read_text(encoding="utf-8"))
        found = {(one["environment"], one["launch"]): one["outcome"] for one in report["cells"]}
        assert {found[version, "on-gpu"] for version in (BASELINE, CANDIDATE)} == {UNAVAILABLE}
        assert {found[version, "default"] for version in (BASELINE, CANDIDATE)} == {"observed"}
        assert LACKING in (tmp_path / "reports" / "matrix.md").read_text(encoding="utf-8")
    assert ran(tmp_path) == {"tf2"}  # the default launch has no name in a cell's


def test_it_is_no_pass(tmp_path: Path, tell: Tell) -> None:
    """The gate says why, and how to see it, though all that could be run is the same."""

    def answer(expected: ExpectedTrial) -> object:
        return None if expected.lacking else ones()

    stored(tmp_path, answer, more=BESIDE)
    said = tell("check", CANDIDATE, "--baseline", BASELINE)
    assert said.code == cli.INCOMPLETE
    assert f"unavailable: {LACKING}" in said.out
    seen = tell("run", "--cell", f"{CANDIDATE}/mlp/tf2/on-gpu")
    assert (seen.code, seen.out) == (cli.INCOMPLETE, "")
    assert seen.err == f"tfmatrix: {CANDIDATE}/mlp/tf2/on-gpu is unavailable: {LACKING}.\n"
    assert f"tfmatrix run --cell {CANDIDATE}/mlp/tf2/on-gpu" in said.out


def test_a_plan_says_so_before_anything_is_run(tmp_path: Path, tell: Tell) -> None:
    """Its cells are counted, and none of its trials is to be run."""
    plan = made(tmp_path, ["mlp"], more=BESIDE)
    said = tell("plan")
    assert f"unavailable   2 cells: {LACKING}" in said.out.splitlines()
    assert json.loads(tell("plan", "--json").out)["lacking"] == [{"reason": LACKING, "cells": 2}]
    with Store(tmp_path / "empty.sqlite") as store:
        assert {one.cell.launch.name for one in next_round(plan, Known(store)).trials} == {"default"}


def test_a_machine_of_a_class_with_a_gpu_is_to_run_it(tmp_path: Path) -> None:
    """The plan is what a fleet of such machines is given too; an environment without kernels for it is left out."""
    config = make_project(tmp_path, ["mlp"], BESIDE)
    with_gpu = replace(config, machine=replace(config.machine, gpus=("H200, 570.1",)))
    wanted = {}
    for distribution in ("tensorflow-cpu", "tensorflow"):
        plan = make_plan(replace(with_gpu, distribution=distribution))
        with Store(tmp_path / "empty.sqlite") as store:
            wanted[distribution] = {one.cell.launch.name for one in next_round(plan, Known(store)).trials}
    assert wanted == {"tensorflow-cpu": {"default"}, "tensorflow": {"default", "on-gpu"}}


def test_the_doctor_misses_it(tmp_path: Path, tell: Tell) -> None:
    """In one sentence, whatever the number of versions."""
    made(tmp_path, ["mlp"], more=BESIDE)
    said = tell("doctor")
    assert f"missing     the launch on-gpu: {LACKING}." in said.out.splitlines()
    assert said.code == cli.INCOMPLETE
