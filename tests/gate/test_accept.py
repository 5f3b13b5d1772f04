"""Accepting: only what was looked at, shown before it is written, and void when it changes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from building import BASELINE, CANDIDATE, ones, trial
from cli.project import Tell
from questions.matrix.stored import MODELS
from tfmatrix import cli
from tfmatrix.gate import ledger
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


@pytest.mark.parametrize("day", ["2026-11-25", "2027-11-26"])
def test_the_first_and_the_last_day_that_can_be_meant(tmp_path: Path, tell: Tell, day: str) -> None:
    """A difference can be accepted for today alone, and for 366 days more."""
    gated(tmp_path, FAILING, ["same"], modes=["tf2"])
    usual = ("--cell", "same/tf2", "--stage", "weights", "--reason", "r", "--by", "b", "--expires", day)
    assert tell("accept", CANDIDATE, *usual, "--write").code == cli.SAME
    assert f"until = {day}\n" in (tmp_path / FILE).read_text(encoding="utf-8")
    assert tell("check", CANDIDATE).code == cli.SAME


@pytest.mark.parametrize("tier", ["native", "injected"])
def test_a_stage_with_its_tier_is_one(tmp_path: Path, tell: Tell, tier: str) -> None:
    """Of a stage that fails in both tiers, the one that is named is accepted, and the other fails."""
    gated(tmp_path, of_candidate(gradient=[7.0] * 4), ["same"], modes=["tf2"])
    accept(tell, "same/tf2", "--stage", f"{tier}/gradient")
    (record,) = ledger.read(tmp_path / FILE)
    assert record.stage == f"{tier}/gradient"


def test_what_follows_is_accepted_with_what_it_follows_from_alone(tmp_path: Path, tell: Tell) -> None:
    """Only a native difference beyond rounding has something behind it: not one of rounding, nor an injected one."""
    rounded = [1.0] * 39 + [1.0000001]
    other = of_candidate(init=rounded, gradient=[7.0] * 4, weights=[8.0] * 4)
    bitwise = '[tool.tfmatrix.policy]\npreset = "bitwise"\n'
    gated(tmp_path, lambda e: ones(init=rounded) if e.role == "jitter" else other(e), ["same"], bitwise, modes=["tf2"])
    for stage in ("init", "gradient"):
        assert accept(tell, "same/tf2", "--stage", stage).code == cli.SAME
    found = ledger.read(tmp_path / FILE)
    assert {place.stage: bool(record.bits.behind) for place, record in found.items()} == {
        "native/init": False,
        "native/gradient": True,
        "injected/gradient": False,
    }


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


MOVES = [
    (r'from = ".*"', 'from = "2.14.1"'),
    (r'from = ".*"', 'from = "2.17.1"'),
    (r'to = ".*"', 'to = "2.12.1"'),
    (r'to = ".*"', 'to = "2.21.0"'),
    (r'machine = ".*"', f'machine = "{"0" * 64}"'),
    (r'machine = ".*"', f'machine = "{"f" * 64}"'),
]


@pytest.mark.parametrize(("pattern", "new"), MOVES)
def test_of_what_vanished_only_this_move_is_asked(tmp_path: Path, tell: Tell, pattern: str, new: str) -> None:
    """A record of another move or machine is skipped, and the next one about this move is looked at."""
    gated(tmp_path, FAILING, ["same"], modes=["tf2"])
    accept(tell, "same/tf2", "--stage", "weights")
    gated(tmp_path, lambda _: ones(), ["same"], modes=["tf2"])
    text = (tmp_path / FILE).read_text(encoding="utf-8")
    other = re.sub(pattern, new, text)
    assert other != text
    (tmp_path / FILE).write_text(other, encoding="utf-8")
    assert tell("check", CANDIDATE).code == cli.SAME
    (tmp_path / FILE).write_text(other + "\n" + text[text.index("[[accepted]]") :], encoding="utf-8")
    assert "same/tf2 native/weights has vanished" in tell("check", CANDIDATE).out


@pytest.mark.parametrize("vanished", ["a", "b"])
def test_a_record_that_holds_hides_none_that_vanished(tmp_path: Path, tell: Tell, vanished: str) -> None:
    """Of two records the one whose difference is gone is named, whichever stands first."""
    gated(tmp_path, FAILING, ["a", "b"], modes=["tf2"])
    for model in ("a", "b"):
        accept(tell, f"{model}/tf2", "--stage", "weights")
    gated(tmp_path, lambda e: ones() if e.cell.model.name == vanished else FAILING(e), ["a", "b"], modes=["tf2"])
    found = [line for line in tell("check", CANDIDATE).out.splitlines() if "has vanished" in line]
    assert len(found) == 1
    assert f"{vanished}/tf2 native/weights has vanished" in found[0]


def test_of_what_was_not_run_nothing_has_vanished(tmp_path: Path, tell: Tell) -> None:
    """Where a cell is missing it is not known whether its accepted difference is still there."""
    gated(tmp_path, FAILING, ["same"], modes=["tf2"])
    accept(tell, "same/tf2", "--stage", "weights")
    (tmp_path / ".tfmatrix" / "store.sqlite").unlink()
    said = tell("check", CANDIDATE)
    assert said.code == cli.INCOMPLETE
    assert "missing: not run" in said.out
    assert "has vanished" not in said.out


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
    "unknown stage": (
        ["--cell", "differs/tf2", "--stage", "shuffle"],
        "the stage 'shuffle' of differs/tf2 has nothing to accept; what does not pass there is native/gradient",
    ),
    "another unknown stage": (["--cell", "differs/tf2", "--stage", "draw"], "the stage 'draw' of differs/tf2 has"),
    "no stage": (["--cell", "differs/tf2"], "tfmatrix: differs/tf2 as a whole has nothing to accept"),
    "stage of a whole cell": (
        ["--cell", "is_new/tf2", "--stage", "loss"],
        "what does not pass there is the cell as a whole, without --stage",
    ),
    "consequence": (["--cell", "redraws/tf2", "--stage", "native/weights"], "has nothing to accept"),
    "passes": (["--cell", "rounds/tf2", "--stage", "gradient"], "it is rounding, which passes"),
    "identical": (["--cell", "same/tf2"], "it is identical, which passes"),
    "failed": (["--cell", "crashes/tf2"], "it is crashed, so nothing is known of its bits"),
    "failed on both sides": (["--cell", "fails_everywhere/tf2"], "it is failed, so nothing is known"),
    "unstable": (["--cell", "wobbles/tf2", "--stage", "weights"], "it is unstable, so nothing is known"),
    "no reason": (["--cell", "differs/tf2", "--stage", "weights", "--reason", " "], "needs a reason"),
    "no name": (["--cell", "differs/tf2", "--stage", "weights", "--by", " "], "needs a name of who accepts it"),
    "over": (["--cell", "differs/tf2", "--stage", "gradient", "--expires", "2026-11-24"], "is no last day"),
    "a day too long": (["--cell", "differs/tf2", "--stage", "gradient", "--expires", "2027-11-27"], "is no last day"),
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
    usual += [] if "--by" in arguments else ["--by", "b"]
    said = tell("accept", CANDIDATE, *arguments, *usual, "--write")
    assert (said.code, said.out) == (cli.INCOMPLETE, "")
    assert saying in said.err
    assert not (everything / FILE).exists()


def test_what_was_not_run_cannot_be_accepted(tmp_path: Path, tell: Tell) -> None:
    """Of a cell that is missing there are no bits to accept."""
    gated(tmp_path, lambda e: None if e.cell.environment.name == CANDIDATE else ones(), ["same"])
    said = accept(tell, "same/tf2")
    assert said.code == cli.INCOMPLETE
    assert "it is missing, so nothing is known" in said.err
