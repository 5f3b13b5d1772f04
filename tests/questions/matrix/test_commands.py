"""Commands in a matrix: their cells and trials, what these rest on, and what their tables get wrong."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from building import BASELINE, CANDIDATE, Stages, fill, make_project, ones, plan_of, remove_stale, trial
from tfmatrix.compare.verdicts import Verdict
from tfmatrix.config import Config
from tfmatrix.errors import UserError
from tfmatrix.questions.chosen import known_models
from tfmatrix.questions.matrix.answer import answer
from tfmatrix.questions.matrix.judge import compare_all, states
from tfmatrix.questions.matrix.page import page
from tfmatrix.questions.matrix.plan import Plan, make_plan, only
from tfmatrix.questions.matrix.summary import summarise
from tfmatrix.records import ExpectedTrial, Launch, Start, Trial
from tfmatrix.report import terminal
from tfmatrix.report.markdown import to_markdown
from tfmatrix.store.store import Store

TRAIN = 'models.train.command = ["python", "train.py"]\n'


def project(folder: Path, more: str = "", models: Any = (), **choices: Any) -> Config:
    """Write a project with a script, a folder of data, and a table that runs the one on the other."""
    (folder / "data").mkdir(exist_ok=True)
    (folder / "data" / "rows.csv").write_text("1\n", encoding="utf-8")
    (folder / "train.py").write_text("# train\n", encoding="utf-8")
    return make_project(folder, models, TRAIN + more, **choices)


def covers(settings: Config) -> dict[str, str]:
    """Return what a command's first trial covers."""
    return dict(next(iter(make_plan(settings).trials.values()))[0].covers)


def test_a_command_has_cells_in_its_own_modes_alone(tmp_path: Path) -> None:
    """Files of the folder are run in every mode, a command in its own, and in each environment and launch."""
    settings = project(tmp_path, "launches.single = { intra_op = 1 }", ["mlp"], modes=["tf2", "v1"])
    named = [cell.name for cell in make_plan(settings).cells if cell.environment.name == CANDIDATE]
    assert named == ["mlp/tf2", "train/tf2", "mlp/v1", "mlp/tf2/single", "train/tf2/single", "mlp/v1/single"]


def test_no_folder_of_models_is_needed(tmp_path: Path) -> None:
    """Where tables define commands the models folder may be absent, and where they do not it may not."""
    settings = project(tmp_path)
    assert [model.name for model in known_models(settings)] == ["train"]
    assert len(make_plan(settings).cells) == 2
    with pytest.raises(
        UserError, match=r"or write a table \[tool\.tfmatrix\.models\.NAME\] with a command, a model or a file\.$"
    ):
        make_plan(make_project(tmp_path, ()))


def test_the_trials_of_a_command(tmp_path: Path) -> None:
    """Each starts bare; one is plain, and none is a witness, since each imports TensorFlow itself."""
    settings = project(tmp_path, models=["mlp"])
    plan = make_plan(settings)
    for cell, trials in plan.trials.items():
        roles = Counter(expected.role for expected in trials)
        jitters = {"jitter": 1} if cell.environment.name == BASELINE else {}
        if cell.model.command:
            equivalent = dict.fromkeys(["equivalent"] if jitters else [], 1)
            assert roles == {"trial": 2, "plain": 1, "seeds": 1, **jitters, **equivalent}
            assert {expected.start for expected in trials} == {Start(bare=True)}
            assert [expected.hash_seed for expected in trials if expected.role == "trial"] == ["0", "1"]
        else:
            assert roles == {"trial": 2, "witness": 1, "seeds": 1, **jitters}
            assert {expected.start for expected in trials} == {Start()}
    keys = [expected.key for trials in plan.trials.values() for expected in trials]
    assert len(keys) == len(set(keys))


def test_a_plan_of_commands_alone_has_no_witness(tmp_path: Path) -> None:
    """Where there is no model file nothing is forked from a process with TensorFlow, and no fork needs a witness."""
    plan = make_plan(project(tmp_path))
    assert "witness" not in {expected.role for trials in plan.trials.values() for expected in trials}


