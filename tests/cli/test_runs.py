"""Runs on the command line: what is missing is run, what goes wrong is told, and the rest goes on."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from building import CANDIDATE, first_round, install, make_project, missing_from
from runner.fake_probe import stages
from tfmatrix import cli
from tfmatrix.environments import making
from tfmatrix.questions.matrix.plan import make_plan, only
from tfmatrix.records import Fingerprint, Tensor
from tfmatrix.runner.events import Event, Refused
from tfmatrix.runner.observing import request_of
from tfmatrix.store.fingerprints import tensor_digest, trace_digest
from tfmatrix.store.store import Store

from .project import Tell, made

pytestmark = pytest.mark.timeout(60)


def test_a_run_observes_what_is_missing_and_then_nothing(tmp_path: Path, tell: Tell) -> None:
    """A run ends with a whole report, the next one runs no trial, and --fresh runs them all again."""
    plan = made(tmp_path, ["a"])
    total = len(first_round(plan))
    first, second, third = tell("run"), tell("run"), tell("run", "--fresh")
    assert [said.code for said in (first, second, third)] == [cli.SAME] * 3
    assert f"{total} of {total} trials to run, 0 stored already." in first.err
    assert second.err == f"0 of {total} trials to run, {total} stored already.\n"
    assert f"{total} of {total} trials to run, 0 stored already." in third.err
    assert len({said.out for said in (first, second, third)}) == 1


@pytest.mark.parametrize("options", [["-q"], ["--json"]])
def test_a_run_can_be_silent(tmp_path: Path, tell: Tell, options: list[str]) -> None:
    """With -q nothing is said of a run that goes well, and with --json nothing but the report."""
    made(tmp_path, ["a"], versions=["2.15.1", CANDIDATE])
    said = tell("run", *options)
    assert (said.code, said.err) == (cli.SAME, "")
    assert said.out == ("" if options == ["-q"] else (tmp_path / "reports" / "matrix.json").read_text("utf-8"))


@pytest.mark.parametrize("model", ["fails", "dies"])
def test_a_run_with_a_broken_model_is_two_and_the_rest_is_observed(tmp_path: Path, tell: Tell, model: str) -> None:
    """A model that fails or crashes is one problem, and the cells of the others are in the report."""
    made(tmp_path, [model, "good"])
    said = tell("run")
    assert said.code == cli.INCOMPLETE
    problems = [line for line in said.err.splitlines() if line.startswith("tfmatrix: ")]
    assert problems
    assert all(line.startswith(f"tfmatrix: {model} ") for line in problems)
    data = json.loads((tmp_path / "reports" / "matrix.json").read_text(encoding="utf-8"))
    assert {cell["outcome"] for cell in data["cells"] if cell["model"] == "good"} == {"observed"}


def test_a_run_without_an_environment_is_two_and_the_rest_is_observed(tmp_path: Path, tell: Tell) -> None:
    """An environment that cannot be had is one problem with its reason, and its cells are no pass."""
    plan = make_plan(make_project(tmp_path, ["a", "b"]))
    install(plan.baseline, plan.config)
    said = tell("run")
    assert said.code == cli.INCOMPLETE
    assert said.err.splitlines()[-1].startswith(f"tfmatrix: {CANDIDATE} unavailable: no unit test makes one")
    assert said.err.splitlines()[-1].endswith("(2 cells)")
    assert said.out.splitlines()[1:3] == [f"{CANDIDATE}  not yet: some models fail", "        2 failed"]


def test_bytes_without_their_digest_are_no_result_and_end_no_run(tmp_path: Path, tell: Tell) -> None:
    """A model whose answers' bytes do not have their digest has crashed, another is observed, and that is no pass."""
    plan = made(tmp_path, ["lies", "healthy"])
    said = tell("run")
    assert said.code == cli.INCOMPLETE
    assert "Traceback" not in said.err
    with Store(tmp_path / ".tfmatrix" / "store.sqlite") as store:
        seen = {(e.cell.model.name, t.outcome) for e in first_round(plan) if (t := store.trial(e.key))}
    assert seen == {("lies", "crashed"), ("healthy", "observed")}


