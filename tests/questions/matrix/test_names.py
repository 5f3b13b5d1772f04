"""What a report says of names: which goes by two, and what one side alone reports."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from building import CANDIDATE, fill, plan_of
from tfmatrix.questions.matrix.answer import answer
from tfmatrix.questions.matrix.judge import compare_all
from tfmatrix.questions.matrix.page import page
from tfmatrix.questions.matrix.summary import Report, summarise
from tfmatrix.records import ExpectedTrial
from tfmatrix.report import terminal
from tfmatrix.report.document import to_text
from tfmatrix.report.markdown import to_markdown
from tfmatrix.store.store import Store

MODELS = ("a", "b", "same")
HEAD = "native history@0/loss"


def trained(prefix: str = "", slot: str = "m", more: str = "") -> dict[str, Any]:
    """Return the trace of a script with three variables, two of them under a prefix."""
    names = (f"{prefix}d/kernel", f"{prefix}d/bias", "state")
    values = [[[1.0]], [2.0], [[3.0, 4.0]]]
    stages: dict[str, Any] = {f"native init/{name}": value for name, value in zip(names, values, strict=True)}
    stages |= {f"native gradient@1/{name}": value for name, value in zip(names, values, strict=True)}
    stages |= {f"native slots@1/{name}/{slot}": value for name, value in zip(names, values, strict=True)}
    stages[HEAD] = [5.0]
    return {**stages, **({f"native history@0/{more}": [6.0]} if more else {})}


@pytest.fixture
def report(tmp_path: Path) -> Report:
    """Return the report of a release that names things otherwise in two of three models."""
    plan = plan_of(tmp_path, MODELS, modes=["tf2"])

    def answered(expected: ExpectedTrial) -> Any:
        name, other = expected.cell.model.name, expected.cell.environment.name == CANDIDATE
        if name == "same":
            return {**trained(), HEAD: [5.0 + other]}
        return trained("s/", "momentum", more="new") if other else trained(more="out_a_loss" if name == "a" else "")

    with Store(tmp_path / "store.sqlite") as store:
        fill(store, plan, answered)
        return summarise(compare_all(plan, store))


def test_the_page_says_what_is_what(report: Report) -> None:
    """Cells of which the same is true are one line, with the first of each that goes by two names."""
    lines = [line for line in to_markdown(page(report)).splitlines() if line.startswith("- `")]
    said = (
        "1 variable by name; 2 variables by order and shape: `d/kernel` is `s/d/kernel` there; "
        "3 slots by order and shape: `d/kernel/m` is `s/d/kernel/momentum` there"
    )
    assert f"- `a/tf2`, `b/tf2`: {said}" in lines
    assert "- `a/tf2`: 2.15.1 alone reports `history/out_a_loss`, which was compared with nothing" in lines
    assert "- `a/tf2`, `b/tf2`: 2.16.2 alone reports `history/new`, which was compared with nothing" in lines
    assert not any("`same/tf2`: " in line and "name" in line for line in lines)


def test_the_terminal_says_it_once(report: Report) -> None:
    """A line for what was aligned by order and shape, and one a side for what was compared with nothing."""
    told = [line.strip() for line in terminal.lines(answer(report))]
    assert told[-4:-1] == [
        "a/tf2 and 1 more: variable d/kernel is s/d/kernel there, by order and shape",
        "a/tf2: 2.15.1 alone reports history/out_a_loss, which was compared with nothing",
        "a/tf2 and 1 more: 2.16.2 alone reports history/new, which was compared with nothing",
    ]


def test_the_data_has_all_of_it(report: Report) -> None:
    """Every name of two is in the JSON, also where both sides have the same; of the baseline's own cells nothing is."""
    cells = {cell["id"]: cell for cell in json.loads(to_text(report))["cells"]}
    assert cells["2.16.2/same/tf2"]["aligned"] == {"by_name": 3}
    found = cells["2.16.2/a/tf2"]
    assert (found["verdict"], found["aligned"]["by_name"], len(found["aligned"]["renamed"])) == ("identical", 1, 5)
    assert found["aligned"]["renamed"][0] == {"what": "variable", "baseline": "d/kernel", "candidate": "s/d/kernel"}
    assert found["one_sided"] == [
        {"stage": "history/out_a_loss", "side": "baseline"}, {"stage": "history/new", "side": "candidate"},
    ]  # fmt: skip
    assert not {"aligned", "one_sided"} & cells["2.15.1/a/tf2"].keys()


def test_a_renamed_report_is_said(tmp_path: Path) -> None:
    """A metric under another name is no finding, and no secret."""
    plan = plan_of(tmp_path, modes=["tf2"])
    with Store(tmp_path / "store.sqlite") as store:
        fill(store, plan, lambda e: trained(more="accuracy" if e.cell.environment.name == CANDIDATE else "acc"))
        report = summarise(compare_all(plan, store))
    assert report.candidates[0].verdict.value == "identical"
    said = "3 variables by name; 1 report by another name or the same bits: `acc` is `accuracy` there"
    assert f"- `mlp/tf2`: {said}" in to_markdown(page(report)).splitlines()
    assert "mlp/tf2: report acc is accuracy there, by another name or the same bits" in "\n".join(
        terminal.lines(answer(report))
    )
