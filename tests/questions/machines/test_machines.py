"""Machine classes beside each other in one release: what each has otherwise, and what is run for that."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from building import MACHINE_OF_TESTS, add, fill, make_project, missing_from, ones, trial
from golden_files import assert_golden
from tfmatrix.config import Config
from tfmatrix.environments.machine import machine_id, this_machine
from tfmatrix.questions.machines import summary
from tfmatrix.questions.machines.answer import answer, problems
from tfmatrix.questions.machines.page import page
from tfmatrix.questions.machines.plan import MachinesPlan, make_machines_plan
from tfmatrix.questions.machines.report import write_report
from tfmatrix.questions.machines.summary import Report, summarise
from tfmatrix.questions.matrix import compare_all, make_plan
from tfmatrix.questions.matrix.summary import summarise as summarise_matrix
from tfmatrix.records import EQUIVALENT, FAILED, JITTER, SEEDS, ExpectedTrial, Launch, Machine, Tensor
from tfmatrix.report import terminal
from tfmatrix.report.document import of_shape, report_id, to_text
from tfmatrix.report.markdown import to_markdown
from tfmatrix.store import upkeep
from tfmatrix.store.facts import MACHINE
from tfmatrix.store.store import Store

ULP = float(np.finfo(np.float32).eps)

SSE = Launch("sse41", variables=(("ONEDNN_MAX_CPU_ISA", "SSE41"),))

OTHER = replace(MACHINE_OF_TESTS, cpu="Another CPU", flags=("sse",))
"""A machine of another class than whatever runs the tests."""


def stages(expected: ExpectedTrial, *, other: bool = False) -> dict[str, object]:
    """Answer with weights that one class has otherwise: rounding in `first`, another meaning in `second`."""
    jittered = 3.0 * (1 + 4 * ULP) if expected.role in {JITTER, EQUIVALENT} else 3.0
    moved = {"first": 3.0 * (1 + 2 * ULP), "second": 4.0}.get(expected.cell.model.name, 3.0)
    is_other = other or expected.cell.launch.name == "sse41"
    return ones(weights=[3.0, 3.0, 3.0, moved if is_other else jittered])


def filled(plan: MachinesPlan, store: Store) -> None:
    """Add every trial of this machine."""
    fill(store, make_plan(plan.config), stages)
    for release in plan.of_releases:
        for trials in release.trials.values():
            for expected in trials:
                if expected.role != SEEDS:
                    add(store, expected, stages(expected))
    # A report names the machine as it is noted, and a golden report can't be of the one that runs the tests.
    store.note(MACHINE, machine_id(this_machine()), asdict(MACHINE_OF_TESTS))


def of_another_machine(config: Config, path: Path, machine: Machine = OTHER) -> Path:
    """Make a store that a run on another machine left."""
    plan = make_plan(replace(config, machine=machine))
    with Store(path) as store:
        fill(store, plan, lambda one: None if one.lacking or one.role == SEEDS else stages(one, other=True))
        store.strike(MACHINE, machine_id(this_machine()))
        store.note(MACHINE, machine_id(machine), asdict(machine))
    return path


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MachinesPlan:
    """Return the plan of two releases and three models under two launches."""
    monkeypatch.setattr("tfmatrix.questions.machines.plan.CLASSES", (SSE,))
    return make_machines_plan(make_project(tmp_path, ["first", "second", "third"]))


@pytest.fixture
def report(plan: MachinesPlan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Report:
    """Return the report of this machine under both launches, and of another one whose store was merged."""
    monkeypatch.setattr(summary, "__version__", "0.0.0")
    with Store(tmp_path / "store.sqlite") as store:
        filled(plan, store)
        assert list(upkeep.merge(store, of_another_machine(plan.config, tmp_path / "other.sqlite"))) == []
        return summarise(plan, store)


def verdicts(report: Report, of: str, environment: str = "2.15.1") -> dict[str, str]:
    """Return the verdict of each model of a class in a release."""
    found = [cell for cell in report.cells if (cell.of, cell.environment) == (of, environment)]
    return {cell.model: cell.verdict.value for cell in found}


def test_a_class_is_compared_with_this_machine_in_the_same_release(report: Report) -> None:
    """By the noise floor of this machine's default launch; another machine as another launch."""
    expected = {"first": "rounding", "second": "different", "third": "identical"}
    here, sse, other, other_sse = (one.name for one in report.classes)
    assert (here, sse) == ("here", "sse41")
    assert other.startswith("Another CPU (")
    assert other_sse == f"{other}, sse41"
    for of in (sse, other, other_sse):
        assert verdicts(report, of) == verdicts(report, of, "2.16.2") == expected
    assert problems(report) == []


