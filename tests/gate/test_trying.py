"""A policy is tried: what can never fail or is about nothing is refused, and what a rule lets pass is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from building import CANDIDATE, ones, trial
from cli.project import Tell
from tfmatrix import cli

from .project import accept, answer_of, gated, of_candidate

RULES = "[[tool.tfmatrix.policy.rules]]\n"
EVERYWHERE = of_candidate(init=[9.0] * 40, gradient=[9.0] * 4, weights=[9.0] * 4)
EVERYTHING = ' ["different", "redrawn", "not comparable"]\n'

NEVER_FAILS = {
    "a rule for a stage that no cell has": f'{RULES}pass ={EVERYTHING}{RULES}stage = "dropout"\nfail ={EVERYTHING}',
    "each of the stages that there are": "".join(
        f'{RULES}stage = "{stage}"\npass ={EVERYTHING}' for stage in ("init", "gradient", "weights")
    ),
    "a rule for a tier that no cell has of it": (
        f'{RULES}pass ={EVERYTHING}{RULES}stage = "injected/weights"\nfail ={EVERYTHING}'
    ),
    "a rule for the tier that comes only by chance": (
        f'{RULES}pass ={EVERYTHING}{RULES}stage = "start/*"\nfail ={EVERYTHING}'
    ),
}


@pytest.mark.parametrize("answer", [lambda _: ones(), EVERYWHERE], ids=["identical", "different"])
@pytest.mark.parametrize("rules", NEVER_FAILS.values(), ids=NEVER_FAILS)
def test_a_policy_under_which_nothing_fails_is_refused(tmp_path: Path, tell: Tell, answer: Any, rules: str) -> None:
    """Whether or not a cell differs today: one that differed everywhere would pass, so there is no gate."""
    gated(tmp_path, answer, ["same"], rules)
    said = tell("check", CANDIDATE)
    assert (said.code, said.out) == (cli.INCOMPLETE, "")
    assert "can never fail: its rules let `different` pass at every stage" in said.err


ABOUT_NOTHING = {
    "a stage": f'{RULES}stage = "dropout"\nfail = ["different"]\n',
    "a stage of a tier": f'{RULES}stage = "injected/init"\nwarn = ["different"]\n',
    "a ratio of a stage": f'{RULES}stage = "slots"\nratio = 20\n',
    "a ratio of a variable": f'{RULES}stage = "gradient@*/kernel"\nratio = 20\n',
    "a ratio of a dtype": f'{RULES}dtype = "float16"\nratio = 20\n',
    "a stage of a model": f'{RULES}model = "same"\nstage = "loss"\npass = ["redrawn"]\n',
}


@pytest.mark.parametrize("rules", ABOUT_NOTHING.values(), ids=ABOUT_NOTHING)
def test_a_rule_that_is_about_nothing_is_refused(tmp_path: Path, tell: Tell, rules: str) -> None:
    """A rule that no cell can match is a slip, or a show: it is named by its number and its words."""
    gated(tmp_path, lambda _: ones(), ["same", "other"], f'{RULES}stage = "init"\nfail = ["redrawn"]\n{rules}')
    said = tell("check", CANDIDATE)
    assert (said.code, said.out) == (cli.INCOMPLETE, "")
    assert said.err.startswith("tfmatrix: [tool.tfmatrix.policy], rule 2: the rule { ")
    assert "applies to nothing" in said.err


ABOUT_SOMETHING = {
    "a stage in every tier": 'stage = "gradient"\nwarn = ["different"]\n',
    "a stage natively": 'stage = "native/weights"\nwarn = ["different"]\n',
    "a stage that comes when a redraw does": 'stage = "start/weights"\nwarn = ["different"]\n',
    "a variable": 'stage = "gradient@*/w"\nratio = 20\n',
    "a dtype": 'dtype = "float32"\nratio = 20\n',
    "a whole cell": 'pass = ["gone"]\n',
    "a mode that is not asked for": 'mode = "tf2-xla"\nstage = "dropout"\nfail = ["different"]\n',
}


@pytest.mark.parametrize("rule", ABOUT_SOMETHING.values(), ids=ABOUT_SOMETHING)
def test_a_rule_that_is_about_something_holds(tmp_path: Path, tell: Tell, rule: str) -> None:
    """A rule that some tensor of some cell could meet is kept, though nothing differs there today."""
    gated(tmp_path, lambda _: ones(), ["same"], RULES + rule)
    assert tell("check", CANDIDATE).code == cli.SAME


def test_what_is_not_known_condemns_no_rule(tmp_path: Path, tell: Tell) -> None:
    """Where a cell is missing, it might have the stage that a rule names: nothing is said of the rule."""
    gated(tmp_path, lambda e: ones() if e.cell.mode == "tf2" else None, ["same"], ABOUT_NOTHING["a stage"])
    said = tell("check", CANDIDATE)
    assert said.code == cli.INCOMPLETE
    assert "missing" in said.out
    assert "applies to nothing" not in said.err


LET_PASS = {
    "a ratio": (
        'stage = "weights"\nratio = 8388607\n', '{ stage = "weights", ratio = 8388607 }', "rounding", "pass"
    ),
    "a level": (
        'model = "same"\npass = ["different"]\n', '{ model = "same", pass = ["different"] }', "different", "pass"
    ),
    "a warning": (
        'stage = "weights"\nwarn = ["different"]\n', '{ stage = "weights", warn = ["different"] }', "different", "warn"
    ),
}  # fmt: skip


@pytest.mark.parametrize("let_pass", LET_PASS.values(), ids=LET_PASS)
def test_what_a_rule_lets_pass_is_told(tmp_path: Path, tell: Tell, let_pass: tuple[str, str, str, str]) -> None:
    """Weights of 3 and 4 pass under a rule, and the answer says under which, of which stage, and how far off."""
    rule, told, verdict, level = let_pass
    gated(tmp_path, of_candidate(weights=[4.0] * 4), ["same", "other"], RULES + rule, modes=["tf2"])
    accept(tell, "other/tf2", "--stage", "weights")
    said = answer_of(tell("check", CANDIDATE, "--format", "json"))
    (cell,) = (cell for cell in said["cells"] if cell["model"] == "same")
    (reason,) = cell["reasons"]
    assert (reason["level"], reason["verdict"], reason["stage"]) == (level, verdict, "native/weights")
    assert reason["text"].startswith("weights@1/w: ")
    assert "times the noise floor" in reason["text"]
    assert reason["text"].endswith(f"; let pass by the rule {told}")
    text = tell("check", CANDIDATE)
    assert text.code == cli.SAME
    assert f"let pass by the rule {told}" in text.out


def test_what_one_ratio_for_everything_lets_pass_is_told(tmp_path: Path, tell: Tell) -> None:
    """The ratio that holds where no rule does is named in the same way."""
    gated(tmp_path, of_candidate(weights=[4.0] * 4), ["same"], "[tool.tfmatrix.policy]\nrounding-ratio = 8388607\n")
    said = tell("check", CANDIDATE)
    assert said.code == cli.SAME
    assert "times the noise floor; let pass by rounding-ratio = 8388607" in said.out


@pytest.mark.parametrize(
    "rule", ['stage = "weights"\nratio = 20\n', 'stage = "weights"\npass = ["different"]\n', ""], ids=str
)
def test_what_passes_without_a_rule_names_none(tmp_path: Path, tell: Tell, rule: str) -> None:
    """Rounding that the preset lets pass is no rule's doing, whatever rules there are."""
    gated(tmp_path, of_candidate(weights=[3.0, 3.0, 3.0, 3.0000002]), ["same"], rule and RULES + rule)
    said = tell("check", CANDIDATE)
    assert said.code == cli.SAME
    assert "let pass" not in said.out


def test_a_model_on_one_side_only_names_its_rule(tmp_path: Path, tell: Tell) -> None:
    """What passes as a whole passes by a rule, which is named."""

    def gone(expected: Any) -> Any:
        lost = expected.cell.environment.name == CANDIDATE and expected.cell.model.name == "same"
        return trial(expected, "unsupported", message="m") if lost else ones()

    gated(tmp_path, gone, ["same", "other"], f'{RULES}model = "same"\npass = ["gone"]\n')
    said = tell("check", CANDIDATE)
    assert said.code == cli.SAME
    assert 'let pass by the rule { model = "same", pass = ["gone"] }' in said.out
