"""Commands on the command line: defined in a table or typed at once, run, reported, checked, and not exchanged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from building import CANDIDATE, install, make_project
from tfmatrix import cli
from tfmatrix.questions.matrix.plan import make_plan

from .project import Tell

pytestmark = pytest.mark.timeout(60)

TRAIN = 'models.train.command = ["python", "train.py"]'


@pytest.fixture(autouse=True)
def _no_outer_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have git find no repository above the test's folder."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))


def made(folder: Path, more: str = "", models: Any = (), script: str = "train.py") -> None:
    """Make a project with a script, whose environments are made."""
    (folder / script).write_text("# train\n", encoding="utf-8")
    plan = make_plan(make_project(folder, models, more))
    for environment in plan.environments:
        install(environment, plan.config)


def report(folder: Path) -> dict[str, Any]:
    """Return the JSON report."""
    loaded: dict[str, Any] = json.loads((folder / "reports" / "matrix.json").read_text(encoding="utf-8"))
    return loaded


def test_a_command_of_a_table_is_run_beside_the_models(tmp_path: Path, tell: Tell) -> None:
    """Every model file and every command is run, reported and listed, and the next run runs nothing."""
    made(tmp_path, TRAIN, ["mlp"])
    first, second = tell("run"), tell("run")
    assert (first.code, second.code) == (cli.SAME, cli.SAME), first.err
    assert second.err.startswith("0 of 15 trials to run, 15 stored already.")
    found = {cell["id"]: (cell["outcome"], cell["verdict"]) for cell in report(tmp_path)["cells"]}
    assert found["2.15.1/train/tf2"] == ("observed", "")
    assert found[f"{CANDIDATE}/train/tf2"] == ("observed", "identical")
    assert len(found) == 4
    assert "at_once" not in report(tmp_path)["settings"]
    assert f"{CANDIDATE}/train/tf2" in tell("cells").out


def test_nothing_is_said_of_an_import_that_was_not(tmp_path: Path, tell: Tell) -> None:
    """A bare process has imported nothing, and nobody waits for it."""
    made(tmp_path, TRAIN)
    assert "TensorFlow imported" not in tell("run").err


@pytest.mark.parametrize("name", ["run", "matrix"])
def test_a_command_that_is_typed_is_run_at_once_and_alone(tmp_path: Path, tell: Tell, name: str) -> None:
    """Without a table a command is run, named after its script, without the folder's models, and only once."""
    made(tmp_path, models=["mlp"])
    command = (name, "--versions", CANDIDATE, "--steps", "3", "--", "python", "train.py", "--tag", "")
    first, second = tell(*command), tell(*command)
    assert (first.code, second.code) == (cli.SAME, cli.SAME), first.err
    assert second.err.startswith("0 of 8 trials to run, 8 stored already.")
    assert {cell["id"] for cell in report(tmp_path)["cells"]} == {"2.15.1/train/tf2", f"{CANDIDATE}/train/tf2"}
    typed = ["--steps", "3", "--", "python", "train.py", "--tag", ""]
    assert report(tmp_path)["settings"]["at_once"] == typed
    assert "1 of 2 models" in first.out
    assert tell(*command[:3], "--", "python", "train.py").err.startswith("8 of 8 trials to run")


def test_a_command_that_fails_is_told_with_what_runs_it_again(tmp_path: Path, tell: Tell) -> None:
    """The command that is told with a failure names the trial, the options and what was typed."""
    made(tmp_path, models=["mlp"], script="fails.py")
    said = tell("run", "--seed", "7", "--steps", "2", "--", "python", "fails.py")
    assert said.code == cli.INCOMPLETE
    again = "tfmatrix run --seed 7 --cell '2.15.1/fails/tf2 trial-1' --trace --steps 2 -- python fails.py"
    assert again in said.err
    one = tell("run", "--cell", "2.15.1/fails/tf2 trial-1", "--trace", "--steps", "2", "--", "python", "fails.py")
    assert one.code == cli.INCOMPLETE
    assert "2.15.1/fails/tf2 trial-1 failed: a | b" in one.out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--models", "mlp", "--", "python", "train.py"), "a command behind -- is run alone, so --models does not go"),
        (("--steps", "3"), "--steps is for a command behind --; for others set steps in [tool.tfmatrix.models.NAME]"),
        (("mlp",), "must begin with python or jupyter, but begins with 'mlp'"),
        (
            ("--", "python", "trian.py"),
            "the command trian runs trian.py, and {} has no such file; did you mean train.py?",
        ),
        (("--", "python", "/x/train.py"), "leads out of the project"),
        (("--", "python", "mlp.py"), "both a reference model and a command are called mlp"),
        (("--steps", "-1", "--", "python", "train.py"), "steps, which must be a whole number of at least 0"),
        (("--modes", "v3", "--", "python", "train.py"), "'v3', which is not one of"),
        (("--trace", "--", "python", "train.py"), "--trace shows one trial; name it with --cell."),
    ],
)
def test_what_cannot_be_run_at_once_is_one_sentence(
    tmp_path: Path, tell: Tell, arguments: tuple[str, ...], told: str
) -> None:
    """A mistake in what is typed ends with 2 and a sentence, and nothing is run."""
    made(tmp_path, models=["mlp"])
    (tmp_path / "mlp.py").write_text("", encoding="utf-8")
    said = tell("run", *arguments)
    assert (said.code, said.out) == (cli.INCOMPLETE, "")
    assert told.format(tmp_path) in said.err
    assert "Traceback" not in said.err