def test_a_report_is_as_it_was_read_and_found_good(report: Report) -> None:
    """The whole page, and what a terminal shows."""
    text = "\n".join(["", *terminal.lines(answer(report)), ""])
    assert_golden("machines.md", to_markdown(page(report)) + text)


def test_a_report_can_be_read_again(report: Report) -> None:
    """Its JSON makes the same report, under the same id."""
    again = of_shape(json.loads(to_text(report)), Report)
    assert again == report
    assert report_id(again) == report.id


def test_a_store_of_another_class_is_merged_without_mixing(plan: MachinesPlan, tmp_path: Path) -> None:
    """This machine's matrix is what it was, to the last bit; nothing of the other counts in it, though it is there."""
    matrix = make_plan(plan.config)
    with Store(tmp_path / "store.sqlite") as store:
        filled(plan, store)
        before = summarise_matrix(compare_all(matrix, store))
        trials = len(list(store.every_trial()))
        other = of_another_machine(plan.config, tmp_path / "other.sqlite")
        assert list(upkeep.merge(store, other)) == []
        assert len(list(store.every_trial())) > trials
        assert to_text(summarise_matrix(compare_all(matrix, store))) == to_text(before)
        there = make_plan(replace(plan.config, machine=OTHER))
        traces = (
            {one.id: one.trace for one in found.cells}
            for found in (before, summarise_matrix(compare_all(there, store)))
        )
        mine, others = traces
        assert {id_ for id_ in mine if mine[id_] != others[id_]} == {
            f"{version}/{model}/tf2" for version in ("2.15.1", "2.16.2") for model in ("first", "second")
        }
    with Store(tmp_path / "empty.sqlite") as store:
        assert list(upkeep.merge(store, other)) == []
        assert len(missing_from(store, matrix)) == len(missing_from_an_empty(matrix, tmp_path))


def missing_from_an_empty(plan: object, folder: Path) -> list[ExpectedTrial]:
    """Return what a plan lacks where nothing was run."""
    with Store(folder / "nothing.sqlite") as store:
        return missing_from(store, plan)  # type: ignore[arg-type]  # a plan of a matrix


def test_what_a_matrix_ran_is_not_run_again(plan: MachinesPlan, tmp_path: Path) -> None:
    """Of a release that is no baseline only the noise floor of its default launch is missing."""
    matrix = make_plan(plan.config)
    with Store(tmp_path / "store.sqlite") as store:
        fill(store, matrix, stages)
        missing = missing_from(store, plan)
        assert {(one.cell.environment.name, one.cell.launch.name) for one in missing} == {("2.16.2", "default")}
        assert {one.role for one in missing} <= {JITTER, EQUIVALENT}
        assert missing


