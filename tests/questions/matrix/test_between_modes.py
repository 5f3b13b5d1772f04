"""The modes of one release, however many there are: each against the first that is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from building import fill, ones, plan_of
from tfmatrix.questions.matrix.judge import compare_all
from tfmatrix.questions.matrix.page import page
from tfmatrix.questions.matrix.summary import Report, summarise
from tfmatrix.records import ExpectedTrial
from tfmatrix.report.markdown import to_markdown
from tfmatrix.store.store import Store
from tfmatrix.tables import MODES


def report_of(folder: Path, *modes: str) -> Report:
    """Return the report of trials in which the gradient of each mode but the first is another."""

    def answer(expected: ExpectedTrial) -> dict[str, Any]:
        return ones(gradient=[2.0 + modes.index(expected.cell.mode)] * 4)

    plan = plan_of(folder, ["same"], modes=list(modes))
    with Store(plan.config.under_root(plan.config.store)) as store:
        fill(store, plan, answer)
        return summarise(compare_all(plan, store))


@pytest.mark.parametrize("count", range(1, len(MODES) + 1))
def test_each_mode_is_compared_with_the_first(tmp_path: Path, count: int) -> None:
    """Of any number of modes each is compared with the first that is named, in every release, and said by its name."""
    first, *others = tuple(MODES)[:count]
    report = report_of(tmp_path, first, *others)
    releases = [found.name for found in report.environments]
    pairs = [(found.modes, found.environment) for found in report.between_modes]
    assert pairs == [((first, other), release) for other in others for release in releases]
    assert all([stage.verdict for stage in found.stages] == ["different"] for found in report.between_modes)
    text = to_markdown(page(report))
    told = [line for line in text.splitlines() if line.startswith("The injected tier of `")]
    assert told == [
        f"The injected tier of `{first}` against that of `{other}`: "
        "both have the same inputs, so only arithmetic differs."
        for other in others
    ]
    assert ("## The two modes of one release" in text) == (count == 2)
    assert ("## The modes of one release" in text) == (count > 2)


def test_the_first_is_the_first_that_is_named(tmp_path: Path) -> None:
    """The order of the configuration counts, and not that of the table."""
    last, *others = reversed(MODES)
    found = report_of(tmp_path, last, *others).between_modes
    assert {one.modes for one in found} == {(last, other) for other in others}