OTHER: dict[str, str] = {
    "words": 'models.train.command = ["python", "train.py", "1"]',
    "steps": TRAIN + "models.train.steps = 3",
    "variables": TRAIN + 'models.train.variables = { A = "1" }',
    "files": TRAIN + 'models.train.files = ["data"]',
}


@pytest.mark.parametrize("more", OTHER.values(), ids=OTHER)
def test_what_a_table_says_that_may_change_bits_changes_the_key(tmp_path: Path, more: str) -> None:
    """Words, steps, variables and files are what a result rests on, as a file's source is."""
    before = covers(project(tmp_path))
    after = covers(make_project(tmp_path, (), more))
    assert {name for name in before if before[name] != after[name]} - {"files beside the model"} == {"model"}


def test_what_cannot_change_bits_changes_no_key(tmp_path: Path) -> None:
    """A longer limit of time, a mode more, another place of the project or a new file in it leave the key."""
    more = 'models.train.files = ["data/"]\n'
    before = covers(project(tmp_path, more))
    (tmp_path / "new.py").write_text("", encoding="utf-8")
    (tmp_path / "data" / "rows.csv").write_text("2\n", encoding="utf-8")  # which a trial that reads it notes
    assert covers(project(tmp_path, f'{more}models.train.timeout = 9\nmodels.train.modes = ["tf2"]')) == before
    (tmp_path / "moved").mkdir()
    assert covers(project(tmp_path / "moved", more)) == before


def test_a_new_file_in_a_folder_that_is_declared_changes_the_key(tmp_path: Path) -> None:
    """What a script takes of a folder by a pattern no earlier trial could have noted."""
    before = covers(settings := project(tmp_path, 'models.train.files = ["data/"]'))
    (tmp_path / "data" / "more.csv").write_text("1\n", encoding="utf-8")
    after = covers(settings)
    assert {name for name in before if before[name] != after[name]} == {"model"}


def test_a_variable_that_a_command_sets_is_not_the_callers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which GPUs a command sees is its own choice where its table sets the variable."""
    settings = project(tmp_path, 'models.train.variables = { CUDA_VISIBLE_DEVICES = "" }')
    found = set()
    for value in ("0", "1"):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", value)
        found.add(covers(settings)["variable CUDA_VISIBLE_DEVICES"])
    assert found == {'""'}


MISTAKES: dict[str, tuple[str, str]] = {
    "script": ('command = ["python", "trian.py"]', "runs trian.py, and {} has no such file; did you mean train.py?"),
    "another": ('command = ["python", "fit.py"]', "the command m runs fit.py, and {} has no such file."),
    "a folder that is not there": ('command = ["python", "src/a.py"]', "runs src/a.py, and {} has no such file."),
    "a folder": ('command = ["python", "data"]', "the command m runs data, and {} has no such file."),
    "one word": ('command = ["python", "train.py --epochs 1"]', "no such file; write each word of a command as one"),
    "notebook": ('command = ["jupyter", "nb.ipynb"]', "the command m runs nb.ipynb, and {} has no such file."),
    "file": ('files = ["date/"]', "the command m declares date/, which is not there in {}; did you mean data?"),
    "empty folder": ('files = ["empty"]', "the command m declares empty, which is empty in {}."),
    "pattern": ('files = ["data/*.csv"]', "which is not there in {}; patterns are not expanded, name the folder."),
}


@pytest.mark.parametrize(("more", "told"), MISTAKES.values(), ids=MISTAKES)
def test_what_is_not_there_is_one_sentence(tmp_path: Path, more: str, told: str) -> None:
    """A script or file that a table names and that is not there is the user's error, before anything is run."""
    (tmp_path / "empty").mkdir()
    command = "" if more.startswith("command") else 'models.m.command = ["python", "train.py"]\n'
    settings = project(tmp_path, f"{command}models.m.{more}")
    with pytest.raises(UserError) as refused:
        make_plan(settings)
    assert told.format(tmp_path) in str(refused.value)
    assert str(refused.value)[-1] in ".?"


@pytest.mark.parametrize("models", [["train"], {"train": "VARIANTS = {'a': {}}\n"}])
def test_a_name_that_a_reference_model_has_is_refused(tmp_path: Path, models: Any) -> None:
    """A command and a model file of one name would be one cell, and so would a variant's stem."""
    with pytest.raises(UserError, match="both a reference model and a command are called train; give the command"):
        make_plan(project(tmp_path, models=models))