def test_bytes_that_lack_are_asked_for(plan: MachinesPlan, tmp_path: Path) -> None:
    """Where two classes part and no bytes were kept, the trials of both are repeated, and keep them."""

    def without(expected: ExpectedTrial) -> dict[str, object]:
        made = ones(weights=[float(expected.cell.launch.name == "sse41") + 3.0] * 4)
        first = np.full(4, 2.0 + float(expected.cell.launch.name == "sse41"), np.float32)
        gone = Tensor("float32", (4,), first.tobytes()[:8], whole=False)
        return made | {"native gradient@1/w": gone} if expected.role != SEEDS else made

    with Store(tmp_path / "store.sqlite") as store:
        for release in plan.of_releases:
            for trials in release.trials.values():
                for expected in trials:
                    add(store, expected, without(expected))
        found = {(one.cell.launch.name, one.role) for one in missing_from(store, plan)}
    assert {("default", "kept"), ("sse41", "kept")} <= found


def test_every_machine_stands_for_some_classes(tmp_path: Path) -> None:
    """Whatever launches a project has: its own come besides, and one of the same name in their place."""
    more = 'launches.mine = { inter_op = 1 }\nlaunches.avx = { variables = { ONEDNN_MAX_CPU_ISA = "AVX2" } }'
    plan = make_machines_plan(make_project(tmp_path, ["first"], more))
    with Store(tmp_path / "store.sqlite") as store:
        found = {one.name: one.launch for one in plan.classes(store)}
    assert list(found) == ["here", "avx", "sse41", "mine"]
    assert found["avx"].variables == (("ONEDNN_MAX_CPU_ISA", "AVX2"),)
    assert (found["sse41"].variables, found["mine"].inter_op) == ((("ONEDNN_MAX_CPU_ISA", "SSE41"),), 1)


@pytest.mark.parametrize("became", ["missing", "failed", "unstable"])
def test_what_is_not_there_counts_as_no_pass(plan: MachinesPlan, tmp_path: Path, became: str) -> None:
    """A cell of a launch that is missing, failed or does not agree with itself is told."""

    def spoilt(expected: ExpectedTrial) -> Callable[[], object]:
        return {
            "missing": lambda: None,
            "failed": lambda: trial(expected, FAILED, message="no such kernel"),
            "unstable": lambda: ones(weights=[float(expected.number)] * 4),
        }[became]

    with Store(tmp_path / "store.sqlite") as store:
        for release in plan.of_releases:
            for cell, trials in release.trials.items():
                for expected in trials:
                    bad = (cell.launch.name, cell.model.name) == ("sse41", "first")
                    made = spoilt(expected)() if bad else stages(expected)
                    if made is not None and expected.role != SEEDS:
                        add(store, expected, made)  # type: ignore[arg-type]  # stages, by name, or a trial
        found = summarise(plan, store)
    assert verdicts(found, "sse41")["first"] == became
    assert [line.partition(" not compared")[0] for line in problems(found)] == [
        "sse41, 2.15.1: 1 cell",
        "sse41, 2.16.2: 1 cell",
    ]


def test_the_same_store_gives_the_same_files(plan: MachinesPlan, tmp_path: Path) -> None:
    """Byte for byte, in every format."""
    written = []
    with Store(tmp_path / "store.sqlite") as store:
        filled(plan, store)
        for _ in range(2):
            write_report(plan, store)
            files = [tmp_path / "reports" / f"machines.{ending}" for ending in ("json", "md", "html")]
            written.append([path.read_bytes() for path in files])
    assert written[0] == written[1]


def test_another_machine_is_no_class_under_a_launch_that_it_cannot_run(tmp_path: Path) -> None:
    """One without a GPU has no column for the launch that asks for one, and a column for the default one."""
    config = make_project(tmp_path, ["first"], 'launches.on-gpu = { device = "gpu" }', versions=["2.15.1"])
    plan = make_machines_plan(config)
    with Store(tmp_path / "store.sqlite") as store:
        filled(plan, store)
        assert list(upkeep.merge(store, of_another_machine(config, tmp_path / "other.sqlite"))) == []
        names = [one.name for one in summarise(plan, store).classes]
    assert [name.startswith("Another CPU") for name in names].count(True) == 1
    assert not any(name.endswith(", on-gpu") for name in names)
