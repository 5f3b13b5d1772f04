"""Observing: each trial gets its own answer or a word for why there is none, and no process is left."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest
from filelock import FileLock

from building import CANDIDATE, install, lock_of, plan_of
from tfmatrix.environments import making
from tfmatrix.environments.machine import this_machine
from tfmatrix.errors import InternalError
from tfmatrix.questions.matrix.plan import Plan
from tfmatrix.records import Environment, ExpectedTrial
from tfmatrix.runner import observing, probe
from tfmatrix.runner.events import Event, Finished, Launched, Ready, Refused
from tfmatrix.runner.observing import observe, request_of

from .fake_probe import told

FakePlan = Callable[..., Plan]

pytestmark = pytest.mark.timeout(60)


@pytest.fixture(autouse=True)
def no_process_is_left() -> Iterator[None]:
    """Hold each test to this: when a run is over, no process that it started lives."""
    before = set(psutil.Process().children(recursive=True))
    yield
    left = set(psutil.Process().children(recursive=True)) - before
    assert not left


def all_trials(plan: Plan) -> list[ExpectedTrial]:
    """Return every trial that a plan expects."""
    return [expected for trials in plan.trials.values() for expected in trials]


def finished(plan: Plan) -> dict[ExpectedTrial, Finished]:
    """Return what became of each trial of a plan, each of which is over once."""
    found = [event for event in observe(all_trials(plan), plan.config) if isinstance(event, Finished)]
    assert max(Counter(event.expected.key for event in found).values()) == 1
    return {event.expected: event for event in found}


def outcomes(results: dict[ExpectedTrial, Finished], model: str) -> Counter[str]:
    """Return how often each outcome came up for a model."""
    return Counter(f.trial.outcome for e, f in results.items() if e.cell.model.name == model)


def assert_own_answer(event: Finished, plan: Plan) -> None:
    """Hold an observed trial to the bytes that were observed for its own request."""
    (tensor,) = event.tensors.values()
    assert tensor.data == told(request_of(event.expected, plan.config, fresh=False))
    assert event.trial.key == event.expected.key


def only_crashed(fake_plan: FakePlan, model: str) -> list[Finished]:
    """Return the trials of a model, which have crashed and left nothing, having seen that all others are observed."""
    plan = fake_plan([model, "healthy", "zz"], versions=["2.15.1"])
    results = finished(plan)
    assert set(outcomes(results, model)) == {"crashed"}
    assert set(outcomes(results, "healthy") + outcomes(results, "zz")) == {"observed"}
    crashed = [event for event in results.values() if event.trial.outcome == "crashed"]
    for event in results.values():
        if event in crashed:
            assert (event.trace, event.tensors) == ((), {})
        else:
            assert_own_answer(event, plan)
    return crashed


def test_each_trial_gets_the_answer_to_its_own_request(fake_plan: FakePlan) -> None:
    """Every expected trial is observed once, with the bytes that belong to it."""
    plan = fake_plan(["a", "b", "c"], modes=["tf2", "v1"])
    results = finished(plan)
    assert list(map(len, (results, all_trials(plan)))) == [len(all_trials(plan))] * 2
    for event in results.values():
        assert event.trial.outcome == "observed"
        assert_own_answer(event, plan)


def test_nothing_missing_starts_nothing(fake_plan: FakePlan, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no trial is missing no process is started and nothing is told."""
    plan = fake_plan(["a"])
    monkeypatch.setattr(observing, "Probe", None)
    assert list(observe([], plan.config)) == []


def test_trials_of_one_hash_seed_share_a_process_and_a_witness_has_its_own(fake_plan: FakePlan) -> None:
    """A process is started per environment and hash seed, and one for each witness."""
    plan = fake_plan(["a", "b"])
    launches = Counter(e.environment for e in observe(all_trials(plan), plan.config) if isinstance(e, Launched))
    assert launches == dict.fromkeys(plan.environments, 2 + 1)


def seen(plan: Plan, **choices: Any) -> dict[str, dict[str, Any]]:
    """Return by each trial's name what the probe of the model ``tells`` was asked, and what it was started with."""
    events = observe(all_trials(plan), plan.config.overridden(**choices))
    return {e.expected.id: json.loads(e.trial.output) for e in events if isinstance(e, Finished)}