def test_a_module_needs_no_file(tmp_path: Path) -> None:
    """A module may lie below src/, or be installed: whether it is there its own trial says."""
    plan = plan_of(tmp_path, (), 'models.m.command = ["python", "-m", "pkg.train"]')
    assert [model.name for model in plan.models] == ["m"]


def test_models_are_chosen_by_name(tmp_path: Path) -> None:
    """A command is chosen as a model file is, and a name that neither has is refused with all there are."""
    settings = project(tmp_path, models=["mlp"])
    assert [m.name for m in make_plan(settings.overridden(models="train")).models] == ["train"]
    assert [m.name for m in make_plan(settings.overridden(models="mlp")).models] == ["mlp"]
    with pytest.raises(UserError, match="there is no model 'trian'; there are mlp, train"):
        make_plan(settings.overridden(models="trian"))


def test_a_command_that_is_named_and_not_run_in_the_mode_is_refused(tmp_path: Path) -> None:
    """In a mode that is not its own a command is left out, unless it was named or nothing else is there."""
    settings = project(tmp_path, models=["mlp"], modes=["tf2", "v1"])
    assert [model.name for model in make_plan(settings.overridden(modes="v1")).models] == ["mlp"]
    with pytest.raises(UserError, match=r"the command train is not run in v1; add a mode to modes in \[tool\."):
        make_plan(settings.overridden(modes="v1", models="train,mlp"))
    with pytest.raises(UserError, match="the command train is not run in v1"):
        make_plan(project(tmp_path / "reference_models", modes=["tf2", "v1"]).overridden(modes="v1"))


def test_one_trial_of_a_command_can_be_named(tmp_path: Path) -> None:
    """A trial is found by its cell and name, the plain one too."""
    expected = only(project(tmp_path), f"{CANDIDATE}/train/tf2 plain-1")
    assert (expected.role, expected.start.bare) == ("plain", True)
    with pytest.raises(
        UserError, match="has no trial 'witness-1'; there are trial-1, trial-2, jitter-1, equivalent, plain-1, seeds-1"
    ):
        only(project(tmp_path), f"{CANDIDATE}/train/tf2 witness-1")


Answer = Callable[[ExpectedTrial], Stages | Trial]


def native(**changes: Any) -> Stages:
    """Return a small trace of the native tier alone, as a command has it."""
    return {name: values for name, values in ones(**changes).items() if name.startswith("native")}


def plainly(**changes: Any) -> Stages:
    """Return what a trial without taps sees of such a trace."""
    return {name: values for name, values in native(**changes).items() if "weights" in name}


def healthy(expected: ExpectedTrial) -> Stages:
    """Return what a command of which nothing changes gives."""
    return plainly() if expected.role == "plain" else native()


def reported(folder: Path, settings: Config, became: Answer) -> tuple[Plan, Any]:
    """Return the plan and the report of a project whose trials became what an answer says."""
    plan = make_plan(settings)
    with Store(folder / "store.sqlite") as store:
        fill(store, plan, became)
        return plan, summarise(compare_all(plan, store))


def test_a_command_is_judged_by_its_native_tier(tmp_path: Path) -> None:
    """That a command has no injected tier is neither missing nor a crash, across modes too, and the page is whole."""
    settings = project(tmp_path, 'models.train.modes = ["tf2", "v1"]', modes=["tf2", "v1"])

    def became(expected: ExpectedTrial) -> Stages:
        other = expected.cell.environment.name == CANDIDATE and expected.cell.mode == "v1"
        changes = {"weights": [9.0] * 4} if other else {}
        return plainly(**changes) if expected.role == "plain" else native(**changes)

    _, report = reported(tmp_path, settings, became)
    verdicts = {(cell.environment, cell.mode): cell.verdict for cell in report.cells}
    assert verdicts[CANDIDATE, "tf2"] == Verdict.IDENTICAL.value
    assert verdicts[CANDIDATE, "v1"] == Verdict.DIFFERENT.value
    assert report.between_modes == ()
    text = to_markdown(page(report))
    assert "train/v1" in text
    assert "modes of one release" not in text
    assert "with two hash seeds, and is compared" in text
    assert "in a fresh process" not in text
    assert list(terminal.lines(answer(report)))


