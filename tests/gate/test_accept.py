"""Accepting: only what was looked at, shown before it is written, and void when it changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from building import BASELINE, CANDIDATE, ones, trial
from cli.project import Tell
from questions.matrix.stored import MODELS
from tfmatrix import cli
from tfmatrix.records import ExpectedTrial

from .project import LATER, accept, gated, of_candidate

FILE = "tfmatrix-accepted.toml"
FAILING = of_candidate(weights=[9.0] * 4)


def test_without_write_it_is_only_shown(tmp_path: Path, tell: Tell) -> None:
    """The preview is the change as a review will show it, and nothing is written."""
    gated(tmp_path, FAILING, ["same"])
    usual = ("--cell", "same/tf2", "--stage", "weights", "--reason", "r", "--by", "b", "--expires", LATER)
    said = tell("accept", CANDIDATE, *usual)
    assert said.code == cli.SAME
    assert "+++ b/tfmatrix-accepted.toml" in said.out
    assert '+stage = "native/weights"' in said.out
    assert "--write" in said.err
    assert not (tmp_path / FILE).exists()
    assert tell("accept", CANDIDATE, *usual, "--write").out == said.out
    added = "".join(line[1:] + "\n" for line in said.out.splitlines()[3:])
    assert (tmp_path / FILE).read_text(encoding="utf-8") == added


def test_what_is_accepted_passes_and_nothing_else(tmp_path: Path, tell: Tell) -> None:
    """One cell's acceptance is not another's, and when each has its own the candidate passes."""
    gated(tmp_path, FAILING, ["same"])
    assert accept(tell, "same/tf2", "--stage", "weights").code == cli.SAME
    said = tell("check", CANDIDATE)
    assert said.code == cli.CHANGED
    assert "accepted, different: 2.16.2/same/tf2 native/weights" in said.out
    assert "fail, different: 2.16.2/same/v1 native/weights" in said.out
    assert accept(tell, "same/v1", "--stage", "native/weights").code == cli.SAME
    assert tell("check", CANDIDATE).code == cli.SAME


def test_a_stage_without_its_tier_is_both(tmp_path: Path, tell: Tell) -> None:
    """A stage that fails in both tiers is two records, and a tier chooses one of them."""
    gated(tmp_path, of_candidate(gradient=[7.0] * 4), ["same"], modes=["tf2"])
    accept(tell, "same/tf2", "--stage", "injected/gradient")
    assert tell("check", CANDIDATE).code == cli.CHANGED
    accept(tell, "same/tf2", "--stage", "gradient")
    assert tell("check", CANDIDATE).code == cli.SAME
    assert (tmp_path / FILE).read_text(encoding="utf-8").count("[[accepted]]") == 2


def test_other_bits_are_not_accepted(tmp_path: Path, tell: Tell) -> None:
    """When the bits change again, the gate says so and stops."""
    gated(tmp_path, FAILING, ["same"], modes=["tf2"])
    accept(tell, "same/tf2", "--stage", "weights")
    gated(tmp_path, of_candidate(weights=[9.5] * 4), ["same"], modes=["tf2"])
    said = tell("check", CANDIDATE)
    assert said.code == cli.CHANGED
    assert "was accepted on 2026-11-25 with other bits" in said.out
    accept(tell, "same/tf2", "--stage", "weights")
    assert tell("check", CANDIDATE).code == cli.SAME


def test_a_consequence_with_other_bits_is_not_accepted(tmp_path: Path, tell: Tell) -> None:
    """What follows from an accepted difference was accepted with it, and is not when it changes alone."""
    gated(tmp_path, of_candidate(gradient=[7.0] * 4, weights=[8.0] * 4), ["same"], modes=["tf2"])
    accept(tell, "same/tf2", "--stage", "gradient")
    assert tell("check", CANDIDATE).code == cli.SAME
    gated(tmp_path, of_candidate(gradient=[7.0] * 4, weights=[8.5] * 4), ["same"], modes=["tf2"])
    said = tell("check", CANDIDATE)
    assert said.code == cli.CHANGED
    assert "with other bits" in said.out


def test_a_difference_that_vanished_is_said(tmp_path: Path, tell: Tell) -> None:
    """An accepted difference that is no longer there stops the gate until its record is removed."""
    gated(tmp_path, FAILING, ["same"], modes=["tf2"])
    accept(tell, "same/tf2", "--stage", "weights")
    gated(tmp_path, lambda _: ones(), ["same"], modes=["tf2"])
    said = tell("check", CANDIDATE)
    assert said.code == cli.INCOMPLETE
    assert "same/tf2 native/weights has vanished" in said.out
    (tmp_path / FILE).unlink()
    assert tell("check", CANDIDATE).code == cli.SAME


def test_a_record_about_another_move_is_left_alone(tmp_path: Path, tell: Tell) -> None:
    """What was accepted of another candidate neither helps nor hinders."""
    versions = [BASELINE, CANDIDATE, "2.21.0"]
    gated(tmp_path, FAILING, ["same"], modes=["tf2"], versions=versions)
    accept(tell, "same/tf2", "--stage", "weights")
    assert tell("check", "2.21.0").code == cli.SAME
    assert tell("check", CANDIDATE).code == cli.SAME


def only_in_baseline(expected: ExpectedTrial) -> Any:
    """Answer with a model that the candidate has not."""
    if expected.cell.environment.name == CANDIDATE:
        return trial(expected, "unsupported", message="is gone")
    return ones()


def test_a_model_that_is_gone_can_be_accepted_as_a_whole(tmp_path: Path, tell: Tell) -> None:
    """A cell that exists in the baseline only has no stage to name, and is void when it comes back."""
    gated(tmp_path, lambda e: only_in_baseline(e) if e.cell.model.name == "gone" else ones(), ["gone", "same"])
    assert tell("check", CANDIDATE).code == cli.CHANGED
    for mode in ("tf2", "v1"):
        assert accept(tell, f"gone/{mode}").code == cli.SAME
    assert tell("check", CANDIDATE).code == cli.SAME
    gated(tmp_path, lambda _: ones(), ["gone", "same"])
    said = tell("check", CANDIDATE)
    assert said.code == cli.INCOMPLETE
    assert "has vanished" in said.out


REFUSED = {
    "unknown cell": (["--cell", "smae/tf2"], "there is no cell 'smae/tf2'; there are"),
    "wildcard": (["--cell", "*"], "there is no cell '*'"),
    "unknown stage": (["--cell", "differs/tf2", "--stage", "shuffle"], "has nothing to accept; what does not pass"),
    "no stage": (["--cell", "differs/tf2"], "as a whole has nothing to accept"),
    "consequence": (["--cell", "redraws/tf2", "--stage", "native/weights"], "has nothing to accept"),
    "passes": (["--cell", "rounds/tf2", "--stage", "gradient"], "it is rounding, which passes"),
    "identical": (["--cell", "same/tf2"], "it is identical, which passes"),
    "failed": (["--cell", "crashes/tf2"], "it is crashed, so nothing is known of its bits"),
    "failed on both sides": (["--cell", "fails_everywhere/tf2"], "it is failed, so nothing is known"),
    "unstable": (["--cell", "wobbles/tf2", "--stage", "weights"], "it is unstable, so nothing is known"),
    "no reason": (["--cell", "differs/tf2", "--stage", "weights", "--reason", " "], "needs a reason"),
    "over": (["--cell", "differs/tf2", "--stage", "gradient", "--expires", "2026-11-24"], "is no last day"),
    "for good": (["--cell", "differs/tf2", "--stage", "gradient", "--expires", "2028-11-25"], "is no last day"),
    "no day": (["--cell", "differs/tf2", "--stage", "gradient", "--expires", "soon"], "Invalid value"),
}


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project in which every verdict comes up."""
    folder = tmp_path_factory.mktemp("everything")
    gated(folder, models=MODELS, modes=["tf2"])
    return folder


@pytest.mark.parametrize(("arguments", "saying"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_accepted_is_refused(
    everything: Path, tell: Tell, monkeypatch: pytest.MonkeyPatch, arguments: list[str], saying: str
) -> None:
    """What failed, wobbles, passes or is not there is refused in one sentence, and nothing is written."""
    monkeypatch.chdir(everything)
    usual = [] if "--reason" in arguments else ["--reason", "r"]
    usual += [] if "--expires" in arguments else ["--expires", LATER]
    said = tell("accept", CANDIDATE, *arguments, *usual, "--by", "b", "--write")
    assert (said.code, said.out) == (cli.INCOMPLETE, "")
    assert saying in said.err
    assert not (everything / FILE).exists()


def test_what_was_not_run_cannot_be_accepted(tmp_path: Path, tell: Tell) -> None:
    """Of a cell that is missing there are no bits to accept."""
    gated(tmp_path, lambda e: None if e.cell.environment.name == CANDIDATE else ones(), ["same"])
    said = accept(tell, "same/tf2")
    assert said.code == cli.INCOMPLETE
    assert "it is missing, so nothing is known" in said.err