def test_an_interrupt_is_two_and_keeps_what_was_finished(
    tmp_path: Path, tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C ends with a sentence and 2, what was finished is kept, and the next run goes on from there."""
    plan = made(tmp_path, ["a"])
    keep = Store.add
    calls: list[int] = []

    def interrupted(self: Store, *arguments: Any) -> None:
        keep(self, *arguments)
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Store, "add", interrupted)
        said = tell("run")
    assert (said.code, said.out) == (cli.INCOMPLETE, "")
    assert said.err.splitlines()[-1].startswith("tfmatrix: interrupted; what was finished is kept")
    total = len(first_round(plan))
    assert f"{total - 2} of {total} trials to run, 2 stored already." in tell("run").err
    calls.clear()
    with monkeypatch.context() as patched:
        patched.setattr(Store, "add", interrupted)
        assert tell("run", "--fresh").code == cli.INCOMPLETE
    assert f"0 of {total} trials to run, {total} stored already." in tell("run").err, "a fresh run replaces, and loses"


def test_the_command_told_with_a_failure_runs_that_very_trial(tmp_path: Path, tell: Tell) -> None:
    """What a run was told that changes its trials is in the command that reruns one of them, and nothing else is."""
    made(tmp_path, ["fails"])
    said = tell("run", "--seed", "7", "--trials", "4", "--models", "fails", "--jobs", "1")
    line = next(line for line in said.err.splitlines() if line.startswith("2.15.1/fails/tf2 trial-4 failed"))
    command = line.rpartition("(")[2].removesuffix(")")
    assert command == "tfmatrix run --trials 4 --seed 7 --cell '2.15.1/fails/tf2 trial-4' --trace"
    again = tell(*shlex.split(command)[1:])
    assert again.out.startswith("2.15.1/fails/tf2 trial-4 failed")


@pytest.mark.parametrize(("model", "code"), [("healthy", 0), ("fails", 2), ("dies", 2)])
def test_one_trial_can_be_run_alone(tmp_path: Path, tell: Tell, model: str, code: int) -> None:
    """One trial of a cell is run and told, its exit code saying whether it was observed, and nothing is stored."""
    made(tmp_path, [model])
    said = tell("run", "--cell", f"2.15.1/{model}/tf2")
    assert said.code == code
    assert f"2.15.1/{model}/tf2 trial-1 " in said.out
    assert not (tmp_path / ".tfmatrix" / "store.sqlite").exists()


def test_one_trials_digests_are_those_of_what_it_observed(tmp_path: Path, tell: Tell) -> None:
    """With --trace each stage of a trial has a line, in its order: the digest of what was observed, tier and stage."""
    plan = made(tmp_path, ["has_stages"])
    name = f"{CANDIDATE}/has_stages/tf2"
    expected = only(plan.config, name)
    trace = [
        Fingerprint(*stage.partition(" ")[::2], tensor_digest(Tensor("uint8", (len(data),), data)))
        for stage, data in stages(request_of(expected, plan.config, fresh=False)).items()
    ]
    said = tell("run", "--cell", name, "--trace")
    *lines, last = said.out.splitlines()
    assert (said.code, said.err) == (cli.SAME, "")
    assert lines == [f"{print_.digest}  {print_.tier} {print_.stage}" for print_ in trace]
    assert last == f"{name} trial-1 observed, trace {trace_digest(trace)}"
    assert tell("run", "--cell", name).out.splitlines() == [last]


def test_gc_removes_nothing_where_no_model_is_found(tmp_path: Path, tell: Tell) -> None:
    """A folder of models that is misspelt says nothing of what is stored, and nothing of it goes."""
    plan = made(tmp_path, ["a"])
    tell("run", "-q")
    pyproject = tmp_path / "pyproject.toml"
    text = pyproject.read_text(encoding="utf-8")
    pyproject.write_text(f'{text}\nmodels_folder = "refrence_models"\n', encoding="utf-8")
    said = tell("gc")
    assert (said.code, said.out) == (cli.INCOMPLETE, "")
    assert "refrence_models is no folder" in said.err
    pyproject.write_text(text, encoding="utf-8")
    with Store(tmp_path / ".tfmatrix" / "store.sqlite") as store:
        assert missing_from(store, plan) == []


def test_gc_removes_environments_that_nothing_names_once_it_is_asked_to(tmp_path: Path, tell: Tell) -> None:
    """What a bisect made, and what it left half-made, goes; what the project names stays, and so does nox's own."""
    plan = made(tmp_path, ["a"])
    root = tmp_path / ".nox"
    kept = [making.folder_of(environment, root).name for environment in plan.environments]
    builds = ["tensorflow-cpu-2.15.0-py310", "tf-nightly-cpu-2.22.0.dev20261101-py310"]
    for name in (*kept, *builds):
        (root / name).mkdir(parents=True, exist_ok=True)
        (root / f".{name}.lock").touch()
    (root / "lint").mkdir()
    (root / builds[0] / making.STAMP).touch()
    assert "environment" not in tell("gc").out
    said = tell("gc", "--environments")
    assert (said.code, said.err) == (cli.SAME, "")
    assert f"2 environments removed: {', '.join(builds)}." in said.out
    assert {path.name for path in root.iterdir() if path.is_dir()} == {*kept, "lint"}
    assert "0 environments removed." in tell("gc", "--environments").out


def test_a_fresh_run_that_is_refused_is_incomplete(tmp_path: Path, tell: Tell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where everything is stored and an environment cannot be had any more, what was asked for was not done."""
    plan = made(tmp_path, ["a"])
    assert tell("run", "-q").code == cli.SAME

    def refused(missing: object, config: object) -> Iterator[Event]:
        yield from (Refused(environment, "the network is down.") for environment in plan.environments)

    monkeypatch.setattr("tfmatrix.runner.rounds.observe", refused)
    said = tell("run", "--fresh", "-q")
    assert said.code == cli.INCOMPLETE
    assert said.err.splitlines() == [
        f"tfmatrix: {environment.name} is unavailable: the network is down." for environment in plan.environments
    ]