def state(folder: Path, became: Answer) -> Any:
    """Return what is said of a command's cell in the candidate."""
    plan = make_plan(project(folder))
    with Store(folder / "store.sqlite") as store:
        fill(store, plan, became)
        return next(found for cell, found in states(plan, store).items() if cell.environment.name == CANDIDATE)


@pytest.mark.parametrize(
    ("plain", "outcome", "reason"),
    [
        (plainly(), "observed", ""),
        (plainly(weights=[4.0] * 4), "unstable", "observing it changes it, or it does not repeat itself: first"),
        ({"native weights@2/w": [3.0] * 4}, "unstable", "observing it changes it: the trial without taps has native w"),
        ("failed", "unstable", "observing it changes it: trial-1 was observed, plain-1, with"),
        ("unsupported", "unstable", "observing it changes it: trial-1 was observed, plain-1, with"),
        ("SIGKILL", "crashed", "SIGKILL: m"),
    ],
)
def test_what_observing_changes_is_found(tmp_path: Path, plain: Any, outcome: str, reason: str) -> None:
    """A cell whose plain trial saw anything else is unstable, and compared with nothing."""

    def became(expected: ExpectedTrial) -> Stages | Trial:
        if expected.role != "plain" or not isinstance(plain, str):
            return plain if expected.role == "plain" else native()
        kind = plain if plain.isupper() else "ValueError"
        return trial(expected, "crashed" if plain.isupper() else plain, kind=kind, message="m")

    found = state(tmp_path, became)
    assert found.outcome == outcome
    assert found.reason.startswith(reason)


def test_a_command_that_fails_has_its_own_outcome(tmp_path: Path) -> None:
    """Where every trial failed the cell did, and its plain trial says nothing of observing."""
    found = state(tmp_path, lambda expected: trial(expected, "failed", kind="ValueError", message="m"))
    assert (found.outcome, found.reason) == ("failed", "ValueError: m")


def test_trials_of_commands_are_kept_while_their_tables_are(tmp_path: Path) -> None:
    """What clears away leaves every trial of a command as it is defined, and no other."""
    settings = project(tmp_path)
    plan = make_plan(settings)
    with Store(tmp_path / "store.sqlite") as store:
        fill(store, plan, healthy)
        assert remove_stale(store, plan)[0] == 0
        other = make_plan(project(tmp_path, "models.train.steps = 2"))
        assert remove_stale(store, other)[0] == sum(map(len, plan.trials.values()))


def test_a_report_of_a_command_that_was_typed_says_how(tmp_path: Path) -> None:
    """The command that reproduces its cell is typed in the same way, and the other models are said to be left out."""
    settings = project(tmp_path, models=["mlp"]).with_command(["python", "train.py", "a b"], steps=2, modes=None)
    _, report = reported(tmp_path, settings, healthy)
    assert report.settings.left_out == ("mlp",)
    text = to_markdown(page(report))
    assert "--reports build/one-cell --steps 2 -- python train.py 'a b'\n" in text
    assert "--models" not in text
    assert "Only 1 of 2 models were asked about." in text


@pytest.mark.parametrize("models", [(), ["mlp"]])
def test_a_report_says_what_shows_that_a_cell_repeats_itself(tmp_path: Path, models: list[str]) -> None:
    """Where there is neither a second trial nor a witness, nothing shows it, and the page says so."""
    _, report = reported(tmp_path, project(tmp_path, models=models, trials=1), healthy)
    text = to_markdown(page(report))
    assert "Each was run once, so a difference may also be" in text
    assert ("in a fresh process, which shows such a difference" in text) == bool(models)


def test_what_a_launch_is_for_a_command(tmp_path: Path) -> None:
    """A launch is part of a command's cell as of any other."""
    plan = make_plan(project(tmp_path, "launches.single = { intra_op = 1 }"))
    assert {cell.launch for cell in plan.cells} == {Launch(), Launch("single", 1)}
    assert dataclasses.replace(plan.cells[0], launch=Launch("single", 1)) in plan.cells
