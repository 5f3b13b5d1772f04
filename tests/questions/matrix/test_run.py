"""The main job: what is missing is observed and stored, once, and the report is written whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import psutil
import pytest

from building import CANDIDATE, fill, first_round, install, make_project, missing_from, ones, plan_of, trial
from tfmatrix.environments import making
from tfmatrix.errors import UserError
from tfmatrix.questions.matrix import curves, report
from tfmatrix.questions.matrix.plan import Plan, make_plan, only
from tfmatrix.records import CHANGED
from tfmatrix.runner import probe
from tfmatrix.runner.events import Event, Finished, Refused, Round
from tfmatrix.runner.rounds import observe_one, rounds
from tfmatrix.store.facts import INSTALLED, REFUSAL
from tfmatrix.store.store import Store

pytestmark = pytest.mark.timeout(60)


@pytest.fixture(autouse=True)
def _fake_probe(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a program without TensorFlow in the probe's place."""
    monkeypatch.setattr(probe, "PROBE", Path(__file__).parents[2] / "runner" / "fake_probe.py")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Return an open store."""
    return Store(tmp_path / "store.sqlite")


def made_plan(folder: Path, models: list[str], **choices: Any) -> Plan:
    """Return a plan whose environments are made."""
    plan = plan_of(folder, models, **choices)
    for environment in plan.environments:
        install(environment, plan.config)
    return plan


def ignore(event: Event) -> None:
    """Watch a run, and say nothing."""


def stored(plan: Plan, store: Store) -> Mapping[str, Any]:
    """Return the outcome and trace of each trial that is stored, by name."""
    found = {e.id: store.trial(e.key) for trials in plan.trials.values() for e in trials}
    return {id_: (trial.outcome, trial.trace) for id_, trial in found.items() if trial}


def test_what_is_missing_is_observed_and_stored_once(tmp_path: Path, store: Store) -> None:
    """After a run nothing is missing, and the next run starts nothing."""
    plan = made_plan(tmp_path, ["a", "b"])
    with store:
        assert len(missing_from(store, plan)) == len(first_round(plan))
        rounds(plan, store, ignore)
        assert missing_from(store, plan) == []
        assert {outcome for outcome, _ in stored(plan, store).values()} == {"observed"}
        told: list[Event] = []
        rounds(plan, store, told.append)
        assert told == [Round((), len(first_round(plan)))]


def test_a_failed_trial_is_not_run_again(tmp_path: Path, store: Store) -> None:
    """An outcome of whatever kind is stored under its key, and not missing any more."""
    plan = made_plan(tmp_path, ["fails"], versions=["2.15.1"])
    with store:
        rounds(plan, store, ignore)
        assert {outcome for outcome, _ in stored(plan, store).values()} == {"failed"}
        assert missing_from(store, plan) == []


def test_only_what_changed_is_run_again(tmp_path: Path, store: Store) -> None:
    """When one model file is edited, its trials are missing and those of the others are not."""
    plan = made_plan(tmp_path, ["a", "b"])
    with store:
        rounds(plan, store, ignore)
        (tmp_path / "reference_models" / "b.py").write_text("# edited\n", encoding="utf-8")
        again = make_plan(plan.config)
        assert {expected.cell.model.name for expected in missing_from(store, again)} == {"b"}


class Interrupted(Exception):
    """What a test raises in the middle of a run."""


def after(count: int) -> Callable[[Event], None]:
    """Return a watch that interrupts the run once so many trials are over."""
    left = [count]

    def watch(event: Event) -> None:
        left[0] -= isinstance(event, Finished)
        if left[0] <= 0:
            raise Interrupted

    return watch


def test_an_interrupted_run_is_gone_on_with(tmp_path: Path, store: Store) -> None:
    """What was over when a run was interrupted is kept, no process stays, and the next run ends as any other."""
    plan = made_plan(tmp_path, ["a", "b"])
    with store, Store(tmp_path / "undisturbed.sqlite") as other:
        rounds(plan, other, ignore)
        with pytest.raises(Interrupted):
            rounds(plan, store, after(3))
        assert not psutil.Process().children(recursive=True)
        kept = stored(plan, store)
        assert len(kept) == 3
        rounds(plan, store, ignore)
        assert stored(plan, store) == stored(plan, other)
        assert kept.items() <= stored(plan, store).items()


@pytest.mark.parametrize(
    ("kind", "told"), [("SIGKILL", "killed by SIGKILL"), (CHANGED, "a.py, line 1: the file changed")]
)
def test_what_was_ended_from_outside_is_run_again_by_the_next_run(
    tmp_path: Path, store: Store, kind: str, told: str
) -> None:
    """A trial that somebody killed, or whose file changed, keeps its evidence, and does not last; a failure does."""
    plan = made_plan(tmp_path, ["a"])
    first, second = next(iter(plan.trials.values()))[:2]
    with store:
        rounds(plan, store, ignore)
        store.add(trial(first, "crashed", kind=kind, message=told), (), {})
        store.add(trial(second, "crashed", kind="SIGSEGV"), (), {})
        assert missing_from(store, plan) == [first]
        found = store.trial(first.key)
        assert found
        assert found.message == told


def test_a_full_disk_ends_the_run_with_what_was_stored(tmp_path: Path, store: Store) -> None:
    """Where a trial cannot be stored the run ends with a sentence, its processes with it, and what was stored stays."""
    plan = made_plan(tmp_path, ["a", "b"])
    watch = after(99)

    def fill_disk(event: Event) -> None:
        if isinstance(event, Finished):
            store.connection.execute("PRAGMA query_only = 1")
        watch(event)

    with store:
        with pytest.raises(UserError, match="cannot be written"):
            rounds(plan, store, fill_disk)
        assert not psutil.Process().children(recursive=True)
        assert len(stored(plan, store)) == 1


def test_a_refusal_is_noted_until_the_environment_can_be_had(tmp_path: Path, store: Store) -> None:
    """Why an environment was refused is a fact of the store, and struck when a later run has it."""
    plan = plan_of(tmp_path, ["a"])
    install(plan.baseline, plan.config)
    (refused,) = plan.candidates
    key = plan.scope.environment_key(refused)
    seen: list[Event] = []
    with store:
        rounds(plan, store, seen.append)
        assert [event.environment for event in seen if isinstance(event, Refused)] == [refused]
        assert "no unit test makes one" in str(store.noted(REFUSAL, key))
        assert {expected.cell.environment for expected in missing_from(store, plan)} == {refused}
        install(refused, plan.config)
        rounds(plan, store, ignore)
        assert store.noted(REFUSAL, key) is None
        noted = store.noted(INSTALLED, key)
        assert isinstance(noted, dict)
        assert making.from_json(noted).environment == refused
        assert missing_from(store, plan) == []


def written(plan: Plan) -> dict[str, bytes]:
    """Return every file of a report."""
    folder = plan.config.under_root(plan.config.reports)
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def weights(plan: Plan, store: Store, candidate: float) -> None:
    """Fill a store in which the candidate ends with other weights."""
    fill(store, plan, lambda e: ones(weights=[candidate if e.cell.environment.name == CANDIDATE else 3.0]))


def test_a_report_is_written_in_every_format_and_the_same_twice(tmp_path: Path, store: Store) -> None:
    """JSON, Markdown, HTML and pictures are written, with nothing left over, and again with the same bytes."""
    plan = plan_of(tmp_path)
    with store:
        weights(plan, store, 4.0)
        _, path = report.write_report(plan, store)
        first = written(plan)
        report.write_report(plan, store)
    assert path == tmp_path / "reports" / "matrix.md"
    assert set(first) == {"matrix.html", "matrix.json", "matrix.md", "matrix.svg", f"{curves.FOLDER}/mlp-tf2.svg"}
    assert written(plan) == first


def test_a_picture_that_is_not_in_the_report_any_more_is_removed(tmp_path: Path, store: Store) -> None:
    """Where weights do not part any more the picture of an earlier report is gone, and other files stay."""
    plan = plan_of(tmp_path)
    with store:
        weights(plan, store, 4.0)
        report.write_report(plan, store)
        (tmp_path / "reports" / "notes.txt").write_text("mine", encoding="utf-8")
        weights(plan, store, 3.0)
        report.write_report(plan, store)
    assert set(written(plan)) == {"matrix.html", "matrix.json", "matrix.md", "notes.txt"}


def test_a_cell_is_found_by_its_name(tmp_path: Path) -> None:
    """A cell's own trial is the first of that cell, whatever the matrix compares, variants and launches included."""
    settings = make_project(tmp_path, {"m": 'VARIANTS = {"x": {}}'}, "launches.single = { intra_op = 1 }")
    for name in ("2.15.1/m[x]/tf2", "2.16.2/m[x]/tf2/single"):
        expected = only(settings, name)
        assert expected.id == f"{name} trial-1"
        full = {e.id: e.key for trials in make_plan(settings).trials.values() for e in trials}
        assert expected.key == full[expected.id]