def test_a_witness_is_the_only_trial_that_is_not_forked(fake_plan: FakePlan) -> None:
    """Where a fork is sound a witness is asked to run without one, alone in its process, and no other trial is."""
    plan = fake_plan({"tells": 'VARIANTS = {"a": {}, "b": {}}'})
    told = seen(plan)
    witnesses = {e.id for e in all_trials(plan) if e.role == "witness"}
    assert len(witnesses) == len(plan.environments)
    assert {id_ for id_, one in told.items() if one["request"]["fresh"] is True} == witnesses
    assert {id_ for id_, one in told.items() if one["request"]["fresh"] is False} == told.keys() - witnesses
    trials_of = Counter(one["pid"] for one in told.values())
    assert {id_ for id_, one in told.items() if trials_of[one["pid"]] == 1} == witnesses


@pytest.mark.parametrize("memory", [1234, 0], ids=["configured", "not configured"])
def test_the_limits_of_the_configuration_are_those_of_each_trial(fake_plan: FakePlan, memory: int) -> None:
    """Every probe is told the configured seconds and MiB; without configured MiB, nine tenths of the machine's."""
    told = seen(fake_plan(["tells"], timeout=7.5, memory=memory))
    limits = {(one["request"]["timeout"], one["request"]["memory_mib"]) for one in told.values()}
    assert limits == {(7.5, memory or round(this_machine().memory_gib * 1024 * 0.9))}


def test_how_many_processes_run_at_once_changes_nothing_within_one(fake_plan: FakePlan) -> None:
    """With one job or eight a trial has the same request, variables and processors, and so as many threads."""

    def without_own(told: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        for one in told.values():
            del one["pid"], one["variables"]["HOME"], one["variables"]["KERAS_HOME"]  # which no two processes share
        return told

    plan = fake_plan(["tells"], modes=["tf2", "v1"])
    alone, crowded = (without_own(seen(plan, jobs=jobs)) for jobs in (1, 8))
    assert len(alone) == len(all_trials(plan))
    assert alone == crowded
    for one in alone.values():
        assert (one["request"]["intra_op"], one["request"]["inter_op"]) == (2, 2)
        assert one["variables"]["TF_NUM_INTRAOP_THREADS"] == one["variables"]["OMP_NUM_THREADS"] == "2"


def test_where_a_fork_is_not_sound_each_trial_has_a_fresh_process(fake_plan: FakePlan) -> None:
    """A probe that cannot fork runs one trial and is followed by another, with the same answers."""
    plan = fake_plan(["a"], {"FAKE_FORK": "0"})
    events = list(observe(all_trials(plan), plan.config))
    assert sum(isinstance(event, Launched) for event in events) == len(all_trials(plan))
    for event in events:
        if isinstance(event, Finished):
            assert_own_answer(event, plan)


def test_an_environment_that_is_not_its_locks_any_more_is_refused(fake_plan: FakePlan) -> None:
    """Where somebody installed another NumPy, nothing is observed, and the folder to remove is named."""
    plan = fake_plan(["a"], {"FAKE_NUMPY": "2.0.0"})
    events = list(observe(all_trials(plan), plan.config))
    assert not any(isinstance(event, Finished) for event in events)
    reasons = {event.environment: event.reason for event in events if isinstance(event, Refused)}
    assert set(reasons) == set(plan.environments)
    for environment, reason in reasons.items():
        folder = making.folder_of(environment, plan.config.root / ".nox")
        assert reason == f"{folder} has numpy 2.0.0, and its lock 1.26.4; remove the folder and run again."


@pytest.mark.parametrize("change", ["lock", "package", "probe"])
def test_what_changed_since_the_plan_is_not_filed_under_the_old_key(
    fake_plan: FakePlan, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, change: str
) -> None:
    """Where lock or probe are others by now, or a package goes during the import, nothing is observed: run again."""
    plan = fake_plan(["a"], {"FAKE_LOSS": "lib/*/*/numpy*/METADATA"} if change == "package" else {})
    trials = all_trials(plan)
    if change == "lock":
        for environment in plan.environments:
            lock_of(plan.config.root, environment).write_text("# kind: today\n# another\n", encoding="utf-8")
            shutil.rmtree(making.folder_of(environment, plan.config.root / ".nox"))
            install(environment, plan.config)
    if change == "probe":
        monkeypatch.setattr("tfmatrix.keys.PROBE", tmp_path)
    events = list(observe(trials, plan.config))
    assert not any(isinstance(event, Finished) for event in events)
    what = "tfmatrix itself" if change == "probe" else "its lock, or what is installed,"
    told = f"{what} changed during the run; run again."
    assert {(e.environment, e.reason) for e in events if isinstance(e, Refused)} == {
        (environment, told) for environment in plan.environments
    }


def test_an_environment_with_its_locks_packages_is_observed(fake_plan: FakePlan) -> None:
    """A process that tells its lock's NumPy is the environment that its trials are filed under."""
    plan = fake_plan(["a"], {"FAKE_NUMPY": "1.26.4"})
    assert {event.trial.outcome for event in finished(plan).values()} == {"observed"}


def test_an_environment_whose_time_is_up_is_refused_once_and_its_other_trials_stay_missing(fake_plan: FakePlan) -> None:
    """What was finished by then counts, and nothing is told of a trial that was not run."""
    plan = fake_plan(["a", "b"], jobs=1, environment_timeout=1e-9)  # which is up behind the first trial
    events = list(observe(all_trials(plan), plan.config))
    told = "its trials took more than 1e-09 s; run again to go on, or raise environment_timeout."
    refused = [event for event in events if isinstance(event, Refused)]
    assert sorted((event.environment.name, event.reason) for event in refused) == [
        (environment.name, told) for environment in plan.environments
    ]
    done = [event.expected.cell.environment for event in events if isinstance(event, Finished)]
    assert Counter(done) == dict.fromkeys(plan.environments, 1)


def test_a_late_answer_is_never_another_trials(fake_plan: FakePlan, monkeypatch: pytest.MonkeyPatch) -> None:
    """A trial whose answer comes too late has crashed, and those behind it in its process have their own bits."""
    ask = probe.Probe.ask

    def impatient(self: probe.Probe, request: dict[str, Any]) -> Any:
        waits = not request["path"].endswith("/late.py")  # its answer comes with that to the next request
        return ask(self, request if waits else {**request, "timeout": -probe.GRACE})

    monkeypatch.setattr(probe.Probe, "ask", impatient)
    plan = fake_plan(["healthy", "late", "zz"], versions=["2.15.1"])
    results = finished(plan)
    assert set(outcomes(results, "late")) == {"crashed"}
    assert set(outcomes(results, "healthy") + outcomes(results, "zz")) == {"observed"}
    for event in results.values():
        if event.trial.outcome == "observed":
            assert_own_answer(event, plan)
        else:
            assert (event.trial.trace, event.trace) == (None, ())


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("dies", "exit status 7: out of bytes"),
        ("is_cut_off", "exit status 0"),
        ("writes_garbage", "what it wrote is no answer"),
    ],
)
def test_a_probe_that_dies_costs_its_own_trial_only(fake_plan: FakePlan, model: str, said: str) -> None:
    """A trial in which the probe dies has crashed with its last words, and every other trial is observed."""
    for event in only_crashed(fake_plan, model):
        assert said in event.trial.message


