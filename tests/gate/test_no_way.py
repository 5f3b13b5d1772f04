"""No way to a pass without evidence: each of these must not end with 0."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from building import BASELINE, CANDIDATE, fill, installed, ones, trial
from cli.project import Tell, ending
from tfmatrix import cli, keys
from tfmatrix.environments import machine, making
from tfmatrix.questions.matrix.plan import make_plan
from tfmatrix.records import ExpectedTrial
from tfmatrix.store.facts import INSTALLED, REFUSAL
from tfmatrix.store.store import Store
from tfmatrix.tables import DEFAULT_MODES

from .conftest import on
from .project import accept, answer_of, gated, make_gated_project, of_candidate, report_id

FAILING = of_candidate(weights=[9.0] * 4)


def store_of(folder: Path) -> Store:
    """Return a project's store, open."""
    return Store(folder / ".tfmatrix" / "store.sqlite")


def test_what_is_whole_and_passes_is_zero(tmp_path: Path, tell: Tell) -> None:
    """The same project without a fault ends with 0, so that the others fail for their faults alone."""
    gated(tmp_path)
    assert tell("check", CANDIDATE).code == cli.SAME


def test_an_empty_store(tmp_path: Path, tell: Tell) -> None:
    """A project of which nothing was run, with a store and without."""
    make_gated_project(tmp_path)
    for _ in range(2):  # the first check makes the file
        said = tell("check", CANDIDATE)
        assert said.code == cli.INCOMPLETE
        assert "missing: not run" in said.out


