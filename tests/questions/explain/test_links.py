"""What an explanation says of the atlas beside a kernel that changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from building import BASELINE, CANDIDATE, tensor
from questions.atlas.world import Ran, reported
from questions.explain.world import plan_of, run
from tfmatrix.cli.explain import EXPLAIN
from tfmatrix.questions.atlas import Atlas
from tfmatrix.questions.explain import summary
from tfmatrix.questions.explain.answer import answer
from tfmatrix.report.terminal import lines
from tfmatrix.store.store import Store

ROW = "Sigmoid/odd/0"


@pytest.mark.parametrize(
    ("after", "told"),
    [
        (1.0000001, "kernel Sigmoid in dense, backward (atlas: Sigmoid, 2.15.1 to 2.16.2, rounding)"),
        (1.0, "kernel Sigmoid in dense, backward (atlas: the same, with other inputs)"),
    ],
)
def test_a_kernel_is_linked_to_its_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: float, told: str
) -> None:
    """By the op's name, types and boundary; where no row of it changed, it says so."""
    (tmp_path / "atlas").mkdir()
    ran = {BASELINE: Ran({ROW: tensor([1.0])}), CANDIDATE: Ran({ROW: tensor([after])})}
    atlas = Atlas(reported(tmp_path / "atlas", ran))
    monkeypatch.setattr(summary, "shipped", lambda: atlas)
    plan = plan_of(tmp_path, ("of_tensorflow",))
    with Store(tmp_path / "store.sqlite") as store:
        run(plan, store)
        report = EXPLAIN.write(plan, store)[0]
    assert told in "\n".join(lines(answer(report)))
