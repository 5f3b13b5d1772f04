"""`tfmatrix recipes` and `tfmatrix advise`: what they print, and how they end."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from questions.recipes.worlds import facts, inhabit, project
from tfmatrix.records import ExpectedTrial

from .project import Tell


def test_a_run_of_recipes_ends_with_0_where_everything_is_known(
    tmp_path: Path, tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What does not reproduce is a finding and no error; the report lies where it is said to."""
    project(tmp_path)
    inhabit(monkeypatch, facts)
    said = tell("recipes")
    assert said.code == 0, said.err
    *advised, report = said.out.splitlines()
    assert [line.split()[0] for line in advised] == ["tf2", "v1"]
    assert report.startswith("report ")
    assert (tmp_path / "reports" / "recipes.md").is_file()
    assert "v1-snippet-as-written" in said.err


def test_a_run_of_recipes_ends_with_2_where_an_environment_is_missing(
    tmp_path: Path, tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An environment that cannot be had is named on standard error; the report has the others."""
    project(tmp_path)
    inhabit(monkeypatch, facts, refused=["2.9.3"])
    said = tell("recipes", "-q")
    assert said.code == 2
    assert said.out == ""
    assert "tfmatrix: 2.9.3 is unavailable: there is no wheel." in said.err


def test_a_report_of_nothing_ends_with_2(tmp_path: Path, tell: Tell) -> None:
    """With nothing stored there is nothing to report, which is no pass."""
    project(tmp_path)
    said = tell("recipes", "--stored", "-q")
    assert said.code == 2
    assert "2.9.3, 2.15.1: not tried as often as meant" in said.err


def test_advice_is_code_with_its_evidence(tmp_path: Path, tell: Tell, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is printed is Python: the recipe, and in comments the trials that it rests on and what to keep fixed."""
    project(tmp_path)
    inhabit(monkeypatch, facts)
    tell("recipes", "-q")
    said = tell("advise", "--version", "2.15.1")
    assert said.code == 0
    assert ast.unparse(ast.parse(said.out)).splitlines() == [
        "import tensorflow as tf",
        "tf.keras.utils.set_random_seed(42)",
        "tf.config.experimental.enable_op_determinism()",
    ]
    told = " ".join(said.out.replace("\n#  ", "").split())
    # Of the 11 one was asked for and never seen in this world, whose addresses are never fixed.
    assert "# TensorFlow 2.15.1, keras-mlp: 3 of 3 trials gave the same bits, 1 of them under 10 harmless" in told
    assert "# Keep these fixed, since they change the bits or fail: xla-on" in told
    assert "onednn-off" not in said.out
    assert "Not tried" not in said.out
    assert max(map(len, said.out.splitlines())) <= 100


def test_advice_for_less_may_be_shorter(tmp_path: Path, tell: Tell, monkeypatch: pytest.MonkeyPatch) -> None:
    """For one model alone the shortest recipe that makes it reproduce is enough."""
    project(tmp_path)
    inhabit(monkeypatch, facts)
    tell("recipes", "-q")
    said = tell("advise", "--version", "2.15.1", "--model", "keras-mlp")
    assert "set_random_seed(42)" in said.out
    assert "determinism" not in said.out
    said = tell("advise", "--version", "2.15.1", "--mode", "v1")
    assert "tf.reset_default_graph()" in said.out


def test_without_evidence_there_is_no_advice(tmp_path: Path, tell: Tell) -> None:
    """Nothing is advised that was not run here; the command that runs it is named."""
    project(tmp_path)
    said = tell("advise", "--version", "2.15.1")
    assert (said.code, said.out) == (2, "")
    assert "`tfmatrix recipes --versions 2.15.1` finds out" in said.err


def test_where_nothing_reproduces_nothing_is_advised(
    tmp_path: Path, tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Evidence that no recipe holds is told as such, and is no advice."""
    project(tmp_path)

    def world(expected: ExpectedTrial) -> float:
        return float(len(expected.start.name) + expected.number)

    inhabit(monkeypatch, world)
    tell("recipes", "-q")
    said = tell("advise", "--version", "2.15.1")
    assert (said.code, said.out) == (2, "")
    assert "no recipe made keras-mlp and parallel-map reproduce in TensorFlow 2.15.1" in said.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["advise", "--version", "9.9.9"], "no TensorFlow 9.9.9 is known"),
        (["advise"], "--version"),
        (["advise", "--version", "2.15.1", "--mode", "v3"], "v3"),
        (["recipes", "--versions", ""], "must be a string that is not empty"),
    ],
)
def test_a_mistake_is_told(tmp_path: Path, tell: Tell, arguments: list[str], told: str) -> None:
    """What the user can mend is one sentence and exit code 2."""
    project(tmp_path)
    said = tell(*arguments)
    assert said.code == 2
    assert told in said.err
    assert "Traceback" not in said.err


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (
            ("--models", "v1-mlp", "--modes", "tf2"),
            "none of these models is tried in the mode tf2; there are keras-mlp in",
        ),
        (("--modes", "tf2-xla"), "no recipe is for the mode tf2-xla; there are keras-mlp in tf2"),
        (("--models", ","), "',' lists no name"),
        (("--models", "mlp"), "no model 'mlp' of recipes"),
    ],
)
def test_what_no_recipe_is_tried_on_is_told(tmp_path: Path, tell: Tell, options: tuple[str, ...], told: str) -> None:
    """A model or mode that no recipe is tried on is refused in a sentence that says what there is."""
    project(tmp_path)
    said = tell("recipes", *options)
    assert (said.code, said.out) == (2, "")
    assert told in said.err


def test_advice_is_for_the_mode_that_is_asked_for(tmp_path: Path, tell: Tell, monkeypatch: pytest.MonkeyPatch) -> None:
    """The modes of the project's matrix do not narrow what there is advice for."""
    project(tmp_path)
    inhabit(monkeypatch, facts)
    tell("recipes", "-q")
    pyproject = tmp_path / "pyproject.toml"
    pyproject.write_text(pyproject.read_text(encoding="utf-8").replace('["tf2", "v1"]', '["tf2"]'), encoding="utf-8")
    assert tell("advise", "--version", "2.15.1", "--mode", "v1").code == 0
    assert tell("advise", "--version", "2.15.1", "--model", "v1-mlp").code == 0


def test_gc_keeps_what_was_run_under_another_seed(tmp_path: Path, tell: Tell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trials of recipes with another seed can still be reported, so they stay."""
    project(tmp_path)
    inhabit(monkeypatch, facts)
    tell("recipes", "-q", "--seed", "7")
    assert tell("gc").out.startswith("0 trials, ")
    assert tell("recipes", "--seed", "7", "--stored").code == 0