def test_a_probe_that_closes_its_answers_costs_its_own_trial_only(
    fake_plan: FakePlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A probe that closes its answers and lives on is ended, and the trials behind it are observed by another."""
    monkeypatch.setattr(probe, "GRACE", 0.2)
    plan = fake_plan(["closes_its_answers", "zz"], versions=["2.15.1"], trials=1, jitters=0)
    results = finished(plan)
    assert set(outcomes(results, "closes_its_answers")) == {"crashed"}
    assert set(outcomes(results, "zz")) == {"observed"}


def test_a_trial_that_was_killed_from_outside_is_run_once_more(fake_plan: FakePlan) -> None:
    """A probe that dies once in a trial may have been killed by somebody else, so the trial is tried again."""
    plan = fake_plan(["dies_once"], versions=["2.15.1"])
    results = finished(plan)
    assert set(outcomes(results, "dies_once")) == {"observed"}
    for event in results.values():
        assert_own_answer(event, plan)


@pytest.mark.parametrize(
    ("model", "kind"),
    [
        ("lies", "answer"),
        ("cuts_a_tensor", "answer"),
        ("answers_without_shape", "answer"),
        ("answers_something_else", "probe"),
    ],
)
def test_what_is_no_answer_costs_its_own_trial_only(fake_plan: FakePlan, model: str, kind: str) -> None:
    """A trial whose answer can't be one, or is to another request, has crashed, and every other trial is observed."""
    assert {event.trial.kind for event in only_crashed(fake_plan, model)} == {kind}


@pytest.mark.parametrize(
    ("how", "said"), [("dies", "libtensorflow.so is no library"), ("writes garbage", "what it wrote is no answer")]
)
def test_where_tensorflow_cannot_be_imported_every_trial_says_so(fake_plan: FakePlan, how: str, said: str) -> None:
    """An environment whose TensorFlow does not import has crashed in each trial, with the last words."""
    plan = fake_plan(["a", "b"], {"FAKE_START": how}, versions=["2.15.1"])
    results = finished(plan)
    assert len(results) == len(all_trials(plan))
    for event in results.values():
        assert event.trial.outcome == "crashed"
        assert event.trial.message.startswith("TensorFlow could not be imported: ")
        assert said in event.trial.message


def test_a_failed_model_keeps_its_evidence(fake_plan: FakePlan) -> None:
    """An outcome that is told as data is kept with type, message and line, and no trace."""
    results = finished(fake_plan(["fails"], versions=["2.15.1"]))
    for event in results.values():
        seen = event.trial
        assert (seen.outcome, seen.kind, seen.message, seen.where) == ("failed", "ValueError", "a | b\nc", "line 3")
        assert seen.trace is None


def refuse(environment: Environment, settings: Any) -> None:
    """Take an environment away, which no unit test makes again."""
    shutil.rmtree(making.folder_of(environment, settings.root / ".nox"))


def test_an_environment_that_cannot_be_had_does_not_stop_the_others(fake_plan: FakePlan) -> None:
    """One environment is refused with the reason while every trial of the other is observed."""
    plan = fake_plan(["a", "b"])
    refused = next(e for e in plan.environments if e.name == CANDIDATE)
    refuse(refused, plan.config)
    events = list(observe(all_trials(plan), plan.config))
    (refusal,) = [event for event in events if isinstance(event, Refused)]
    assert (refusal.environment, "no unit test makes one" in refusal.reason) == (refused, True)
    assert [event.environment for event in events if isinstance(event, Ready)] == [plan.baseline]
    seen = {event.expected for event in events if isinstance(event, Finished)}
    assert seen == {e for e in all_trials(plan) if e.cell.environment == plan.baseline}


def test_where_every_environment_is_refused_the_run_ends(fake_plan: FakePlan) -> None:
    """A run of which nothing can be had ends, having told a reason for each environment."""
    plan = fake_plan(["a"])
    for environment in plan.environments:
        refuse(environment, plan.config)
    events = list(observe(all_trials(plan), plan.config))
    assert {e.environment for e in events if isinstance(e, Refused)} == set(plan.environments)
    assert not [event for event in events if isinstance(event, Finished)]


def test_environments_are_made_while_others_are_observed(
    fake_plan: FakePlan, nox: Callable[[str], None], tmp_path: Path
) -> None:
    """A trial can wait for another environment's making to begin, and that for a trial of this one to be over."""
    plan = fake_plan(["healthy", "waits"], jobs=1, environment_timeout=30)
    (awaited,) = plan.candidates
    folder = making.folder_of(awaited, tmp_path / ".nox")
    folder.rename(tmp_path / "aside")
    begun, gate = tmp_path / "reference_models" / "waits.pipe", tmp_path / "gate"
    for pipe in (begun, gate):
        os.mkfifo(pipe)
    nox(
        f"pathlib.Path({str(begun)!r}).write_bytes(b'.' * 99); pathlib.Path({str(gate)!r}).open('rb').read(1); "
        f"pathlib.Path('aside').rename({str(folder)!r})"
    )
    with begun.open("r+b", buffering=0), gate.open("r+b", buffering=0) as opening:  # nobody waits to open an end
        events = []
        for event in observe(all_trials(plan), plan.config):
            events.append(event)
            if isinstance(event, Finished):
                opening.write(b".")
    assert not [event for event in events if isinstance(event, Refused)]
    results = {event.expected: event for event in events if isinstance(event, Finished)}
    assert results.keys() == set(all_trials(plan))
    assert {event.trial.outcome for event in results.values()} == {"observed"}


def until(events: Iterator[Event], kind: type[Event]) -> None:
    """Read events up to the first one of a kind."""
    next(event for event in events if isinstance(event, kind))


@pytest.mark.parametrize(
    ("models", "variables", "kind"),
    [(["hangs"], {}, Launched), (["a"], {"FAKE_START": "hangs"}, Ready), (["a", "b", "hangs"], {}, Finished)],
    ids=["in a trial", "while it imports", "between trials"],
)
def test_stopping_ends_every_process(
    fake_plan: FakePlan, models: list[str], variables: dict[str, str], kind: type[Event]
) -> None:
    """A run that is closed early ends what hangs at once and leaves no process."""
    plan = fake_plan(models, variables, timeout=1000)
    events = observe(all_trials(plan), plan.config)
    with closing(events):
        until(events, kind)


def test_a_trial_that_was_stopped_is_not_over(fake_plan: FakePlan) -> None:
    """What stopping kills is told as no outcome: the next run does it again."""
    plan = fake_plan(["hangs"], timeout=1000, versions=["2.15.1"])
    run = observing._Run(plan.config, {})
    grouped = {plan.baseline: all_trials(plan)}
    until(run.events(grouped), Launched)
    run.stop()
    left = []
    while not run._events.empty():
        left.append(run._events.get())
    assert not [event for event in left if isinstance(event, Finished)]


def test_a_request_says_what_the_key_covers(fake_plan: FakePlan) -> None:
    """The role, the seed, the launch and the model of a trial are what the probe is asked for, in this project."""
    plan = fake_plan({"a": "import _b\n", "_b": "X = 1\n"}, jitters=2)
    asked = [(e, request_of(e, plan.config, fresh=False)) for e in all_trials(plan)]
    assert [r["jitter"] for e, r in asked if e.role == "jitter"] == [1, 2]
    for expected, request in asked:
        assert request["purpose"] == ("seeds" if expected.role == "seeds" else "train")
        assert expected.role == "jitter" or request["jitter"] == 0
        assert (request["seed"], request["mode"], request["source"]) == (42, "tf2", expected.cell.model.source)
        assert request["project"] == str(plan.config.root.absolute())
        assert (request["intra_op"], request["inter_op"], request["timeout"]) == (2, 2, 20.0)


def test_what_was_planned_for_another_machine_is_not_run(tmp_path: Path) -> None:
    """Results of this machine are never filed as another one's: that is our own failure."""
    plan = plan_of(tmp_path)
    elsewhere = replace(plan.config, machine=replace(plan.config.machine, cpu="another"))
    with pytest.raises(InternalError, match="another machine"):
        next(observe(all_trials(plan), elsewhere))


def on_gpu(plan: Plan) -> list[ExpectedTrial]:
    """Return every trial of a plan as though its launch asked for a GPU."""
    return [
        replace(one, cell=replace(one.cell, launch=replace(one.cell.launch, device="gpu"))) for one in all_trials(plan)
    ]


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have a folder of the test's own for temporary files."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return folder


def test_while_a_trial_is_on_a_gpu_no_other_one_can_be(fake_plan: FakePlan, temporary: Path) -> None:
    """Of trials that ask for a GPU one runs at a time, several jobs or not; the others run beside it."""
    plan = fake_plan(["has_the_gpu", "zz"], jobs=4)
    events = [event for event in observe(on_gpu(plan), plan.config) if isinstance(event, Finished)]
    assert {event.trial.outcome for event in events} == {"observed"}
    assert len(events) == len(all_trials(plan))
    assert set(outcomes(finished(plan), "has_the_gpu")) == {"failed"}  # where none was asked for, none is held
    with FileLock(temporary / f"tfmatrix-gpu-{os.getuid()}.lock", timeout=0):
        pass  # once they are over nobody has it


def test_a_run_that_waits_for_a_gpu_can_be_ended(fake_plan: FakePlan, temporary: Path) -> None:
    """Whoever has the GPU, another run for example, is not waited for."""
    plan = fake_plan(["a"], versions=["2.15.1"])
    with FileLock(temporary / f"tfmatrix-gpu-{os.getuid()}.lock"), closing(observe(on_gpu(plan), plan.config)) as run:
        assert next(event for event in run if isinstance(event, Launched))


def test_a_probe_is_told_the_device_of_its_trials_launch(fake_plan: FakePlan, temporary: Path) -> None:
    """By it the probe looks at what ran there."""
    plan = fake_plan(["tells"], versions=["2.15.1"], trials=1, jitters=0)
    for trials, device in ((all_trials(plan), ""), (on_gpu(plan), "gpu")):
        told = [json.loads(e.trial.output) for e in observe(trials, plan.config) if isinstance(e, Finished)]
        assert {one["request"]["device"] for one in told} == {device}