def test_a_store_of_another_machine(tmp_path: Path, tell: Tell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Results that were made on another machine say nothing of this one."""
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(keys, "machine_id", lambda _: "0" * 64)
        gated(tmp_path)
    said = tell("check", CANDIDATE)
    assert said.code == cli.INCOMPLETE
    assert "stale: run before the machine changed" in said.out


@pytest.mark.parametrize(
    ("arguments", "saying"),
    [
        ([BASELINE], "both the candidate and the baseline"),
        ([CANDIDATE, "--baseline", CANDIDATE], "both the candidate and the baseline"),
        (["2.16.9"], "no TensorFlow 2.16.9 is known"),
        (["2.99"], "is no TensorFlow version"),
        ([CANDIDATE, "--baseline", "2.14.9"], "no TensorFlow 2.14.9 is known"),
        ([CANDIDATE, "--models", "same"], "No such option"),
        ([CANDIDATE, "--modes", "tf2"], "No such option"),
        ([CANDIDATE, "--trials", "1"], "No such option"),
        ([CANDIDATE, "--pinned"], "name the VERSION to check, or --pinned alone"),
        ([], "name the VERSION to check, or --pinned alone"),
        (["--pinned"], "there is no tfmatrix-pin.toml"),
    ],
)
def test_a_question_that_is_none(tmp_path: Path, tell: Tell, arguments: list[str], saying: str) -> None:
    """A baseline that is the candidate, an unknown version, a smaller selection, a pin that nothing vouches for."""
    gated(tmp_path)
    said = tell("check", *arguments)
    assert (said.code, said.out) == (cli.INCOMPLETE, "")
    assert saying in said.err


def test_one_set_of_packages_under_two_names(tmp_path: Path, tell: Tell) -> None:
    """Two environments with the same packages are one, whatever they are called."""
    made = gated(tmp_path)
    with store_of(tmp_path) as store:
        for environment in made.environments:
            same = making.to_json(installed(made.baseline, made.config))
            store.note(INSTALLED, made.scope.environment_key(environment), same)
    said = tell("check", CANDIDATE)
    assert said.code == cli.INCOMPLETE
    assert "are the same packages" in said.out


def test_a_skipped_environment(tmp_path: Path, tell: Tell) -> None:
    """An environment that could not be made leaves its cells unavailable."""
    made = gated(tmp_path, ending("missing"))
    with store_of(tmp_path) as store:
        store.note(REFUSAL, made.scope.environment_key(made.candidates[0]), "there is no wheel")
    said = tell("check", CANDIDATE)
    assert said.code == cli.INCOMPLETE
    assert "unavailable: there is no wheel" in said.out


@pytest.mark.parametrize("outcome", ["failed", "crashed", "timed-out", "unsupported", "tomorrow's word"])
def test_a_matrix_whose_every_model_fails_on_both_sides(tmp_path: Path, tell: Tell, outcome: str) -> None:
    """Models that run in neither release compared nothing."""
    gated(tmp_path, lambda expected: trial(expected, outcome, message="m"))
    assert tell("check", CANDIDATE).code == cli.INCOMPLETE


@pytest.mark.parametrize(
    ("outcome", "code"), [("failed", 1), ("crashed", 1), ("timed-out", 1), ("unsupported", 1), ("missing", 2)]
)
def test_a_candidate_that_does_not_run(tmp_path: Path, tell: Tell, outcome: str, code: int) -> None:
    """What runs in the baseline alone is no pass; what was not run is no answer."""
    gated(tmp_path, ending(outcome))
    assert tell("check", CANDIDATE).code == code


@pytest.mark.parametrize("role", ["trial-1", "trial-2", "jitter-1"])
def test_one_missing_trial(tmp_path: Path, tell: Tell, role: str) -> None:
    """A cell of which any trial is missing is no answer, the baseline's noise floor included."""
    gated(tmp_path, lambda expected: None if expected.name == role else ones())
    assert tell("check", CANDIDATE).code == cli.INCOMPLETE


def test_trials_that_disagree(tmp_path: Path, tell: Tell) -> None:
    """A cell that does not repeat itself is no answer, on either side."""
    for side in (BASELINE, CANDIDATE):
        gated(tmp_path, wobbling(side))
        assert tell("check", CANDIDATE).code == cli.INCOMPLETE


def wobbling(environment: str) -> Callable[[ExpectedTrial], Any]:
    """Return an answer in which the second trial in one environment is another."""
    return lambda expected: (
        ones(weights=[5.0] * 4)
        if (expected.name, expected.cell.environment.name) == ("trial-2", environment)
        else ones()
    )


def ask_for_less(folder: Path, answer: Callable[[ExpectedTrial], Any], more: str = "", **choices: Any) -> None:
    """Configure a project to ask for less, and run what that asks for, such as another model's witness."""
    narrower = make_plan(make_gated_project(folder, (), more, **choices))
    with store_of(folder) as store:
        fill(store, narrower, answer)


@pytest.mark.parametrize("less", ['models = ["same"]', "modes"])
def test_a_configuration_that_leaves_out_what_failed(tmp_path: Path, tell: Tell, less: str) -> None:
    """A model or mode that was run and does not pass is not got rid of by asking for less."""

    def answer(expected: ExpectedTrial) -> Any:
        cell = expected.cell
        fails = cell.environment.name == CANDIDATE and cell.mode == "tf2" and cell.model.name == "other"
        return ones(weights=[9.0] * 4) if fails else ones()

    gated(tmp_path, answer, ["same", "other"])
    assert tell("check", CANDIDATE).code == cli.CHANGED
    if less == "modes":
        ask_for_less(tmp_path, answer, modes=["v1"])
    else:
        ask_for_less(tmp_path, answer, less)
    said = tell("check", CANDIDATE)
    assert said.code == cli.CHANGED
    assert "known from an earlier run" in said.out
    assert "the configuration leaves out" in said.out


@pytest.mark.parametrize(("kept", "left_out"), [("a", "b"), ("b", "a")])
def test_what_is_judged_anyway_is_told_once(tmp_path: Path, tell: Tell, kept: str, left_out: str) -> None:
    """Of two models that fail only the one that is not asked for is told, by its first stage."""
    fails = of_candidate(gradient=[7.0] * 4)
    gated(tmp_path, fails, ["a", "b"], modes=["tf2"])
    ask_for_less(tmp_path, fails, f'models = ["{kept}"]', modes=["tf2"])
    said = tell("check", CANDIDATE)
    assert said.code == cli.CHANGED
    known = [line for line in answer_of(tell("check", CANDIDATE, "--format", "json"))["others"] if line["stage"]]
    assert [(line["cell"], line["stage"]) for line in known] == [(f"{CANDIDATE}/{left_out}/tf2", "native/gradient")]
    assert known[0]["text"].startswith("left out by the configuration, but known from an earlier run: gradient@1/w: ")


def test_an_environment_of_which_nothing_is_known(tmp_path: Path, tell: Tell) -> None:
    """Where it is not stored what was installed, nobody can tell whether two environments are two."""
    made = gated(tmp_path)
    with store_of(tmp_path) as store:
        for environment in made.environments:
            store.strike(INSTALLED, made.scope.environment_key(environment))
    said = tell("check", CANDIDATE)
    assert said.code == cli.INCOMPLETE
    for environment in made.environments:
        assert f"nothing is stored of what was installed in {environment.name}" in said.out


def test_a_mode_that_was_only_tried_is_told_and_stops_nothing(tmp_path: Path, tell: Tell) -> None:
    """What does not pass in a mode that runs by choice alone is a warning, once the configuration does not name it."""

    def answer(expected: ExpectedTrial) -> Any:
        fails = expected.cell.environment.name == CANDIDATE and expected.cell.mode not in DEFAULT_MODES
        return ones(weights=[9.0] * 4) if fails else ones()

    gated(tmp_path, answer, ["same"], modes=[*DEFAULT_MODES, "tf2-xla"])
    assert tell("check", CANDIDATE).code == cli.CHANGED
    ask_for_less(tmp_path, answer, modes=list(DEFAULT_MODES))
    said = tell("check", CANDIDATE)
    assert said.code == cli.SAME
    assert "known from an earlier run" in said.out
    assert "the configuration leaves out" not in said.out


def test_fewer_trials_than_disagreed(tmp_path: Path, tell: Tell) -> None:
    """A cell whose trials disagreed does not agree with itself by being asked once."""
    answer = wobbling(CANDIDATE)
    gated(tmp_path, answer, trials=3)
    assert tell("check", CANDIDATE).code == cli.INCOMPLETE
    ask_for_less(tmp_path, answer, trials=1)
    said = tell("check", CANDIDATE)
    assert said.code == cli.INCOMPLETE
    assert "known from an earlier run: unstable" in said.out


@pytest.mark.parametrize("trials", [1, 2])
def test_one_trial_is_told(tmp_path: Path, tell: Tell, trials: int) -> None:
    """A configuration that runs each cell once is warned of what it cannot know, and one that runs it twice is not."""
    gated(tmp_path, trials=trials)
    said = tell("check", CANDIDATE)
    assert ("warn: the configuration runs each cell once" in said.out) == (trials == 1)


def test_a_folder_of_models_that_became_empty(tmp_path: Path, tell: Tell) -> None:
    """Without a model there is nothing to ask for, and so no answer."""
    gated(tmp_path)
    for path in (tmp_path / "reference_models").glob("*.py"):
        path.unlink()
    assert tell("check", CANDIDATE).code == cli.INCOMPLETE


def test_a_model_that_was_edited(tmp_path: Path, tell: Tell) -> None:
    """Results of a file that was edited since are none, and the cells are named."""
    gated(tmp_path)
    (tmp_path / "reference_models" / "same.py").write_text("# edited\n", encoding="utf-8")
    said = tell("check", CANDIDATE)
    assert said.code == cli.INCOMPLETE
    assert "2.16.2/same/tf2, 2.16.2/same/v1" in said.out
    assert "stale: run before the model changed" in said.out


def test_a_model_that_is_no_longer_there(tmp_path: Path, tell: Tell) -> None:
    """What was accepted of a model, and what a pin relied on, is missed where its file is gone."""
    gated(tmp_path, FAILING, ["other", "same"])
    for model in ("other", "same"):
        for mode in ("tf2", "v1"):
            assert accept(tell, f"{model}/{mode}", "--stage", "weights").code == cli.SAME
    assert tell("check", CANDIDATE).code == cli.SAME
    (tmp_path / "reference_models" / "other.py").unlink()
    with store_of(tmp_path) as store:
        fill(store, make_plan(make_gated_project(tmp_path, ())), FAILING)
    said = tell("check", CANDIDATE)
    assert said.code == cli.INCOMPLETE
    assert "is in a cell that is not expected" in said.out


@pytest.mark.parametrize(
    "policy",
    [
        '[[tool.tfmatrix.policy.rules]]\npass = ["different"]\n',
        '[[tool.tfmatrix.policy.rules]]\nwarn = ["different"]\nstage = "*"\n',
        '[[tool.tfmatrix.policy.rules]]\npass = ["different"]\nmode = "tf2"\n'
        '[[tool.tfmatrix.policy.rules]]\npass = ["different"]\nmode = "v1"\n',
        '[[tool.tfmatrix.policy.rules]]\npass = ["failed"]\n',
        '[[tool.tfmatrix.policy.rules]]\npass = ["missing"]\n',
        '[[tool.tfmatrix.policy.rules]]\nmodel = "some"\npass = ["different"]\n',
        '[[tool.tfmatrix.policy.rules]]\nstage = "weight"\npass = ["different"]\n',
        '[[tool.tfmatrix.policy.rules]]\npass = ["diferent"]\n',
        '[tool.tfmatrix.policy]\npreset = "everything"\n',
    ],
)
def test_a_policy_that_can_never_fail_or_is_about_nothing(tmp_path: Path, tell: Tell, policy: str) -> None:
    """A policy under which nothing can fail, or that names what does not exist, is one sentence and 2."""
    gated(tmp_path, FAILING)
    with (tmp_path / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write(policy)
    said = tell("check", CANDIDATE)
    assert (said.code, said.out) == (cli.INCOMPLETE, "")
    assert said.err.startswith("tfmatrix: ")
    assert len(said.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('cell = "same/tf2"', 'cell = "*"'),
        ('cell = "same/tf2"', 'cell = "same/*"'),
        ('stage = "native/weights"', 'stage = "*"'),
        ('stage = "native/weights"', 'stage = "native/*"'),
        ('stage = "native/weights"\n', ""),
        (f'to = "{CANDIDATE}"', 'to = "*"'),
        (f'from = "{BASELINE}"', 'from = ""'),
        ('verdict = "different"', 'verdict = "failed"'),
        ("until = 2027-03-01", "until = 9999-12-31"),
        ("until = 2027-03-01", 'until = "never"'),
        ("on = 2026-11-25", "on = 2026-12-25"),
        ("schema = 1", "schema = 2"),
        ("[[accepted]]", "[[accepted]]\nanything = true"),
        ("[[accepted]]", "accepted ="),
        ("[[accepted]]", "[[acepted]]"),
    ],
)
def test_a_ledger_with_a_wildcard_or_a_mistake(tmp_path: Path, tell: Tell, old: str, new: str) -> None:
    """A record covers one stage of one cell; what names more, or cannot be understood, covers nothing."""
    gated(tmp_path, FAILING, ["same"], modes=["tf2"])
    assert accept(tell, "same/tf2", "--stage", "weights").code == cli.SAME
    assert tell("check", CANDIDATE).code == cli.SAME
    path = tmp_path / "tfmatrix-accepted.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    said = tell("check", CANDIDATE)
    assert said.code in {cli.CHANGED, cli.INCOMPLETE}
    assert "Traceback" not in said.err


@pytest.mark.parametrize("day", [date(2026, 11, 24), date(2027, 3, 2), date(2040, 1, 1), date(1970, 1, 1)])
def test_another_clock(tmp_path: Path, tell: Tell, monkeypatch: pytest.MonkeyPatch, day: date) -> None:
    """An acceptance counts from the day it was made to its last; a clock that is wrong finds none."""
    gated(tmp_path, FAILING, ["same"], modes=["tf2"])
    assert accept(tell, "same/tf2", "--stage", "weights").code == cli.SAME
    for inside in (date(2026, 11, 25), date(2027, 3, 1)):
        on(monkeypatch, inside)
        assert tell("check", CANDIDATE).code == cli.SAME
    on(monkeypatch, day)
    said = tell("check", CANDIDATE)
    assert said.code == cli.CHANGED
    assert "until 2027-03-01, which is over" in said.out or "look at this machine's clock" in said.out


def test_a_report_of_another_policy(tmp_path: Path, tell: Tell) -> None:
    """A report that was judged by another policy is no ground for a pin."""
    gated(tmp_path)
    id_ = report_id(tell, tmp_path)
    with (tmp_path / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write('[tool.tfmatrix.policy]\npreset = "redraw"\n')
    said = tell("pin", CANDIDATE, "--report", id_)
    assert said.code == cli.INCOMPLETE
    assert "another policy" in said.err


def test_a_damaged_store(tmp_path: Path, tell: Tell) -> None:
    """A store that cannot be read is no answer."""
    gated(tmp_path)
    path = tmp_path / ".tfmatrix" / "store.sqlite"
    path.write_bytes(path.read_bytes()[:4096] + b"\xff" * 65536)
    assert tell("check", CANDIDATE).code == cli.INCOMPLETE


def test_the_machines_own_id_is_part_of_what_was_accepted(
    tmp_path: Path, tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was accepted on one machine is not accepted on another, whose bits may be the same."""
    gated(tmp_path, FAILING, ["same"], modes=["tf2"])
    assert accept(tell, "same/tf2", "--stage", "weights").code == cli.SAME
    path = tmp_path / "tfmatrix-accepted.toml"
    here = machine.machine_id(machine.this_machine())
    path.write_text(path.read_text(encoding="utf-8").replace(here, "1" * 64), encoding="utf-8")
    assert tell("check", CANDIDATE).code == cli.CHANGED