def test_one_trial_of_a_cell_is_found_by_its_name(tmp_path: Path) -> None:
    """A trial's own name stands behind the cell's, and one that the cell does not have is refused with those it has."""
    settings = make_project(tmp_path, jitters=2)
    expected = only(settings, "2.15.1/mlp/tf2 jitter-2")
    assert expected.id == "2.15.1/mlp/tf2 jitter-2"
    with pytest.raises(UserError, match=r"has no trial 'jitter-3'; there are trial-1, .*jitter-2, seeds-1\."):
        only(settings, "2.15.1/mlp/tf2 jitter-3")
    for name, repeats in (("kept-1", "trial-1"), ("kept-3", "jitter-2")):
        assert only(settings, f"2.15.1/mlp/tf2 {name}").name == repeats


@pytest.mark.parametrize(
    "name", ["", "2.15.1", "2.15.1/mlp", "2.15.1/mpl/tf2", "2.15.1/mlp/tf3", "9.9.9/mlp/tf2", "2.15.1/mlp/tf2/fast"]
)
def test_what_is_no_cell_is_the_users_error(tmp_path: Path, name: str) -> None:
    """A name that no cell has is refused in one sentence."""
    with pytest.raises(UserError) as refused:
        only(make_project(tmp_path), name)
    assert "\n" not in str(refused.value)


def test_one_trial_is_observed_without_a_store(tmp_path: Path) -> None:
    """One trial is run alone, and an environment that cannot be had is the user's error."""
    made_plan(tmp_path, ["a"])
    settings = make_project(tmp_path, ["a"])
    expected = only(settings, "2.16.2/a/tf2")
    assert observe_one(expected, settings).trial.outcome == "observed"
    settings = make_project(tmp_path, ["a"], versions=["2.17.1"])
    expected = only(settings, "2.17.1/a/tf2")
    with pytest.raises(UserError, match=r"2\.17\.1 is unavailable: no unit test makes one"):
        observe_one(expected, settings)
