"""The start tier at the gate: it vouches for what is behind a redraw as far as it judges it."""

from __future__ import annotations

from pathlib import Path

import pytest

from building import plan_of
from tfmatrix.compare.results import CellComparison, CellState, Finding, StageResult
from tfmatrix.compare.verdicts import Verdict
from tfmatrix.gate.stages import differences
from tfmatrix.records import Policy, Rule


def stage(tier: str, kind: str, verdict: Verdict | None) -> StageResult:
    """Return the result of a stage."""
    found = Finding(tier, f"{kind}@0/w", verdict, "") if verdict else None
    leads = verdict in {Verdict.REDRAWN, Verdict.DIFFERENT}
    verdicts = (verdict,) if verdict else ()
    return StageResult(tier, kind, 1, 1, verdict, found, worst=found, verdicts=verdicts, leads=leads)


REDRAWN = [stage("native", "init", Verdict.REDRAWN), stage("native", "weights", None)]
SAME = [stage("start", "init", Verdict.IDENTICAL), stage("start", "weights", Verdict.IDENTICAL)]
OTHER = [stage("start", "gradient", Verdict.DIFFERENT), stage("start", "weights", None)]
INJECTED = stage("injected", "gradient", Verdict.IDENTICAL)
PASSING = Policy("redraw")


@pytest.mark.parametrize(
    ("start", "unreached", "levels"),
    [
        ([], "", {"native/init": "fail"}),
        (SAME, "", {"native/init": "pass"}),
        (SAME, "draw@3/d", {"native/init": "fail"}),
        (OTHER, "", {"native/init": "pass", "start/gradient": "fail"}),
        (
            [*OTHER, stage("injected", "gradient", Verdict.IDENTICAL)],
            "",
            {"native/init": "pass", "start/gradient": "fail"},
        ),
    ],
    ids=["none", "all the same", "not handed over", "different", "different, and injected the same"],
)
def test_who_vouches_for_what_a_redraw_hides(
    tmp_path: Path, start: list[StageResult], unreached: str, levels: dict[str, str]
) -> None:
    """A start that is judged to its end vouches; one that was not handed over does not, and one that differs fails."""
    cell = plan_of(tmp_path).cells[0]
    state = CellState(cell, "observed", trace="t")
    compared = CellComparison(cell, Verdict.REDRAWN, "", (*REDRAWN, *start), unreached=unreached)
    found = differences(state, state, compared, PASSING)
    assert {one.stage: one.level.value for one in found} == levels


def test_behind_a_difference_of_the_start_tier_nobody_vouches(tmp_path: Path) -> None:
    """Where such a difference passes by a rule, what follows from it has still to be looked at."""
    cell = plan_of(tmp_path).cells[0]
    state = CellState(cell, "observed", trace="t")
    compared = CellComparison(cell, Verdict.DIFFERENT, "", (*REDRAWN, *OTHER))
    policy = Policy("redraw", rules=(Rule(stage="start/gradient", levels=(("different", "pass"),)),))
    (_, found) = differences(state, state, compared, policy)
    assert found.level.value == "fail"
    assert "not judged behind it: weights" in found.text


@pytest.mark.parametrize(
    ("injected", "level"),
    [("gradient", "fail"), ("weights", "pass")],
    ids=["it lacks the stage", "it has the stage"],
)
def test_behind_what_was_not_handed_over_the_injected_tier_vouches_for_its_own_stages(
    tmp_path: Path, injected: str, level: str
) -> None:
    """A stage that no step of training has, such as what is evaluated behind it, is vouched for by nobody."""
    cell = plan_of(tmp_path).cells[0]
    state = CellState(cell, "observed", trace="t")
    stages = (*REDRAWN, *SAME, stage("injected", injected, Verdict.IDENTICAL))
    compared = CellComparison(cell, Verdict.REDRAWN, "", stages, unreached="draw@3/d")
    (found,) = differences(state, state, compared, PASSING)
    assert found.level.value == level
