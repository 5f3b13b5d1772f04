"""What is said beside a verdict: a report that one side alone makes is a warning, where no rule is about it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from building import CANDIDATE, ones
from cli.project import Tell
from tfmatrix import cli
from tfmatrix.records import ExpectedTrial

from .project import gated


def answer(expected: ExpectedTrial) -> Any:
    """Answer with a metric that the candidate does not report."""
    metric = {} if expected.cell.environment.name == CANDIDATE else {"native history@0/accuracy": [0.5]}
    return {**ones(), "native history@0/loss": [1.0], **metric}


@pytest.mark.parametrize(
    ("level", "code"), [("", cli.SAME), ("pass", cli.SAME), ("warn", cli.SAME), ("fail", cli.CHANGED)]
)
def test_a_report_of_one_side_passes_with_a_word(tmp_path: Path, tell: Tell, level: str, code: int) -> None:
    """All that was compared is the same: it is a warning, and a rule about the stage makes it more, or nothing."""
    rule = f'[[tool.tfmatrix.policy.rules]]\nstage = "history"\n{level} = ["not comparable"]\n' if level else ""
    gated(tmp_path, answer, ["same"], rule, modes=["tf2"])
    said = tell("check", CANDIDATE)
    assert said.code == code
    reason = "accuracy is reported by the baseline only, so it was compared with nothing"
    assert (reason in said.out) == (level != "pass")
    assert (f"{level or 'warn'}, not comparable: {CANDIDATE}/same/tf2 native/history" in said.out) == (level != "pass")
