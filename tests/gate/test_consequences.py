"""Consequences: what follows natively from a difference that passes, and who vouches for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from building import CANDIDATE, ones
from cli.project import Tell
from questions.matrix.stored import DRAWN, same_init
from tfmatrix import cli
from tfmatrix.records import ExpectedTrial

from .project import accept, gated

REDRAW = '[tool.tfmatrix.policy]\npreset = "redraw"\n'


def redrawn(expected: ExpectedTrial, *, injected: bool, weights: float = 8.0) -> Any:
    """Answer with other initial weights of the same distribution in the candidate, and all that follows from them."""
    other = expected.cell.environment.name == CANDIDATE
    if expected.role == "seeds":
        return {"seeds init/w": DRAWN[4:] if other else DRAWN[1:4]}
    values = ones(weights=[weights] * 4) if other else ones()
    stages = {**values, **same_init(DRAWN[3] if other else DRAWN[0])}
    return stages if injected else {name: v for name, v in stages.items() if not name.startswith("injected")}


@pytest.mark.parametrize(("more", "code"), [("", cli.CHANGED), (REDRAW, cli.SAME)])
def test_a_redraw_passes_where_the_policy_says_so(tmp_path: Path, tell: Tell, more: str, code: int) -> None:
    """Under `redraw` other random numbers and what follows from them pass, the injected tier being the same."""
    gated(tmp_path, lambda e: redrawn(e, injected=True), ["same"], more, modes=["tf2"])
    said = tell("check", CANDIDATE)
    assert said.code == code
    assert ("fail, redrawn: 2.16.2/same/tf2 native/init" in said.out) == (code == cli.CHANGED)


def test_a_consequence_that_nothing_vouches_for_fails(tmp_path: Path, tell: Tell) -> None:
    """Without an injected tier nobody can tell what else changed behind a redraw, so it has to be looked at."""
    gated(tmp_path, lambda e: redrawn(e, injected=False), ["same"], REDRAW, modes=["tf2"])
    said = tell("check", CANDIDATE)
    assert said.code == cli.CHANGED
    assert "not judged behind it: weights, which no other tier reaches" in said.out
    assert accept(tell, "same/tf2", "--stage", "init").code == cli.SAME
    assert tell("check", CANDIDATE).code == cli.SAME
    gated(tmp_path, lambda e: redrawn(e, injected=False, weights=8.5), ["same"], REDRAW, modes=["tf2"])
    assert tell("check", CANDIDATE).code == cli.CHANGED


def test_a_lesser_verdict_is_not_hidden_by_a_worse_one_that_passes(tmp_path: Path, tell: Tell) -> None:
    """Of a stage whose worst verdict passes by a rule, the others are judged too."""

    def answer(expected: ExpectedTrial) -> Any:
        other = expected.cell.environment.name == CANDIDATE
        if expected.role == "seeds":
            return {"seeds init/w": DRAWN[4:] if other else DRAWN[1:4]}
        stages = {**ones(), **same_init(DRAWN[3] if other else DRAWN[0])}
        return {**stages, "native init/v": [5.0] * 40 if other else [1.0] * 40}

    rule = '[[tool.tfmatrix.policy.rules]]\nstage = "init"\npass = ["different"]\n'
    gated(tmp_path, answer, ["same"], rule, modes=["tf2"])
    assert tell("check", CANDIDATE).code == cli.CHANGED
    both = rule.replace('["different"]', '["different", "redrawn"]')
    gated(tmp_path, answer, ["same"], both, modes=["tf2"])
    assert tell("check", CANDIDATE).code == cli.SAME


@pytest.mark.parametrize(("level", "code"), [("warn", cli.SAME), ("pass", cli.SAME), ("fail", cli.CHANGED)])
def test_a_warning_is_said_and_passes(tmp_path: Path, tell: Tell, level: str, code: int) -> None:
    """What a rule warns of and what it passes is told with its reason, and what it fails fails."""
    rule = f'[[tool.tfmatrix.policy.rules]]\nmodel = "same"\nstage = "init"\n{level} = ["redrawn"]\n'
    gated(tmp_path, lambda e: redrawn(e, injected=True), ["same"], rule, modes=["tf2", "v1"])
    said = tell("check", CANDIDATE)
    assert said.code == code
    assert f"{level}, redrawn: 2.16.2/same/tf2 native/init" in said.out
    assert ("let pass by the rule" in said.out) == (level != "fail")


@pytest.mark.parametrize(
    ("named", "failing"),
    [
        ("optimizers", set()),
        ("optimizers[adam]", {"optimizers[sgd]"}),
        ("same", {"optimizers[adam]", "optimizers[sgd]"}),
    ],
)
def test_a_rule_about_a_model_holds_for_its_variants(tmp_path: Path, tell: Tell, named: str, failing: set[str]) -> None:
    """What a rule lets pass of a file passes of each of its variants, and what it says of one variant of that alone."""

    def answer(expected: ExpectedTrial) -> Any:
        other = expected.cell.environment.name == CANDIDATE and expected.cell.model.variant
        return ones(weights=[9.0] * 4) if other else ones()

    models = {"optimizers": 'VARIANTS = {"adam": 1, "sgd": 2}\n', "same": "# same\n"}
    rule = f'[[tool.tfmatrix.policy.rules]]\nmodel = "{named}"\npass = ["different"]\n'
    gated(tmp_path, answer, models, rule, modes=["tf2"])
    said = tell("check", CANDIDATE)
    assert said.code == (cli.CHANGED if failing else cli.SAME)
    for model in ("optimizers[adam]", "optimizers[sgd]", "same"):
        assert (f"fail, different: {CANDIDATE}/{model}/tf2 native/weights" in said.out) == (model in failing)


@pytest.mark.parametrize(
    ("stage", "before", "after"),
    [("seed/global", [1.0], [2.0]), ("draw/normal", DRAWN[0], DRAWN[3])],
    ids=["seed", "draw"],
)
def test_nothing_is_a_consequence_of_another_seed_or_draw(
    tmp_path: Path, tell: Tell, stage: str, before: Any, after: Any
) -> None:
    """What follows from redrawn weights is held against these, and not against a seed or draw that feeds no stage."""

    def answer(expected: ExpectedTrial) -> Any:
        stages = redrawn(expected, injected=False)
        other = expected.cell.environment.name == CANDIDATE
        return stages if expected.role == "seeds" else {f"native {stage}": after if other else before, **stages}

    gated(tmp_path, answer, ["same"], REDRAW, modes=["tf2"])
    said = tell("check", CANDIDATE)
    assert said.code == cli.CHANGED
    assert f"fail, redrawn: {CANDIDATE}/same/tf2 native/init" in said.out
    assert f"native/{stage.partition('/')[0]}" not in said.out
    assert accept(tell, "same/tf2", "--stage", "init").code == cli.SAME
    assert tell("check", CANDIDATE).code == cli.SAME


def test_other_weights_do_not_pass_behind_another_seed(tmp_path: Path, tell: Tell) -> None:
    """Under `redraw` another seed passes, and weights of another meaning behind it do not."""

    def answer(expected: ExpectedTrial) -> Any:
        other = expected.cell.environment.name == CANDIDATE
        return {"native seed/global": [2.0 if other else 1.0], **ones(weights=[9.0 if other else 3.0] * 4)}

    gated(tmp_path, answer, ["same"], REDRAW, modes=["tf2"])
    said = tell("check", CANDIDATE)
    assert said.code == cli.CHANGED
    assert f"fail, different: {CANDIDATE}/same/tf2 native/weights" in said.out