def test_without_a_project_the_sentence_says_what_to_do(tmp_path: Path, tell: Tell) -> None:
    """A command needs the project that it is part of."""
    (tmp_path / "train.py").write_text("", encoding="utf-8")
    said = tell("run", "--", "python", "train.py")
    assert said.code == cli.INCOMPLETE
    assert "no pyproject.toml with a [tool.tfmatrix] table" in said.err


@pytest.mark.parametrize(
    ("script", "name"),
    [("a b.py", "a-b"), ("-.py", "command"), ("ä.py", "command"), ("t.v2.py", "t-v2"), ("_x.py", "_x")],
)
def test_a_script_of_any_name_has_a_name_for_its_cell(tmp_path: Path, tell: Tell, script: str, name: str) -> None:
    """What cannot be part of a cell's name is left out of it."""
    made(tmp_path, models=["mlp"], script="train.py")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / script).write_text("", encoding="utf-8")
    said = tell("run", "--versions", "2.15.1", "--", "python", f"in/{script}")
    assert "nothing was compared with 2.15.1" in said.err
    assert {cell["model"] for cell in report(tmp_path)["cells"]} == {name}


def test_help_shows_how_a_command_is_typed(tmp_path: Path, tell: Tell) -> None:
    """Help names the two dashes, the command and its option."""
    told = " ".join(tell("run", "--help").out.split())
    assert "[-- python SCRIPT ...]" in told
    assert "`-- python train.py --epochs 1`" in told
    assert "Stop the command behind -- after N updates" in told


def test_a_candidate_is_checked_by_its_commands(tmp_path: Path, tell: Tell) -> None:
    """The gate judges a command's cells as any other, with rules by its name, and says what is left out."""
    rule = '\n[[tool.tfmatrix.policy.rules]]\nmodel = "train"\nwarn = ["rounding"]'
    made(tmp_path, TRAIN + rule)
    assert tell("run").code == cli.SAME
    said = tell("check", CANDIDATE, "--baseline", "2.15.1")
    assert said.code == cli.SAME, said.out
    assert said.out.startswith(f"{CANDIDATE} against 2.15.1: ")
    (tmp_path / "train.py").unlink()
    missing = tell("check", CANDIDATE, "--baseline", "2.15.1")
    assert missing.code == cli.INCOMPLETE
    assert "the command train runs train.py" in missing.err


def test_a_rule_about_no_command_is_refused(tmp_path: Path, tell: Tell) -> None:
    """A rule that names a model which neither the folder nor a table has is a mistake."""
    made(tmp_path, TRAIN + '\n[[tool.tfmatrix.policy.rules]]\nmodel = "trian"\nwarn = ["rounding"]')
    said = tell("run")
    assert said.code == cli.INCOMPLETE
    assert "there is no model 'trian'; there are train" in said.err


KERAS = "def build(): pass\n"


def test_commands_are_left_out_of_an_exchange(tmp_path: Path, tell: Tell) -> None:
    """Models of the folder are exchanged beside a command, which is refused by name, and where there is no other."""
    made(tmp_path, TRAIN, {"keras_mlp": KERAS, "mlp": ""})
    assert tell("exchange", "--formats", "h5").code == cli.SAME
    named = tell("exchange", "--models", "keras_mlp,train")
    assert named.code == cli.INCOMPLETE
    told = "the command train is not exchanged: nobody knows what a script saves; choose models from the models"
    assert told in named.err
    for path in (tmp_path / "reference_models").iterdir():
        path.unlink()
    assert told in tell("exchange").err


def test_recipes_do_not_mind_commands(tmp_path: Path, tell: Tell) -> None:
    """Recipes have models of their own."""
    made(tmp_path, TRAIN)
    said = tell("recipes", "--stored", "--versions", "2.15.1")
    assert "Traceback" not in said.err
    assert said.code == cli.INCOMPLETE, "nothing was run"
