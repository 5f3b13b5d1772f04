"""What only one side has: told wherever it stands, and never taken for a consequence."""

from __future__ import annotations

from pathlib import Path

import pytest

from .test_judging import WEIGHTS, judged, verdicts

WHOLE = {"native init/w": [1.0] * 4, "native gradient@0/w": WEIGHTS, "native gradient@0/b": WEIGHTS}
CHANGED = {name: [9.0, 0.5, 0.25, -0.5] for name in WHOLE} | {"native init/w": [9.0] * 4}


@pytest.mark.parametrize("side", ["baseline", "candidate"])
def test_behind_a_change_a_tensor_of_one_side_is_told(tmp_path: Path, side: str) -> None:
    """A gradient that one side lacks is judged though the weights before it differ, and its reason names the side."""
    baseline, candidate = dict(WHOLE), dict(CHANGED)
    del (candidate if side == "baseline" else baseline)["native gradient@0/b"]
    found = judged(tmp_path, baseline, candidate)
    assert verdicts(found) == {"native init": "different", "native gradient": "not comparable"}
    (reason,) = [stage.first.reason for stage in found.stages if stage.kind == "gradient" and stage.first]
    assert reason == f"only in the {side}"


@pytest.mark.parametrize("side", ["baseline", "candidate"])
@pytest.mark.parametrize(("tier", "became"), [("native", "weights@0"), ("injected", "update")])
def test_gradients_that_one_side_has_none_of_are_said_beside_the_verdict(
    tmp_path: Path, side: str, tier: str, became: str
) -> None:
    """XLA hides them all or none: what they did to the weights is judged; where that lacks too, nothing is."""
    step = "@0" if tier == "native" else ""
    whole = {f"{tier} gradient{step}/{name}": WEIGHTS for name in "wb"} | {f"{tier} {became}/w": WEIGHTS}
    hidden = {f"{tier} {became}/w": WEIGHTS}
    found = judged(tmp_path / "hidden", *((whole, hidden) if side == "baseline" else (hidden, whole)))
    assert set(verdicts(found).values()) == {"identical"}
    assert [(one.stage, one.side) for one in found.one_sided] == [("gradient", side)]
    other = judged(tmp_path / "other", whole, {f"{tier} {became}/w": [9.0, 0.5, 0.25, -0.5]})
    assert verdicts(other)[f"{tier} {became.partition('@')[0]}"] == "different"
    assert "not comparable" in verdicts(judged(tmp_path / "no weights", whole, {f"{tier} loss{step}": [1.0]})).values()
    part = {name: values for name, values in whole.items() if not name.endswith("/b")}
    assert "not comparable" in verdicts(judged(tmp_path / "part", whole, part)).values()


def test_what_the_candidate_alone_reads_back_is_said_beside_the_verdict(tmp_path: Path) -> None:
    """Both saved the same; where it is the baseline that reads it back, or something else is read, nothing passes."""
    saved = {"native saved@0/w": WEIGHTS}
    loaded = {**saved, "native loaded@0/w": WEIGHTS}
    found = judged(tmp_path / "more", saved, loaded)
    assert set(verdicts(found).values()) == {"identical"}
    assert [(one.stage, one.side) for one in found.one_sided] == [("loaded", "candidate")]
    others = (loaded, saved), (saved, {**saved, "native loaded@0/b": WEIGHTS}), ({"native init/w": WEIGHTS}, loaded)
    for number, (baseline, candidate) in enumerate(others):
        assert "not comparable" in verdicts(judged(tmp_path / str(number), baseline, candidate)).values()


def test_behind_a_change_a_tensor_of_both_sides_is_a_consequence(tmp_path: Path) -> None:
    """The same gradient is not judged where both sides have it."""
    assert verdicts(judged(tmp_path, WHOLE, CHANGED))["native gradient"] == "consequence"


def test_what_the_candidate_alone_has_stands_where_it_has_it(tmp_path: Path) -> None:
    """A draw of one side only comes before what it feeds, whichever side has it."""
    stages = {"native init/w": WEIGHTS, "native batch@0/x": WEIGHTS, "native gradient@0/w": WEIGHTS}
    drawn = {"native seed/x": [1.0], "native init/w": WEIGHTS, "native batch@0/x": WEIGHTS, "native draw@0/d": [1.0]}
    drawn |= {"native gradient@0/w": [9.0, 0.5, 0.25, -0.5], "native final/w": [1.0]}
    found = judged(tmp_path, stages, drawn)
    assert verdicts(found)["native gradient"] == "consequence"
    assert found.divergences[0].at.stage == "seed/x"
    assert verdicts(found)["native draw"] == verdicts(found)["native final"] == "not comparable"


@pytest.mark.parametrize("side", ["baseline", "candidate"])
def test_a_metric_that_one_side_reports_is_said_beside_the_verdict_in_an_injected_step_too(
    tmp_path: Path, side: str
) -> None:
    """What a loss has for a gradient is no report: where one side lacks that, nothing was compared."""
    names = [f"{start}/{name}" for start in ("native loss@0", "injected loss") for name in ("loss", "accuracy")]
    whole = {**{name: [1.0] for name in names}, "injected loss/gradient/y": [2.0]}
    lone = {name: values for name, values in whole.items() if not name.endswith("accuracy")}
    found = judged(tmp_path, *((whole, lone) if side == "baseline" else (lone, whole)))
    assert set(verdicts(found).values()) == {"identical"}
    assert [(one.stage, one.side) for one in found.one_sided] == [("loss/accuracy", side)]
    del lone["injected loss/gradient/y"]
    assert "not comparable" in verdicts(judged(tmp_path / "other", whole, lone)).values()


@pytest.mark.parametrize("side", ["baseline", "candidate"])
def test_where_other_variables_are_trained_no_injected_step_is_judged(tmp_path: Path, side: str) -> None:
    """A layer that is frozen on one side moves what the others are fed: the gradient that lacks says enough."""
    whole = {**WHOLE, "injected gradient/w": WEIGHTS, "injected predict": WEIGHTS}
    other = {**whole, "injected gradient/w": CHANGED["native init/w"], "injected predict": CHANGED["native init/w"]}
    assert verdicts(judged(tmp_path / "same", whole, other))["injected predict"] == "different"
    del (whole if side == "candidate" else other)["native gradient@0/b"]
    found = verdicts(judged(tmp_path / "frozen", whole, other))
    assert found == {"native init": "identical", "native gradient": "not comparable"}
